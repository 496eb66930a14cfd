//! Address space for reserved memories, reused: making and ending a mapping costs more than clearing its pages.

use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use gantry_abi::vmctx::GUARD_SIZE;

use crate::{OutOfMemory, sys};

/// Bytes in a reservation: all that a 32-bit index can reach, and the guard.
pub(crate) const RESERVATION: usize = ((4 << 30) + GUARD_SIZE) as usize;

/// Unused reservations that the process keeps.
const MAX_UNUSED: usize = 64;

/// Bytes that [`prepare_memory`] makes.
const AHEAD: usize = 3 << 20;
/// How many of them at once: meanwhile no thread of the process can map anything.
const STEP: usize = 128 << 10;

/// Reserved address space, accessible up to some length.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    accessible: usize,
}

// SAFETY: plain address space without an owner.
unsafe impl Send for Reservation {}

static UNUSED: Mutex<Vec<Reservation>> = Mutex::new(Vec::new());

fn unused() -> std::sync::MutexGuard<'static, Vec<Reservation>> {
    UNUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Address space of [`RESERVATION`] bytes, of which the first `len`, whole pages, are zero and accessible.
pub(crate) fn take(len: usize) -> Result<NonNull<u8>, OutOfMemory> {
    let unused = unused().pop();
    let Reservation { base, accessible } = match unused {
        Some(reservation) => reservation,
        None => Reservation { base: sys::reserve(RESERVATION)?, accessible: 0 },
    };
    // SAFETY: the address space is no one else's; its pages were cleared when it was put back, or never used.
    let outcome = unsafe {
        match accessible.cmp(&len) {
            std::cmp::Ordering::Less => sys::commit(base.add(accessible), len - accessible),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => sys::make_inaccessible(base.add(len), accessible - len),
        }
    };
    if outcome.is_err() {
        // SAFETY: as above.
        unsafe { sys::unmap(base, RESERVATION) };
    }
    outcome.map(|()| base)
}

/// Makes the first pages of a memory that is taken later, which it would otherwise wait for one by one. That is for threads that nobody
/// waits for: it takes a millisecond or two.
pub fn prepare_memory() {
    let Ok(base) = sys::reserve(RESERVATION) else { return };
    // SAFETY: new address space, of which these are the first pages.
    let outcome = unsafe { sys::commit(base, AHEAD) };
    if outcome.is_err() {
        // SAFETY: as above.
        return unsafe { sys::unmap(base, RESERVATION) };
    }
    for at in (0..AHEAD).step_by(STEP) {
        // SAFETY: as above.
        unsafe { sys::populate(base.add(at), STEP) };
    }
    unused().push(Reservation { base, accessible: AHEAD });
}

/// Takes address space back whose first `accessible` bytes were in use.
///
/// # Safety
/// It came from [`take`], and nothing refers to it any more.
pub(crate) unsafe fn put(base: NonNull<u8>, accessible: usize) {
    let mut unused = unused();
    if unused.len() < MAX_UNUSED {
        // SAFETY: promised by the caller.
        if accessible == 0 || unsafe { sys::decommit(base, accessible) } {
            unused.push(Reservation { base, accessible });
            return;
        }
    }
    drop(unused);
    // SAFETY: promised by the caller.
    unsafe { sys::unmap(base, RESERVATION) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_prepared_is_zero() {
        prepare_memory();
        let page = sys::page_size();
        let base = take(page).unwrap();
        // SAFETY: within the reservation; the pages are accessible by then, and nothing else refers to them.
        unsafe {
            let is_zero = |len| std::slice::from_raw_parts(base.as_ptr(), len).iter().all(|byte| *byte == 0);
            assert!(is_zero(page));
            sys::commit(base.add(page), AHEAD).unwrap();
            assert!(is_zero(page + AHEAD));
            put(base, page + AHEAD);
        }
    }
}

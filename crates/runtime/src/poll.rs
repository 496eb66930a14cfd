//! Interruption: loops load from a page at each turn, which is made inaccessible to stop them.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{OutOfMemory, sys};

/// A store's page. Any thread may interrupt the store's wasm through it, also when the store is gone.
#[derive(Debug)]
pub struct PollPage {
    at: NonNull<u8>,
    armed: AtomicBool,
}

// SAFETY: only the protection of the page is changed, and that atomically.
unsafe impl Send for PollPage {}
// SAFETY: as above.
unsafe impl Sync for PollPage {}

impl PollPage {
    pub(crate) fn new() -> Result<PollPage, OutOfMemory> {
        Ok(PollPage { at: sys::map(sys::page_size())?, armed: AtomicBool::new(false) })
    }

    pub(crate) fn address(&self) -> *const u32 {
        self.at.as_ptr().cast()
    }

    /// Has the store's wasm call in ([`Step::Interrupted`](crate::Step::Interrupted)) at the next turn of a loop. False if
    /// that was asked for already and no loop has run since.
    pub fn interrupt(&self) -> bool {
        if self.armed.swap(true, Ordering::Relaxed) {
            return false;
        }
        // SAFETY: the page is this one's. Without memory for another mapping there is no interruption.
        let _ = unsafe { sys::make_inaccessible(self.at, sys::page_size()) };
        true
    }

    /// Lets loops run again. In this order, an interruption that comes in between is not lost.
    pub(crate) fn disarm(&self) {
        // SAFETY: the page is this one's.
        let opened = unsafe { sys::commit(self.at, sys::page_size()) };
        // The page's own mapping exists, so that merging it with its neighbours can only need less memory.
        assert!(opened.is_ok(), "a page's protection could not be restored");
        self.armed.store(false, Ordering::Relaxed);
    }
}

impl Drop for PollPage {
    fn drop(&mut self) {
        // SAFETY: the page is this one's, and the store, whose code reads it, has let go of it.
        unsafe { sys::unmap(self.at, sys::page_size()) };
    }
}

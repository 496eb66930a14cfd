//! Where exceptions go: frames are walked by their frame pointers, handlers found by return addresses.

use gantry_abi::vmctx::{VMContextHeader, VMStoreContext};

use crate::host::HostFailure;
use crate::store::Store;
use crate::{registry, sys};

/// Where execution goes on after a throw, and with what in the register for exceptions.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Landing {
    pub pc: usize,
    pub sp: usize,
    pub fp: usize,
    pub exception: usize,
}

/// The innermost handler of a call that returns to `pc`, in the frame `fp`, or of the frames outside.
///
/// # Safety
/// The frames up to `entry_sp` are of compiled code, on a stack that waits or runs.
unsafe fn find(mut pc: usize, mut fp: usize, entry_sp: usize, exception: usize) -> Option<Landing> {
    while fp != 0 && fp < entry_sp {
        if let Some((code, frame)) = registry::handler_at(pc) {
            return Some(Landing { pc: code, sp: fp - frame, fp, exception });
        }
        // SAFETY: a frame begins with the caller's frame pointer and the return address.
        let (next, caller) = unsafe { (*(fp as *const usize), *((fp + size_of::<usize>()) as *const usize)) };
        if next <= fp {
            return None;
        }
        (fp, pc) = (next, caller);
    }
    None
}

/// Where wasm is left for the host that entered it.
fn out(context: &VMStoreContext) -> Landing {
    Landing { pc: sys::landing as *const () as usize, sp: context.entry_sp, fp: 0, exception: 0 }
}

/// Called by [`sys::throw`]: `pc` is where the call that throws would return to, in the frame `fp`.
pub(crate) unsafe extern "C" fn thrown(
    vmctx: *mut VMContextHeader,
    exception: usize,
    pc: usize,
    fp: usize,
    landing: *mut Landing,
) {
    // SAFETY: called for compiled code, on its fiber.
    unsafe {
        let context = (*vmctx).store;
        let found = find(pc, fp, (*context).entry_sp, exception);
        if found.is_none() {
            (*(*context).owner.cast::<Store>()).set_failure(HostFailure::Exception(exception));
        }
        *landing = found.unwrap_or_else(|| out(&*context));
    }
}

/// Called by [`sys::raise`] when a host function failed.
pub(crate) unsafe extern "C" fn raised(
    vmctx: *mut VMContextHeader,
    _unused: usize,
    pc: usize,
    fp: usize,
    landing: *mut Landing,
) {
    // SAFETY: called for a trampoline, on its fiber.
    unsafe {
        let context = (*vmctx).store;
        let store = (*context).owner.cast::<Store>();
        let found = match (*store).failure {
            Some(HostFailure::Exception(exception)) => find(pc, fp, (*context).entry_sp, exception),
            _ => None,
        };
        if found.is_some() {
            (*store).failure = None;
        }
        *landing = found.unwrap_or_else(|| out(&*context));
    }
}

impl Store {
    /// Whether wasm would catch an exception that the host function throws which is being called.
    pub fn would_catch(&self) -> bool {
        self.fibers.activations().next_back().is_some_and(|fiber| {
            // SAFETY: an activation that waits was left through a trampoline, which stored its frame. A trampoline has no
            // handler.
            unsafe { find(0, fiber.exit_fp, fiber.entry_sp, 0).is_some() }
        })
    }
}

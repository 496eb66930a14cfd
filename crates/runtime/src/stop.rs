//! Stopping a store's wasm from another thread, whatever it is doing.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::poll::PollPage;
use crate::store::Store;

/// Above all addresses, and far enough from the end of numbers for the size of a frame to be added.
const ABOVE_ALL: usize = usize::MAX / 2;

/// Stops a store's wasm.
#[derive(Debug)]
pub struct Stopper {
    poll: Arc<PollPage>,
    stack_limit: NonNull<AtomicUsize>,
}

// SAFETY: the limit is accessed atomically, and `stop` is for whoever knows that it is there.
unsafe impl Send for Stopper {}
// SAFETY: as above.
unsafe impl Sync for Stopper {}

impl Stopper {
    /// Has loops call in ([`Step::Interrupted`](crate::Step::Interrupted)), and the next function that is entered trap for want
    /// of stack. What was just entered or left may have missed it: call this again until the activation has ended. Threads
    /// that wait in a memory are [`SharedMemory::interrupt_waits`](crate::SharedMemory::interrupt_waits)'s.
    ///
    /// # Safety
    /// The store is alive.
    pub unsafe fn stop(&self) {
        self.poll.interrupt();
        // SAFETY: promised by the caller.
        unsafe { self.stack_limit.as_ref() }.store(ABOVE_ALL, Ordering::Relaxed);
    }
}

impl Store {
    /// What stops the store's wasm from another thread.
    pub fn stopper(&self) -> Stopper {
        // SAFETY: the field of a live context; nobody accesses it but atomically.
        let stack_limit = unsafe { NonNull::new_unchecked(&raw mut (*self.context_ptr()).stack_limit) };
        Stopper { poll: self.poll_page().clone(), stack_limit: stack_limit.cast() }
    }
}

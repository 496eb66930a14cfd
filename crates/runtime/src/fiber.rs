//! The stacks that wasm runs on.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::ptr::{self, NonNull};

use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::activation::{Event, Job, run_job};
use crate::{OutOfMemory, sys};

/// Address space of a stack. Pages come into being as they are used.
const STACK_SIZE: usize = 2 << 20;
/// What compiled code leaves free for the runtime's functions that it calls and for signal handlers.
const MARGIN: usize = 128 << 10;
/// Unused stacks that a store keeps.
const MAX_POOLED: usize = 8;

/// A mapping with an inaccessible page at its lower end.
struct FiberStack {
    at: NonNull<u8>,
}

impl FiberStack {
    fn new() -> Result<FiberStack, OutOfMemory> {
        let stack = FiberStack { at: sys::reserve(STACK_SIZE)? };
        let guard = sys::page_size();
        // SAFETY: all but the first page of the mapping just made.
        unsafe { sys::commit(stack.at.add(guard), STACK_SIZE - guard)? };
        Ok(stack)
    }
}

impl Drop for FiberStack {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`; a fiber is dropped only when nothing runs on it.
        unsafe { sys::unmap(self.at, STACK_SIZE) };
    }
}

// SAFETY: the mapping is as large as these say, ends in a guard page, and is page-aligned.
unsafe impl Stack for FiberStack {
    fn base(&self) -> StackPointer {
        NonZeroUsize::new(self.at.addr().get() + STACK_SIZE).expect("not at 0")
    }

    fn limit(&self) -> StackPointer {
        self.at.addr()
    }

    #[cfg(windows)]
    fn teb_fields(&self) -> corosensei::stack::StackTebFields {
        corosensei::stack::StackTebFields {
            StackBase: self.base().get(),
            StackLimit: self.limit().get() + sys::page_size(),
            DeallocationStack: self.limit().get(),
            GuaranteedStackBytes: 0,
        }
    }

    #[cfg(windows)]
    fn update_teb_fields(&mut self, _stack_limit: usize, _guaranteed_stack_bytes: usize) {}
}

pub(crate) type FiberYielder = Yielder<Job, Event>;

/// A stack with a loop on it that takes jobs.
pub(crate) struct Fiber {
    coroutine: Coroutine<Job, Event, (), FiberStack>,
    /// Set by the loop when it first runs; boxed so that the loop can find it.
    yielder: Box<Cell<*const FiberYielder>>,
    base: usize,
    limit: usize,
}

impl Fiber {
    fn new() -> Result<Fiber, OutOfMemory> {
        let stack = FiberStack::new()?;
        let (base, limit) = (stack.base().get(), stack.limit().get() + sys::page_size() + MARGIN);
        let yielder = Box::new(Cell::new(ptr::null::<FiberYielder>()));
        let place: *const Cell<*const FiberYielder> = &*yielder;
        let body = move |yielder: &FiberYielder, mut job: Job| {
            // SAFETY: the box lives as long as the fiber.
            unsafe { (*place).set(yielder) };
            loop {
                // SAFETY: whoever resumes the fiber passes jobs that are good to run.
                let event = unsafe { run_job(job) };
                job = yielder.suspend(event);
            }
        };
        // SAFETY: the body borrows nothing.
        let coroutine = unsafe { Coroutine::with_stack_unchecked(stack, body) };
        Ok(Fiber { coroutine, yielder, base, limit })
    }

    /// Switches to the fiber until it has something to say.
    pub fn resume(&mut self, job: Job) -> Event {
        match self.coroutine.resume(job) {
            CoroutineResult::Yield(event) => event,
            CoroutineResult::Return(()) => unreachable!("the loop on a fiber does not end"),
        }
    }

    /// What code on the fiber suspends itself with.
    pub fn yielder(&self) -> *const FiberYielder {
        self.yielder.get()
    }

    /// The address below which compiled code must not push its stack pointer.
    pub fn stack_limit(&self) -> usize {
        self.limit
    }

    /// The address above which nothing is on the stack.
    pub fn base(&self) -> usize {
        self.base
    }

    /// Returns the memory of the stack's pages, which must hold nothing.
    fn release_pages(&self) {
        let page = sys::page_size();
        let lowest = self.limit - MARGIN;
        // The topmost page holds the loop.
        let len = (self.base - lowest).saturating_sub(2 * page);
        // SAFETY: the pages are the fiber's own, below the frames of its loop.
        unsafe { sys::decommit(NonNull::new_unchecked(ptr::with_exposed_provenance_mut(lowest)), len) };
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        // SAFETY: frames on the fiber own nothing that needs dropping: compiled code, trampolines, and functions of
        // the runtime at their points of suspension.
        unsafe { self.coroutine.force_reset() };
    }
}

/// Fibers that are not in use.
#[derive(Default)]
pub(crate) struct FiberPool {
    #[expect(clippy::vec_box, reason = "a fiber in use must not move")]
    free: Vec<Box<Fiber>>,
}

impl FiberPool {
    pub fn take(&mut self) -> Result<Box<Fiber>, OutOfMemory> {
        self.free.pop().map_or_else(|| Fiber::new().map(Box::new), Ok)
    }

    /// Takes a fiber back whose job is done. `deep` tells that it used much of its stack.
    pub fn put(&mut self, fiber: Box<Fiber>, deep: bool) {
        if self.free.len() < MAX_POOLED {
            if deep {
                fiber.release_pages();
            }
            self.free.push(fiber);
        }
    }
}

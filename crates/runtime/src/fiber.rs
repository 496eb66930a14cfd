//! The stacks that wasm runs on.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::ptr::{self, NonNull};

use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use gantry_abi::vmctx::VMContextHeader;

use crate::activation::run_job;
use crate::{OutOfMemory, Store, sys};

/// Address space of a stack. Pages come into being as they are used.
const STACK_SIZE: usize = 2 << 20;
/// What compiled code leaves free for the runtime's functions that it calls and for signal handlers.
const MARGIN: usize = 128 << 10;
/// More than a switch of stacks and the functions around it push.
const SWITCH_FRAME: usize = 1024;
/// Unused stacks that a store keeps.
const MAX_UNUSED: usize = 32;

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
    #[inline]
    fn base(&self) -> StackPointer {
        NonZeroUsize::new(self.at.addr().get() + STACK_SIZE).expect("not at 0")
    }

    #[inline]
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

/// Jobs and events are in the store: only its address crosses.
pub(crate) type FiberYielder = Yielder<*mut Store, ()>;

/// A stack with a loop on it that takes jobs. While it has one, it is an activation: a run of wasm that has begun and not
/// ended.
pub(crate) struct Fiber {
    /// The store context's fields while the activation is suspended.
    pub entry_sp: usize,
    pub exit_fp: usize,
    /// The lowest address in use on the stack while suspended.
    suspended_sp: usize,
    /// Where on the embedder's own stack the activation was started.
    pub embedder_sp: usize,
    /// Who had called the host function from which this was started or resumed last.
    pub outer_caller: *mut VMContextHeader,
    coroutine: Coroutine<*mut Store, (), (), FiberStack>,
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
        let body = move |yielder: &FiberYielder, mut store: *mut Store| {
            // SAFETY: the box lives as long as the fiber.
            unsafe { (*place).set(yielder) };
            loop {
                // SAFETY: whoever resumes the fiber passes jobs that are good to run.
                unsafe { run_job(store) };
                store = yielder.suspend(());
            }
        };
        // SAFETY: the body borrows nothing.
        let coroutine = unsafe { Coroutine::with_stack_unchecked(stack, body) };
        Ok(Fiber {
            entry_sp: 0,
            exit_fp: 0,
            suspended_sp: base,
            embedder_sp: 0,
            outer_caller: ptr::null_mut(),
            coroutine,
            yielder,
            base,
            limit,
        })
    }

    /// Switches to the fiber, to do the store's job, until there is an event.
    #[inline(always)]
    pub fn resume(&mut self, store: *mut Store) {
        match self.coroutine.resume(store) {
            CoroutineResult::Yield(()) => {}
            CoroutineResult::Return(()) => unreachable!("the loop on a fiber does not end"),
        }
    }

    /// For code on the fiber that is about to suspend it: with what to do so.
    #[inline(always)]
    pub fn leave(&mut self) -> *const FiberYielder {
        let marker = 0u8;
        // Registers that the switch saves lie below.
        self.suspended_sp = (&raw const marker).addr() - SWITCH_FRAME;
        self.yielder.get()
    }

    /// The part of the stack that is in use while suspended, from word to word.
    pub fn used_stack(&self) -> Range<usize> {
        self.suspended_sp.next_multiple_of(size_of::<usize>())..self.base
    }

    /// The address below which compiled code must not push its stack pointer.
    pub fn stack_limit(&self) -> usize {
        self.limit
    }

    /// Returns the memory of the stack's pages, which must hold nothing.
    pub fn release_pages(&self) {
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

/// A store's fibers: the activations, the innermost last, and behind them those that are not in use.
#[derive(Default)]
pub(crate) struct Fibers {
    #[expect(clippy::vec_box, reason = "a fiber in use must not move")]
    all: Vec<Box<Fiber>>,
    depth: usize,
}

impl Fibers {
    /// How many are in use.
    #[inline]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The innermost activation.
    #[inline]
    pub fn current(&mut self) -> &mut Fiber {
        &mut self.all[self.depth - 1]
    }

    /// Those in use.
    pub fn activations(&self) -> impl DoubleEndedIterator<Item = &Fiber> {
        self.all[..self.depth].iter().map(|fiber| &**fiber)
    }

    /// Begins an activation.
    #[inline]
    pub fn begin(&mut self, embedder_sp: usize, outer_caller: *mut VMContextHeader) -> Result<(), OutOfMemory> {
        if self.depth == self.all.len() {
            self.all.push(Box::new(Fiber::new()?));
        }
        self.depth += 1;
        let fiber = self.current();
        (fiber.entry_sp, fiber.exit_fp) = (0, 0);
        (fiber.embedder_sp, fiber.outer_caller) = (embedder_sp, outer_caller);
        Ok(())
    }

    /// Ends the innermost activation, whose job is done.
    #[inline]
    pub fn end(&mut self) {
        self.depth -= 1;
        if self.all.len() > self.depth + MAX_UNUSED {
            self.all.truncate(self.depth + MAX_UNUSED);
        }
    }

    /// Drops the innermost activations as long as the condition holds, given their depth.
    #[inline]
    pub fn abandon_while(&mut self, condition: impl Fn(usize, &Fiber) -> bool) {
        while self.depth > 0 && condition(self.depth, &self.all[self.depth - 1]) {
            // It is in the middle of its job and cannot take another.
            self.all.remove(self.depth - 1);
            self.depth -= 1;
        }
    }
}

//! The stacks that wasm runs on.

use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use slab::Slab;

use gantry_abi::vmctx::{LEAF_FRAME, VMContextHeader, VMContinuation, VMFiber};

use crate::activation::run_jobs;
use crate::trap::{self, ThreadState};
use crate::wait::Waiting;
use crate::{OutOfMemory, sys};

/// Address space of a stack. Pages come into being as they are used.
const STACK_SIZE: usize = 2 << 20;
/// Bytes of stack that native host functions have.
pub const NATIVE_STACK: usize = 112 << 10;
/// What compiled code leaves free for functions that it calls, for those of its own that do not look, and for signal handlers.
const MARGIN: usize = NATIVE_STACK + LEAF_FRAME + (16 << 10);
/// More than the frame of a function that leaves a fiber's stack without a switch.
const LEAVING_FRAME: usize = 1024;
/// Unused stacks that a store keeps.
const MAX_UNUSED: usize = 32;

/// Stacks whose guard page is a mapping of its own.
static SPLIT: AtomicUsize = AtomicUsize::new(0);

/// How many of them there may be: they take three quarters of the mappings that the process may have. Where there are none left, V8 and malloc
/// end the process.
fn max_split() -> usize {
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(|| sys::max_mappings().map_or(usize::MAX, |mappings| mappings / 8 * 3))
}

/// A stack with an inaccessible page at its lower end.
pub(crate) struct FiberStack {
    at: NonNull<u8>,
    is_split: bool,
}

impl FiberStack {
    pub fn new() -> Result<FiberStack, OutOfMemory> {
        let mut stack = FiberStack { at: sys::reserve(STACK_SIZE)?, is_split: false };
        // SAFETY: the mapping just made.
        unsafe { sys::commit(stack.at, STACK_SIZE)? };
        // SAFETY: its lowest page, which was not touched.
        if !unsafe { sys::guard(stack.at, sys::page_size()) } {
            stack.split()?;
        }
        Ok(stack)
    }

    fn split(&mut self) -> Result<(), OutOfMemory> {
        self.is_split = true;
        if SPLIT.fetch_add(1, Ordering::Relaxed) >= max_split() {
            return Err(OutOfMemory);
        }
        // SAFETY: the lowest page of a mapping that nobody uses yet.
        unsafe { sys::make_inaccessible(self.at, sys::page_size()) }
    }

    /// The address behind it.
    pub fn base(&self) -> usize {
        self.at.addr().get() + STACK_SIZE
    }

    /// The lowest address that can be written.
    pub fn limit(&self) -> usize {
        self.at.addr().get() + sys::page_size()
    }
}

impl Drop for FiberStack {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`; a fiber is dropped only when nothing runs on it.
        unsafe { sys::unmap(self.at, STACK_SIZE) };
        if self.is_split {
            SPLIT.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A stack with a loop on it that takes jobs. While it has one, it is an activation: a run of wasm that has begun and not
/// ended. Nothing on it needs dropping: compiled code, trampolines, and functions of the runtime where they switch.
pub(crate) struct Fiber {
    /// Where the fiber and what resumed it go on.
    pub ends: VMFiber,
    /// The store context's fields while the activation is suspended.
    pub entry_sp: usize,
    pub exit_fp: usize,
    /// Where on the embedder's own stack the activation was started.
    pub embedder_sp: usize,
    /// Whether it is suspended because it was interrupted, and not because it wants the host.
    pub interrupted: bool,
    /// Who had called the host function from which this was started or resumed last.
    pub outer_caller: *mut VMContextHeader,
    /// Of a parked one, who had called the host function that it waits for.
    pub caller: *mut VMContextHeader,
    /// Where it waits in a shared memory: given up when the fiber is dropped in the middle of that.
    pub waiting: Option<Waiting>,
    /// What the thread that it was started on has of its own; looking that up takes as long as switching stacks.
    pub thread: ThreadState,
    /// The address below which compiled code must not push its stack pointer.
    pub stack_limit: usize,
    stack: FiberStack,
}

impl Fiber {
    fn new() -> Result<Fiber, OutOfMemory> {
        let stack = FiberStack::new()?;
        // SAFETY: the stack was made just now.
        let own = unsafe { sys::new_stack(stack.base(), stack.limit(), run_jobs) };
        let parent = VMContinuation { sp: 0, fp: 0, pc: 0 };
        let ends = VMFiber { own, parent };
        let (outer_caller, caller) = (ptr::null_mut(), ptr::null_mut());
        Ok(Fiber {
            ends,
            entry_sp: 0,
            exit_fp: 0,
            embedder_sp: 0,
            interrupted: false,
            outer_caller,
            caller,
            waiting: None,
            thread: trap::this_thread(),
            stack_limit: stack.limit() + MARGIN,
            stack,
        })
    }

    /// For code on the fiber that is about to leave it without switching: what is in use of the stack.
    #[inline(always)]
    pub fn mark_used(&mut self) {
        let marker = 0u8;
        // What is called from here on lies below.
        self.ends.own.sp = (&raw const marker).addr() - LEAVING_FRAME;
    }

    /// The part of the stack that is in use while suspended, from word to word.
    pub fn used_stack(&self) -> Range<usize> {
        self.ends.own.sp.next_multiple_of(size_of::<usize>())..self.stack.base()
    }

    /// Returns the memory of the stack's pages, which must hold nothing.
    pub fn release_pages(&self) {
        let lowest = self.stack.limit();
        // The topmost page holds the loop.
        let len = (self.stack.base() - lowest).saturating_sub(2 * sys::page_size());
        // SAFETY: the pages are the fiber's own, below the frames of its loop.
        unsafe { sys::decommit(NonNull::new_unchecked(ptr::with_exposed_provenance_mut(lowest)), len) };
    }
}

/// A store's fibers: the activations, the innermost last, and behind them those that are not in use.
#[derive(Default)]
pub(crate) struct Fibers {
    #[expect(clippy::vec_box, reason = "a fiber in use must not move")]
    all: Vec<Box<Fiber>>,
    depth: usize,
    /// Activations that were taken out of the order, to be gone on with later.
    parked: Slab<Box<Fiber>>,
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

    /// All that wait, in use or parked.
    pub fn waiting(&self) -> impl Iterator<Item = &Fiber> {
        self.activations().chain(self.parked.iter().map(|(_, fiber)| &**fiber))
    }

    /// Takes the innermost activation out; returns its number. `caller` is who had called the host function that it waits for.
    pub fn park(&mut self, caller: *mut VMContextHeader) -> u32 {
        self.depth -= 1;
        let mut fiber = self.all.remove(self.depth);
        fiber.caller = caller;
        self.parked.insert(fiber) as u32
    }

    /// Makes a parked activation the innermost one. `None` if there is none of the number.
    pub fn unpark(&mut self, id: u32) -> Option<&mut Fiber> {
        let fiber = self.parked.try_remove(id as usize)?;
        self.all.insert(self.depth, fiber);
        self.depth += 1;
        Some(self.current())
    }

    /// Drops the parked activations but those with these numbers.
    pub fn drop_parked(&mut self, is_live: impl Fn(u32) -> bool) {
        self.parked.retain(|id, _| is_live(id as u32));
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
        fiber.interrupted = false;
        fiber.thread = trap::this_thread();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_whose_guards_are_mappings_are_bounded() {
        SPLIT.fetch_add(max_split(), Ordering::Relaxed);
        let mut stack = FiberStack { at: sys::reserve(STACK_SIZE).unwrap(), is_split: false };
        assert_eq!(stack.split(), Err(OutOfMemory));
        SPLIT.fetch_sub(max_split(), Ordering::Relaxed);
        drop(stack);
        let mut stack = FiberStack { at: sys::reserve(STACK_SIZE).unwrap(), is_split: false };
        assert_eq!(stack.split(), Ok(()));
    }
}

//! Activations: runs of wasm, each on a fiber, stepped by the embedder.

use std::ptr::NonNull;

use gantry_abi::vmctx::VMStoreContext;

use crate::fiber::Fiber;
use crate::host::{HostFailure, HostFunction};
use crate::store::{FuncPtr, Store};
use crate::trap::{self, Running, Trap};
use crate::{OutOfMemory, sys};

/// What a fiber is told.
#[derive(Clone, Copy)]
pub(crate) enum Job {
    /// Call a function.
    Call { callee: FuncPtr, values: NonNull<u8> },
    /// Go on after a suspension; the host function succeeded or failed.
    GoOn { failed: bool },
}

/// What a fiber says.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// The call ended: it returned, or left wasm early.
    Ended { left: bool },
    /// A host function is wanted.
    Host { function: NonNull<HostFunction> },
    /// A loop met the poll page while it was inaccessible.
    Interrupted,
}

/// Runs the store's job, a call, on the present stack, which is a fiber's. Leaves the event in the store.
///
/// # Safety
/// The function is a live one of the store, with room for its arguments and results.
pub(crate) unsafe fn run_job(store: *mut Store) {
    // SAFETY: promised by the caller.
    unsafe {
        let Job::Call { callee, values } = (*store).job else {
            unreachable!("an idle fiber is not suspended in a call");
        };
        let left = call((*store).context_ptr(), callee, values);
        (*store).event = Event::Ended { left };
    }
}

/// Enters wasm. Returns whether it was left other than by returning.
///
/// # Safety
/// As for [`run_job`].
unsafe fn call(context: *mut VMStoreContext, callee: FuncPtr, values: NonNull<u8>) -> bool {
    // SAFETY: the function is alive, so its slot holds code and its trampoline is for its type. What the entry
    // overwrites is put back.
    unsafe {
        let callee = callee.as_ref();
        let code = (*callee.slot).load(std::sync::atomic::Ordering::Acquire);
        let (entry_sp, exit_fp) = ((*context).entry_sp, (*context).exit_fp);
        let left = sys::enter(&raw mut (*context).entry_sp, callee.entry, callee.vmctx, code, values.as_ptr());
        ((*context).entry_sp, (*context).exit_fp) = (entry_sp, exit_fp);
        left != 0
    }
}

/// Why [`Store::start`] or [`Store::resume`] returned.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The function returned; its results are in the slots.
    Returned,
    /// It trapped: see [`Store::take_trap`].
    Trapped,
    /// A host function failed: see [`Store::take_failure`].
    Failed,
    /// A host function is to be called: its arguments are in the slots of [`Store::set_suspension_slots`], results go
    /// there. Then resume.
    Call(NonNull<HostFunction>),
    /// A loop was interrupted through the poll page: do what there is to do, then resume.
    Interrupted,
    /// There is no memory for another stack.
    OutOfMemory,
}

/// A closure that stays on its thread: a fiber's parent stack belongs to the same one.
struct OnThisThread<F>(F);

// SAFETY: see above.
unsafe impl<F> Send for OnThisThread<F> {}

impl<F: FnOnce() -> u32> OnThisThread<F> {
    fn call(self) -> u32 {
        (self.0)()
    }
}

/// How to go on after [`Step::Call`] or [`Step::Interrupted`].
#[derive(Debug)]
pub enum Resume {
    /// The host function has returned, or there was nothing in the way.
    Return,
    /// The host function failed: leave wasm.
    Fail(HostFailure),
}

impl Store {
    /// Calls a function: arguments are taken from `values` and results left there, each in [`VALUE_SIZE`](crate::VALUE_SIZE) bytes.
    ///
    /// # Safety
    /// The function is alive and of this store. `values` has room for the larger number of arguments and results,
    /// and holds arguments of the right types. They must stay in place until the activation ends.
    #[inline(always)]
    pub unsafe fn start(&mut self, callee: FuncPtr, values: NonNull<u8>) -> Step {
        let marker = 0u8;
        match self.fibers.begin((&raw const marker).addr(), self.context.caller) {
            Ok(()) => {
                // The host calls, not an instance.
                self.context.caller = std::ptr::null_mut();
                self.switch(Job::Call { callee, values })
            }
            Err(OutOfMemory) => Step::OutOfMemory,
        }
    }

    /// Goes on with the innermost activation.
    ///
    /// # Safety
    /// The last step of that activation was [`Step::Call`], and the results are in its slots, or
    /// [`Step::Interrupted`].
    #[inline(always)]
    pub unsafe fn resume(&mut self, how: Resume) -> Step {
        let failed = match how {
            Resume::Return => false,
            Resume::Fail(failure) => {
                self.failure = Some(failure);
                true
            }
        };
        self.switch(Job::GoOn { failed })
    }

    /// Sets where arguments and results of functions that suspend are, for all that are made from here on. They are
    /// not kept there: whoever serves a call reads them before anything else, and writes results last.
    ///
    /// # Safety
    /// There is room for as many values of [`VALUE_SIZE`](crate::VALUE_SIZE) bytes as a function can have parameters or
    /// results, as long as the store lives.
    pub unsafe fn set_suspension_slots(&mut self, slots: NonNull<u8>) {
        self.suspension_slots = slots.as_ptr();
    }

    /// How many activations have begun and not ended.
    #[inline]
    pub fn depth(&self) -> usize {
        self.fibers.depth()
    }

    /// Forgets the innermost activations down to a depth. Their stacks are not unwound.
    #[inline]
    pub fn abandon_above(&mut self, depth: usize) {
        self.fibers.abandon_while(|fiber_depth, _| fiber_depth > depth);
    }

    /// Forgets activations that were started at or below `embedder_sp` on the embedder's stack: whoever
    /// started them is gone. For hosts whose frames can vanish without running code, such as JavaScript when it is
    /// terminated.
    #[inline]
    pub fn abandon_below(&mut self, embedder_sp: usize) {
        self.fibers.abandon_while(|_, fiber| fiber.embedder_sp <= embedder_sp);
    }

    /// Bytes of the embedder's stack from where the outermost activation was started to here.
    pub fn embedder_stack_used(&self) -> usize {
        let here = 0u8;
        let outermost = self.fibers.activations().next();
        outermost.map_or(0, |fiber| fiber.embedder_sp.saturating_sub((&raw const here).addr()))
    }

    #[inline(always)]
    fn switch(&mut self, job: Job) -> Step {
        let store: *mut Store = self;
        let context = self.context_ptr();
        // SAFETY: wasm, and what it calls, reaches the store through `owner`: from here on it is accessed only
        // through the one pointer. The fiber is boxed and cannot go away while it runs.
        unsafe {
            let fiber: *mut Fiber = (*store).fibers.current();
            (*store).job = job;
            (*context).owner = store.cast();
            let outer = ((*context).stack_limit, (*context).entry_sp, (*context).exit_fp);
            (*context).stack_limit = (*fiber).stack_limit();
            ((*context).entry_sp, (*context).exit_fp) = ((*fiber).entry_sp, (*fiber).exit_fp);
            trap::set_running(Running { context, caught: &raw const *(*store).caught });

            (*fiber).resume(store);

            ((*fiber).entry_sp, (*fiber).exit_fp) = ((*context).entry_sp, (*context).exit_fp);
            ((*context).stack_limit, (*context).entry_sp, (*context).exit_fp) = outer;
            match (*store).event {
                Event::Ended { left } => (*store).ended(left),
                Event::Host { function } => Step::Call(function),
                Event::Interrupted => Step::Interrupted,
            }
        }
    }

    #[inline]
    fn ended(&mut self, left: bool) -> Step {
        if left {
            self.trap = self.caught.take();
            if self.trap.as_ref().is_some_and(|trap| trap.code == gantry_abi::TrapCode::StackOverflow) {
                self.fibers.current().release_pages();
            }
        }
        self.context.caller = self.fibers.current().outer_caller;
        self.fibers.end();
        match (left, &self.trap) {
            (false, _) => Step::Returned,
            (true, Some(_)) => Step::Trapped,
            (true, None) => Step::Failed,
        }
    }

    /// Why the last step was [`Step::Trapped`].
    pub fn take_trap(&mut self) -> Option<Trap> {
        self.trap.take()
    }

    /// Why the last step was [`Step::Failed`].
    pub fn take_failure(&mut self) -> Option<HostFailure> {
        self.failure.take()
    }

    /// Suspends the running activation until the embedder has called `function`. Returns 1 when it failed.
    ///
    /// # Safety
    /// Called on the running fiber of `store`.
    #[inline(always)]
    pub(crate) unsafe fn suspend_for_host(store: *mut Store, function: NonNull<HostFunction>) -> u32 {
        // SAFETY: promised by the caller.
        unsafe { Self::suspend(store, Event::Host { function }) }
    }

    /// Suspends the running activation because a loop was interrupted. Returns 1 when it is to be left.
    ///
    /// # Safety
    /// Called on the running fiber of `store`.
    pub(crate) unsafe fn suspend_for_interrupt(store: *mut Store) -> u32 {
        // SAFETY: promised by the caller.
        unsafe { Self::suspend(store, Event::Interrupted) }
    }

    #[inline(always)]
    unsafe fn suspend(store: *mut Store, event: Event) -> u32 {
        // SAFETY: the innermost activation is the one that runs; no reference to it is held across the switch.
        let yielder = unsafe { (*store).fibers.current().leave() };
        // SAFETY: the yielder is that of the fiber that this runs on. The store may have moved meanwhile.
        let job = unsafe {
            (*store).event = event;
            let store = (*yielder).suspend(());
            (*store).job
        };
        match job {
            Job::GoOn { failed } => u32::from(failed),
            Job::Call { .. } => unreachable!("a busy fiber is not given calls"),
        }
    }

    /// Runs `f` on the stack that the running fiber was resumed from.
    ///
    /// # Safety
    /// Called on the running fiber of `store`.
    pub(crate) unsafe fn on_parent_stack(store: *mut Store, f: impl FnOnce() -> u32) -> u32 {
        // SAFETY: as in `suspend`. While `f` runs the store counts as being outside this activation.
        unsafe {
            let context = (*store).context_ptr();
            let caught = &raw const *(*store).caught;
            let fiber: *mut Fiber = (*store).fibers.current();
            ((*fiber).entry_sp, (*fiber).exit_fp) = ((*context).entry_sp, (*context).exit_fp);
            // What callers keep in registers has to be on this stack, where collections look for references.
            let registers = sys::saved_registers();
            std::hint::black_box(&registers);
            let yielder = (*fiber).leave();
            let f = OnThisThread(f);
            let result = (*yielder).on_parent_stack(move || f.call());
            std::hint::black_box(&registers);
            // Another store may have run on this thread.
            trap::set_running(Running { context, caught });
            result
        }
    }
}

//! Activations: runs of wasm, each on a fiber, stepped by the embedder.

use std::ptr::NonNull;

use gantry_abi::vmctx::{VMFuncRef, VMStoreContext};

use crate::fiber::Fiber;
use crate::host::{HostFailure, HostFunction};
use crate::store::{FuncPtr, Store};
use crate::trap::{self, Running, Trap};
use crate::{OutOfMemory, sys};

/// What a fiber is told.
#[derive(Clone, Copy)]
pub(crate) enum Job {
    /// Call a function.
    Call { context: *mut VMStoreContext, callee: *const VMFuncRef, values: *mut u8 },
    /// Go on after a suspension; the host function succeeded or failed.
    GoOn { failed: bool },
}

/// What a fiber says.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// The call ended: it returned, or left wasm early.
    Ended { left: bool },
    /// A host function is wanted.
    Host { function: *mut HostFunction, values: *mut u8 },
    /// The interrupt flag was seen.
    Interrupted,
}

/// Runs a job on the present stack, which is a fiber's.
///
/// # Safety
/// The job is a call of a live function of the context's store with room for its arguments and results.
pub(crate) unsafe fn run_job(job: Job) -> Event {
    match job {
        // SAFETY: promised by the caller.
        Job::Call { context, callee, values } => Event::Ended { left: unsafe { call(context, callee, values) } },
        Job::GoOn { .. } => unreachable!("an idle fiber is not suspended in a call"),
    }
}

/// Enters wasm. Returns whether it was left other than by returning.
///
/// # Safety
/// As for [`run_job`].
unsafe fn call(context: *mut VMStoreContext, callee: *const VMFuncRef, values: *mut u8) -> bool {
    // SAFETY: the function is alive, so its slot holds code and its trampoline is for its type. What the entry
    // overwrites is put back.
    unsafe {
        let callee = &*callee;
        let code = (*callee.slot).load(std::sync::atomic::Ordering::Acquire);
        let (entry_sp, exit_fp) = ((*context).entry_sp, (*context).exit_fp);
        let left = sys::enter(&raw mut (*context).entry_sp, callee.entry, callee.vmctx, code, values);
        ((*context).entry_sp, (*context).exit_fp) = (entry_sp, exit_fp);
        left != 0
    }
}

/// A run of wasm that has begun and not ended.
pub(crate) struct Activation {
    /// Boxed, so that it stays in place while other activations come and go.
    fiber: Box<Fiber>,
    /// The context's fields while the activation is suspended.
    entry_sp: usize,
    exit_fp: usize,
    /// The lowest address in use on its stack while suspended.
    suspended_sp: usize,
    /// Where on the embedder's own stack it was started.
    embedder_sp: usize,
}

impl Activation {
    /// Where its innermost frames are while it is suspended: entry stack pointer and exit frame pointer.
    pub fn frames(&self) -> (usize, usize) {
        (self.entry_sp, self.exit_fp)
    }

    /// The part of its stack that is in use while it is suspended.
    pub fn used_stack(&self) -> std::ops::Range<usize> {
        self.suspended_sp..self.fiber.base()
    }
}

/// Why [`Store::start`] or [`Store::resume`] returned.
#[derive(Debug)]
pub enum Step {
    /// The function returned; its results are in the slots.
    Returned,
    /// It trapped.
    Trapped(Trap),
    /// A host function failed.
    Failed(HostFailure),
    /// A host function is to be called: arguments are in its slots, results go there. Then resume.
    Call {
        /// The function.
        function: NonNull<HostFunction>,
        /// Its arguments and results.
        values: NonNull<u8>,
    },
    /// The interrupt flag was set: do what there is to do, then resume.
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
    pub unsafe fn start(&mut self, callee: FuncPtr, values: NonNull<u8>) -> Step {
        let fiber = match self.fibers.take() {
            Ok(fiber) => fiber,
            Err(OutOfMemory) => return Step::OutOfMemory,
        };
        let marker = 0u8;
        let embedder_sp = (&raw const marker).addr();
        let suspended_sp = fiber.base();
        self.activations.push(Activation { fiber, entry_sp: 0, exit_fp: 0, suspended_sp, embedder_sp });
        let context = self.context_ptr();
        self.switch(Job::Call { context, callee: callee.as_ptr(), values: values.as_ptr() })
    }

    /// Goes on with the innermost activation.
    ///
    /// # Safety
    /// The last step of that activation was [`Step::Call`], and the results are in its slots, or
    /// [`Step::Interrupted`].
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

    /// How many activations have begun and not ended.
    pub fn depth(&self) -> usize {
        self.activations.len()
    }

    /// Forgets the innermost activations down to a depth. Their stacks are reused, not unwound.
    pub fn abandon_above(&mut self, depth: usize) {
        self.activations.truncate(depth);
    }

    /// Forgets activations that were started at or below `embedder_sp` on the embedder's stack: whoever
    /// started them is gone. For hosts whose frames can vanish without running code, such as JavaScript when it is
    /// terminated.
    pub fn abandon_below(&mut self, embedder_sp: usize) {
        while self.activations.last().is_some_and(|a| a.embedder_sp <= embedder_sp) {
            self.activations.pop();
        }
    }

    fn switch(&mut self, job: Job) -> Step {
        let store: *mut Store = self;
        let context = self.context_ptr();
        // SAFETY: wasm, and what it calls, reaches the store through `owner`: from here on it is accessed only
        // through the one pointer. The fiber is boxed and belongs to an activation that cannot end while it runs.
        unsafe {
            let top = (*store).activations.len() - 1;
            let activation = &mut (&mut (*store).activations)[top];
            let fiber: *mut Fiber = &mut *activation.fiber;
            (*context).owner = store.cast();
            let outer = ((*context).stack_limit, (*context).entry_sp, (*context).exit_fp);
            (*context).stack_limit = (*fiber).stack_limit();
            ((*context).entry_sp, (*context).exit_fp) = (activation.entry_sp, activation.exit_fp);
            let previous = trap::set_running(Running { context, caught: &raw const *(*store).caught });

            let event = (*fiber).resume(job);

            trap::restore_running(previous);
            let activation = &mut (&mut (*store).activations)[top];
            (activation.entry_sp, activation.exit_fp) = ((*context).entry_sp, (*context).exit_fp);
            ((*context).stack_limit, (*context).entry_sp, (*context).exit_fp) = outer;
            match event {
                Event::Ended { left } => (*store).ended(left),
                Event::Interrupted => Step::Interrupted,
                Event::Host { function, values } => Step::Call {
                    function: NonNull::new_unchecked(function),
                    values: NonNull::new_unchecked(values),
                },
            }
        }
    }

    fn ended(&mut self, left: bool) -> Step {
        let activation = self.activations.pop().expect("it just ran");
        let trap = if left { self.caught.take() } else { None };
        let deep = trap.as_ref().is_some_and(|t| t.code == gantry_abi::TrapCode::StackOverflow);
        self.fibers.put(activation.fiber, deep);
        match (left, trap) {
            (false, _) => Step::Returned,
            (true, Some(trap)) => Step::Trapped(trap),
            (true, None) => Step::Failed(self.failure.take().expect("wasm is left for a trap or a failure")),
        }
    }

    /// Suspends the running activation until the embedder has called `function`. Returns 1 when it failed.
    ///
    /// # Safety
    /// Called on the running fiber of `store`.
    pub(crate) unsafe fn suspend_for_host(
        store: *mut Store,
        function: NonNull<HostFunction>,
        values: *mut u8,
    ) -> u32 {
        // SAFETY: promised by the caller.
        unsafe { Self::suspend(store, Event::Host { function: function.as_ptr(), values }) }
    }

    /// Suspends the running activation because the interrupt flag was seen. Returns 1 when it is to be left.
    ///
    /// # Safety
    /// Called on the running fiber of `store`.
    pub(crate) unsafe fn suspend_for_interrupt(store: *mut Store) -> u32 {
        // SAFETY: promised by the caller.
        unsafe { Self::suspend(store, Event::Interrupted) }
    }

    unsafe fn suspend(store: *mut Store, event: Event) -> u32 {
        let marker = 0u8;
        // SAFETY: the innermost activation is the one that runs; no reference to it is held across the switch.
        let yielder = unsafe {
            let activation = (*store).activations.last_mut().expect("something runs");
            // Registers that the switch saves lie below.
            activation.suspended_sp = (&raw const marker).addr() - 1024;
            activation.fiber.yielder()
        };
        // SAFETY: the yielder is that of the fiber that this runs on.
        match unsafe { (*yielder).suspend(event) } {
            Job::GoOn { failed } => u32::from(failed),
            Job::Call { .. } => unreachable!("a busy fiber is not given calls"),
        }
    }

    /// Runs `f` on the stack that the running fiber was resumed from.
    ///
    /// # Safety
    /// Called on the running fiber of `store`.
    pub(crate) unsafe fn on_parent_stack(store: *mut Store, f: impl FnOnce() -> u32) -> u32 {
        let marker = 0u8;
        // SAFETY: as in `suspend`. While `f` runs the store counts as being outside this activation.
        unsafe {
            let depth = (*store).activations.len();
            let activation = (*store).activations.last_mut().expect("something runs");
            activation.suspended_sp = (&raw const marker).addr() - 1024;
            let yielder = activation.fiber.yielder();
            let f = OnThisThread(f);
            let result = (*yielder).on_parent_stack(move || f.call());
            debug_assert_eq!((*store).activations.len(), depth);
            result
        }
    }
}

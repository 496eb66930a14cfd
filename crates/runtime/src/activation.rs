//! Activations: runs of wasm, each on a fiber, stepped by the embedder.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use gantry_abi::TrapCode;
use gantry_abi::vmctx::VMStoreContext;

use crate::fiber::Fiber;
use crate::host::{HostFailure, HostFunction};
use crate::store::{FuncPtr, MemoryId, Store};
use crate::trap::{self, RawTrap, Running, Trap};
use crate::wait::{Waiting, Woken};
use crate::{OutOfMemory, sys};

/// A call for a fiber to make. What is left for a new or idle fiber is the address of one.
struct Job {
    store: *mut Store,
    callee: FuncPtr,
    values: NonNull<u8>,
}

/// What a fiber leaves when it switches back; anything else is the address of a host function that is wanted.
mod event {
    /// The call returned.
    pub const RETURNED: usize = 0;
    /// The call left wasm early.
    pub const LEFT: usize = 1;
    /// A loop met the poll page while it was inaccessible.
    pub const INTERRUPTED: usize = 2;
    /// The embedder is asked for something: see `Store::request`.
    pub const ASKED: usize = 3;
}

/// What runs on a fiber.
pub(crate) extern "C" fn run_jobs(mut left_here: usize) -> ! {
    loop {
        let job: *const Job = std::ptr::with_exposed_provenance(left_here);
        // SAFETY: whoever switches to a fiber without a job leaves one, on the stack that waits.
        unsafe {
            let Job { store, callee, values } = std::ptr::read(job);
            let context = (*store).context_ptr();
            let left = call(context, callee, values);
            left_here = switch_back(context, if left { event::LEFT } else { event::RETURNED });
        }
    }
}

/// Switches from the running fiber to what resumed it.
///
/// # Safety
/// Called on the fiber that the context names.
#[inline(always)]
unsafe fn switch_back(context: *mut VMStoreContext, event: usize) -> usize {
    // SAFETY: promised by the caller: its parent waits.
    unsafe {
        let fiber = (*context).fiber;
        sys::switch(&raw mut (*fiber).own, &raw const (*fiber).parent, event)
    }
}

/// Enters wasm. Returns whether it was left other than by returning.
///
/// # Safety
/// The function is a live one of the store, with room for [`Store::start`]'s values.
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

/// What may lie between the embedder's own frame and a start: an activation that was started through more of it can be the outer
/// one of another that is started through less.
const STARTING_FRAMES: usize = 8 << 10;

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
    /// The embedder is asked for something that it does for its own shared memories: see [`Store::request`]. Answer, then
    /// resume.
    Asked,
    /// There is no memory for another stack.
    OutOfMemory,
}

/// What the embedder does for shared memories that it has allocated.
#[derive(Debug, Clone, Copy)]
pub enum Request {
    /// `memory.grow`: the answer is the old size in pages, or -1.
    Grow {
        /// The memory.
        memory: MemoryId,
        /// Pages to add.
        delta: u64,
    },
    /// `memory.atomic.wait`: the answer is what that returns.
    Wait {
        /// The memory.
        memory: MemoryId,
        /// The byte address.
        at: u64,
        /// What should be there.
        expected: u64,
        /// Of how many bytes, 4 or 8.
        size: u8,
        /// In nanoseconds; negative for no end.
        timeout: i64,
    },
    /// `memory.atomic.notify`: the answer is what that returns.
    Notify {
        /// The memory.
        memory: MemoryId,
        /// The byte address.
        at: u64,
        /// How many to wake at the most.
        count: u32,
    },
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
    /// The function is alive and of this store. `values` has room for [`MIN_SLOTS`](crate::MIN_SLOTS) values and for as many as there are
    /// arguments or results, and holds arguments of the right types. They must stay in place until the activation ends.
    #[inline(always)]
    pub unsafe fn start(&mut self, callee: FuncPtr, values: NonNull<u8>) -> Step {
        // SAFETY: promised by the caller.
        if unsafe { (*callee.as_ptr()).entry }.is_null() && !self.make_entry(callee) {
            self.trap = Some(RawTrap { code: TrapCode::NotCompiled, addresses: Vec::new() });
            return Step::Trapped;
        }
        let marker = 0u8;
        match self.fibers.begin((&raw const marker).addr(), self.context.caller) {
            Ok(()) => {
                // The host calls, not an instance.
                self.context.caller = std::ptr::null_mut();
                let job = Job { store: self, callee, values };
                self.switch((&raw const job).expose_provenance())
            }
            Err(OutOfMemory) => Step::OutOfMemory,
        }
    }

    /// Goes on with the innermost activation.
    ///
    /// # Safety
    /// The last step of that activation was [`Step::Call`], and the results are in its slots, or
    /// [`Step::Interrupted`]. It was started on this thread.
    #[inline(always)]
    pub unsafe fn resume(&mut self, how: Resume) -> Step {
        let failed = match how {
            Resume::Return => false,
            Resume::Fail(failure) => {
                self.failure = Some(failure);
                true
            }
        };
        self.switch(usize::from(failed))
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

    /// Takes the innermost activation out of the order in which activations end, to be gone on with at any time by
    /// [`Store::unpark`]. Returns its number.
    ///
    /// # Safety
    /// Its last step was [`Step::Call`].
    pub unsafe fn park(&mut self) -> u32 {
        let outer = self.fibers.current().outer_caller;
        let caller = std::mem::replace(&mut self.context.caller, outer);
        self.fibers.park(caller)
    }

    /// Makes a parked activation the innermost one, which can then be resumed. False if it was dropped.
    pub fn unpark(&mut self, id: u32) -> bool {
        let here = 0u8;
        let outer = self.context.caller;
        let Some(fiber) = self.fibers.unpark(id) else { return false };
        let caller = std::mem::replace(&mut fiber.caller, std::ptr::null_mut());
        (fiber.outer_caller, fiber.embedder_sp) = (outer, (&raw const here).addr());
        self.context.caller = caller;
        true
    }

    /// Drops the parked activations but those with these numbers. Their stacks are not unwound.
    pub fn drop_parked(&mut self, is_live: impl Fn(u32) -> bool) {
        self.fibers.drop_parked(is_live);
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

    /// Forgets activations whose starters are gone, before another is started at `embedder_sp` on the embedder's stack: those that
    /// were started below, and those that wait after an interruption, when nothing else is to be started. For hosts
    /// whose frames can vanish without running code, such as JavaScript when it is terminated.
    #[inline]
    pub fn abandon_lost(&mut self, embedder_sp: usize) {
        let lowest = embedder_sp.saturating_sub(STARTING_FRAMES);
        self.fibers.abandon_while(|_, fiber| fiber.interrupted || fiber.embedder_sp < lowest);
    }

    /// Bytes of the embedder's stack from where the outermost activation was started to here.
    pub fn embedder_stack_used(&self) -> usize {
        let here = 0u8;
        let outermost = self.fibers.activations().next();
        outermost.map_or(0, |fiber| fiber.embedder_sp.saturating_sub((&raw const here).addr()))
    }

    #[inline(always)]
    fn switch(&mut self, left_there: usize) -> Step {
        let store: *mut Store = self;
        let context = self.context_ptr();
        // SAFETY: wasm, and what it calls, reaches the store through `owner`: from here on it is accessed only
        // through the one pointer. The fiber is boxed and cannot go away while it runs.
        unsafe {
            let fiber: *mut Fiber = (*store).fibers.current();
            (*context).owner = store.cast();
            // Other threads may store another limit: see `Stopper`.
            let stack_limit = AtomicUsize::from_ptr(&raw mut (*context).stack_limit);
            let outer_limit = stack_limit.load(Ordering::Relaxed);
            let outer = ((*context).entry_sp, (*context).exit_fp, (*context).fiber);
            stack_limit.store((*fiber).stack_limit, Ordering::Relaxed);
            ((*context).entry_sp, (*context).exit_fp) = ((*fiber).entry_sp, (*fiber).exit_fp);
            (*context).fiber = &raw mut (*fiber).ends;
            (*fiber).interrupted = false;
            trap::set_running((*fiber).thread, Running { context, caught: &raw const *(*store).caught });

            let event = sys::switch(&raw mut (*fiber).ends.parent, &raw const (*fiber).ends.own, left_there);

            ((*fiber).entry_sp, (*fiber).exit_fp) = ((*context).entry_sp, (*context).exit_fp);
            stack_limit.store(outer_limit, Ordering::Relaxed);
            ((*context).entry_sp, (*context).exit_fp, (*context).fiber) = outer;
            match event {
                event::RETURNED => (*store).ended(false),
                event::LEFT => (*store).ended(true),
                event::ASKED => Step::Asked,
                event::INTERRUPTED => {
                    (*fiber).interrupted = true;
                    Step::Interrupted
                }
                host => Step::Call(NonNull::new_unchecked(std::ptr::with_exposed_provenance_mut(host))),
            }
        }
    }

    #[inline]
    fn ended(&mut self, left: bool) -> Step {
        if left {
            self.trap = self.caught.take();
            if self.trap.as_ref().is_some_and(|trap| trap.code == TrapCode::StackOverflow) {
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
        self.trap.take().map(RawTrap::resolve)
    }

    /// As [`Store::take_trap`], without looking the frames up.
    pub fn take_raw_trap(&mut self) -> Option<RawTrap> {
        self.trap.take()
    }

    /// Why the last step was [`Step::Failed`].
    pub fn take_failure(&mut self) -> Option<HostFailure> {
        self.failure.take()
    }

    /// Suspends the running activation until the embedder has called `function`. Returns 1 when it failed.
    ///
    /// # Safety
    /// Called on the running fiber of the context's store.
    #[inline(always)]
    pub(crate) unsafe fn suspend_for_host(context: *mut VMStoreContext, function: NonNull<HostFunction>) -> u32 {
        // SAFETY: promised by the caller.
        unsafe { switch_back(context, function.as_ptr().expose_provenance()) as u32 }
    }

    /// Why the last step was [`Step::Asked`].
    pub fn request(&self) -> Option<Request> {
        self.request
    }

    /// Answers the last request.
    pub fn answer(&mut self, answer: i64) {
        self.answer = answer;
    }

    /// Asks the embedder. When it fails, wasm is left and nothing returns.
    ///
    /// # Safety
    /// Called by compiled code on the running fiber of `store`; nothing here needs dropping.
    pub(crate) unsafe fn ask(store: *mut Store, request: Request) -> i64 {
        // SAFETY: promised by the caller.
        unsafe {
            (*store).request = Some(request);
            let context = (*store).context_ptr();
            if switch_back(context, event::ASKED) != 0 {
                sys::leave((*context).entry_sp);
            }
            (*store).answer
        }
    }

    /// Waits at an address of a shared memory until it is notified, as `memory.atomic.wait` does. The activation is suspended as
    /// for a loop that was interrupted when somebody wants that, and from time to time if the store asks for it. When it is not
    /// to go on, wasm is left and nothing returns.
    ///
    /// # Safety
    /// Called by compiled code on the running fiber of `store`; nothing here needs dropping.
    pub(crate) unsafe fn wait(store: *mut Store, at: usize, timeout: i64, is_expected: impl Fn() -> bool) -> Woken {
        // SAFETY: promised by the caller. The store is not borrowed while the activation is suspended.
        unsafe {
            let fiber: *mut Fiber = (*store).fibers.current();
            (*fiber).waiting = Waiting::begin(at, timeout, is_expected);
            loop {
                let Some(waiting) = &(*fiber).waiting else { return Woken::NotEqual };
                if let Some(woken) = waiting.sleep((*store).wait_slice) {
                    (*fiber).waiting = None;
                    return woken;
                }
                let context = (*store).context_ptr();
                if Self::suspend_for_interrupt(context) != 0 {
                    (*fiber).waiting = None;
                    sys::leave((*context).entry_sp);
                }
            }
        }
    }

    /// Suspends the running activation because a loop was interrupted. Returns 1 when it is to be left.
    ///
    /// # Safety
    /// Called on the running fiber of the context's store.
    pub(crate) unsafe fn suspend_for_interrupt(context: *mut VMStoreContext) -> u32 {
        // SAFETY: promised by the caller.
        unsafe { switch_back(context, event::INTERRUPTED) as u32 }
    }

    /// Lets the embedder do what there is to do, as for a loop that was interrupted, while a native function waits.
    /// Returns whether wasm is to be left. It may never return, when the embedder forgets the activation.
    ///
    /// # Safety
    /// Called by a native function of this store, on its fiber. Nothing that it borrows from the store is used again.
    pub unsafe fn pause(&mut self) -> bool {
        // SAFETY: promised by the caller.
        unsafe { Self::suspend_for_interrupt(self.context_ptr()) != 0 }
    }

    /// Runs `f` on the stack that the running fiber was resumed from.
    ///
    /// # Safety
    /// Called on the running fiber of `store`.
    pub(crate) unsafe fn on_parent_stack<F: FnOnce() -> u32>(store: *mut Store, f: F) -> u32 {
        unsafe extern "C" fn run<F: FnOnce() -> u32>(f: *mut ()) -> u32 {
            // SAFETY: the address of an `Option` that is taken once.
            let f = unsafe { (*f.cast::<Option<F>>()).take() };
            f.expect("called once")()
        }
        let mut f = Some(f);
        // SAFETY: the parent waits, and is not switched to before `f` has returned. While `f` runs the store counts as
        // being outside this activation. A panic ends the process, as `run` cannot unwind.
        unsafe {
            let context = (*store).context_ptr();
            let caught = &raw const *(*store).caught;
            let fiber: *mut Fiber = (*store).fibers.current();
            ((*fiber).entry_sp, (*fiber).exit_fp) = ((*context).entry_sp, (*context).exit_fp);
            // What callers keep in registers has to be on this stack, where collections look for references.
            let registers = sys::saved_registers();
            std::hint::black_box(&registers);
            (*fiber).mark_used();
            let result = sys::call_on(&raw const (*fiber).ends.parent, run::<F>, (&raw mut f).cast());
            std::hint::black_box(&registers);
            // Another store may have run on this thread.
            trap::set_running((*fiber).thread, Running { context, caught });
            result
        }
    }
}

//! How calls cross between JavaScript and wasm.
//!
//! Both sides share a mailbox: a header of 32-bit words and an array of 16-byte slots. JavaScript writes what is to
//! happen and the arguments, and calls a function that takes nothing; that runs wasm on a fiber until it has returned,
//! failed, or wants JavaScript, writes which, and returns nothing. `js/calls.js` has the other half.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{self, NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

use gantry_runtime::{FuncPtr, HostFailure, Request, Resume, Step, Store, VALUE_SIZE};
use napi::bindgen_prelude::{FromNapiValue, Function};
use napi::{Env, check_status, sys};

use crate::host::State;
use crate::wasi::{self, Ended};
use crate::{fast, stack};

/// Words of the header.
mod word {
    /// Out: why the function returned; for a call of an import, also which.
    pub const STATUS: usize = 0;
    /// In: what to do, and the number of calls that are going on.
    pub const OPERATION: usize = 1;
    /// Out: the number of calls that are going on.
    pub const DEPTH: usize = 2;
    /// Out: the instance that a wanted import belongs to.
    pub const INSTANCE: usize = 3;
    /// In: the address of the function to call, the low half and the high one. In to throw and out of what threw: the
    /// address of the exception; 0 for an error of JavaScript's.
    pub const CALLEE: usize = 4;
    pub const CALLEE_HIGH: usize = 5;
}

/// The low bits of [`word::STATUS`].
mod status {
    pub const RETURNED: i32 = 0;
    /// The index of the import is in the bits above.
    pub const CALL: i32 = 1;
    pub const INTERRUPTED: i32 = 2;
    pub const TRAPPED: i32 = 3;
    pub const THREW: i32 = 4;
    pub const OUT_OF_MEMORY: i32 = 5;
    /// A native function has ended the program.
    pub const EXITED: i32 = 6;
    /// The call that was to go on is not there any more.
    pub const LOST: i32 = 7;
    /// Something is wanted for a shared memory: what is in the slots.
    pub const ASKED: i32 = 8;
    /// Added when wasm has grown a memory.
    pub const GREW: i32 = 16;
    pub const BITS: u32 = 5;
}

/// The low bits of [`word::OPERATION`]. The number of calls that are going on is above.
mod operation {
    pub const START: i32 = 0;
    pub const RETURN: i32 = 1;
    pub const THROW: i32 = 2;
    /// Goes on with the answer in the first slot to what was asked.
    pub const ANSWER: i32 = 3;
    pub const BITS: u32 = 2;
    pub const MASK: i32 = 3;
}

// Everything between the callback and the switch of stacks is inlined: processors predict returns by a stack of their
// own, which a switch upsets, so that each return on either side of it costs a misprediction.

const SLOTS_AT: usize = 64;
/// As many as a function type can have parameters or results.
pub(crate) const SLOTS: usize = 1000;
/// Bytes in a mailbox.
pub(crate) const MAILBOX_LEN: usize = SLOTS_AT + SLOTS * VALUE_SIZE;

/// The native side of the mailbox.
pub(crate) struct Calls {
    mailbox: NonNull<u8>,
}

impl Calls {
    pub fn new(mailbox: NonNull<u8>) -> Calls {
        Calls { mailbox }
    }

    pub fn read(&self, word: usize) -> i32 {
        // SAFETY: inside the mailbox, which JavaScript keeps alive and which is aligned for its typed arrays.
        unsafe { self.mailbox.cast::<i32>().add(word).read() }
    }

    pub fn write(&self, word: usize, value: i32) {
        // SAFETY: as above.
        unsafe { self.mailbox.cast::<i32>().add(word).write(value) }
    }

    /// The two words from `word`, which is even, as a number.
    pub fn read_f64(&self, word: usize) -> f64 {
        // SAFETY: as above.
        unsafe { self.mailbox.cast::<f64>().add(word / 2).read() }
    }

    /// The reverse of `read_f64`.
    pub fn write_f64(&self, word: usize, value: f64) {
        // SAFETY: as above.
        unsafe { self.mailbox.cast::<f64>().add(word / 2).write(value) }
    }

    /// Where arguments and results are.
    pub fn slots(&self) -> NonNull<u8> {
        // SAFETY: as above.
        unsafe { self.mailbox.add(SLOTS_AT) }
    }

    fn callee(&self) -> FuncPtr {
        NonNull::new(std::ptr::with_exposed_provenance_mut(self.address())).expect("functions have addresses")
    }

    fn address(&self) -> usize {
        self.read(word::CALLEE) as u32 as usize | (self.read(word::CALLEE_HIGH) as usize) << 32
    }

    /// Writes what wasm wants to the slots: 0 for `memory.grow` with the pages to add; 1 for `memory.atomic.wait` with byte address,
    /// size, expected value and timeout; 2 for `memory.atomic.notify` with byte address and count. The memory comes second.
    fn write_request(&self, request: Request) {
        let words = match request {
            Request::Grow { memory, delta } => [0, memory.0.into(), delta as i64, 0, 0, 0],
            Request::Wait { memory, at, expected, size, timeout } => {
                [1, memory.0.into(), at as i64, size.into(), expected as i64, timeout]
            }
            Request::Notify { memory, at, count } => [2, memory.0.into(), at as i64, count.into(), 0, 0],
        };
        // SAFETY: the mailbox has room for many more, and is aligned.
        unsafe { self.slots().cast::<[i64; 6]>().write(words) };
    }

    fn write_address(&self, address: usize) {
        self.write(word::CALLEE, address as i32);
        self.write(word::CALLEE_HIGH, (address >> 32) as i32);
    }
}

/// A function as JavaScript names it.
pub(crate) fn func_from_number(address: f64) -> Option<FuncPtr> {
    NonNull::new(std::ptr::with_exposed_provenance_mut(address as usize))
}

/// The reverse of [`func_from_number`]. Addresses have at most 48 bits, so that the number is exact.
pub(crate) fn func_to_number(func: FuncPtr) -> f64 {
    func.as_ptr().expose_provenance() as f64
}

/// The state of the first host of the process, which is usually the only one.
static FIRST: AtomicPtr<State> = AtomicPtr::new(null_mut());

thread_local! {
    /// The state of the first host of a thread.
    static HERE: Cell<*mut State> = const { Cell::new(null_mut()) };
}

/// What a function does that JavaScript calls without arguments, for the mailbox has them.
pub(crate) trait Entry {
    fn run(state: &mut State);
}

/// Starts and resumes calls.
pub(crate) struct Calling;

impl Entry for Calling {
    #[inline(always)]
    fn run(state: &mut State) {
        run(state);
    }
}

/// Called for each host before anything else here.
pub(crate) fn announce(state: &mut State) {
    let state: *mut State = state;
    let _ = FIRST.compare_exchange(null_mut(), state, Ordering::Relaxed, Ordering::Relaxed);
    if HERE.get().is_null() {
        HERE.set(state);
    }
}

/// Makes the JavaScript function for an entry.
pub(crate) fn function<E: Entry>(env: Env, state: &mut State) -> napi::Result<Function<'static, (), ()>> {
    let mut function = null_mut();
    let data: *mut State = state;
    let is_first = ptr::eq(FIRST.load(Ordering::Relaxed), data);
    let is_first_here = ptr::eq(HERE.get(), data);
    let fast = match (is_first, is_first_here) {
        (true, _) => fast::function(fast_first::<E>, fast_first::<E>),
        (false, true) => fast::function(fast_here::<E>, fast_here::<E>),
        (false, false) => None,
    };
    if let Some(function) = fast {
        // SAFETY: a function made just now, in the scope of this callback.
        return unsafe { Function::from_napi_value(env.raw(), function) };
    }
    let callback = if is_first { enter_first::<E> } else { enter::<E> };
    // SAFETY: the state is boxed and lives as long as the host, which the JavaScript layer never drops.
    unsafe {
        let name = c"gantry";
        let made = sys::napi_create_function(env.raw(), name.as_ptr(), -1, Some(callback), data.cast(), &mut function);
        check_status!(made)?;
        Function::from_napi_value(env.raw(), function)
    }
}

/// Called before a host goes away.
pub(crate) fn forget(state: &mut State) {
    // A later host may be the first one again; the old one's function is never called any more.
    let _ = FIRST.compare_exchange(state, null_mut(), Ordering::Relaxed, Ordering::Relaxed);
    if ptr::eq(HERE.get(), state) {
        HERE.set(null_mut());
    }
}

unsafe extern "C" fn enter<E: Entry>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut data = null_mut();
    // SAFETY: only the data is asked for, which is what `function` passed. JavaScript is not called from here, so
    // that nothing else uses the state meanwhile.
    unsafe {
        sys::napi_get_cb_info(env, info, null_mut(), null_mut(), null_mut(), &mut data);
        E::run(&mut *data.cast::<State>());
    }
    null_mut()
}

/// As [`enter`], a few nanoseconds faster.
unsafe extern "C" fn enter_first<E: Entry>(_: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as above: this is the function of the first host only.
    unsafe { E::run(&mut *FIRST.load(Ordering::Relaxed)) };
    null_mut()
}

/// As [`enter_first`], called by V8 itself.
unsafe extern "C" fn fast_first<E: Entry>(_: *const c_void) {
    // SAFETY: as above.
    unsafe { E::run(&mut *FIRST.load(Ordering::Relaxed)) };
}

/// As [`enter`], for the first host of a thread, called by V8 itself.
unsafe extern "C" fn fast_here<E: Entry>(_: *const c_void) {
    // SAFETY: only that host's thread can call its function.
    unsafe { E::run(&mut *HERE.get()) };
}

#[inline(always)]
fn run(state: &mut State) {
    let State { store, calls, exit, .. } = state;
    let word = calls.read(word::OPERATION);
    let depth = (word >> operation::BITS) as usize;
    let step = match word & operation::MASK {
        operation::START => Some(start(store, calls)),
        operation::RETURN => resume(store, depth, Resume::Return),
        operation::THROW => {
            let failure = match calls.address() {
                0 => HostFailure::Error(Box::new(())),
                exception => HostFailure::Exception(exception),
            };
            resume(store, depth, Resume::Fail(failure))
        }
        operation::ANSWER => {
            // SAFETY: the first slot of the mailbox.
            store.answer(unsafe { calls.slots().cast::<i64>().read() });
            resume(store, depth, Resume::Return)
        }
        other => unreachable!("operation {other}"),
    };
    match step {
        Some(step) => report(store, calls, exit, step),
        None => calls.write(word::STATUS, status::LOST),
    }
}

#[inline(always)]
fn start(store: &mut Store, calls: &Calls) -> Step {
    let here = 0u8;
    // JavaScript frames that were terminated leave their calls behind.
    store.abandon_lost((&raw const here).addr());
    // SAFETY: JavaScript has the function from a live object and has written arguments of its types.
    unsafe { store.start(calls.callee(), calls.slots()) }
}

#[inline(always)]
fn resume(store: &mut Store, depth: usize, how: Resume) -> Option<Step> {
    store.abandon_above(depth);
    if store.depth() != depth {
        return None;
    }
    // SAFETY: the activation of that depth waits, and its results are in the slots.
    Some(unsafe { store.resume(how) })
}

#[inline(always)]
fn report(store: &mut Store, calls: &Calls, exit: &mut Option<Ended>, step: Step) {
    let grew = if store.has_grown_memories() { status::GREW } else { 0 };
    let status = match step {
        Step::Returned => status::RETURNED,
        Step::Call(function) => {
            // SAFETY: the function is alive while it is called.
            let function = unsafe { function.as_ref() };
            calls.write(word::DEPTH, store.depth() as i32);
            calls.write(word::INSTANCE, function.owner().map_or(-1, |id| id.0 as i32));
            status::CALL | (function.key() << status::BITS) as i32
        }
        Step::Interrupted => {
            calls.write(word::DEPTH, store.depth() as i32);
            status::INTERRUPTED
        }
        Step::Asked => {
            calls.write(word::DEPTH, store.depth() as i32);
            calls.write_request(store.request().expect("the step says so"));
            status::ASKED
        }
        Step::Trapped => {
            stack::write_trap(store, calls);
            status::TRAPPED
        }
        Step::Failed => {
            let failure = store.take_failure();
            let exception = if let Some(HostFailure::Exception(exception)) = failure { exception } else { 0 };
            calls.write_address(exception);
            *exit = wasi::ended(failure);
            if exit.is_some() { status::EXITED } else { status::THREW }
        }
        Step::OutOfMemory => status::OUT_OF_MEMORY,
    };
    calls.write(word::STATUS, status | grew);
}

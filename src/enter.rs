//! How calls cross between JavaScript and wasm.
//!
//! Both sides share a mailbox: a header of 32-bit words and an array of 16-byte slots. JavaScript writes what is to
//! happen and the arguments, and calls a function that takes nothing; that runs wasm on a fiber until it has returned,
//! failed, or wants JavaScript, writes which, and returns nothing. `js/calls.js` has the other half.

use std::ptr::{NonNull, null_mut};

use gantry_runtime::{FuncPtr, HostFailure, Resume, Step, Store, Trap, VALUE_SIZE};
use napi::bindgen_prelude::{FromNapiValue, Function};
use napi::{Env, check_status, sys};

use crate::host::State;

/// Words of the header.
mod word {
    /// Out: why the function returned.
    pub const STATUS: usize = 0;
    /// In: what to do.
    pub const OPERATION: usize = 1;
    /// Out and in: the number of calls that are going on.
    pub const DEPTH: usize = 2;
    /// Out: the instance that a wanted import belongs to, and which one it is.
    pub const INSTANCE: usize = 3;
    pub const IMPORT: usize = 4;
    /// In, as a 64-bit float: the address of the function to call.
    pub const CALLEE: usize = 6;
}

/// Values of [`word::STATUS`].
mod status {
    pub const RETURNED: i32 = 0;
    pub const CALL: i32 = 1;
    pub const INTERRUPTED: i32 = 2;
    pub const TRAPPED: i32 = 3;
    pub const THREW: i32 = 4;
    pub const OUT_OF_MEMORY: i32 = 5;
    /// Added when wasm has grown a memory.
    pub const GREW: i32 = 8;
}

/// Values of [`word::OPERATION`].
mod operation {
    pub const START: i32 = 0;
    pub const RETURN: i32 = 1;
    pub const THROW: i32 = 2;
}

const SLOTS_AT: usize = 64;
/// As many as a function type can have parameters or results.
const SLOTS: usize = 1000;
/// Bytes in a mailbox.
pub(crate) const MAILBOX_LEN: usize = SLOTS_AT + SLOTS * VALUE_SIZE;

/// The calls that are going on.
pub(crate) struct Calls {
    mailbox: NonNull<u8>,
    /// For each suspended activation, where results of the import go and how many bytes they are.
    waiting: Vec<(NonNull<u8>, usize)>,
    /// Why the last call trapped.
    pub trap: Option<Trap>,
}

impl Calls {
    pub fn new(mailbox: *mut u8) -> Calls {
        let mailbox = NonNull::new(mailbox).expect("an array buffer with contents");
        Calls { mailbox, waiting: Vec::new(), trap: None }
    }

    fn read(&self, word: usize) -> i32 {
        // SAFETY: inside the mailbox, which JavaScript keeps alive and which is aligned for its typed arrays.
        unsafe { self.mailbox.cast::<i32>().add(word).read() }
    }

    fn write(&self, word: usize, value: i32) {
        // SAFETY: as above.
        unsafe { self.mailbox.cast::<i32>().add(word).write(value) }
    }

    fn slots(&self) -> NonNull<u8> {
        // SAFETY: as above.
        unsafe { self.mailbox.add(SLOTS_AT) }
    }

    fn callee(&self) -> FuncPtr {
        // SAFETY: as above.
        let address = unsafe { self.mailbox.cast::<i32>().add(word::CALLEE).cast::<f64>().read() };
        func_from_number(address).expect("functions have addresses")
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

/// Makes the JavaScript function that runs calls.
pub(crate) fn function(env: Env, state: &mut State) -> napi::Result<Function<'static, (), ()>> {
    let mut function = null_mut();
    let data: *mut State = state;
    let name = c"gantry";
    // SAFETY: the state is boxed and lives as long as the host, which the JavaScript layer never drops.
    unsafe {
        let made = sys::napi_create_function(env.raw(), name.as_ptr(), -1, Some(enter), data.cast(), &mut function);
        check_status!(made)?;
        Function::from_napi_value(env.raw(), function)
    }
}

unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut data = null_mut();
    // SAFETY: only the data is asked for, which is what `function` passed. JavaScript is not called from here, so
    // that nothing else uses the state meanwhile.
    unsafe {
        sys::napi_get_cb_info(env, info, null_mut(), null_mut(), null_mut(), &mut data);
        run(&mut *data.cast::<State>());
    }
    null_mut()
}

fn run(state: &mut State) {
    let State { store, calls, .. } = state;
    let step = match calls.read(word::OPERATION) {
        operation::START => start(store, calls),
        operation::RETURN => resume(store, calls, Resume::Return),
        operation::THROW => resume(store, calls, Resume::Fail(HostFailure::Error(Box::new(())))),
        other => unreachable!("operation {other}"),
    };
    report(store, calls, step);
}

fn start(store: &mut Store, calls: &mut Calls) -> Step {
    crate::ticker::on_start(store.interrupt_flag());
    let here = 0u8;
    // JavaScript frames that were terminated leave their calls behind.
    store.abandon_below((&raw const here).addr());
    calls.waiting.truncate(store.depth());
    // SAFETY: JavaScript has the function from a live object and has written arguments of its types.
    unsafe { store.start(calls.callee(), calls.slots()) }
}

fn resume(store: &mut Store, calls: &mut Calls, how: Resume) -> Step {
    let depth = calls.read(word::DEPTH) as usize;
    store.abandon_above(depth);
    calls.waiting.truncate(depth);
    let (values, len) = calls.waiting.pop().expect("one for each call that waits");
    if matches!(how, Resume::Return) {
        // SAFETY: the slots are on the stack of the activation that waits for them; there are `len` bytes.
        unsafe { calls.slots().copy_to_nonoverlapping(values, len) };
    }
    // SAFETY: the activation waits, and has its results.
    unsafe { store.resume(how) }
}

fn report(store: &mut Store, calls: &mut Calls, step: Step) {
    let grew = if store.has_grown_memories() { status::GREW } else { 0 };
    let status = match step {
        Step::Returned => status::RETURNED,
        Step::Call { function, values } => {
            // SAFETY: the function is alive while it is called; its arguments are in its slots.
            let function = unsafe { function.as_ref() };
            // SAFETY: as above.
            unsafe { calls.slots().copy_from_nonoverlapping(values, function.params_len() * VALUE_SIZE) };
            calls.write(word::INSTANCE, function.owner().map_or(-1, |id| id.0 as i32));
            calls.write(word::IMPORT, function.key() as i32);
            wait(store, calls, values, function.results_len() * VALUE_SIZE);
            status::CALL
        }
        Step::Interrupted => {
            wait(store, calls, NonNull::dangling(), 0);
            status::INTERRUPTED
        }
        Step::Trapped(trap) => {
            calls.trap = Some(trap);
            status::TRAPPED
        }
        Step::Failed(_) => status::THREW,
        Step::OutOfMemory => status::OUT_OF_MEMORY,
    };
    calls.write(word::STATUS, status | grew);
}

fn wait(store: &Store, calls: &mut Calls, values: NonNull<u8>, len: usize) {
    calls.waiting.push((values, len));
    calls.write(word::DEPTH, store.depth() as i32);
}

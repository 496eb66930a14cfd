//! Stack traces of JavaScript with wasm functions in them.
//!
//! V8 asks a callback of Node.js to make text of the frames of an error, when somebody looks at it. Here another one is put before
//! that, which has JavaScript (`js/stack.js`) change the frames. Node-API has nothing like it: as in [`fast`], functions are
//! looked up by names that hold their types, and where one is missing stack traces stay as V8 makes them.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

use gantry_runtime::{Store, VALUE_SIZE, frames};
use napi::bindgen_prelude::{Float64Array, Function, ToNapiValue, Unknown};
use napi::{Env, check_status, sys};
use napi_derive::napi;

use crate::describe;
use crate::enter::{Calls, Entry, SLOTS};
use crate::fast;
use crate::host::{Host, State};

/// Code addresses that are told at the most: more than stack traces show.
const MAX_ADDRESSES: usize = 256;

/// Writes numbers to the slots, one behind the other.
struct Writer {
    slots: NonNull<f64>,
    len: usize,
}

impl Writer {
    fn new(calls: &Calls) -> Writer {
        Writer { slots: calls.slots().cast(), len: 0 }
    }

    fn push(&mut self, number: f64) {
        const { assert!(2 * MAX_ADDRESSES + 8 < SLOTS * VALUE_SIZE / size_of::<f64>()) };
        // SAFETY: there is room for `MAX_ADDRESSES` and a count before each.
        unsafe { self.slots.add(self.len).write(number) };
        self.len += 1;
    }

    /// A count and addresses; false when there is no more room.
    fn push_group(&mut self, addresses: &[usize]) -> bool {
        let room = (2 * MAX_ADDRESSES).saturating_sub(self.len + 1);
        if room == 0 {
            return false;
        }
        let addresses = &addresses[..addresses.len().min(room)];
        self.push(addresses.len() as f64);
        addresses.iter().for_each(|address| self.push(*address as f64));
        true
    }

    /// A group for each activation that waits, then -1.
    fn finish(mut self, store: &Store) {
        for addresses in store.backtraces() {
            if !self.push_group(&addresses) {
                break;
            }
        }
        self.push(-1.0);
    }
}

/// Writes a trap's code and where the functions were that were active, by activation.
pub(crate) fn write_trap(store: &mut Store, calls: &Calls) {
    let trap = store.take_raw_trap().expect("the step says so");
    let mut writer = Writer::new(calls);
    writer.push(f64::from(trap.code as u8));
    writer.push_group(&trap.addresses);
    writer.finish(store);
}

/// Writes where the functions are that wait for JavaScript, by activation, the innermost first.
pub(crate) struct Backtrace;

impl Entry for Backtrace {
    fn run(State { store, calls, .. }: &mut State) {
        Writer::new(calls).finish(store);
    }
}

#[napi]
impl Host {
    /// The function that writes where wasm functions are to the slots.
    #[napi]
    pub fn backtrace(&mut self, env: Env) -> napi::Result<Function<'_, (), ()>> {
        crate::enter::function::<Backtrace>(env, &mut self.state)
    }

    /// The functions that addresses belong to, as JSON.
    #[napi]
    pub fn frames_at(&self, addresses: Float64Array) -> String {
        describe::frames(&frames(addresses.iter().map(|address| *address as usize)))
    }

    /// Has `change(error, frames)` see the frames of errors before Node.js does. Returns whether that is possible.
    #[napi]
    pub fn change_stack_traces(&self, env: Env, change: Unknown<'_>) -> napi::Result<bool> {
        install(env, change)
    }
}

/// `v8::PrepareStackTraceCallback`: a context, an error and an array of frames; what it returns is null after it has thrown.
type Prepare = unsafe extern "C" fn(*const c_void, *const c_void, *const c_void) -> *const c_void;

#[derive(Clone, Copy)]
struct Hook {
    env: sys::napi_env,
    change: sys::napi_ref,
    node: Prepare,
}

thread_local! {
    static HOOK: Cell<Option<Hook>> = const { Cell::new(None) };
}

fn install(env: Env, change: Unknown<'_>) -> napi::Result<bool> {
    // SAFETY: the mangled names give the parameters; results are pointers, alone in classes of one field.
    let found = unsafe {
        let current: Option<unsafe extern "C" fn() -> *mut c_void> =
            fast::function_named(c"_ZN2v87Isolate10GetCurrentEv");
        let set: Option<unsafe extern "C" fn(*mut c_void, Prepare)> = fast::function_named(
            c"_ZN2v87Isolate28SetPrepareStackTraceCallbackEPFNS_10MaybeLocalINS_5ValueEEENS_5LocalINS_7ContextEEENS4_IS2_EENS4_INS_5ArrayEEEE",
        );
        let node: Option<Prepare> = fast::function_named(
            c"_ZN4node25PrepareStackTraceCallbackEN2v85LocalINS0_7ContextEEENS1_INS0_5ValueEEENS1_INS0_5ArrayEEE",
        );
        current.zip(set).zip(node)
    };
    let Some(((current, set), node)) = found.filter(|_| HOOK.get().is_none()) else { return Ok(false) };
    let mut reference = null_mut();
    // SAFETY: values of this environment; V8 calls back on its thread only.
    unsafe {
        let value = Unknown::to_napi_value(env.raw(), change)?;
        check_status!(sys::napi_create_reference(env.raw(), value, 1, &mut reference))?;
        check_status!(sys::napi_add_env_cleanup_hook(env.raw(), Some(forget), null_mut()))?;
        HOOK.set(Some(Hook { env: env.raw(), change: reference, node }));
        set(current(), prepare);
    }
    Ok(true)
}

/// The environment ends: from here on stack traces are Node's alone.
unsafe extern "C" fn forget(_: *mut c_void) {
    HOOK.set(HOOK.get().map(|hook| Hook { env: null_mut(), ..hook }));
}

unsafe extern "C" fn prepare(context: *const c_void, error: *const c_void, sites: *const c_void) -> *const c_void {
    let hook = HOOK.get().expect("set before V8 knew of this");
    if !hook.env.is_null() {
        // SAFETY: V8 has a scope for handles, which are what Node-API's values are.
        unsafe { change(hook, error.cast_mut().cast(), sites.cast_mut().cast()) };
    }
    // SAFETY: what V8 would have called.
    unsafe { (hook.node)(context, error, sites) }
}

/// Has JavaScript change the frames. If that fails they stay as they are.
unsafe fn change(Hook { env, change, .. }: Hook, error: sys::napi_value, sites: sys::napi_value) {
    let (mut function, mut receiver, mut result) = (null_mut(), null_mut(), null_mut());
    // SAFETY: values of an environment that has not ended.
    unsafe {
        if sys::napi_get_reference_value(env, change, &mut function) != sys::Status::napi_ok
            || sys::napi_get_undefined(env, &mut receiver) != sys::Status::napi_ok
        {
            return;
        }
        let arguments = [error, sites];
        let status = sys::napi_call_function(env, receiver, function, 2, arguments.as_ptr(), &mut result);
        if status == sys::Status::napi_pending_exception {
            sys::napi_get_and_clear_last_exception(env, &mut result);
        }
    }
}

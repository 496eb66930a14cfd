//! A function that optimised JavaScript calls without any conversion: V8's own interface, where Node.js has it.
//!
//! Node-API has nothing like it, so this looks V8's functions up in the running program by name. A name holds the types
//! of all parameters: another signature is another name, and not found. Where anything is missing, the caller makes an
//! ordinary Node-API function, which behaves the same.

use std::ffi::c_void;
use std::ptr::null;

use napi::sys;

/// Called by V8 when the calling JavaScript is optimised. It gets the receiver.
pub(crate) type Direct = unsafe extern "C" fn(*const c_void);
/// Called by V8 otherwise. It gets a `FunctionCallbackInfo`, and returns `undefined` unless it says otherwise there.
pub(crate) type Ordinary = unsafe extern "C" fn(*const c_void);

/// Set to make Node-API functions only.
const NODE_API_ONLY: &str = "GANTRY_NODE_API_ONLY";

/// A JavaScript function without parameters and result, if V8 lets us make one. `direct` must not call into JavaScript,
/// nor allocate there.
pub(crate) fn function(direct: Direct, ordinary: Ordinary) -> Option<sys::napi_value> {
    if std::env::var_os(NODE_API_ONLY).is_some() {
        return None;
    }
    let v8 = V8::find()?;
    // SAFETY: called by JavaScript through Node-API, so that there is a current isolate with a scope for handles.
    // The names of the functions say that their parameters are what is passed here.
    unsafe {
        let isolate = (v8.current_isolate)();
        let context = (v8.current_context)(isolate);
        let description = v8.describe(direct);
        let template = (v8.new_template)(
            isolate,
            ordinary,
            null(),
            null(),
            0,
            constructor_behavior::THROW,
            side_effect_type::HAS_SIDE_EFFECT,
            description,
            0,
            0,
            0,
        );
        let function = (v8.get_function)(template, context);
        (!function.is_null()).then_some(function.cast())
    }
}

mod constructor_behavior {
    pub const THROW: i32 = 0;
}

mod side_effect_type {
    pub const HAS_SIDE_EFFECT: i32 = 0;
}

/// `v8::CTypeInfo`: a type, and one or two bytes that are 0 for plain types. Only the first of an array is used, so that
/// its size does not matter.
#[repr(C)]
struct CTypeInfo([u8; 4]);

impl CTypeInfo {
    const VOID: CTypeInfo = CTypeInfo([0, 0, 0, 0]);
    const V8_VALUE: CTypeInfo = CTypeInfo([10, 0, 0, 0]);
}

/// Room for `v8::CFunctionInfo` or `v8::CFunction`, whose constructors know their layout.
#[repr(C, align(16))]
struct Room([u8; 128]);

type NewTemplate = unsafe extern "C" fn(
    isolate: *mut c_void,
    callback: Ordinary,
    data: *const c_void,
    signature: *const c_void,
    length: i32,
    constructor_behavior: i32,
    side_effect_type: i32,
    c_function: *const Room,
    instance_type: u16,
    allowed_receiver_range_start: u16,
    allowed_receiver_range_end: u16,
) -> *const c_void;

/// `CFunctionInfo`'s constructor: this, return type, number of arguments, their types. Later versions have a parameter
/// for how 64-bit integers are passed, of which there are none; the earlier ones ignore it.
type NewFunctionInfo = unsafe extern "C" fn(*mut Room, *const CTypeInfo, u32, *const CTypeInfo, u8);

struct V8 {
    current_isolate: unsafe extern "C" fn() -> *mut c_void,
    current_context: unsafe extern "C" fn(isolate: *mut c_void) -> *const c_void,
    new_template: NewTemplate,
    get_function: unsafe extern "C" fn(template: *const c_void, context: *const c_void) -> *mut c_void,
    new_function_info: NewFunctionInfo,
    new_c_function: unsafe extern "C" fn(*mut Room, code: *const c_void, info: *const Room),
}

impl V8 {
    fn find() -> Option<V8> {
        // SAFETY: the mangled names give the parameters; results are pointers, alone in classes of one field.
        unsafe {
            Some(V8 {
                current_isolate: function_named(c"_ZN2v87Isolate10GetCurrentEv")?,
                current_context: function_named(c"_ZN2v87Isolate17GetCurrentContextEv")?,
                new_template: function_named(
                    c"_ZN2v816FunctionTemplate3NewEPNS_7IsolateEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEENS_5LocalIS4_EENSA_INS_9SignatureEEEiNS_19ConstructorBehaviorENS_14SideEffectTypeEPKNS_9CFunctionEttt",
                )?,
                get_function: function_named(c"_ZN2v816FunctionTemplate11GetFunctionENS_5LocalINS_7ContextEEE")?,
                new_function_info: function_named(
                    c"_ZN2v813CFunctionInfoC1ERKNS_9CTypeInfoEjPS2_NS0_19Int64RepresentationE",
                )
                .or_else(|| function_named(c"_ZN2v813CFunctionInfoC1ERKNS_9CTypeInfoEjPS2_"))?,
                new_c_function: function_named(c"_ZN2v89CFunctionC1EPKvPKNS_13CFunctionInfoE")?,
            })
        }
    }

    /// A `v8::CFunction` for code that takes the receiver and returns nothing. V8 keeps pointers into it, also in
    /// machine code, so that it is never freed: there are two for each process.
    unsafe fn describe(&self, code: Direct) -> *const Room {
        static RECEIVER: CTypeInfo = CTypeInfo::V8_VALUE;
        let [info, function] = [(); 2].map(|()| Box::into_raw(Box::new(Room([0; 128]))));
        // SAFETY: both classes consist of a few words, for which there is room.
        unsafe {
            (self.new_function_info)(info, &CTypeInfo::VOID, 1, &RECEIVER, 0);
            (self.new_c_function)(function, code as *const c_void, info);
        }
        function
    }
}

/// An exported function of the running program.
///
/// # Safety
/// `F` is the type of a pointer to it.
pub(crate) unsafe fn function_named<F: Copy>(name: &std::ffi::CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: promised by the caller.
    symbol(name).map(|at| unsafe { std::mem::transmute_copy(&at) })
}

/// The address of an exported symbol of the running program.
#[cfg(unix)]
fn symbol(name: &std::ffi::CStr) -> Option<*mut c_void> {
    // SAFETY: the name ends in a zero byte.
    let at = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!at.is_null()).then_some(at)
}

/// Visual C++ has other names for the same functions, and passes classes otherwise.
#[cfg(not(unix))]
fn symbol(_: &std::ffi::CStr) -> Option<*mut c_void> {
    None
}

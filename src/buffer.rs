//! Array buffers over memory that is not theirs.

use std::ffi::c_void;
use std::ptr::NonNull;

use napi::bindgen_prelude::{ArrayBuffer, FromNapiValue, Object, ToNapiValue};
use napi::{Env, check_status, sys};

unsafe extern "C" fn keep(_: sys::napi_env, _: *mut c_void, _: *mut c_void) {}

/// An array buffer over `len` bytes at `at`.
///
/// # Safety
/// The bytes stay in place until the buffer is detached or collected.
pub(crate) unsafe fn over(env: &Env, at: NonNull<u8>, len: usize) -> napi::Result<ArrayBuffer<'_>> {
    let mut value = std::ptr::null_mut();
    let null = std::ptr::null_mut();
    // SAFETY: promised by the caller; nothing is to be done when the buffer is collected.
    unsafe {
        let made =
            sys::napi_create_external_arraybuffer(env.raw(), at.as_ptr().cast(), len, Some(keep), null, &mut value);
        check_status!(made)?;
        ArrayBuffer::from_napi_value(env.raw(), value)
    }
}

/// Detaches a buffer.
pub(crate) fn detach(env: Env, buffer: Object<'_>) -> napi::Result<()> {
    // SAFETY: a value of this environment.
    check_status!(unsafe {
        let value = Object::to_napi_value(env.raw(), buffer)?;
        sys::napi_detach_arraybuffer(env.raw(), value)
    })
}

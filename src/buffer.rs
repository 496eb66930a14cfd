//! Array buffers over memory that is not theirs.

use std::ffi::c_void;
use std::ptr::NonNull;

use napi::bindgen_prelude::{ArrayBuffer, FromNapiValue, Object, ToNapiValue, Unknown};
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

/// The bytes of a typed array of bytes, which may be shared.
pub(crate) fn shared_bytes(env: Env, array: Unknown<'_>) -> napi::Result<(NonNull<u8>, usize)> {
    let (mut len, mut data) = (0, std::ptr::null_mut());
    // SAFETY: a value of this environment; what is asked for is written to locals.
    check_status!(unsafe {
        let value = Unknown::to_napi_value(env.raw(), array)?;
        let (ty, buffer, offset) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        sys::napi_get_typedarray_info(env.raw(), value, ty, &mut len, &mut data, buffer, offset)
    })?;
    let at = NonNull::new(data.cast()).ok_or_else(|| napi::Error::from_reason("a buffer without memory"))?;
    Ok((at, len))
}

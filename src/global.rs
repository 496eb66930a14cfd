//! `WebAssembly.Global`. Values cross as their 16 bytes, in an array buffer.

use std::ptr::NonNull;

use gantry_engine::GlobalType;
use gantry_runtime::{GlobalId, VMGlobal};
use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, Uint8Array};
use napi_derive::napi;

use crate::buffer;
use crate::describe;
use crate::host::Host;

#[napi]
impl Host {
    /// Makes a global of zero or null; returns its number.
    #[napi]
    pub fn new_global(&mut self, content: String, mutable: bool) -> napi::Result<u32> {
        let ty = GlobalType { content: describe::value_type_of(&content)?, mutable };
        Ok(self.state.store.new_global(ty, VMGlobal::default()).0)
    }

    /// A global's value type, as a letter, after `mut ` if it can be assigned.
    #[napi]
    pub fn global_type(&self, global: u32) -> String {
        let GlobalType { content, mutable } = self.state.store.global(GlobalId(global)).ty();
        format!("{}{}", if mutable { "mut " } else { "" }, describe::value_type(content))
    }

    /// Copies a global's value to `out`, 16 bytes.
    #[napi]
    pub fn read_global(&self, global: u32, mut out: Uint8Array) {
        let at = self.state.store.global(GlobalId(global)).pointer();
        // SAFETY: JavaScript does not touch the array meanwhile; the pointer is to that many bytes.
        unsafe { at.cast::<u8>().copy_to_nonoverlapping(slot(&mut out), size_of::<VMGlobal>()) };
    }

    /// Sets a global to `value`, 16 bytes.
    #[napi]
    pub fn write_global(&mut self, global: u32, mut value: Uint8Array) {
        let at = self.state.store.global(GlobalId(global)).pointer();
        // SAFETY: as above; wasm does not run meanwhile.
        unsafe { at.cast::<u8>().copy_from_nonoverlapping(slot(&mut value), size_of::<VMGlobal>()) };
    }

    /// An array buffer over a global's 16 bytes.
    #[napi]
    pub fn global_cell<'e>(&self, env: &'e Env, global: u32) -> napi::Result<ArrayBuffer<'e>> {
        let at = self.state.store.global(GlobalId(global)).pointer();
        // SAFETY: a global does not move, and the JavaScript layer keeps it alive as long as the buffer.
        unsafe { buffer::over(env, at.cast(), size_of::<VMGlobal>()) }
    }
}

/// The bytes of an array for one value.
fn slot(array: &mut Uint8Array) -> NonNull<u8> {
    assert!(array.len() >= size_of::<VMGlobal>(), "an array too short for a value");
    // SAFETY: no reference to the bytes is kept.
    NonNull::from(unsafe { array.as_mut() }).cast()
}

//! `WebAssembly.Global`. Values cross as their 16 bytes, in an array buffer.

use gantry_engine::GlobalType;
use gantry_runtime::{GlobalId, VMGlobal};
use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;
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

    /// An array buffer over a global's 16 bytes.
    #[napi]
    pub fn global_cell<'e>(&self, env: &'e Env, global: u32) -> napi::Result<ArrayBuffer<'e>> {
        let at = self.state.store.global(GlobalId(global)).pointer();
        // SAFETY: a global does not move, and the JavaScript layer keeps it alive as long as the buffer.
        unsafe { buffer::over(env, at.cast(), size_of::<VMGlobal>()) }
    }
}

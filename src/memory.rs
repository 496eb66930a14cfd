//! `WebAssembly.Memory`.

use gantry_engine::MemoryType;
use gantry_runtime::MemoryId;
use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, Object};
use napi_derive::napi;

use crate::buffer;
use crate::host::{Host, adjust_external_memory, engine, external_bytes};

#[napi]
impl Host {
    /// Makes a memory; limits are in pages. Returns its number, or nothing when there is no memory.
    #[napi]
    pub fn new_memory(&mut self, env: Env, min: u32, max: Option<u32>) -> napi::Result<Option<u32>> {
        let store = &mut self.state.store;
        let ty = MemoryType { min: u64::from(min), max: max.map(u64::from) };
        let before = external_bytes(store);
        let made = store.new_memory(ty, engine()?.memory_style());
        adjust_external_memory(env, before, external_bytes(store))?;
        Ok(made.ok().map(|id| id.0))
    }

    /// An array buffer over a memory's bytes as they are now.
    #[napi]
    pub fn memory_buffer<'e>(&self, env: &'e Env, memory: u32) -> napi::Result<ArrayBuffer<'e>> {
        let memory = self.state.store.memory(MemoryId(memory));
        // SAFETY: the JavaScript layer keeps the memory alive as long as the buffer, and detaches the buffer when the
        // memory grows.
        unsafe { buffer::over(env, memory.base(), memory.len()) }
    }

    /// Detaches a buffer of `memoryBuffer`.
    #[napi]
    pub fn detach(&self, env: Env, buffer: Object<'_>) -> napi::Result<()> {
        buffer::detach(env, buffer)
    }

    /// Grows a memory. Returns the old size in pages, or nothing when that is not possible.
    #[napi]
    pub fn grow_memory(&mut self, env: Env, memory: u32, delta: u32) -> napi::Result<Option<u32>> {
        let store = &mut self.state.store;
        let before = external_bytes(store);
        let old = store.grow_memory(MemoryId(memory), u64::from(delta));
        adjust_external_memory(env, before, external_bytes(store))?;
        Ok(old.map(|old| old as u32))
    }

    /// The memories that wasm has grown since this was last asked.
    #[napi]
    pub fn take_grown_memories(&mut self) -> Vec<u32> {
        self.state.store.take_grown_memories().into_iter().map(|id| id.0).collect()
    }
}

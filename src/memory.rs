//! `WebAssembly.Memory`.

use gantry_engine::{AddressType, MemoryType};
use gantry_runtime::{MemoryId, SharedMemory};
use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, Object, Unknown};
use napi_derive::napi;

use crate::buffer;
use crate::host::Host;
use crate::settings::engine;

/// As JavaScript tells it.
pub(crate) fn address_type(is_64: bool) -> AddressType {
    if is_64 { AddressType::I64 } else { AddressType::I32 }
}

#[napi]
impl Host {
    /// Makes a memory; limits are in pages. Returns its number, or nothing when there is no memory.
    #[napi]
    pub fn new_memory(&mut self, env: Env, is_64: bool, min: f64, max: Option<f64>) -> napi::Result<Option<u32>> {
        let ty = MemoryType { address: address_type(is_64), ..MemoryType::new(min as u64, max.map(|max| max as u64)) };
        let made = self.state.store.new_memory(ty, engine()?.memory_style());
        self.state.report_memory(env)?;
        Ok(made.ok().map(|id| id.0))
    }

    /// Makes a shared memory that is not of JavaScript's engine, for native threads; limits are in pages. Returns its number, or
    /// nothing when there is no memory.
    #[napi]
    pub fn new_native_memory(&mut self, env: Env, is_64: bool, min: f64, max: f64) -> napi::Result<Option<u32>> {
        let limits = MemoryType::new(min as u64, Some(max as u64));
        let ty = MemoryType { address: address_type(is_64), shared: true, ..limits };
        let Ok(shared) = SharedMemory::new(ty) else { return Ok(None) };
        let id = self.state.store.add_shared_memory(shared);
        self.state.report_memory(env)?;
        Ok(Some(id.0))
    }

    /// The present size of a memory in bytes.
    #[napi]
    pub fn memory_length(&self, memory: u32) -> f64 {
        self.state.store.memory(MemoryId(memory)).len() as f64
    }

    /// A memory in a SharedArrayBuffer, of which `bytes` is a view, that can grow in place to `max` pages; returns its number.
    /// `object` keeps the buffer alive, and is kept as long as the memory.
    #[napi]
    pub fn shared_memory(
        &mut self,
        env: Env,
        is_64: bool,
        max: f64,
        bytes: Unknown<'_>,
        object: Unknown<'_>,
    ) -> napi::Result<u32> {
        let (base, len) = buffer::shared_bytes(env, bytes)?;
        let ty = MemoryType { address: address_type(is_64), shared: true, ..MemoryType::new(0, Some(max as u64)) };
        // SAFETY: V8 reserves address space for the maximum of a shared memory, and keeps it as long as the buffer, which
        // is kept below as long as the memory.
        let shared = unsafe { SharedMemory::foreign(base, len, ty) };
        let state = &mut *self.state;
        let id = state.store.add_shared_memory(shared);
        state.roots.keep(env, id, object, len)?;
        state.report_memory(env)?;
        Ok(id.0)
    }

    /// Prepares a shared memory that was made just now for `alias_memory`. Returns whether the system can do that.
    #[napi]
    pub fn make_aliasable(&mut self, memory: u32) -> bool {
        let memory = self.state.store.memory(MemoryId(memory));
        // SAFETY: the JavaScript layer has made the memory just now, and has not given it to anybody.
        memory.shared().is_some_and(|shared| unsafe { shared.make_aliasable() }.is_ok())
    }

    /// The object that keeps a shared memory.
    #[napi]
    pub fn shared_object<'e>(&self, env: &'e Env, memory: u32) -> napi::Result<Unknown<'e>> {
        self.state.roots.kept(env, MemoryId(memory))
    }

    /// Whether a shared memory has 64-bit addresses, and its maximum in pages, if some thread here knows the buffer that `bytes`
    /// is a view of.
    #[napi]
    pub fn known_shared_memory(&self, env: Env, bytes: Unknown<'_>) -> napi::Result<Option<(bool, f64)>> {
        let (base, _) = buffer::shared_bytes(env, bytes)?;
        let ty = SharedMemory::known(base);
        Ok(ty.map(|ty| (ty.address == AddressType::I64, ty.max.unwrap_or(0) as f64)))
    }

    /// Says that a shared memory is `len` bytes long now.
    #[napi]
    pub fn shared_memory_grew(&mut self, memory: u32, len: f64) {
        if let Some(shared) = self.state.store.memory(MemoryId(memory)).shared() {
            shared.has_grown_to(len as usize);
        }
    }

    /// Whether a memory has 64-bit addresses.
    #[napi]
    pub fn memory_is_64(&self, memory: u32) -> bool {
        self.state.store.memory(MemoryId(memory)).ty().address == AddressType::I64
    }

    /// Whether it has 64-bit addresses, its present size and its maximum in pages, whether it is shared, the bytes in a page, and
    /// whether JavaScript's engine has allocated it.
    #[napi]
    pub fn memory_limits(&self, memory: u32) -> (bool, f64, Option<f64>, bool, u32, bool) {
        let memory = self.state.store.memory(MemoryId(memory));
        let ty = memory.ty();
        (
            ty.address == AddressType::I64,
            memory.pages() as f64,
            ty.max.map(|max| max as f64),
            ty.shared,
            1 << ty.page_size_log2,
            memory.shared().is_some_and(|shared| shared.is_foreign()),
        )
    }

    /// An array buffer over a memory's bytes as they are now. Throws where there are no buffers of that size.
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

    /// Shows a memory in another buffer too, of which `bytes` is a view, and which JavaScript has made resizable or growable with
    /// the memory's length and maximum. Returns whether the system can do that; the buffer is of no use if not.
    #[napi]
    pub fn alias_memory(&mut self, env: Env, memory: u32, bytes: Unknown<'_>) -> napi::Result<bool> {
        let memory = self.state.store.memory_mut(MemoryId(memory));
        let (at, len) = buffer::shared_bytes(env, bytes)?;
        if len != memory.len() {
            return Err(napi::Error::from_reason("a buffer of another length"));
        }
        // SAFETY: V8 reserves pages for the maximum of a resizable buffer, which is new. The JavaScript layer detaches
        // the buffer that has the memory's base.
        Ok(unsafe {
            match memory.shared() {
                Some(shared) => shared.alias(at),
                None => memory.alias(at),
            }
        }
        .is_ok())
    }

    /// Grows a memory. Returns the old size in pages, or nothing when that is not possible.
    #[napi]
    pub fn grow_memory(&mut self, env: Env, memory: u32, delta: f64) -> napi::Result<Option<f64>> {
        let old = self.state.store.grow_memory(MemoryId(memory), delta as u64);
        self.state.report_memory(env)?;
        Ok(old.map(|old| old as f64))
    }

    /// The memories that wasm has grown since this was last asked.
    #[napi]
    pub fn take_grown_memories(&mut self) -> Vec<u32> {
        self.state.store.take_grown_memories().into_iter().map(|id| id.0).collect()
    }
}

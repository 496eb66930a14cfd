//! In place of `wasi.rs`'s folder where that is not written yet: systems that are no Unix. Written, not compiled.

use std::sync::Arc;

use gantry_runtime::{FuncPtr, HostFailure, LoadedModule};
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;

use crate::host::{Host, State};

/// There are none.
pub(crate) struct MainProgram;

/// Nothing ends that way.
pub(crate) struct Ended;

pub(crate) fn ended(failure: Option<HostFailure>) -> Option<Ended> {
    if let Some(HostFailure::Panic(payload)) = failure {
        std::panic::resume_unwind(payload);
    }
    None
}

impl State {
    pub(crate) fn native_function(&mut self, _: &Arc<LoadedModule>, _: usize, _: u32) -> FuncPtr {
        unreachable!("JavaScript binds no functions natively here")
    }
}

#[napi]
impl Host {
    /// Refuses.
    #[napi]
    pub fn new_program(&mut self, _options: Unknown<'_>) -> napi::Result<u32> {
        Err(napi::Error::from_reason("WASI is not available on this system yet"))
    }
}

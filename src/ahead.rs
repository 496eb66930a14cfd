//! Compilation ahead of time, for the command line.

use std::sync::Arc;

use gantry_engine::{Cpu, Machine};
use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, Object, Uint8Array};
use napi_derive::napi;

use crate::module::runtime;
use crate::settings::config;

/// A compiler for a machine. Internal: not part of the public API.
#[napi]
pub struct AheadOfTime(Arc<gantry_engine::AheadOfTime>);

#[napi]
impl AheadOfTime {
    /// `cpu` is `native`, `baseline`, or a list of features.
    #[napi(constructor)]
    pub fn new(triple: Option<String>, cpu: Option<String>) -> napi::Result<AheadOfTime> {
        let cpu = match cpu.as_deref() {
            None if triple.is_some() => Cpu::Baseline,
            None | Some("native") => Cpu::Native,
            Some("baseline") => Cpu::Baseline,
            Some(list) => Cpu::Features(list.split(',').map(|name| name.trim().to_owned()).collect()),
        };
        let config = config().map_err(napi::Error::from_reason)?;
        let compiler = gantry_engine::AheadOfTime::new(&config, Machine { triple, cpu });
        Ok(AheadOfTime(Arc::new(compiler.map_err(|error| napi::Error::from_reason(error.to_string()))?)))
    }

    /// The machine, and what its processor must have.
    #[napi]
    pub fn target(&self) -> Vec<String> {
        let target = self.0.target();
        [target.machine()].into_iter().chain(target.features.iter().cloned()).collect()
    }

    /// Compiles a module on other threads. The promise is for the result, or for what is wrong with the module.
    #[napi]
    pub fn compile<'e>(&self, env: &'e Env, bytes: Uint8Array) -> napi::Result<Object<'e>> {
        let (compiler, bytes) = (self.0.clone(), bytes.to_vec());
        let (deferred, promise) = env.create_deferred()?;
        runtime()?.spawn_blocking(move || {
            let outcome = compiler.compile(&bytes);
            deferred.resolve(move |_env| {
                Ok(match outcome {
                    Ok(compiled) => Either::A(Buffer::from(compiled)),
                    Err(error) => Either::B(error.to_string()),
                })
            });
        });
        Ok(promise)
    }

    /// How many functions have been begun, and how many there are.
    #[napi]
    pub fn progress(&self) -> Vec<u32> {
        let (done, total) = self.0.progress();
        vec![done as u32, total as u32]
    }
}

//! `WebAssembly.Module`: compiling and looking into modules.

use std::time::Duration;

use gantry_engine::{CodeStats, Engine, Module, Tier};
use gantry_module::{Decoder, check_code, check_declarations};
use gantry_runtime::copy_large;
use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, Buffer, Either, External, Object, Uint8Array};
use napi_derive::napi;
use once_cell::sync::OnceCell;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use crate::describe::{ExternInfo, Limits};
use crate::host::Host;
use crate::keys;
use crate::settings::engine;

/// The threads that asynchronous compilations start on.
pub(crate) fn runtime() -> napi::Result<&'static Runtime> {
    static RUNTIME: OnceCell<Runtime> = OnceCell::new();
    let make = || {
        let threads = engine()?.threads();
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).max_blocking_threads(threads).thread_name("gantry-async");
        builder.build().map_err(|error| napi::Error::from_reason(error.to_string()))
    };
    RUNTIME.get_or_try_init(make)
}

/// Bytes of a module that is validated within a millisecond.
const SMALL: usize = 64 << 10;
/// Bytes of a module that is loaded from the cache within half a millisecond.
const SMALL_IN_CACHE: usize = 320 << 10;

#[derive(Serialize)]
struct ModuleInfo<'m> {
    imports: Vec<ExternInfo<'m>>,
    exports: Vec<ExternInfo<'m>>,
    functions: usize,
    #[serde(rename = "codeSize")]
    code_size: usize,
    start: bool,
    cached: bool,
    #[serde(rename = "writesTables")]
    writes_tables: bool,
    /// Those that it defines.
    #[serde(rename = "sharedMemories")]
    shared_memories: Vec<Limits>,
}

fn shared_memories(module: &gantry_module::Module) -> Vec<Limits> {
    let defined = &module.memories[module.imported_memories as usize..];
    defined.iter().filter(|ty| ty.shared).map(Limits::new).collect()
}

/// A compiled module on its way to a host.
pub struct Compiled(pub(crate) Module);

/// Compiles a module that keeps the limits of the JS API; otherwise says what is wrong.
fn compiled(engine: &Engine, bytes: &[u8], tier: Option<&str>) -> Result<Module, String> {
    let compile = || match tier {
        Some(tier) => Module::with_tier(engine, bytes, tier.parse()?),
        None => Module::new(engine, bytes),
    };
    within_limits(compile().map_err(|error| error.to_string())?, bytes)
}

/// A module of these bytes, if it keeps the limits of the JS API.
fn within_limits(module: Module, bytes: &[u8]) -> Result<Module, String> {
    check_code(bytes).map_err(|error| error.to_string())?;
    declared(module)
}

/// What is beyond a limit of the JS API in a valid module that is not compiled.
fn limits(bytes: &[u8]) -> Result<(), String> {
    let check = || {
        check_code(bytes)?;
        let mut decoder = Decoder::new();
        decoder.push(bytes, &mut |_, _| ())?;
        decoder.finish(&mut |_, _| ())
    };
    let decoded = check().map_err(|error: gantry_module::Error| error.to_string())?;
    check_declarations(&decoded.module)
}

/// The module, if it keeps the limits of the JS API for what it declares.
pub(crate) fn declared(module: Module) -> Result<Module, String> {
    check_declarations(module.loaded().module())?;
    Ok(module)
}

/// What code was made of a module, for JavaScript.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModuleStats {
    functions: u32,
    compiled_on_demand: u32,
    compiled_quick: u32,
    optimized_alone: u32,
    replaced: u32,
    continued: u32,
    code_bytes: usize,
    on_demand_milliseconds: f64,
    background_milliseconds: f64,
    is_final: bool,
    cached: bool,
}

impl From<CodeStats> for ModuleStats {
    fn from(stats: CodeStats) -> Self {
        let milliseconds = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        ModuleStats {
            functions: stats.functions,
            compiled_on_demand: stats.on_demand,
            compiled_quick: stats.quick,
            optimized_alone: stats.hot,
            replaced: stats.swaps,
            continued: stats.continued,
            code_bytes: stats.code_bytes,
            on_demand_milliseconds: milliseconds(stats.on_demand_time),
            background_milliseconds: milliseconds(stats.background_time),
            is_final: stats.is_final,
            cached: stats.cached,
        }
    }
}

#[napi]
impl Host {
    /// Compiles a module, by the engine's tier or another. Returns its number, or what is wrong with it.
    #[napi]
    pub fn compile(&mut self, bytes: Uint8Array, tier: Option<String>) -> napi::Result<Either<u32, String>> {
        Ok(match compiled(engine()?, &bytes, tier.as_deref()) {
            Ok(module) => Either::A(self.add_module(module)),
            Err(error) => Either::B(error),
        })
    }

    /// As [`Host::compile`], if that takes less than to hand a module to another thread. Returns nothing for other modules.
    #[napi]
    pub fn compile_small(
        &mut self,
        bytes: Uint8Array,
        tier: Option<String>,
    ) -> napi::Result<Option<Either<u32, String>>> {
        let engine = engine()?;
        let is_lazy = tier.as_ref().map_or(engine.default_tier() != Tier::Optimized, |tier| tier != "optimized");
        if is_lazy && bytes.len() <= SMALL {
            return self.compile(bytes, tier).map(Some);
        }
        if bytes.len() > SMALL_IN_CACHE {
            return Ok(None);
        }
        let found = Module::find(engine, &bytes).and_then(|module| within_limits(module, &bytes).ok());
        Ok(found.map(|module| Either::A(self.add_module(module))))
    }

    /// Compiles a module on other threads. The promise is for something to pass to `adopt`, or for what is wrong.
    #[napi]
    pub fn compile_async<'e>(&self, env: &'e Env, bytes: Uint8Array, tier: Option<String>) -> napi::Result<Object<'e>> {
        let bytes = copy_large(&bytes);
        let (deferred, promise) = env.create_deferred()?;
        runtime()?.spawn_blocking(move || {
            let outcome = engine().map(|engine| compiled(engine, &bytes, tier.as_deref()));
            deferred.resolve(move |_env| {
                Ok(match outcome? {
                    Ok(module) => Either::A(External::new(Compiled(module))),
                    Err(error) => Either::B(error),
                })
            });
        });
        Ok(promise)
    }

    /// What a module is known by in the process: [`Host::module_with_key`] finds it on other threads.
    #[napi]
    pub fn module_key(&self, module: u32) -> Buffer {
        keys::key_of(&self.state.modules[module as usize]).to_vec().into()
    }

    /// The module with a key, if some thread still has it or had it a short time ago.
    #[napi]
    pub fn module_with_key(&mut self, key: Uint8Array) -> Option<u32> {
        keys::find(&key).map(|module| self.add_module(module))
    }

    /// The compiled module as bytes.
    #[napi]
    pub fn serialize(&self, module: u32) -> napi::Result<Buffer> {
        let bytes = self.state.modules[module as usize].serialize();
        Ok(bytes.map_err(|error| napi::Error::from_reason(error.to_string()))?.into())
    }

    /// Loads a compiled module. Returns its number, or why it cannot be used.
    #[napi]
    pub fn deserialize(&mut self, bytes: Uint8Array) -> napi::Result<Either<u32, String>> {
        Ok(match Module::deserialize(engine()?, &bytes) {
            Ok(module) => Either::A(self.add_module(module)),
            Err(error) => Either::B(error.to_string()),
        })
    }

    /// Takes the result of `compileAsync`; returns the module's number.
    #[napi]
    pub fn adopt(&mut self, compiled: &External<Compiled>) -> u32 {
        self.add_module(compiled.0.clone())
    }

    fn add_module(&mut self, module: Module) -> u32 {
        self.state.module_debt += 1 + module.loaded().code_size() / (1 << 20);
        self.state.modules.insert(module) as u32
    }

    /// What is wrong with a module, if anything.
    #[napi]
    pub fn validate(&self, bytes: Uint8Array) -> napi::Result<Option<String>> {
        let outcome = engine()?.validate(&bytes).map_err(|error| error.to_string());
        Ok(outcome.and_then(|()| limits(&bytes)).err())
    }

    /// Imports, exports and sizes of a module, as JSON.
    #[napi]
    pub fn module_info(&self, module: u32) -> napi::Result<String> {
        let module = &self.state.modules[module as usize];
        let info = ModuleInfo {
            imports: module.imports().map(|i| ExternInfo::new(Some(i.module()), i.name(), i.ty(), module)).collect(),
            exports: module.exports().map(|e| ExternInfo::new(None, e.name(), e.ty(), module)).collect(),
            functions: module.loaded().module().defined_funcs(),
            code_size: module.loaded().code_size(),
            start: module.loaded().module().start.is_some(),
            cached: module.loaded().is_mapped(),
            writes_tables: module.loaded().writes_tables(),
            shared_memories: shared_memories(module.loaded().module()),
        };
        Ok(serde_json::to_string(&info).expect("plain data"))
    }

    /// What code was made of a module so far, as JSON.
    #[napi]
    pub fn module_stats(&self, module: u32) -> String {
        let stats = ModuleStats::from(self.state.modules[module as usize].stats());
        serde_json::to_string(&stats).expect("plain data")
    }

    /// Copies of the contents of custom sections.
    #[napi]
    pub fn custom_sections<'e>(&self, env: &'e Env, module: u32, name: String) -> napi::Result<Vec<ArrayBuffer<'e>>> {
        let module = &self.state.modules[module as usize];
        module.custom_sections(&name).map(|bytes| ArrayBuffer::from_data(env, bytes.to_vec())).collect()
    }
}

//! Engines: how modules are compiled, and what is shared between stores.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_abi::artifact::Artifact;
use gantry_abi::vmctx::MemoryStyle;
use gantry_compile::{Compiler, Settings, host_function_module};
use gantry_module::FuncType;
use gantry_runtime::{LoadError, LoadedModule};

use crate::Error;
use crate::cache::{Cache, CacheConfig};

/// Options of an [`Engine`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// How accesses to linear memories are kept inside. [`MemoryStyle::Reserved`] is fastest and takes 4 GiB of
    /// address space a memory; [`MemoryStyle::Checked`] takes what a memory's contents need.
    pub memory_style: MemoryStyle,
    /// Threads to compile on. By default as many as there are cores.
    pub threads: usize,
    /// Whether results are the same on every processor, which costs some speed: NaNs that arithmetic makes are canonical
    /// (positive, quiet, no payload), and `relaxed_madd` and `relaxed_nmadd` round once. All other relaxed vector
    /// operators have the results of their strict forms in any case. By default they are not.
    pub deterministic: bool,
    /// Where compiled modules are kept for later processes. By default nowhere.
    pub cache: Option<CacheConfig>,
}

impl Default for Config {
    fn default() -> Self {
        let Settings { memory_style, threads, deterministic } = Settings::default();
        Config { memory_style, threads, deterministic, cache: None }
    }
}

/// Compiles modules. Cheap to clone; clones are the same engine. Can be used from several threads.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    compiler: Compiler,
    cache: Option<Cache>,
    /// Trampolines for host functions, by type.
    host_modules: Mutex<HashMap<FuncType, Arc<LoadedModule>>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(self.0.compiler.settings()).finish()
    }
}

impl Default for Engine {
    /// An engine with default options.
    ///
    /// # Panics
    /// On a processor that no code can be generated for.
    fn default() -> Self {
        Engine::new(&Config::default()).expect("this processor is supported")
    }
}

impl Engine {
    /// An engine with the given options.
    ///
    /// # Errors
    /// When no code can be generated for the processor.
    pub fn new(config: &Config) -> Result<Engine, Error> {
        let Config { memory_style, threads, deterministic, .. } = *config;
        let settings = Settings { memory_style, threads: threads.max(1), deterministic };
        let compiler = Compiler::new(settings)?;
        let cache = |cache: &CacheConfig| Cache::new(cache.clone(), *compiler.identity(), config.memory_style);
        let cache = config.cache.as_ref().map(cache);
        let inner = Inner { compiler, cache, host_modules: Mutex::default() };
        Ok(Engine(Arc::new(inner)))
    }

    /// How memories are laid out.
    pub fn memory_style(&self) -> MemoryStyle {
        self.0.compiler.settings().memory_style
    }

    /// Validates, compiles and loads a binary module, or finds it in the cache.
    pub fn compile(&self, wasm: &[u8]) -> Result<Arc<LoadedModule>, Error> {
        let Some((cache, key)) = self.0.cache.as_ref().and_then(|cache| Some((cache, cache.key(wasm)?))) else {
            return Ok(LoadedModule::load(self.0.compiler.compile(wasm)?, self.memory_style())?);
        };
        if let Some(loaded) = cache.load(&key) {
            return Ok(loaded);
        }
        let loaded = LoadedModule::load(self.0.compiler.compile(wasm)?, self.memory_style())?;
        cache.store(&key, loaded.artifact());
        Ok(loaded)
    }

    /// Loads what [`Module::serialize`](crate::Module::serialize) gave.
    pub(crate) fn deserialize(&self, bytes: &[u8]) -> Result<Arc<LoadedModule>, Error> {
        let artifact = Artifact::from_bytes(Arc::new(bytes.to_vec()), self.0.compiler.identity());
        Ok(LoadedModule::load(artifact.map_err(LoadError::from)?, self.memory_style())?)
    }

    /// A module that imports a function of the given type, at type index 0.
    pub(crate) fn host_module(&self, ty: &FuncType) -> Result<Arc<LoadedModule>, Error> {
        let mut modules = self.0.host_modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = modules.get(ty) {
            return Ok(module.clone());
        }
        let module = self.compile(&host_function_module(ty))?;
        modules.insert(ty.clone(), module.clone());
        Ok(module)
    }
}

//! Engines: how modules are compiled, and what is shared between stores.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_abi::vmctx::MemoryStyle;
use gantry_compile::{Settings, host_function_module};
use gantry_module::FuncType;
use gantry_runtime::LoadedModule;

use crate::cache::CacheConfig;
use crate::tiers::{Tier, Tiers};
use crate::{Error, Module};

/// Options of an [`Engine`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// How accesses to linear memories are kept inside. [`MemoryStyle::Reserved`] is fastest and takes 4 GiB of
    /// address space a memory; [`MemoryStyle::Checked`] takes what a memory's contents need.
    pub memory_style: MemoryStyle,
    /// How much work code is worth.
    pub tier: Tier,
    /// How many threads may work on what somebody waits for, the callers included, and how many in the background. By default as
    /// many as there are cores.
    pub threads: usize,
    /// Whether results are the same on every processor, which costs some speed: NaNs that arithmetic makes are canonical
    /// (positive, quiet, no payload), and `relaxed_madd` and `relaxed_nmadd` round once. All other relaxed vector
    /// operators have the results of their strict forms in any case. By default they are not.
    pub deterministic: bool,
    /// For tests: quick and optimised code of every function take turns at each call.
    #[doc(hidden)]
    pub alternate_tiers: bool,
    /// Where compiled modules are kept for later processes. By default nowhere.
    pub cache: Option<CacheConfig>,
}

impl Default for Config {
    fn default() -> Self {
        let Settings { memory_style, threads, deterministic, .. } = Settings::default();
        Config { memory_style, tier: Tier::default(), threads, deterministic, alternate_tiers: false, cache: None }
    }
}

/// Compiles modules. Cheap to clone; clones are the same engine. Can be used from several threads.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    tiers: Tiers,
    /// Trampolines for host functions, by type.
    host_modules: Mutex<HashMap<FuncType, Arc<LoadedModule>>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(self.0.tiers.compilers().optimized.settings()).finish()
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
        Ok(Engine(Arc::new(Inner { tiers: Tiers::new(config)?, host_modules: Mutex::default() })))
    }

    /// How many threads may work on what somebody waits for.
    pub fn threads(&self) -> usize {
        self.0.tiers.compilers().optimized.settings().threads
    }

    /// How much work code is worth when nothing else is asked for.
    pub fn default_tier(&self) -> Tier {
        self.0.tiers.default_tier()
    }

    /// How memories are laid out.
    pub fn memory_style(&self) -> MemoryStyle {
        self.0.tiers.compilers().optimized.settings().memory_style
    }

    /// Validates, compiles and loads a binary module, or finds it in the cache.
    pub(crate) fn compile(&self, wasm: &[u8], tier: Option<Tier>) -> Result<Arc<LoadedModule>, Error> {
        self.0.tiers.compile(wasm, tier.unwrap_or(self.0.tiers.default_tier()))
    }

    /// Checks a binary module without compiling it.
    ///
    /// # Errors
    /// [`Error::is_compile`], with [`Error::offset`], when it is malformed or invalid.
    pub fn validate(&self, wasm: &[u8]) -> Result<(), Error> {
        Module::validate_with(self.0.tiers.crew(), wasm)
    }

    pub(crate) fn tiers(&self) -> &Tiers {
        &self.0.tiers
    }

    /// Loads what [`Module::serialize`](crate::Module::serialize) gave.
    pub(crate) fn deserialize(&self, bytes: &[u8]) -> Result<Arc<LoadedModule>, Error> {
        self.0.tiers.compilers().load_stored(bytes.to_vec())
    }

    /// The module that something of this name had when it was compiled, if the cache has both. For what comes from elsewhere and is
    /// known before it is read, such as a response with its URL and validator: the name must stand for the same bytes forever.
    pub fn recall(&self, name: &str) -> Option<Module> {
        self.0.tiers.recall(name).map(Module::from_loaded)
    }

    /// Notes that something of this name had this module, for [`Engine::recall`].
    pub fn remember(&self, name: &str, module: &Module) {
        self.0.tiers.remember(name, module.loaded());
    }

    /// A module that imports a function of the given type, at type index 0.
    pub(crate) fn host_module(&self, ty: &FuncType) -> Result<Arc<LoadedModule>, Error> {
        let mut modules = self.0.host_modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = modules.get(ty) {
            return Ok(module.clone());
        }
        let module = self.compile(&host_function_module(ty), None)?;
        modules.insert(ty.clone(), module.clone());
        Ok(module)
    }
}

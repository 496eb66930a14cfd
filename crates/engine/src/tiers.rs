//! Tiers: which code a module gets first, and whether better code takes its place.
//!
//! Must not know: how code is made or entered.

use std::str::FromStr;
use std::sync::Arc;

use blake3::Hash;
use gantry_abi::artifact::Artifact;
use gantry_abi::vmctx::MemoryStyle;
use gantry_abi::{Partial, Profile, Target};
use gantry_compile::{CompileError, Compiler, Settings};
use gantry_module::{FunctionBody, Module};
use gantry_runtime::{LazyOptions, LoadedModule, processor_has};

use crate::background::Background;
use crate::cache::Cache;
use crate::crew::Crew;
use crate::draft::Drafting;
use crate::key::{Key, KeyHasher};
use crate::outline::Outline;
use crate::program::{Program, Source};
use crate::validation::{Valid, Validation};
use crate::{Config, Error};

/// How much work the code of modules is worth. Results never depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tier {
    /// A module can be used as soon as it is valid. Functions get quick code when they are called first; threads of low
    /// priority make optimised code, which takes its place while instances run.
    #[default]
    Auto,
    /// Quick code, made when functions are called first.
    Quick,
    /// Fast code, all of it made before the module can be used.
    Optimized,
}

impl FromStr for Tier {
    type Err = Error;

    fn from_str(name: &str) -> Result<Tier, Error> {
        match name {
            "auto" => Ok(Tier::Auto),
            "quick" => Ok(Tier::Quick),
            "optimized" => Ok(Tier::Optimized),
            _ => Err(Error::usage(format!("there is no tier \"{name}\": it is auto, quick or optimized"))),
        }
    }
}

/// Somebody who wants a module optimised. Threads ask at the same time.
pub(crate) trait Client: Sync {
    /// Asked before each function, and may do other work first. When it says no, compilation stops.
    fn go_on(&self) -> bool;

    /// Whether somebody waits until all is compiled.
    fn is_waited_for(&self) -> bool {
        true
    }

    /// Called before anything is compiled. `left` links what an earlier process has left, if that is not all.
    fn begin(&self, _left: &dyn Fn() -> Option<Partial>) {}

    /// What has turned out while the module ran. Asked when all functions are compiled.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// Called when all is compiled, before it is kept.
    fn done(&self, _artifact: &Artifact) {}
}

impl<F: Fn() -> bool + Sync + ?Sized> Client for &F {
    fn go_on(&self) -> bool {
        self()
    }
}

/// What makes code, and where it is kept.
pub(crate) struct Compilers {
    pub quick: Compiler,
    pub optimized: Compiler,
    cache: Option<Cache>,
    crew: Arc<Crew>,
}

impl Compilers {
    /// Optimises a valid module and keeps the result for later processes, as long as `client` says so. Goes on where an earlier
    /// process has ended.
    pub fn optimize(
        &self,
        module: &Module,
        bodies: &[FunctionBody],
        key: Option<&Key>,
        client: &dyn Client,
    ) -> Result<Artifact, CompileError> {
        let most = self.optimized.settings().threads;
        // In the background there are as many threads again.
        let members = client.is_waited_for().then(|| self.crew.assemble(most));
        let threads = members.as_ref().map_or(most, Vec::len);
        let kept = self.cache.as_ref().zip(key).map(|(cache, key)| (cache, key, cache.draft(key)));
        let drafting = Drafting { draft: kept.as_ref().map(|(_, _, draft)| draft), client, threads };
        client.begin(&|| self.optimized.link_known(module, bodies, &drafting));
        let artifact = self.optimized.compile_while(module, bodies, &drafting)?;
        client.done(&artifact);
        if let Some((cache, key, draft)) = kept {
            cache.store(key, &artifact);
            draft.remove();
        }
        Ok(artifact)
    }

    pub fn memory_style(&self) -> MemoryStyle {
        self.optimized.settings().memory_style
    }

    /// Loads what was stored, if it runs here.
    pub fn load_stored(&self, bytes: Vec<u8>) -> Result<Arc<LoadedModule>, Error> {
        let (target, threads) = (self.optimized.target(), self.optimized.settings().threads);
        Ok(LoadedModule::load_bytes(bytes, threads, |stored: &Target| stored.runs_on(target, processor_has))?)
    }

    pub fn load(&self, artifact: Artifact) -> Result<Arc<LoadedModule>, Error> {
        Ok(LoadedModule::load(artifact, self.memory_style())?)
    }
}

/// What an engine compiles with.
pub(crate) struct Tiers {
    compilers: Arc<Compilers>,
    default: Tier,
    lazy: LazyOptions,
    background: Background,
    crew: Arc<Crew>,
}

impl Tiers {
    pub fn new(config: &Config) -> Result<Tiers, Error> {
        let (memory_style, threads) = (config.memory_style, config.threads.max(1));
        let settings = Settings { memory_style, threads, deterministic: config.deterministic, ..Settings::default() };
        let compiler = |tier| Compiler::new(Settings { tier, ..settings.clone() });
        let optimized = compiler(gantry_compile::Tier::Optimized)?;
        let cache = config.cache.as_ref();
        let cache = cache.map(|cache| Cache::new(cache.clone(), optimized.target().clone(), threads));
        let quick = compiler(gantry_compile::Tier::Quick)?;
        let crew = Crew::new(threads);
        Ok(Tiers {
            compilers: Arc::new(Compilers { quick, optimized, cache, crew: crew.clone() }),
            default: config.tier,
            lazy: LazyOptions { alternate: config.alternate_tiers },
            background: Background::default(),
            crew,
        })
    }

    pub fn compilers(&self) -> &Arc<Compilers> {
        &self.compilers
    }

    /// The tier of modules for which no other was asked.
    pub fn default_tier(&self) -> Tier {
        self.default
    }

    /// The threads that validate.
    pub fn crew(&self) -> &Arc<Crew> {
        &self.crew
    }

    /// What makes the key of a module whose bytes arrive in pieces, if there is a cache.
    pub fn hasher(&self) -> Option<KeyHasher> {
        self.compilers.cache.as_ref().map(Cache::hasher)
    }

    /// How a module went on that began with a piece, if it is in the cache.
    pub fn outline(&self, first: &Hash) -> Option<Outline> {
        self.compilers.cache.as_ref()?.outline(first)
    }

    /// Notes how a module goes on. There is no need that it is optimised already.
    pub fn note_outline(&self, pieces: &[Hash], module: &Key) {
        if let Some(cache) = &self.compilers.cache {
            cache.note_outline(pieces, module);
        }
    }

    /// A module that was compiled before. It is optimised, whatever was asked for.
    pub fn find(&self, key: Option<&Key>) -> Option<Arc<LoadedModule>> {
        self.compilers.cache.as_ref()?.load(key?)
    }

    /// As [`Tiers::find`], by a module's bytes.
    pub fn find_compiled(&self, wasm: &[u8]) -> Option<Arc<LoadedModule>> {
        self.find(self.key(wasm).as_ref())
    }

    fn key(&self, wasm: &[u8]) -> Option<Key> {
        self.compilers.cache.as_ref()?.key(wasm)
    }

    /// The module of a response that was compiled before.
    pub fn recall(&self, response: &str) -> Option<Arc<LoadedModule>> {
        self.compilers.cache.as_ref()?.recall(response)
    }

    /// Notes that a response had a module. There is no need that it is optimised already.
    pub fn remember(&self, response: &str, module: &LoadedModule) {
        if let (Some(cache), Some(key)) = (&self.compilers.cache, module.label()) {
            cache.remember(response, &Key::from(*key));
        }
    }

    /// Finds a module or compiles it.
    pub fn compile(&self, wasm: &[u8], tier: Tier) -> Result<Arc<LoadedModule>, Error> {
        let key = self.key(wasm);
        if let Some(found) = self.find(key.as_ref()) {
            return Ok(found);
        }
        let mut validation = Validation::new(&self.crew);
        validation.push(wasm)?;
        self.make(validation.finish(&|| true)?, tier, key, &|| true)
    }

    /// Makes a module ready for use, by the tier with code or without, as long as `go_on` says so.
    pub fn make(
        &self,
        valid: Valid,
        tier: Tier,
        key: Option<Key>,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Arc<LoadedModule>, Error> {
        let Valid { module, bodies, writes_tables } = valid;
        if tier == Tier::Optimized && !self.lazy.alternate {
            let artifact = self.compilers.optimize(&module, &bodies, key.as_ref(), &go_on)?;
            return Ok(label(self.compilers.load(artifact)?, key));
        }
        let module = Arc::new(module);
        let program = Arc::new(Program::new(self.compilers.clone(), module.clone(), bodies, key));
        let source = Arc::new(Source(program.clone()));
        let loaded =
            LoadedModule::without_code(module, writes_tables, self.compilers.memory_style(), source, self.lazy)?;
        program.set_loaded(&loaded);
        match tier {
            Tier::Auto if program.size > 0 && !self.lazy.alternate => self.background.optimize(&program),
            _ => program.settle(),
        }
        Ok(label(loaded, key))
    }
}

/// Says by which key the cache knows a module, or will.
fn label(loaded: Arc<LoadedModule>, key: Option<Key>) -> Arc<LoadedModule> {
    if let Some(key) = key {
        loaded.set_label(*key.bytes());
    }
    loaded
}

//! Tiers: which code a module gets first, and the thread that makes better code while instances run.
//!
//! Must not know: how code is made or entered.

use std::str::FromStr;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use gantry_abi::Target;
use gantry_abi::artifact::Artifact;
use gantry_abi::vmctx::MemoryStyle;
use gantry_compile::{Compiler, Settings};
use gantry_module::FunctionBody;
use gantry_runtime::{LoadedModule, processor_has};

use crate::cache::{Cache, CacheConfig};
use crate::key::{Key, KeyHasher};
use crate::validation::{Valid, Validation};
use crate::{Config, Error};

/// How much work the code of modules is worth. Results never depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tier {
    /// Large modules get quick code first; a thread of low priority makes optimised code, which takes its place while instances
    /// run. Small modules are optimised at once.
    Auto,
    /// Quick code: compiled in half the time.
    Quick,
    /// Fast code.
    #[default]
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

/// Modules of fewer bytes are optimised at once: it takes no longer than a few milliseconds a thread.
pub(crate) const QUICK_FIRST: usize = 32 << 10;

/// A compiler and the cache of what it made.
pub(crate) struct Level {
    pub compiler: Compiler,
    pub cache: Option<Cache>,
}

impl Level {
    pub fn new(settings: Settings, cache: Option<&CacheConfig>) -> Result<Level, Error> {
        let threads = settings.threads;
        let compiler = Compiler::new(settings)?;
        let cache = cache.map(|config| Cache::new(config.clone(), compiler.target().clone(), threads));
        Ok(Level { compiler, cache })
    }

    fn memory_style(&self) -> MemoryStyle {
        self.compiler.settings().memory_style
    }

    /// Loads what was stored, if it runs here.
    pub fn load_stored(&self, bytes: Vec<u8>) -> Result<Arc<LoadedModule>, Error> {
        let (target, threads) = (self.compiler.target(), self.compiler.settings().threads);
        let loaded = LoadedModule::load_bytes(bytes, threads, |stored: &Target| stored.runs_on(target, processor_has))?;
        settle(&loaded);
        Ok(loaded)
    }

    /// Loads code that no other will replace.
    pub fn load(&self, artifact: Artifact) -> Result<Arc<LoadedModule>, Error> {
        let loaded = LoadedModule::load(artifact, self.memory_style())?;
        settle(&loaded);
        Ok(loaded)
    }
}

/// Says that no other code will come for a module, if that is not known yet.
fn settle(module: &LoadedModule) {
    // Without an artifact there is nothing to go wrong.
    let _ = module.replace(None);
}

/// What an engine compiles with.
pub(crate) struct Tiers {
    optimized: Arc<Level>,
    quick: Level,
    default: Tier,
    /// Bytes from which a module is large.
    quick_first: usize,
    /// Where the optimiser takes its work from; it is started by the first.
    jobs: Mutex<Option<Sender<Job>>>,
}

/// A module that is to be optimised.
struct Job {
    bodies: Vec<FunctionBody>,
    key: Option<Key>,
    module: Weak<LoadedModule>,
}

impl Drop for Job {
    /// However the work ended, or if it was never begun: nobody waits for it any more.
    fn drop(&mut self) {
        if let Some(module) = self.module.upgrade() {
            settle(&module);
        }
    }
}

impl Tiers {
    pub fn new(config: &Config) -> Result<Tiers, Error> {
        let (memory_style, threads) = (config.memory_style, config.threads.max(1));
        let settings = Settings { memory_style, threads, deterministic: config.deterministic, ..Settings::default() };
        let level = |tier, cache| Level::new(Settings { tier, ..settings.clone() }, cache);
        Ok(Tiers {
            optimized: Arc::new(level(gantry_compile::Tier::Optimized, config.cache.as_ref())?),
            quick: level(gantry_compile::Tier::Quick, None)?,
            default: config.tier,
            quick_first: config.quick_first,
            jobs: Mutex::default(),
        })
    }

    /// What modules have in the end.
    pub fn optimized(&self) -> &Level {
        &self.optimized
    }

    /// The tier of modules for which no other was asked.
    pub fn default_tier(&self) -> Tier {
        self.default
    }

    /// How many threads may work on a module.
    pub fn threads(&self) -> usize {
        self.optimized.compiler.settings().threads
    }

    /// What makes the key of a module whose bytes arrive in pieces, if there is a cache.
    pub fn hasher(&self) -> Option<KeyHasher> {
        self.optimized.cache.as_ref().map(Cache::hasher)
    }

    /// A module that was compiled before. It is optimised, whatever was asked for.
    pub fn find(&self, key: Option<&Key>) -> Option<Arc<LoadedModule>> {
        let loaded = self.optimized.cache.as_ref()?.load(key?)?;
        settle(&loaded);
        Some(loaded)
    }

    /// The module of a response that was compiled before.
    pub fn recall(&self, response: &str) -> Option<Arc<LoadedModule>> {
        let loaded = self.optimized.cache.as_ref()?.recall(response)?;
        settle(&loaded);
        Some(loaded)
    }

    /// Notes that a response had a module. There is no need that it is optimised already.
    pub fn remember(&self, response: &str, module: &LoadedModule) {
        if let (Some(cache), Some(key)) = (&self.optimized.cache, module.label()) {
            cache.remember(response, &Key::from(*key));
        }
    }

    /// Finds a module or compiles it.
    pub fn compile(&self, wasm: &[u8], tier: Tier) -> Result<Arc<LoadedModule>, Error> {
        let key = self.optimized.cache.as_ref().and_then(|cache| cache.key(wasm));
        if let Some(found) = self.find(key.as_ref()) {
            return Ok(found);
        }
        let mut validation = Validation::new(self.threads() - 1);
        validation.push(wasm)?;
        self.make(validation.finish()?, tier, key)
    }

    /// Makes code for a module, by the tier all of it or the first.
    pub fn make(&self, valid: Valid, tier: Tier, key: Option<Key>) -> Result<Arc<LoadedModule>, Error> {
        let Valid { module, bodies, writes_tables } = valid;
        let size: usize = bodies.iter().map(|body| body.bytes.len()).sum();
        match tier {
            Tier::Quick => self.quick.load(self.quick.compiler.compile_bodies(&module, &bodies)?),
            Tier::Auto if size >= self.quick_first => {
                let artifact = self.quick.compiler.compile_bodies(&module, &bodies)?;
                let loaded = LoadedModule::load(artifact, self.quick.memory_style())?;
                self.optimise(Job { bodies, key, module: Arc::downgrade(&loaded) });
                Ok(label(loaded, key))
            }
            Tier::Auto | Tier::Optimized => {
                let artifact = self.optimized.compiler.compile_bodies(&module, &bodies)?;
                debug_assert_eq!(artifact.writes_tables(), writes_tables);
                keep(&self.optimized, key.as_ref(), &artifact);
                Ok(label(self.optimized.load(artifact)?, key))
            }
        }
    }

    fn optimise(&self, job: Job) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a thread the module stays as it is, which the end of the job tells it.
        let job = match &*jobs {
            None => job,
            Some(sender) => match sender.send(job) {
                Ok(()) => return,
                Err(unsent) => unsent.0,
            },
        };
        let (sender, receiver) = mpsc::channel();
        let optimized = self.optimized.clone();
        let run = move || {
            lower_priority();
            receiver.into_iter().for_each(|job| finish(job, &optimized));
        };
        if std::thread::Builder::new().name("gantry-optimise".into()).spawn(run).is_ok() && sender.send(job).is_ok() {
            *jobs = Some(sender);
        }
    }
}

/// Says by which key the cache knows a module, or will.
fn label(loaded: Arc<LoadedModule>, key: Option<Key>) -> Arc<LoadedModule> {
    if let Some(key) = key {
        loaded.set_label(*key.bytes());
    }
    loaded
}

fn keep(level: &Level, key: Option<&Key>, artifact: &Artifact) {
    if let (Some(cache), Some(key)) = (&level.cache, key) {
        cache.store(key, artifact);
    }
}

/// Optimises a module that somebody still has.
fn finish(job: Job, optimized: &Level) {
    let Some(module) = job.module.upgrade() else { return };
    // It is valid, so that only limits of the optimiser are in the way; the quick code stays then.
    let Ok(artifact) = optimized.compiler.compile_bodies(module.module(), &job.bodies) else { return };
    keep(optimized, job.key.as_ref(), &artifact);
    // If there is no memory for it, the quick code stays.
    let _ = module.replace(Some(artifact));
}

/// Lets whoever waits for results go first. Threads that this one starts are the same.
fn lower_priority() {
    // Elsewhere priorities are those of whole processes, or the scheduler's own matter.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

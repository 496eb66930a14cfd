//! Tiers: which code a module gets first, and the thread that makes better code while instances run.
//!
//! Must not know: how code is made or entered.

use std::str::FromStr;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use gantry_abi::artifact::Artifact;
use gantry_abi::vmctx::MemoryStyle;
use gantry_compile::{Compiler, Settings};
use gantry_runtime::LoadedModule;

use crate::cache::{Cache, CacheConfig, Key};
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
        let style = settings.memory_style;
        let compiler = Compiler::new(settings)?;
        let cache = cache.map(|config| Cache::new(config.clone(), *compiler.identity(), style));
        Ok(Level { compiler, cache })
    }

    fn memory_style(&self) -> MemoryStyle {
        self.compiler.settings().memory_style
    }

    fn key(&self, wasm: &[u8]) -> Option<(&Cache, Key)> {
        let cache = self.cache.as_ref()?;
        Some((cache, cache.key(wasm)?))
    }

    /// A module that this level compiled before.
    fn find(&self, wasm: &[u8]) -> Option<Arc<LoadedModule>> {
        let (cache, key) = self.key(wasm)?;
        cache.load(&key)
    }

    /// Compiles a module and keeps it.
    fn make(&self, wasm: &[u8]) -> Result<Artifact, Error> {
        let artifact = self.compiler.compile(wasm)?;
        if let Some((cache, key)) = self.key(wasm) {
            cache.store(&key, &artifact);
        }
        Ok(artifact)
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
    /// What modules have in the end.
    best: Arc<Level>,
    /// What large ones have first.
    quick: Option<Arc<Level>>,
    /// Bytes from which a module is large.
    quick_first: usize,
    /// Where the optimiser takes its work from; it is started by the first.
    jobs: Mutex<Option<Sender<Job>>>,
}

/// A module that is to be optimised.
struct Job {
    wasm: Vec<u8>,
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
        let level = |tier| Level::new(Settings { tier, ..settings.clone() }, config.cache.as_ref()).map(Arc::new);
        let (best, quick) = match config.tier {
            Tier::Auto => (level(gantry_compile::Tier::Optimized)?, Some(level(gantry_compile::Tier::Quick)?)),
            Tier::Quick => (level(gantry_compile::Tier::Quick)?, None),
            Tier::Optimized => (level(gantry_compile::Tier::Optimized)?, None),
        };
        Ok(Tiers { best, quick, quick_first: config.quick_first, jobs: Mutex::default() })
    }

    /// What modules have in the end.
    pub fn best(&self) -> &Level {
        &self.best
    }

    /// Finds a module or compiles it.
    pub fn compile(&self, wasm: &[u8]) -> Result<Arc<LoadedModule>, Error> {
        if let Some(loaded) = self.best.find(wasm) {
            settle(&loaded);
            return Ok(loaded);
        }
        let Some(quick) = self.quick.as_ref().filter(|_| wasm.len() >= self.quick_first) else {
            return self.best.load(self.best.make(wasm)?);
        };
        let loaded = match quick.find(wasm) {
            Some(loaded) => loaded,
            None => LoadedModule::load(quick.make(wasm)?, quick.memory_style())?,
        };
        self.optimise(Job { wasm: wasm.to_vec(), module: Arc::downgrade(&loaded) }, quick);
        Ok(loaded)
    }

    fn optimise(&self, job: Job, quick: &Arc<Level>) {
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
        let (best, quick) = (self.best.clone(), quick.clone());
        let run = move || {
            lower_priority();
            receiver.into_iter().for_each(|job| finish(job, &best, &quick));
        };
        if std::thread::Builder::new().name("gantry-optimise".into()).spawn(run).is_ok() && sender.send(job).is_ok() {
            *jobs = Some(sender);
        }
    }
}

/// Optimises a module that somebody still has.
fn finish(job: Job, best: &Level, quick: &Level) {
    if job.module.strong_count() == 0 {
        return;
    }
    // It was compiled before, so that only limits of the optimiser are in the way; the quick code stays then.
    let Ok(artifact) = best.make(&job.wasm) else { return };
    if let Some((cache, key)) = quick.key(&job.wasm) {
        cache.forget(&key);
    }
    if let Some(module) = job.module.upgrade() {
        // If there is no memory for it, the quick code stays.
        let _ = module.replace(Some(artifact));
    }
}

/// Lets whoever waits for results go first. Threads that this one starts are the same.
fn lower_priority() {
    // Elsewhere priorities are those of whole processes, or the scheduler's own matter.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

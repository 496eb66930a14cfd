//! Modules whose bytes arrive in pieces.

use std::sync::Arc;

use gantry_runtime::LoadedModule;

use crate::key::KeyHasher;
use crate::validation::{Progress, Validation};
use crate::{Engine, Error, Module, Tier};

/// A module whose bytes are still arriving: they are decoded, and functions validated on other threads, meanwhile. Any chunking
/// gives the same module, or the same error. Dropping it ends the work and frees everything.
///
/// ```
/// use gantry_engine::{Engine, ModuleStream};
///
/// let engine = Engine::default();
/// let mut stream = ModuleStream::new(&engine, None);
/// for chunk in b"\0asm\x01\0\0\0".chunks(3) {
///     stream.push(chunk)?;
/// }
/// assert_eq!(stream.progress().bytes_received, 8);
/// let module = stream.finish()?;
/// assert_eq!(module.exports().len(), 0);
/// # Ok::<(), gantry_engine::Error>(())
/// ```
pub struct ModuleStream {
    engine: Engine,
    tier: Tier,
    /// None after an error.
    validation: Option<Validation>,
    progress: Progress,
    hasher: Option<KeyHasher>,
}

impl std::fmt::Debug for ModuleStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleStream").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

impl ModuleStream {
    /// A module of which nothing has arrived. Without a tier it is compiled as the engine is set up.
    pub fn new(engine: &Engine, tier: Option<Tier>) -> ModuleStream {
        ModuleStream {
            engine: engine.clone(),
            tier: tier.unwrap_or(engine.tiers().default_tier()),
            validation: Some(Validation::new(engine.tiers().crew())),
            progress: Progress::default(),
            hasher: engine.tiers().hasher(),
        }
    }

    /// Takes the next bytes. What takes time is done by other threads, as far as the engine may have them.
    ///
    /// # Errors
    /// As soon as it is known that the module is malformed or invalid. Nothing can be pushed any more then.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let validation = self.validation.as_mut().ok_or_else(failed_before)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(chunk);
        }
        let outcome = validation.push(chunk);
        if outcome.is_err() {
            self.progress = validation.progress();
            self.validation = None;
        }
        Ok(outcome?)
    }

    /// Says that there are no more bytes, and waits until the module is ready to be used.
    ///
    /// # Errors
    /// [`Error::is_compile`], with [`Error::offset`], when it is malformed or invalid.
    pub fn finish(self) -> Result<Module, Error> {
        self.finish_while(&|| true)
    }

    /// As [`ModuleStream::finish`]. Threads ask `go_on` now and then; when it says no, they stop soon with an error.
    ///
    /// # Errors
    /// Also when it was to stop.
    pub fn finish_while(self, go_on: &(dyn Fn() -> bool + Sync)) -> Result<Module, Error> {
        let validation = self.validation.ok_or_else(failed_before)?;
        let key = self.hasher.and_then(KeyHasher::finish);
        if let Some(found) = self.engine.tiers().find(key.as_ref()) {
            return Ok(Module::from_loaded(found));
        }
        let loaded: Arc<LoadedModule> = self.engine.tiers().make(validation.finish(go_on)?, self.tier, key, go_on)?;
        Ok(Module::from_loaded(loaded))
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.validation.as_ref().map_or(self.progress, Validation::progress)
    }
}

fn failed_before() -> Error {
    Error::usage("the stream has failed before")
}

//! Modules whose bytes arrive in pieces.

use std::borrow::Cow;
use std::sync::Arc;
use std::thread::JoinHandle;

use blake3::Hash;
use gantry_runtime::LoadedModule;

use crate::key::{Key, KeyHasher};
use crate::outline::Outline;
use crate::validation::{Progress, Validation};
use crate::{Engine, Error, Module, Tier};

/// A module whose bytes are still arriving: they are decoded, and functions validated on other threads, meanwhile, unless it begins
/// like one that is in the cache: as long as it goes on like that, bytes are only kept. Any chunking gives the same module, or the
/// same error. Dropping it ends the work and frees everything.
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
    expectation: Expectation,
}

/// Whether a module is expected to be in the cache.
enum Expectation {
    /// Too little of it is there.
    Open,
    /// It goes on like one that is, which another thread finds. What has arrived since was not validated.
    Known {
        outline: Outline,
        kept: Vec<Vec<u8>>,
        finder: Option<JoinHandle<Option<Arc<LoadedModule>>>>,
    },
    Unknown,
}

impl Expectation {
    fn of(engine: &Engine, first: &Hash) -> Expectation {
        let Some(outline) = engine.tiers().outline(first) else { return Expectation::Unknown };
        let (engine, module) = (engine.clone(), outline.module);
        let finder = std::thread::Builder::new().name("gantry-find".into());
        // Without a thread it is found later.
        let finder = finder.spawn(move || engine.tiers().find(Some(&module))).ok();
        Expectation::Known { outline, kept: Vec::new(), finder }
    }

    /// The module that was expected, if it is the one with this key.
    fn fulfil(&mut self, key: &Key) -> Option<Arc<LoadedModule>> {
        let Expectation::Known { outline, finder, .. } = self else { return None };
        let finder = finder.take_if(|_| outline.module == *key)?;
        finder.join().ok().flatten()
    }

    /// Gives it up, if there is one: what was kept is to be validated.
    fn give_up(&mut self) -> Vec<Vec<u8>> {
        let Expectation::Known { kept, .. } = self else { return Vec::new() };
        let kept = std::mem::take(kept);
        *self = Expectation::Unknown;
        kept
    }

    /// Bytes that were not validated.
    fn kept_bytes(&self) -> u64 {
        let Expectation::Known { kept, .. } = self else { return 0 };
        kept.iter().map(|chunk| chunk.len() as u64).sum()
    }
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
            expectation: Expectation::Open,
        }
    }

    /// Takes the next bytes. What takes time is done by other threads, as far as the engine may have them.
    ///
    /// # Errors
    /// As soon as it is known that the module is malformed or invalid. Nothing can be pushed any more then.
    pub fn push<'c>(&mut self, chunk: impl Into<Cow<'c, [u8]>>) -> Result<(), Error> {
        let chunk = chunk.into();
        if self.validation.is_none() {
            return Err(failed_before());
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&chunk);
        }
        if self.expects_more()
            && let Expectation::Known { kept, .. } = &mut self.expectation
        {
            kept.push(chunk.into_owned());
            return Ok(());
        }
        self.expectation.give_up().iter().try_for_each(|chunk| self.validate(chunk))?;
        self.validate(&chunk)
    }

    /// Whether what has arrived goes on like a module in the cache.
    fn expects_more(&mut self) -> bool {
        let pieces = self.hasher.as_ref().map_or(&[][..], KeyHasher::pieces);
        if let (Expectation::Open, [first, ..]) = (&self.expectation, pieces) {
            self.expectation = Expectation::of(&self.engine, first);
        }
        matches!(&self.expectation, Expectation::Known { outline, .. } if outline.allows(pieces))
    }

    fn validate(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let validation = self.validation.as_mut().ok_or_else(failed_before)?;
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
    pub fn finish_while(mut self, go_on: &(dyn Fn() -> bool + Sync)) -> Result<Module, Error> {
        if self.validation.is_none() {
            return Err(failed_before());
        }
        let hasher = self.hasher.take();
        let pieces = hasher.as_ref().map(|hasher| hasher.pieces().to_vec()).unwrap_or_default();
        let key = hasher.and_then(KeyHasher::finish);
        if let Some(expected) = key.as_ref().and_then(|key| self.expectation.fulfil(key)) {
            return Ok(Module::from_loaded(expected));
        }
        let loaded = match self.engine.tiers().find(key.as_ref()) {
            Some(found) => found,
            None => self.make(key, go_on)?,
        };
        if let Some(key) = key {
            self.engine.tiers().note_outline(&pieces, &key);
        }
        Ok(Module::from_loaded(loaded))
    }

    fn make(&mut self, key: Option<Key>, go_on: &(dyn Fn() -> bool + Sync)) -> Result<Arc<LoadedModule>, Error> {
        for chunk in self.expectation.give_up() {
            if go_on() {
                self.validate(&chunk)?;
            }
        }
        let valid = self.validation.take().ok_or_else(failed_before)?.finish(go_on)?;
        self.engine.tiers().make(valid, self.tier, key, go_on)
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let progress = self.validation.as_ref().map_or(self.progress, Validation::progress);
        Progress { bytes_received: progress.bytes_received + self.expectation.kept_bytes(), ..progress }
    }
}

fn failed_before() -> Error {
    Error::usage("the stream has failed before")
}

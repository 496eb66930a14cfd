//! A module whose code is made while it runs: what is needed for that, and by whom it is made.
//!
//! Must not know: when code is made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use gantry_abi::Piece;
use gantry_abi::artifact::Artifact;
use gantry_compile::{Compiler, Prepared};
use gantry_module::{FuncType, FunctionBody, Module};
use gantry_runtime::{CodeLevel, CodeSource, LoadError, LoadedModule, TrampolineKind};

use crate::key::Key;
use crate::tiers::Compilers;

/// What code is made of.
pub(crate) struct Program {
    pub compilers: Arc<Compilers>,
    pub module: Arc<Module>,
    /// None when all code has been made.
    bodies: Mutex<Option<Arc<[FunctionBody]>>>,
    /// What its pieces have in common.
    prepared: OnceLock<Prepared>,
    /// Bytes in all bodies.
    pub size: usize,
    /// Under which its artifact is kept.
    key: Option<Key>,
    loaded: OnceLock<Weak<LoadedModule>>,
    /// Whether the module is gone.
    cancelled: AtomicBool,
    /// Set when the background is done with it, or will never begin.
    settled: OnceLock<()>,
}

impl Program {
    pub fn new(compilers: Arc<Compilers>, module: Arc<Module>, bodies: Vec<FunctionBody>, key: Option<Key>) -> Program {
        Program {
            compilers,
            module,
            size: bodies.iter().map(|body| body.bytes.len()).sum(),
            bodies: Mutex::new(Some(bodies.into())),
            prepared: OnceLock::new(),
            key,
            loaded: OnceLock::new(),
            cancelled: AtomicBool::new(false),
            settled: OnceLock::new(),
        }
    }

    /// Tells which module it is the program of.
    pub fn set_loaded(&self, loaded: &Arc<LoadedModule>) {
        // Set once, by whoever makes both.
        let _ = self.loaded.set(Arc::downgrade(loaded));
    }

    /// The module, unless it is gone. It must not be held for long: whoever lets go of it last has to free it.
    pub fn loaded(&self) -> Option<Arc<LoadedModule>> {
        self.loaded.get()?.upgrade()
    }

    /// The functions, as long as there is code to be made.
    pub fn bodies(&self) -> Option<Arc<[FunctionBody]>> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nobody has the module any more.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Says that the background does no more for it.
    pub fn settle(&self) {
        // It is done once however often that is said.
        let _ = self.settled.set(());
    }

    /// Optimises all of it, and keeps that in the cache. None if it exceeds a limit of the optimiser, or is not wanted any more.
    /// Threads do `between` before each function.
    pub fn optimize(&self, between: &(dyn Fn() + Sync)) -> Option<Artifact> {
        let bodies = self.bodies()?;
        let go_on = || {
            between();
            !self.is_cancelled()
        };
        self.compilers.optimize(&self.module, &bodies, self.key.as_ref(), &go_on).ok()
    }

    /// Has all functions run in optimised code, and frees what is not needed any more.
    pub fn replace(&self, artifact: Artifact) -> Result<(), LoadError> {
        if let Some(loaded) = self.loaded() {
            loaded.replace(artifact)?;
            *self.bodies.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(())
    }

    /// Makes code of one function.
    pub fn function(&self, index: u32, level: CodeLevel) -> Option<Piece> {
        let bodies = self.bodies()?;
        let body = &bodies[index as usize];
        let Compilers { quick, optimized, .. } = &*self.compilers;
        let prepared = self.prepared.get_or_init(|| quick.prepare(&self.module));
        let piece = |compiler: &Compiler| compiler.piece(&self.module, prepared, &[body]);
        match level {
            CodeLevel::Quick => piece(quick).or_else(|_| piece(optimized)).ok(),
            CodeLevel::Optimized => piece(optimized).ok(),
        }
    }
}

/// The program as its module has it: when the module goes, work on it ends.
pub(crate) struct Source(pub Arc<Program>);

impl CodeSource for Source {
    fn function(&self, index: u32, level: CodeLevel) -> Option<Piece> {
        self.0.function(index, level)
    }

    fn trampoline(&self, kind: TrampolineKind, ty: &FuncType) -> Option<Vec<u8>> {
        let compiler = &self.0.compilers.optimized;
        let made = match kind {
            TrampolineKind::Entry => compiler.entry_trampoline(ty),
            TrampolineKind::Host => compiler.host_trampoline(ty),
        };
        made.ok()
    }

    fn artifact(&self) -> Option<Artifact> {
        self.0.settled.wait();
        match self.0.loaded() {
            Some(loaded) if loaded.is_final() => loaded.artifact(),
            _ => self.0.optimize(&|| ()),
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use gantry_runtime::LazyOptions;

    use super::*;
    use crate::Config;
    use crate::tiers::Tiers;
    use crate::validation::{Valid, Validation};

    #[test]
    fn bodies_are_freed_when_all_code_is_there() {
        let tiers = Tiers::new(&Config::default()).unwrap();
        let mut validation = Validation::new(tiers.crew());
        validation.push(&wat::parse_str(r#"(module (func (export "f")) (func))"#).unwrap()).unwrap();
        let Valid { module, bodies, writes_tables } = validation.finish(&|| true).unwrap();
        let module = Arc::new(module);
        let program = Arc::new(Program::new(tiers.compilers().clone(), module.clone(), bodies, None));
        let (source, style) = (Arc::new(Source(program.clone())), program.compilers.memory_style());
        let loaded = LoadedModule::without_code(module, writes_tables, style, source, LazyOptions::default()).unwrap();
        program.set_loaded(&loaded);
        let bodies = Arc::downgrade(&program.bodies().unwrap());
        assert!(program.function(0, CodeLevel::Quick).is_some());
        let artifact = program.optimize(&|| ()).unwrap();
        assert!(bodies.upgrade().is_some());
        program.replace(artifact).unwrap();
        assert!(bodies.upgrade().is_none() && program.function(1, CodeLevel::Quick).is_none());
        drop(loaded);
        assert!(program.is_cancelled());
    }
}

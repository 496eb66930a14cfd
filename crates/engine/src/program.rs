//! A module whose code is made while it runs: what is needed for that, and by whom it is made.
//!
//! Must not know: when code is made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use gantry_abi::artifact::Artifact;
use gantry_abi::{Partial, Piece, Profile};
use gantry_compile::{Along, Compiler, Prepared};
use gantry_module::{FuncType, FunctionBody, Module};
use gantry_runtime::{CodeLevel, CodeSource, LoadError, LoadedModule, TrampolineKind, piece_unit};

use crate::key::Key;
use crate::tiers::{Client, Compilers};

/// Bytes of quick code that are made in one go before it is called.
const ANTICIPATED: usize = 64 << 10;

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
    pub fn optimize(&self, client: &dyn Client) -> Option<Artifact> {
        self.compilers.optimize(&self.module, &self.bodies()?, self.key.as_ref(), client).ok()
    }

    /// As [`Program::optimize`], and has functions run in optimised code when there is some.
    pub fn optimize_while_it_runs(&self, watcher: &dyn Watcher) {
        self.optimize(&Running { program: self, watcher });
    }

    /// Has all functions run in optimised code, and frees what is not needed any more.
    fn replace(&self, artifact: Artifact) -> Result<(), LoadError> {
        if let Some(loaded) = self.loaded() {
            loaded.replace(artifact)?;
            *self.bodies.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(())
    }

    /// Makes what leads from the host to wasm and back, before it is called.
    pub fn make_trampolines(&self) {
        if let Some(loaded) = self.loaded() {
            loaded.make_trampolines();
        }
    }

    /// Makes quick code of functions that have none, before they are called: first of those that the host can come by, and of what they call.
    pub fn make_quick(&self) {
        if !self.compilers.quick.is_quick() {
            return;
        }
        let escaped = self.module.escaped_funcs.iter().filter_map(|func| self.module.defined_func(*func));
        let mut left: Vec<u32> = escaped.chain(0..self.module.defined_funcs() as u32).collect();
        while let Some(loaded) = self.loaded().filter(|_| !self.is_cancelled()) {
            left.retain(|index| loaded.lacks_code(*index));
            let Some(first) = left.first() else { return };
            if let Some(piece) = self.quick_piece(*first, &left[1..], ANTICIPATED) {
                // Without memory for it, code is made when it is called.
                let _ = loaded.publish(piece, CodeLevel::Quick);
            }
            left.remove(0);
        }
    }

    /// Makes code of one function.
    pub fn function(&self, index: u32, level: CodeLevel) -> Option<Piece> {
        match level {
            CodeLevel::Quick => self.quick_piece(index, &[], piece_unit()),
            CodeLevel::Optimized => self.piece(&self.compilers.optimized, index, &Along::NOTHING),
        }
    }

    /// Makes quick code of a function, of others, and of such as they call that have no code, up to a multiple of `unit` bytes.
    fn quick_piece(&self, index: u32, others: &[u32], unit: usize) -> Option<Piece> {
        let loaded = self.loaded();
        let is_wanted = |callee| loaded.as_ref().is_some_and(|loaded| loaded.lacks_code(callee));
        let Compilers { quick, optimized, .. } = &*self.compilers;
        let piece = self.piece(quick, index, &Along { unit, others, is_wanted: &is_wanted });
        piece.or_else(|| self.piece(optimized, index, &Along::NOTHING))
    }

    fn piece(&self, compiler: &Compiler, index: u32, along: &Along<'_>) -> Option<Piece> {
        let prepared = self.prepared.get_or_init(|| self.compilers.quick.prepare(&self.module));
        compiler.piece(&self.module, prepared, &self.bodies()?, index, along).ok()
    }
}

/// Somebody who looks after a program that is optimised while it runs.
pub(crate) trait Watcher: Sync {
    /// Called when what an earlier process has left runs.
    fn begun(&self);

    /// Called by each thread before it compiles a function.
    fn between(&self);

    /// What has turned out while it ran. Asked when all functions are compiled.
    fn profile(&self) -> Profile;
}

/// A program that is optimised while it runs. What is in the way of better code is that there is no memory: then the code
/// stays that there is.
struct Running<'p> {
    program: &'p Program,
    watcher: &'p dyn Watcher,
}

impl Client for Running<'_> {
    fn go_on(&self) -> bool {
        self.watcher.between();
        !self.program.is_cancelled()
    }

    fn is_waited_for(&self) -> bool {
        false
    }

    fn begin(&self, left: &dyn Fn() -> Option<Partial>) {
        if let Some(partial) = left()
            && let Some(loaded) = self.program.loaded()
        {
            let _ = loaded.publish_partial(partial);
        }
        self.watcher.begun();
    }

    fn profile(&self) -> Profile {
        self.watcher.profile()
    }

    fn done(&self, artifact: &Artifact) {
        let _ = self.program.replace(artifact.clone());
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
            _ => self.0.optimize(&&|| !self.0.is_cancelled()),
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
    use std::collections::HashMap;

    use gantry_abi::profile::call_counter;
    use gantry_compile::Observer;
    use gantry_runtime::LazyOptions;
    use wasmparser::Operator;

    use super::*;
    use crate::tiers::Tiers;
    use crate::validation::{Valid, Validation};
    use crate::{Config, Engine, Linker, Store};

    /// A module whose code is made when it is called, and by nobody else.
    fn program(text: &str) -> (Arc<Program>, Arc<LoadedModule>) {
        let tiers = Tiers::new(&Config::default()).unwrap();
        let mut validation = Validation::new(tiers.crew());
        validation.push(&wat::parse_str(text).unwrap()).unwrap();
        let Valid { module, bodies, writes_tables } = validation.finish(&|| true).unwrap();
        let module = Arc::new(module);
        let program = Arc::new(Program::new(tiers.compilers().clone(), module.clone(), bodies, None));
        let (source, style) = (Arc::new(Source(program.clone())), program.compilers.memory_style());
        let loaded = LoadedModule::without_code(module, writes_tables, style, source, LazyOptions::default()).unwrap();
        program.set_loaded(&loaded);
        (program, loaded)
    }

    #[derive(Default)]
    struct Left {
        missing: u32,
        compiled: Mutex<HashMap<u32, Vec<u8>>>,
        known: HashMap<u32, Vec<u8>>,
    }

    impl Observer for Left {
        fn go_on(&self) -> bool {
            true
        }

        fn known(&self, index: u32) -> Option<&[u8]> {
            self.known.get(&index).filter(|_| self.missing >> index & 1 == 0).map(Vec::as_slice)
        }

        fn compiled(&self, index: u32, bytes: &dyn Fn() -> Vec<u8>) {
            self.compiled.lock().unwrap().insert(index, bytes());
        }
    }

    /// Calls and tail calls in all directions, results in registers and in memory, exceptions and traps; too large to be inlined.
    const CALLS: &str = r#"(module
        (type $ten (func (param i32) (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i64)))
        (tag $t (param i32))
        (table funcref (elem $even $odd))
        (memory 1)
        (func $even (param i32) (result i32) (i32.store (i32.const 8) (i32.const 1))
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
                (else (call $odd (i32.sub (local.get 0) (i32.const 1))))))
        (func $odd (param i32) (result i32) (i32.store (i32.const 4) (i32.const 2))
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
                (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
        (func $many (type $ten)
            (call $even (local.get 0)) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)
            (i32.const 5) (i32.const 6) (i32.const 7) (call $odd (local.get 0)) (i64.const 1000))
        (func $sum (param i32) (result i64) (local i64)
            (call $many (local.get 0)) (local.set 1)
            i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add
            (i64.add (i64.extend_i32_u) (local.get 1)))
        (func $throw (param i32) (call $sum (local.get 0)) (throw $t (i32.wrap_i64)))
        (func (export "run") (param i32) (result i32)
            (i32.add (call_indirect (param i32) (result i32) (local.get 0) (i32.and (local.get 0) (i32.const 1)))
                (block $h (result i32)
                    (try_table (catch $t $h) (call $throw (local.get 0))) (unreachable))))
        (func $trap (param i32) (result i32) (i32.div_u (i32.const 1) (call $odd (local.get 0))))
        (func (export "trap") (param i32) (result i32) (i32.add (call $trap (local.get 0)) (i32.const 1))))"#;

    #[test]
    fn any_part_of_the_functions_can_run_together() {
        let (program, _loaded) = program(CALLS);
        let bodies = program.bodies().unwrap();
        let mut left = Left::default();
        program.compilers.optimized.compile_while(&program.module, &bodies, &left).unwrap();
        left.known = left.compiled.into_inner().unwrap();
        left.compiled = Mutex::default();
        let engine = Engine::default();
        for missing in 1..(1 << bodies.len()) - 1 {
            left.missing = missing;
            let (program, loaded) = self::program(CALLS);
            let partial = program.compilers.optimized.link_known(&program.module, &bodies, &left).unwrap();
            let there = bodies.len() - partial.missing.len();
            let mut store = Store::new(&engine);
            let module = crate::Module::from_loaded(loaded.clone());
            let instance = Linker::new().instantiate(&mut store, &module).unwrap();
            let run = instance.typed_func::<i32, i32>(&store, "run").unwrap();
            let trap = instance.typed_func::<i32, i32>(&store, "trap").unwrap();
            // Some of what is called has quick code already, some comes by it later.
            if missing % 2 == 0 {
                assert_eq!(run.call(&mut store, 6).unwrap(), 1 + 1029);
            }
            loaded.publish_partial(partial).unwrap();
            assert_eq!(loaded.stats().continued, there as u32);
            assert!(bodies.iter().all(|body| loaded.is_optimized(body.index) == (missing >> body.index & 1 == 0)));
            for number in [6, 7, 1000] {
                assert_eq!(run.call(&mut store, number).unwrap(), 1 + 1029, "{missing:b}");
            }
            assert_eq!(trap.call(&mut store, 7).unwrap(), 2);
            let error = trap.call(&mut store, 6).unwrap_err();
            let frames: Vec<u32> = error.trap().unwrap().frames.iter().map(|frame| frame.func).collect();
            assert_eq!(frames, [6, 7], "{missing:b}: {error}");
        }
    }

    #[test]
    fn all_functions_can_have_quick_code_before_they_are_called() {
        let (program, loaded) = program(CALLS);
        program.make_trampolines();
        program.make_quick();
        let functions = 0..program.module.defined_funcs() as u32;
        if program.compilers.quick.is_quick() {
            assert!(functions.clone().all(|index| !loaded.lacks_code(index)));
            assert_eq!(loaded.stats().quick as usize, functions.len());
        }
        let mut store = Store::new(&Engine::default());
        let instance = Linker::new().instantiate(&mut store, &crate::Module::from_loaded(loaded.clone())).unwrap();
        let run = instance.typed_func::<i32, i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, 6).unwrap(), 1 + 1029);
        assert!(!program.compilers.quick.is_quick() || loaded.stats().on_demand == 0);
    }

    #[test]
    fn quick_code_counts_what_is_called_where() {
        // The last function has results that only Cranelift's quick code passes on.
        let calls = r#"(module
          (func $f)
          (func $tail (return_call $f))
          (func (export "run") (param i32)
            (loop $again
              (call $f)
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (br_if $again (local.get 0)))
            (call $tail))
          (func $many (export "many") (result i32 i32 i32 i32 i32) (call $f)
            (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)))"#;
        let (program, loaded) = program(calls);
        let mut store = Store::new(&Engine::default());
        let instance = Linker::new().instantiate(&mut store, &crate::Module::from_loaded(loaded.clone())).unwrap();
        instance.typed_func::<i32, ()>(&store, "run").unwrap().call(&mut store, 10).unwrap();
        let many = instance.typed_func::<(), (i32, i32, i32, i32, i32)>(&store, "many").unwrap();
        assert_eq!(many.call(&mut store, ()).unwrap(), (1, 2, 3, 4, 5));
        let bodies = program.bodies().unwrap();
        let counted = bodies.iter().flat_map(|body| {
            let operators = body.reader().get_operators_reader().unwrap().into_iter_with_offsets();
            operators.map(Result::unwrap).filter_map(|(op, offset)| match op {
                Operator::Call { .. } | Operator::ReturnCall { .. } => Some(call_counter(4, offset as u32)),
                _ => None,
            })
        });
        let counts = counted.map(|counter| loaded.counters()[counter].load(Ordering::Relaxed));
        assert_eq!(counts.collect::<Vec<_>>(), [1, 10, 1, 1]);
    }

    #[test]
    fn bodies_are_freed_when_all_code_is_there() {
        let (program, loaded) = program(r#"(module (func (export "f")) (func))"#);
        let bodies = Arc::downgrade(&program.bodies().unwrap());
        assert!(program.function(0, CodeLevel::Quick).is_some());
        let artifact = program.optimize(&&|| true).unwrap();
        assert!(bodies.upgrade().is_some());
        program.replace(artifact).unwrap();
        assert!(bodies.upgrade().is_none() && program.function(1, CodeLevel::Quick).is_none());
        drop(loaded);
        assert!(program.is_cancelled());
    }
}

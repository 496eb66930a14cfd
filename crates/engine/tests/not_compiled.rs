//! What happens when there is no code for a function that is called: valid functions can exceed limits of code generators.

use std::sync::Arc;

use gantry_abi::Piece;
use gantry_abi::artifact::Artifact;
use gantry_compile::{Along, Compiler, Settings, Tier};
use gantry_engine::{Engine, Linker, LoadedModule, Module, Store, TrapCode};
use gantry_module::{Decoder, FuncType, FunctionBody};
use gantry_runtime::{CodeLevel, CodeSource, LazyOptions, TrampolineKind};

/// Makes code of all functions but one.
struct Limited {
    compiler: Compiler,
    module: Arc<gantry_module::Module>,
    bodies: Vec<FunctionBody>,
    limit: u32,
}

impl CodeSource for Limited {
    fn function(&self, index: u32, _level: CodeLevel) -> Option<Piece> {
        let prepared = self.compiler.prepare(&self.module);
        let piece = || self.compiler.piece(&self.module, &prepared, &self.bodies, index, &Along::NOTHING);
        (index != self.limit).then(|| piece().unwrap())
    }

    fn trampoline(&self, kind: TrampolineKind, ty: &FuncType) -> Option<Vec<u8>> {
        match kind {
            TrampolineKind::Entry => self.compiler.entry_trampoline(ty).ok(),
            TrampolineKind::Host => self.compiler.host_trampoline(ty).ok(),
        }
    }

    fn artifact(&self) -> Option<Artifact> {
        None
    }
}

#[test]
fn a_function_without_code_traps() {
    let wasm = wat::parse_str(
        r#"(module
          (func $limited (export "limited") (param i32) (result i32) (local.get 0))
          (func $between (param i32) (result i32) (i32.add (call $limited (local.get 0)) (i32.const 1)))
          (func (export "calls") (param i32) (result i32)
            (block $caught (try_table (catch_all $caught) (return (call $between (local.get 0)))))
            (i32.const -1))
          (func (export "works") (param i32) (result i32) (local.get 0)))"#,
    )
    .unwrap();
    let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
    decoder.push(&wasm, &mut |_, body| bodies.push(body)).unwrap();
    let module = Arc::new(decoder.finish(&mut |_, body| bodies.push(body)).unwrap().module);
    let engine = Engine::default();
    let settings = Settings { tier: Tier::Quick, memory_style: engine.memory_style(), ..Settings::default() };
    let source = Limited { compiler: Compiler::new(settings).unwrap(), module: module.clone(), bodies, limit: 0 };
    let style = engine.memory_style();
    let loaded = LoadedModule::without_code(module, false, style, Arc::new(source), LazyOptions::default()).unwrap();
    let module = Module::from_loaded(loaded);

    let mut store = Store::new(&engine);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let mut call = |name: &str| instance.typed_func::<i32, i32>(&store, name).unwrap().call(&mut store, 5);
    for _ in 0..3 {
        for (name, frames) in [("limited", &[][..]), ("calls", &[1, 2][..])] {
            let error = call(name).unwrap_err();
            let trap = error.trap().expect("a trap, which wasm does not catch");
            assert_eq!(trap.code, TrapCode::NotCompiled);
            assert_eq!(trap.frames.iter().map(|frame| frame.func).collect::<Vec<_>>(), frames);
        }
        assert_eq!(call("works").unwrap(), 5);
    }
    assert!(module.serialize().is_err());
}

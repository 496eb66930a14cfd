//! Modules shared between threads, and code that does not depend on how many of them compiled it.

mod util;

use std::sync::Arc;

use gantry_abi::{Mismatch, Target};
use gantry_compile::{Compiler, Settings};
use gantry_engine::{Caller, Linker, LoadedModule, MemoryStyle, Module, Store, TrapCode};
use gantry_runtime::{InstanceId, LoadError, MIN_SLOTS, Step, processor_has};
use util::{STYLES, binary, call, call_i32, engine, instance, module};

/// A module that is large enough to be compiled on several threads, and whose functions depend on each other.
fn large(functions: usize) -> Vec<u8> {
    let mut text = String::from(r#"(module (memory 1) (table 64 funcref) (global $g (mut i64) (i64.const 3))"#);
    for i in 0..functions {
        let callee = if i == 0 { "(local.get 0)".to_owned() } else { format!("(call $f{} (local.get 0))", i - 1) };
        text += &format!(
            r#"(func $f{i} (export "f{i}") (param i32) (result i32) (local i32)
              (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                (i32.store offset={} (local.get 1) (i32.const {i}))
                (br_if $l (i32.lt_u (local.get 1) (i32.const 3))))
              (if (i32.gt_u (local.get 0) (i32.const {i})) (then (global.set $g (i64.const {i}))))
              (i32.add {callee} (i32.const 1)))"#,
            i * 4
        );
    }
    binary(&(text + ")"))
}

#[test]
fn one_module_on_several_threads() {
    for style in STYLES {
        let engine = engine(style, 2);
        let module = Module::new(&engine, &large(100)).expect("valid");
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (engine, module) = (&engine, &module);
                scope.spawn(move || {
                    for round in 0..20 {
                        let mut store = Store::new(engine);
                        let instance = instance(&mut store, module, &[]);
                        let result = call_i32(&mut store, &instance, "f99", &[thread + round]);
                        assert_eq!(result.expect("returns"), thread + round + 100);
                    }
                });
            }
        });
    }
}

#[test]
fn threads_compile_trap_and_call_hosts_at_once() {
    let engine = engine(MemoryStyle::Reserved, 2);
    let wasm = large(40);
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let (engine, wasm) = (&engine, &wasm);
            scope.spawn(move || {
                for round in 0..10 {
                    let mut store = Store::new(engine);
                    let compiled = Module::new(engine, wasm).expect("valid");
                    let first = instance(&mut store, &compiled, &[]);
                    assert_eq!(call_i32(&mut store, &first, "f39", &[round]).expect("returns"), round + 40);

                    let text = r#"(module (import "h" "f" (func $f (param i32) (result i32)))
                        (func $deep (export "deep") (call $deep) (drop (i32.const 1)))
                        (func (export "oob") (result i32) (i32.load8_u (i32.const -1))) (memory 1)
                        (func (export "run") (param i32) (result i32) (call $f (local.get 0))))"#;
                    let mut linker = Linker::new();
                    let host = move |_: &mut Caller<'_>, value: i32| value * 10 + thread;
                    linker.func("h", "f", &mut store, host).expect("a function");
                    let second = linker.instantiate(&mut store, &module(engine, text)).expect("linked");
                    assert_eq!(call_i32(&mut store, &second, "run", &[round]).expect("returns"), round * 10 + thread);
                    for (name, code) in [("oob", TrapCode::MemoryOutOfBounds), ("deep", TrapCode::StackOverflow)] {
                        let error = call(&mut store, &second, name, &[]).expect_err("it traps");
                        assert_eq!(error.trap().expect("a trap").code, code);
                    }
                }
            });
        }
    });
}

/// Stores do not move between threads, but what is compiled does.
#[test]
fn what_can_be_sent_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<gantry_engine::Engine>();
    shared::<Module>();
    shared::<LoadedModule>();
}

#[test]
fn artifacts_do_not_depend_on_timing_or_threads() {
    let mut binaries = vec![large(300), binary("(module)"), binary(r#"(module (import "" "" (func)))"#)];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benchmark/kernels/wasm");
    let kernels = std::fs::read_dir(folder).expect("kernels");
    binaries.extend(kernels.map(|file| std::fs::read(file.expect("a kernel").path()).expect("a kernel")));
    for style in STYLES {
        let engines = [engine(style, 1), engine(style, 4), engine(style, 4)];
        for wasm in &binaries {
            let artifacts = engines
                .each_ref()
                .map(|engine| Module::new(engine, wasm).expect("valid").serialize().expect("no limit is exceeded"));
            assert!(artifacts[0] == artifacts[1] && artifacts[1] == artifacts[2], "{} bytes", wasm.len());
        }
    }
}

#[test]
fn errors_do_not_depend_on_threads() {
    // Two functions are invalid: the first one's error counts.
    let mut wasm = large(300);
    let marks: Vec<usize> = (0..wasm.len() - 4).filter(|i| wasm[*i..].starts_with(&[0x49, 0x0d, 0x00])).collect();
    for at in [marks[200], marks[100]] {
        wasm[at] = 0x54; // i64.lt_u of two i32
    }
    let offsets = [1, 4, 4].map(|threads| {
        let error = Module::new(&engine(MemoryStyle::Reserved, threads), &wasm).expect_err("invalid");
        error.offset().expect("an offset")
    });
    assert!(offsets.iter().all(|offset| *offset == marks[100] as u64), "{offsets:?} {}", marks[100]);
}

#[test]
fn artifacts_can_be_stored_and_loaded() {
    for style in STYLES {
        let settings = Settings { memory_style: style, ..Settings::default() };
        let compiler = Compiler::new(settings).expect("a compiler");
        let bytes = compiler.compile(&large(50)).expect("valid").to_bytes();
        let accept = |target: &Target| if target == compiler.target() { Ok(()) } else { Err(Mismatch::Settings) };
        let loaded = LoadedModule::load_bytes(bytes.clone(), 2, accept).expect("as written");
        assert_eq!(loaded.artifact().expect("it has all of its code").to_bytes(), bytes);
        assert_eq!(call_loaded(&loaded, "f49", 7), 57);

        let other = STYLES.into_iter().find(|other| *other != style).expect("two styles");
        let other = Compiler::new(Settings { memory_style: other, ..Settings::default() }).expect("a compiler");
        let accept = |target: &Target| target.runs_on(other.target(), processor_has);
        let refused = LoadedModule::load_bytes(bytes, 2, accept).expect_err("code of the other style");
        assert!(matches!(refused, LoadError::Foreign(Mismatch::MemoryStyle(..))), "{refused}");
    }
}

/// Calls an export of a loaded module without imports, with the runtime alone.
fn call_loaded(loaded: &Arc<LoadedModule>, name: &str, arg: i32) -> i32 {
    let mut store = gantry_runtime::Store::new();
    // SAFETY: there are no imports.
    #[expect(unsafe_code, reason = "the runtime's own interface")]
    let id: InstanceId = unsafe { store.instantiate(loaded, &[]) }.expect("instantiated");
    let export = loaded.module().exports.iter().find(|export| *export.name == *name).expect("exported");
    let gantry_module::ExternIndex::Func(index) = export.index else { panic!("a function") };
    let mut slots = [0u128; MIN_SLOTS];
    slots[0] = u128::from(arg as u32);
    let (func, values) = (store.instance(id).func(index), std::ptr::NonNull::from(&mut slots).cast());
    // SAFETY: the instance lives in the store, and the one parameter and result are i32.
    #[expect(unsafe_code, reason = "the runtime's own interface")]
    let step = unsafe { store.start(func, values) };
    assert!(matches!(step, Step::Returned), "{step:?}");
    slots[0] as i32
}

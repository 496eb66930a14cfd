//! Memory stays flat when things are made and dropped for long. Alone in its process, so that no other test's memory
//! is counted.

mod util;

use gantry_engine::{Engine, Extern, Instance, Module, Store};
use util::{call_i32, instance, module, resident};

/// Growth that is no leak: allocators and page tables settle.
const SLACK: usize = 8 << 20;

/// Repeats `work`, and compares resident memory after a tenth of the rounds with that after all of them.
fn stays_flat(name: &str, rounds: usize, mut work: impl FnMut()) {
    let start = std::time::Instant::now();
    (0..rounds / 10).for_each(|_| work());
    let before = resident();
    (rounds / 10..rounds).for_each(|_| work());
    let after = resident();
    println!("{name}: {rounds} rounds in {:?}, resident {before:?} then {after:?}", start.elapsed());
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after < before + SLACK, "{name}: resident memory grew from {before} to {after}");
    }
}

/// Instances of a module in one store, none of which is kept.
fn instances(engine: &Engine, text: &str, rounds: usize) {
    let module = module(engine, text);
    let mut store = Store::new(engine);
    let mut most = 0;
    stays_flat(text, rounds, || {
        instance(&mut store, &module, &[]);
        most = most.max(store.population());
    });
    println!("    at most {most} things at once");
    assert!(most < 5_000, "{most} things were alive at once");
    store.collect();
    assert_eq!(store.population(), 0);
}

fn instances_with_cycles(engine: &Engine) {
    let host = module(engine, r#"(module (table (export "t") 2 funcref) (elem (i32.const 0) func $f) (func $f))"#);
    let guest = module(engine, r#"(module (import "" "t" (table 2 funcref)) (elem (i32.const 1) func $f) (func $f))"#);
    let mut store = Store::new(engine);
    stays_flat("pairs that refer to each other through a table", 20_000, || {
        let first = instance(&mut store, &host, &[]);
        let table = first.get_export(&store, "t").expect("exported");
        instance(&mut store, &guest, &[table]);
        assert!(store.population() < 5_000);
    });
}

fn modules(engine: &Engine) {
    let binary = util::binary(r#"(module (func (export "f") (param i32) (result i32) (local.get 0)))"#);
    stays_flat("modules compiled and dropped", 4_000, || {
        Module::new(engine, &binary).expect("valid");
    });
    stays_flat("modules compiled, called and dropped", 4_000, || {
        let module = Module::new(engine, &binary).expect("valid");
        let mut store = Store::new(engine);
        let instance = instance(&mut store, &module, &[]);
        assert_eq!(instance.typed_func::<i32, i32>(&store, "f").and_then(|f| f.call(&mut store, 5)).unwrap(), 5);
    });
}

fn modules_that_are_optimised_meanwhile(engine: &Engine) {
    let body = "local.get 0 i32.const 77 i32.mul local.set 0 ".repeat(300);
    let filler = format!("(func (param i32) (result i32) {body} local.get 0)").repeat(150);
    let f = r#"(func (export "f") (param i32) (result i32) (local.get 0))"#;
    let binary = util::binary(&format!("(module {f} {filler})"));
    stays_flat("large modules dropped while they are optimised", 300, || {
        let module = Module::new(engine, &binary).expect("valid");
        let mut store = Store::new(engine);
        let instance = instance(&mut store, &module, &[]);
        assert_eq!(instance.typed_func::<i32, i32>(&store, "f").and_then(|f| f.call(&mut store, 5)).unwrap(), 5);
    });
}

fn stores(engine: &Engine) {
    let module = module(engine, r#"(module (memory 1) (func (export "f") (result i32) (i32.load (i32.const 0))))"#);
    stays_flat("stores", 20_000, || {
        let mut store = Store::new(engine);
        let instance = instance(&mut store, &module, &[]);
        assert_eq!(call_i32(&mut store, &instance, "f", &[]).expect("returns"), 0);
    });
}

fn stack_overflows(engine: &Engine) {
    let module = module(engine, r#"(module (func $f (export "f") (result i32) (i32.add (call $f) (i32.const 1))))"#);
    let mut store = Store::new(engine);
    let instance = instance(&mut store, &module, &[]);
    stays_flat("stack overflows", 1_000, || {
        assert!(call_i32(&mut store, &instance, "f", &[]).is_err());
    });
}

fn traps(engine: &Engine) {
    let module = module(engine, r#"(module (func $f (export "f") (result i32) unreachable))"#);
    let mut store = Store::new(engine);
    let instance = instance(&mut store, &module, &[]);
    stays_flat("traps", 100_000, || {
        assert!(call_i32(&mut store, &instance, "f", &[]).is_err());
    });
}

fn failed_instantiations(engine: &Engine) {
    let trapping = module(engine, r#"(module (memory 1) (data (i32.const 65536) "x"))"#);
    let starting = module(engine, "(module (memory 1) (func $s unreachable) (start $s))");
    let mut store = Store::new(engine);
    stays_flat("instantiations that trap", 20_000, || {
        Instance::new(&mut store, &trapping, &[]).expect_err("the segment lies outside");
        Instance::new(&mut store, &starting, &[]).expect_err("the start function traps");
        assert!(store.population() < 5_000);
    });
}

/// Ten thousand memories of their own at once: address space, not memory.
fn many_at_once(engine: &Engine) {
    let module = module(engine, r#"(module (memory (export "m") 1) (func (export "f") (result i32) (i32.const 7)))"#);
    let mut store = Store::new(engine);
    let before = resident();
    let all: Vec<Instance> = (0..10_000).map(|_| instance(&mut store, &module, &[])).collect();
    for instance in all.iter().step_by(97) {
        assert_eq!(call_i32(&mut store, instance, "f", &[]).expect("returns"), 7);
        let memory = instance.get_export(&store, "m").and_then(Extern::into_memory).expect("exported");
        memory.data_mut(&mut store)[65_535] = 1;
    }
    println!("10,000 instances with memories: resident {before:?} then {:?}", resident());
    drop(all);
    store.collect();
    assert_eq!(store.population(), 0);
}

#[test]
fn memory_stays_flat() {
    let engine = Engine::default();
    instances(&engine, r#"(module (func (export "f") (result i32) (i32.const 1)))"#, 1_000_000);
    instances(&engine, r#"(module (memory (export "m") 1) (data (i32.const 9) "x") (table 10 funcref))"#, 50_000);
    instances_with_cycles(&engine);
    failed_instantiations(&engine);
    traps(&engine);
    stack_overflows(&engine);
    modules(&engine);
    modules_that_are_optimised_meanwhile(&engine);
    stores(&engine);
    many_at_once(&engine);
}

//! Tiers: quick and optimised code give the same results, and one takes the place of the other while it runs.

use std::time::{Duration, Instant};

use gantry_engine::{Config, Engine, Error, Linker, Module, Store, Tier, TrapCode};

fn engine(tier: Tier) -> Engine {
    let mut config = Config::default();
    config.tier = tier;
    config.quick_first = 0;
    Engine::new(&config).unwrap()
}

/// Calls in every way, a trap some frames down, and a function that goes on for long.
fn wasm() -> Vec<u8> {
    let filler: String =
        (0..500).map(|i| format!("(func (param i32) (result i32) local.get 0 i32.const {i} i32.add)")).collect();
    wat::parse_str(format!(
        r#"(module
          (type $unary (func (param i32) (result i32)))
          (table funcref (elem $fib))
          (func $fib (export "fib") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
              (then (local.get 0))
              (else (i32.add
                (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call_indirect (type $unary) (i32.sub (local.get 0) (i32.const 2)) (i32.const 0))))))
          (func $even (export "even") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
              (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
          (func $odd (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
              (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
          (func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
          (func $outer (export "divide") (param i32) (result i32) (call $inner (local.get 0)))
          {filler})"#
    ))
    .unwrap()
}

/// What the module says, and where it traps.
fn results(engine: &Engine, module: &Module) -> (i32, i32, Vec<(u32, Option<u32>)>) {
    let mut store = Store::new(engine);
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    let function = |store: &Store, name: &str| instance.typed_func::<i32, i32>(store, name).unwrap();
    let fib = function(&store, "fib").call(&mut store, 15).unwrap();
    let even = function(&store, "even").call(&mut store, 100_001).unwrap();
    let error: Error = function(&store, "divide").call(&mut store, 0).unwrap_err();
    let trap = error.trap().expect("a trap");
    assert_eq!(trap.code, TrapCode::IntegerDivideByZero);
    (fib, even, trap.frames.iter().map(|frame| (frame.func, frame.offset)).collect())
}

fn wait(module: &Module) {
    let start = Instant::now();
    while !module.is_replaced() {
        assert!(start.elapsed() < Duration::from_secs(120), "the optimiser does its work");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn results_do_not_depend_on_the_tier() {
    let expected = {
        let engine = engine(Tier::Optimized);
        results(&engine, &Module::new(&engine, &wasm()).unwrap())
    };
    assert_eq!((expected.0, expected.1, expected.2.len()), (610, 0, 2));
    let quick = engine(Tier::Quick);
    assert_eq!(results(&quick, &Module::new(&quick, &wasm()).unwrap()), expected);
    let auto = engine(Tier::Auto);
    let module = Module::new(&auto, &wasm()).unwrap();
    assert_eq!(results(&auto, &module), expected);
    wait(&module);
    assert_eq!(results(&auto, &module), expected);
}

#[test]
fn code_is_replaced_while_it_runs() {
    let engine = engine(Tier::Auto);
    let module = Module::new(&engine, &wasm()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut store = Store::new(&engine);
                let instance = Linker::new().instantiate(&mut store, &module).unwrap();
                let fib = instance.typed_func::<i32, i32>(&store, "fib").unwrap();
                while !module.is_replaced() {
                    assert_eq!(fib.call(&mut store, 12).unwrap(), 144);
                    store.collect();
                }
                assert_eq!(fib.call(&mut store, 16).unwrap(), 987);
            });
        }
    });
}

#[test]
fn what_is_serialized_is_optimised() {
    let (auto, optimized) = (engine(Tier::Auto), engine(Tier::Optimized));
    let bytes = Module::new(&auto, &wasm()).unwrap().serialize();
    assert_eq!(bytes, Module::new(&optimized, &wasm()).unwrap().serialize());
    let module = Module::deserialize(&auto, &bytes).unwrap();
    assert_eq!(module.serialize(), bytes);
}

#[test]
fn modules_that_are_dropped_meanwhile() {
    let engine = engine(Tier::Auto);
    for _ in 0..50 {
        let module = Module::new(&engine, &wasm()).unwrap();
        assert_eq!(results(&engine, &module).0, 610);
    }
    wait(&Module::new(&engine, &wasm()).unwrap());
}

#[test]
fn names_of_tiers() {
    for (name, tier) in [("auto", Tier::Auto), ("quick", Tier::Quick), ("optimized", Tier::Optimized)] {
        assert_eq!(name.parse::<Tier>().unwrap(), tier);
    }
    let error = "best".parse::<Tier>().unwrap_err().to_string();
    assert_eq!(error, "there is no tier \"best\": it is auto, quick or optimized");
}

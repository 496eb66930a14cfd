//! Tiers: quick and optimised code give the same results, and one takes the place of the other while it runs.

use std::time::{Duration, Instant};

use gantry_engine::{
    Caller, Config, Engine, Error, Extern, Func, Global, GlobalType, Instance, Linker, Module, RefType,
};
use gantry_engine::{Store, Table, TableType, Tier, TrapCode, Val, ValType};

fn engine(tier: Tier) -> Engine {
    let mut config = Config::default();
    config.tier = tier;
    Engine::new(&config).unwrap()
}

/// Quick and optimised code take turns at every call.
fn alternating() -> Engine {
    let mut config = Config::default();
    (config.tier, config.alternate_tiers) = (Tier::Auto, true);
    Engine::new(&config).unwrap()
}

/// All ways to come by code. Of the module that `Tier::Auto` compiles, the background makes the last code meanwhile.
fn engines() -> [Engine; 4] {
    [engine(Tier::Optimized), engine(Tier::Quick), engine(Tier::Auto), alternating()]
}

/// Calls in every way, a trap some frames down, exceptions, and a function that goes on for long.
fn wasm() -> Vec<u8> {
    let filler: String =
        (0..500).map(|i| format!("(func (param i32) (result i32) local.get 0 i32.const {i} i32.add)")).collect();
    wat::parse_str(format!(
        r#"(module
          (type $unary (func (param i32) (result i32)))
          (table funcref (elem $fib))
          (tag $odd (param i32))
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
          (func $thrower (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $odd (local.get 0)))))
          (func $between (param i32) (call $thrower (local.get 0)))
          (func (export "catch") (param i32) (result i32)
            (block $caught (result i32)
              (try_table (catch $odd $caught) (call $between (local.get 0)))
              (i32.const -1)))
          (func $deep (export "deep") (param i32) (result i32)
            (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
          {filler})"#
    ))
    .unwrap()
}

fn instantiate(engine: &Engine, module: &Module) -> (Store, Instance) {
    let mut store = Store::new(engine);
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    (store, instance)
}

/// What the module says, and where it traps.
fn results(engine: &Engine, module: &Module) -> (Vec<i32>, Vec<(u32, Option<u32>)>) {
    let (mut store, instance) = instantiate(engine, module);
    let mut call = |name: &str, argument: i32| {
        let function = instance.typed_func::<i32, i32>(&store, name).unwrap();
        function.call(&mut store, argument)
    };
    let calls = [("fib", 15), ("even", 100_001), ("catch", 7), ("catch", 8), ("catch", 9)];
    let numbers = calls.map(|(name, argument)| call(name, argument).unwrap()).into();
    let error: Error = call("divide", 0).unwrap_err();
    let trap = error.trap().expect("a trap");
    assert_eq!(trap.code, TrapCode::IntegerDivideByZero);
    assert_eq!(call("deep", 0).unwrap_err().trap().unwrap().code, TrapCode::StackOverflow);
    assert_eq!(call("divide", 1).unwrap(), 1);
    (numbers, trap.frames.iter().map(|frame| (frame.func, frame.offset)).collect())
}

fn wait(module: &Module) {
    let start = Instant::now();
    while !module.stats().is_final {
        assert!(start.elapsed() < Duration::from_secs(120), "the optimiser does its work");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn results_do_not_depend_on_the_tier() {
    let wasm = wasm();
    let mut expected = None;
    for engine in engines() {
        let module = Module::new(&engine, &wasm).unwrap();
        for _ in 0..3 {
            let actual = results(&engine, &module);
            assert_eq!((&actual.0[..], actual.1.len()), (&[610, 0, 7, -1, 9][..], 2));
            assert_eq!(actual, *expected.get_or_insert(actual.clone()));
        }
    }
    let engine = engine(Tier::Auto);
    let module = Module::new(&engine, &wasm).unwrap();
    wait(&module);
    assert_eq!(Some(results(&engine, &module)), expected);
}

#[test]
fn functions_are_compiled_when_they_are_called_and_with_them_what_they_call() {
    let engine = engine(Tier::Quick);
    let module = Module::new(&engine, &wasm()).unwrap();
    assert_eq!((module.stats().quick, module.stats().code_bytes), (0, 0));
    let (mut store, instance) = instantiate(&engine, &module);
    instance.typed_func::<i32, i32>(&store, "divide").unwrap().call(&mut store, 1).unwrap();
    let stats = module.stats();
    assert_eq!((stats.on_demand, stats.quick, stats.hot, stats.swaps, stats.is_final), (1, 2, 0, 0, false));
    assert!(stats.code_bytes > 0 && stats.functions > 500);
}

#[test]
fn code_is_replaced_while_it_runs() {
    let engine = engine(Tier::Auto);
    let module = Module::new(&engine, &wasm()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (mut store, instance) = instantiate(&engine, &module);
                let fib = instance.typed_func::<i32, i32>(&store, "fib").unwrap();
                while !module.stats().is_final {
                    assert_eq!(fib.call(&mut store, 12).unwrap(), 144);
                    store.collect();
                }
                assert_eq!(fib.call(&mut store, 16).unwrap(), 987);
            });
        }
    });
}

/// Calls of the module itself and of another, through imports, tables and references.
#[test]
fn every_way_of_calling_while_code_is_replaced() {
    let filler: String = (0..300).map(|i| format!("(func (result i32) i32.const {i})")).collect();
    let wasm = |text: &str| wat::parse_str(format!("(module {text} {filler})")).unwrap();
    let first = wasm(
        r#"(table (export "table") funcref (elem $f))
        (func $f (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"#,
    );
    let second = wasm(
        r#"(type $unary (func (param i32) (result i32)))
        (import "first" "f" (func $f (type $unary)))
        (import "first" "table" (table 1 funcref))
        (elem declare func $f $own)
        (func $own (type $unary) (i32.add (local.get 0) (i32.const 10)))
        (func (export "run") (type $unary)
          (call $f (local.get 0))
          (call_indirect (type $unary) (i32.const 0))
          (call_ref $unary (ref.func $f))
          (call $own)
          (call_ref $unary (ref.func $own)))"#,
    );
    for (engine, is_replaced) in engines().into_iter().zip([false, false, true, false]) {
        let modules = [&first, &second].map(|wasm| Module::new(&engine, wasm).unwrap());
        let is_final = || modules.iter().all(|module| module.stats().is_final);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let (mut store, first) = instantiate(&engine, &modules[0]);
                    let mut linker = Linker::new();
                    linker.instance("first", &store, &first);
                    let second = linker.instantiate(&mut store, &modules[1]).unwrap();
                    let run = second.typed_func::<i32, i32>(&store, "run").unwrap();
                    // Where code is not replaced, some calls are enough.
                    for round in (0..1000).chain((1000..).take_while(|_| is_replaced && !is_final())) {
                        assert_eq!(run.call(&mut store, round).unwrap(), round + 23);
                    }
                });
            }
        });
    }
}

#[test]
fn many_threads_call_a_fresh_module() {
    for engine in engines() {
        for _ in 0..10 {
            let module = Module::new(&engine, &wasm()).unwrap();
            let barrier = std::sync::Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let (mut store, instance) = instantiate(&engine, &module);
                        let fib = instance.typed_func::<i32, i32>(&store, "fib").unwrap();
                        let even = instance.typed_func::<i32, i32>(&store, "even").unwrap();
                        barrier.wait();
                        assert_eq!(fib.call(&mut store, 10).unwrap(), 55);
                        assert_eq!(even.call(&mut store, 1000).unwrap(), 1);
                    });
                }
            });
            assert!(module.stats().on_demand <= 3 * 2, "no function is compiled by several threads");
        }
    }
}

/// Arguments in all registers and on the stack, and results that need a place in memory, pass through what compiles the
/// function.
#[test]
fn arguments_and_results_pass_through_compilation() {
    for (count, ty) in
        [0, 1, 5, 6, 7, 8, 9, 10, 20].into_iter().flat_map(|n| ["i32", "i64", "f32", "f64"].map(|t| (n, t)))
    {
        let types = format!("{ty} ").repeat(count);
        let numbers: String = (0..count).map(|i| format!("({ty}.const {}) ", i + 1)).collect();
        let pass: String = (0..count).map(|i| format!("(local.get {i}) ")).collect();
        let text = format!(
            "(module
              (func $callee (param {types} v128 i64) (result {types} v128 i64) {pass} (local.get {count}) (local.get {}))
              (func (export \"f\") (result {types} i64 i64) (local $vector v128) (local $last i64)
                {numbers} (v128.const i64x2 100 200) (i64.const 300) (call $callee)
                (local.set $last) (local.set $vector)
                (i64x2.extract_lane 1 (local.get $vector)) (local.get $last)))",
            count + 1
        );
        let wasm = wat::parse_str(&text).unwrap();
        for engine in engines() {
            let module = Module::new(&engine, &wasm).unwrap();
            let (mut store, instance) = instantiate(&engine, &module);
            let function = instance.get_export(&store, "f").and_then(Extern::into_func).unwrap();
            for _ in 0..3 {
                let results = function.call(&mut store, &[]).unwrap();
                let number = |value: &Val| match value {
                    Val::I32(n) => i64::from(*n),
                    Val::I64(n) => *n,
                    Val::F32(n) => f32::from_bits(*n) as i64,
                    Val::F64(n) => f64::from_bits(*n) as i64,
                    other => panic!("{other:?}"),
                };
                let actual: Vec<i64> = results.iter().map(number).collect();
                let expected: Vec<i64> = (1..=count as i64).chain([200, 300]).collect();
                assert_eq!(actual, expected, "{count} {ty}");
            }
        }
    }
}

/// A large module, of which little is hot.
fn large() -> Vec<u8> {
    let body = "local.get 0 i32.const 77 i32.mul local.set 0 ".repeat(300);
    let filler: String = (0..120).map(|_| format!("(func (param i32) (result i32) {body} local.get 0)")).collect();
    let hot = r#"(func $step (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "run") (param i32) (result i32) (local i32)
        (loop $again
          (local.set 1 (call $step (local.get 1)))
          (br_if $again (i32.lt_u (local.get 1) (local.get 0))))
        (local.get 1))"#;
    wat::parse_str(format!("(module {hot} {filler} {filler} {filler})")).unwrap()
}

#[test]
fn hot_functions_are_optimised_first() {
    let engine = engine(Tier::Auto);
    let wasm = large();
    let module = Module::new(&engine, &wasm).unwrap();
    let (mut store, instance) = instantiate(&engine, &module);
    let run = instance.typed_func::<i32, i32>(&store, "run").unwrap();
    while !module.stats().is_final {
        assert_eq!(run.call(&mut store, 100_000).unwrap(), 100_000);
    }
    let stats = module.stats();
    assert_eq!(stats.hot, 2, "{stats:?}");
    assert_eq!((stats.quick, stats.on_demand, stats.swaps), (2, 1, 4), "{stats:?}");
    assert_eq!(run.call(&mut store, 1000).unwrap(), 1000);
}

/// A large module with a function that is called in a loop and is too large for the place of just any call. It traps when it arrives at its second
/// argument.
fn large_with_calls() -> Vec<u8> {
    let body = "local.get 0 i32.const 77 i32.mul local.set 0 ".repeat(300);
    let filler: String = (0..240).map(|_| format!("(func (param i32) (result i32) {body} local.get 0)")).collect();
    let steps = "local.get 0 i32.const 1 i32.add local.set 0 ".repeat(30);
    let hot = format!(
        r#"(func $add (param i32 i32) (result i32)
        {steps} (drop (i32.div_u (i32.const 1) (i32.sub (local.get 0) (local.get 1)))) (local.get 0))
      (func (export "run") (param i32 i32) (result i32) (local i32)
        (loop $again
          (local.set 2 (call $add (local.get 2) (local.get 1)))
          (br_if $again (i32.lt_u (local.get 2) (local.get 0))))
        (local.get 2))"#
    );
    wat::parse_str(format!("(module {hot} {filler})")).unwrap()
}

#[test]
fn hot_functions_have_each_other_in_the_place_of_calls() {
    let wasm = large_with_calls();
    let run = |module: &Module, engine: &Engine| {
        let (mut store, instance) = instantiate(engine, module);
        let run = instance.typed_func::<(i32, i32), i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, (300_000, -1)).unwrap(), 300_000);
        let error = run.call(&mut store, (300_000, 3000)).unwrap_err();
        let trap = error.trap().expect("a trap");
        assert_eq!(trap.code, TrapCode::IntegerDivideByZero);
        trap.frames.iter().map(|frame| (frame.func, frame.offset)).collect::<Vec<_>>()
    };
    let optimized = engine(Tier::Optimized);
    let plain = Module::new(&optimized, &wasm).unwrap();
    let frames = run(&plain, &optimized);
    assert_eq!(frames.iter().map(|frame| frame.0).collect::<Vec<_>>(), [0, 1]);
    let auto = engine(Tier::Auto);
    let module = Module::new(&auto, &wasm).unwrap();
    while !module.stats().is_final {
        assert_eq!(run(&module, &auto), frames);
    }
    assert_eq!(run(&module, &auto), frames);
    assert_ne!(module.serialize().unwrap(), plain.serialize().unwrap(), "it knows what is hot");
}

#[test]
fn what_is_serialized_is_optimised() {
    let bytes = Module::new(&engine(Tier::Optimized), &wasm()).unwrap().serialize().unwrap();
    for engine in engines() {
        assert_eq!(Module::new(&engine, &wasm()).unwrap().serialize().unwrap(), bytes);
        let module = Module::deserialize(&engine, &bytes).unwrap();
        assert!(module.stats().is_final);
        assert_eq!(module.serialize().unwrap(), bytes);
        results(&engine, &module);
    }
}

#[test]
fn modules_that_are_dropped_meanwhile() {
    let engine = engine(Tier::Auto);
    for i in 0..50 {
        let module = Module::new(&engine, &wasm()).unwrap();
        if i % 2 == 0 {
            assert_eq!(results(&engine, &module).0[0], 610);
        }
    }
    let (wasm, start) = (large(), Instant::now());
    for _ in 0..20 {
        Module::new(&engine, &wasm).unwrap();
    }
    let module = Module::new(&engine, &wasm).unwrap();
    wait(&module);
    assert!(start.elapsed() < Duration::from_secs(100), "work on what is gone ends");
}

#[test]
fn a_tier_for_one_module() {
    let engine = engine(Tier::Optimized);
    let module = Module::with_tier(&engine, &wasm(), Tier::Quick).unwrap();
    assert!(!module.stats().is_final);
    assert!(Module::new(&engine, &wasm()).unwrap().stats().is_final);
    results(&engine, &module);
}

#[test]
fn names_of_tiers() {
    for (name, tier) in [("auto", Tier::Auto), ("quick", Tier::Quick), ("optimized", Tier::Optimized)] {
        assert_eq!(name.parse::<Tier>().unwrap(), tier);
    }
    let error = "best".parse::<Tier>().unwrap_err().to_string();
    assert_eq!(error, "there is no tier \"best\": it is auto, quick or optimized");
}

/// Goes where the lowest three bits say, with the others: to another one of these, its own or the other's, or to `ask`.
const HOPPER: &str = r#"(module (type $hop (func (param i32) (result i32)))
  (import "" "ask" (func $ask (type $hop))) (import "" "hops" (table $hops 5 funcref)) (import "" "id" (global $id i32))
  (export "id" (global $id)) (elem (global.get $id) func $call) (elem (offset (i32.add (global.get $id) (i32.const 2))) func $tail)
  (elem (i32.const 4) func $ask)
  (func $call (export "call") (param i32) (result i32)
    (call_indirect (type $hop) (i32.shr_u (local.get 0) (i32.const 3)) (i32.and (local.get 0) (i32.const 7))))
  (func $tail (param i32) (result i32)
    (return_call_ref $hop (i32.shr_u (local.get 0) (i32.const 3))
      (ref.cast (ref $hop) (table.get $hops (i32.and (local.get 0) (i32.const 7)))))))"#;

#[test]
fn hosts_know_who_calls_them_through_a_table() {
    let wasm = wat::parse_str(HOPPER).unwrap();
    for engine in engines() {
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine);
        let ask = |caller: &mut Caller<'_>, _: i32| {
            let id = caller.get_export("id").and_then(Extern::into_global).unwrap();
            let Val::I32(id) = id.get(caller) else { unreachable!("an i32") };
            id
        };
        let ask: Extern = Func::wrap(&mut store, ask).unwrap().into();
        let ty = TableType::new(RefType::FUNCREF, 5, None);
        let hops: Extern = Table::new(&mut store, ty, Val::FuncRef(None)).unwrap().into();
        let [first, _second] = [0, 1].map(|id| {
            let ty = GlobalType { content: ValType::I32, mutable: false };
            let id = Global::new(&mut store, ty, Val::I32(id)).unwrap().into();
            Instance::new(&mut store, &module, &[ask.clone(), hops.clone(), id]).unwrap()
        });
        let call = first.typed_func::<i32, i32>(&store, "call").unwrap();
        for path in 0..1 << 8 {
            // Four hops of two bits each, then `ask`.
            let hops = [0, 2, 4, 6].map(|bit| path >> bit & 3);
            for length in 0..=hops.len() {
                let hops = &hops[..length];
                let path = hops.iter().rfold(4, |path, hop| path << 3 | hop);
                let last = hops.last().copied().unwrap_or(0);
                assert_eq!(call.call(&mut store, path).unwrap(), last & 1, "{hops:?}");
            }
        }
    }
}

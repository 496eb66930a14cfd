//! Traps: every reason, with the frames that were active, wherever wasm was entered from, and as often as it happens.

mod util;

use std::panic::{AssertUnwindSafe, catch_unwind};

use gantry_engine::{
    Caller, Config, Engine, Error, Extern, Frame, Func, FuncType, Instance, Linker, Module, Store, TrapCode,
};
use gantry_engine::{Tier, Val, ValType};
use util::{STYLES, binary, call, call_i32, instance, instruction_offset, module};

use TrapCode as T;

/// What traps, why, and the instruction that does.
const CASES: [(&str, TrapCode, &str); 42] = [
    ("unreachable", T::Unreachable, "Unreachable"),
    ("(drop (i32.load (i32.const 65533)))", T::MemoryOutOfBounds, "I32Load"),
    ("(drop (i32.load8_u (local.get 0)))", T::MemoryOutOfBounds, "I32Load8U"),
    ("(drop (i64.load offset=0xffffffff (i32.const 0)))", T::MemoryOutOfBounds, "I64Load"),
    ("(drop (i64.load offset=0xffffffff (local.get 0)))", T::MemoryOutOfBounds, "I64Load"),
    ("(drop (f64.load offset=65529 (i32.const 0)))", T::MemoryOutOfBounds, "F64Load"),
    ("(i32.store (i32.const 65533) (i32.const 1))", T::MemoryOutOfBounds, "I32Store"),
    ("(i64.store8 (local.get 0) (i64.const 1))", T::MemoryOutOfBounds, "I64Store8"),
    ("(v128.store (i32.const 65521) (v128.const i64x2 0 0))", T::MemoryOutOfBounds, "V128Store"),
    ("(drop (v128.load offset=33554432 (i32.const 0)))", T::MemoryOutOfBounds, "V128Load"),
    ("(memory.copy (i32.const 0) (i32.const 65535) (i32.const 2))", T::MemoryOutOfBounds, "MemoryCopy"),
    ("(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))", T::MemoryOutOfBounds, "MemoryFill"),
    ("(memory.fill (i32.const 1) (i32.const 0) (i32.const -1))", T::MemoryOutOfBounds, "MemoryFill"),
    ("(memory.init $d (i32.const 0) (i32.const 1) (i32.const 5))", T::MemoryOutOfBounds, "MemoryInit"),
    ("(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))", T::MemoryOutOfBounds, "MemoryInit"),
    ("(drop (table.get $t (i32.const 4)))", T::TableOutOfBounds, "TableGet"),
    ("(table.set $t (i32.const 4) (ref.null func))", T::TableOutOfBounds, "TableSet"),
    ("(table.set $x (local.get 0) (ref.null extern))", T::TableOutOfBounds, "TableSet"),
    ("(table.copy $t $t (i32.const 3) (i32.const 0) (i32.const 2))", T::TableOutOfBounds, "TableCopy"),
    ("(table.fill $t (i32.const 4) (ref.null func) (i32.const 1))", T::TableOutOfBounds, "TableFill"),
    ("(table.init $t $e (i32.const 0) (i32.const 1) (i32.const 1))", T::TableOutOfBounds, "TableInit"),
    ("(elem.drop $e) (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))", T::TableOutOfBounds, "TableInit"),
    ("(call_indirect $t (i32.const 4))", T::UndefinedElement, "CallIndirect"),
    ("(call_indirect $t (local.get 0))", T::UndefinedElement, "CallIndirect"),
    ("(call_indirect $t (i32.const 3))", T::UninitializedElement, "CallIndirect"),
    ("(call_indirect $t (param i32) (i32.const 7) (i32.const 0))", T::IndirectCallTypeMismatch, "CallIndirect"),
    ("(drop (call_indirect $t (result i32) (i32.const 1)))", T::IndirectCallTypeMismatch, "CallIndirect"),
    ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", T::IntegerDivideByZero, "I32DivS"),
    ("(drop (i32.div_u (i32.const 1) (local.get 1)))", T::IntegerDivideByZero, "I32DivU"),
    ("(drop (i32.rem_s (local.get 0) (local.get 1)))", T::IntegerRemainderByZero, "I32RemS"),
    ("(drop (i64.rem_u (i64.const 1) (i64.const 0)))", T::IntegerRemainderByZero, "I64RemU"),
    ("(drop (i64.div_s (i64.const 1) (i64.extend_i32_u (local.get 1))))", T::IntegerDivideByZero, "I64DivS"),
    ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", T::IntegerOverflow, "I32DivS"),
    ("(drop (i32.div_s (i32.const 0x80000000) (local.get 0)))", T::IntegerOverflow, "I32DivS"),
    ("(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))", T::IntegerOverflow, "I64DivS"),
    ("(drop (i32.trunc_f32_s (f32.const nan)))", T::InvalidConversionToInteger, "I32TruncF32S"),
    ("(drop (i64.trunc_f64_u (f64.const nan)))", T::InvalidConversionToInteger, "I64TruncF64U"),
    ("(drop (i32.trunc_f64_s (f64.const 2147483648)))", T::ConversionOverflow, "I32TruncF64S"),
    ("(drop (i64.trunc_f32_u (f32.const -1)))", T::ConversionOverflow, "I64TruncF32U"),
    ("(drop (i32.trunc_f32_u (f32.convert_i32_s (local.get 0))))", T::ConversionOverflow, "I32TruncF32U"),
    (
        "(global.set $g (i64.xor (global.get $g) (i64.extend_i32_s (struct.get_s $s 0 (ref.null $s)))))",
        T::NullStruct,
        "StructGetS",
    ),
    (
        "(global.set $g (i64.xor (global.get $g) (i64.extend_i32_u (struct.get_u $s 1 (ref.null $s)))))",
        T::NullStruct,
        "StructGetU",
    ),
];

/// A module whose export `run` traps three functions deep. Locals 0 and 1 of the innermost are -1 and 0.
fn trapping_module(body: &str) -> Vec<u8> {
    binary(&format!(
        r#"(module $traps (import "" "" (func)) (memory 1 1) (table $t 4 4 funcref) (table $x 4 4 externref)
          (type $s (struct (field i8) (field i16))) (global $g (mut i64) (i64.const 0))
          (elem (table $t) (i32.const 0) func $other $other) (elem $e func $other) (data $d "12345")
          (func $other (param i64))
          (func $inner (param i32 i32) nop {body})
          (func $middle (param i32) (nop) (call $inner (local.get 0) (i32.const 0)))
          (func (export "run") (call $middle (i32.const -1))))"#
    ))
}

fn frame(func: u32, name: Option<&str>, offset: Option<u32>) -> Frame {
    let module_name = Some("traps".into());
    Frame { module_fingerprint: 0, module_name, func, func_name: name.map(str::to_owned), offset }
}

/// Without the number that tells modules apart, which must be the same for all of one.
fn without_fingerprints(mut frames: Vec<Frame>) -> Vec<Frame> {
    let first = frames.first().map_or(0, |frame| frame.module_fingerprint);
    for frame in &mut frames {
        assert_eq!(std::mem::take(&mut frame.module_fingerprint), first);
    }
    frames
}

fn trap_of<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (TrapCode, Vec<Frame>) {
    let error = outcome.expect_err("it traps");
    let trap = error.trap().unwrap_or_else(|| panic!("not a trap: {error}"));
    (trap.code, without_fingerprints(trap.frames.clone()))
}

#[test]
fn every_reason_with_its_frames() {
    for (memory_style, tier) in STYLES.into_iter().flat_map(|style| [(style, Tier::Quick), (style, Tier::Optimized)]) {
        let mut config = Config::default();
        (config.memory_style, config.tier, config.threads) = (memory_style, tier, 1);
        let engine = Engine::new(&config).expect("an engine");
        let mut store = Store::new(&engine);
        let nothing = Func::wrap(&mut store, || ()).expect("a function");
        for (body, code, instruction) in CASES {
            let wasm = trapping_module(body);
            let module = Module::new(&engine, &wasm).unwrap_or_else(|error| panic!("{error}: {body}"));
            let instance = instance(&mut store, &module, &[nothing.clone().into()]);
            // Twice: the first trap must leave everything in order.
            for _ in 0..2 {
                let (actual, frames) = trap_of(call(&mut store, &instance, "run", &[]));
                let at = |func, name| Some(instruction_offset(&wasm, func, name));
                let expected = [
                    frame(2, Some("inner"), at(2, instruction)),
                    frame(3, Some("middle"), at(3, "Call")),
                    frame(4, None, at(4, "Call")),
                ];
                assert_eq!((actual, &frames[..]), (code, &expected[..]), "{memory_style:?} {tier:?} {body}");
            }
        }
    }
}

/// Whether functions are inlined does not show: recursion, calls in loops, and tail calls, which leave no frame.
#[test]
fn inlined_functions_have_frames() {
    let wasm = binary(
        r#"(module $traps
          (func $down (param i32) (result i32)
            (drop (i32.div_u (i32.const 1) (local.get 0)))
            (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
          (func $next (param i32) (result i32) (return_call $down (local.get 0)))
          (func (export "run") (loop (drop (call $next (i32.const 9))) (br 0))))"#,
    );
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let instance = Instance::new(&mut store, &Module::new(&engine, &wasm).expect("valid"), &[]).expect("instantiates");
    let (code, frames) = trap_of(call(&mut store, &instance, "run", &[]));
    assert_eq!(code, T::IntegerDivideByZero);
    let (call_down, call_next) = (instruction_offset(&wasm, 0, "Call"), instruction_offset(&wasm, 2, "Call"));
    let mut expected = vec![frame(0, Some("down"), Some(instruction_offset(&wasm, 0, "I32DivU")))];
    expected.extend((0..9).map(|_| frame(0, Some("down"), Some(call_down))));
    expected.push(frame(2, None, Some(call_next)));
    assert_eq!(frames, expected);
}

#[test]
fn messages_show_reason_and_frames() {
    let engine = Engine::default();
    let wasm = binary(r#"(module (func $named (export "run") unreachable))"#);
    let mut store = Store::new(&engine);
    let instance = instance(&mut store, &Module::new(&engine, &wasm).expect("valid"), &[]);
    let error = call(&mut store, &instance, "run", &[]).expect_err("it traps");
    let offset = instruction_offset(&wasm, 0, "Unreachable");
    assert_eq!(error.to_string(), format!("unreachable\n    at named (function 0) at offset {offset:#x}"));
    assert!(error.host_error().is_none() && !error.is_compile() && !error.is_link());
}

#[test]
fn start_functions_and_segments() {
    let engine = Engine::default();
    let wasm = binary("(module $traps (memory 1) (func $start (drop (i32.load (i32.const -1)))) (start $start))");
    let mut store = Store::new(&engine);
    let (code, frames) = trap_of(Instance::new(&mut store, &Module::new(&engine, &wasm).expect("valid"), &[]));
    let offset = instruction_offset(&wasm, 0, "I32Load");
    assert_eq!((code, frames), (T::MemoryOutOfBounds, vec![frame(0, Some("start"), Some(offset))]));

    for (text, expected) in [
        (r#"(module (memory 1) (data (i32.const 65535) "ab"))"#, T::MemoryOutOfBounds),
        (r#"(module (memory 0) (data (i32.const 1) ""))"#, T::MemoryOutOfBounds),
        ("(module (table 1 funcref) (func $f) (elem (i32.const 1) func $f))", T::TableOutOfBounds),
    ] {
        let outcome = Instance::new(&mut store, &module(&engine, text), &[]);
        assert_eq!(trap_of(outcome), (expected, vec![]), "{text}");
    }
}

#[test]
fn a_failed_start_leaves_what_it_wrote() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let owner = r#"(module (memory (export "m") 1) (table (export "t") 1 funcref)
        (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0))))"#;
    let owner = instance(&mut store, &module(&engine, owner), &[]);
    let guest = r#"(module (import "" "m" (memory 1)) (import "" "t" (table 1 funcref)) (data (i32.const 0) "\2a")
        (func $f (result i32) (i32.load8_u (i32.const 0))) (elem (i32.const 0) func $f)
        (func $s unreachable) (start $s))"#;
    let imports = ["m", "t"].map(|name| owner.get_export(&store, name).expect("exported"));
    trap_of(Instance::new(&mut store, &module(&engine, guest), &imports));
    store.collect();
    assert_eq!(call_i32(&mut store, &owner, "call", &[]).expect("returns"), 42);
}

#[test]
fn stack_overflow_again_and_again() {
    let engine = Engine::default();
    let text = r#"(module $traps (func $deep (export "deep") (param i32) (result i32)
        (local i64 i64) (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
        (func $a (export "mutual") (call $b)) (func $b (call $a) (drop (i32.const 1)))
        (func (export "fine") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))"#;
    let mut store = Store::new(&engine);
    let instance = instance(&mut store, &module(&engine, text), &[]);
    for round in 0..1000 {
        let (code, frames) = trap_of(call(&mut store, &instance, "deep", &[Val::I32(0)]));
        assert_eq!(code, T::StackOverflow);
        assert!(frames.len() > 10 && frames.iter().all(|frame| frame.func == 0), "{frames:?}");
        assert_eq!(frames[1].func_name.as_deref(), Some("deep"));
        assert_eq!(trap_of(call(&mut store, &instance, "mutual", &[])).0, T::StackOverflow);
        assert_eq!(call_i32(&mut store, &instance, "fine", &[round]).expect("returns"), round + 1);
    }
}

/// `run` of the module that each of these tests nests: calls the host with a depth.
const NESTING: &str = r#"(module $traps (import "host" "down" (func $down (param i32) (result i32)))
    (memory 1)
    (func $run (export "run") (param i32) (result i32)
      (i32.store (i32.const 0) (local.get 0))
      ;; A branch to a lone trap would become a trap at the place of the branch.
      (if (i32.eqz (local.get 0)) (then (i32.store (i32.const 4) (i32.const 1)) unreachable))
      (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))))"#;

/// An instance of it whose import calls `run` again, and does `then` with what comes of that.
fn nesting(store: &mut Store, then: impl Fn(Result<i32, Error>) -> Result<i32, Error> + 'static) -> Instance {
    let engine = Engine::default();
    let mut linker = Linker::new();
    let down = move |caller: &mut Caller<'_>, depth: i32| {
        let run = caller.get_export("run").and_then(Extern::into_func).expect("exported");
        let run = run.typed::<i32, i32>(caller)?;
        then(run.call(caller, depth))
    };
    linker.func("host", "down", store, down).expect("a function");
    linker.instantiate(store, &module(&engine, NESTING)).expect("linked")
}

#[test]
fn traps_pass_through_nested_calls() {
    let mut store = Store::new(&Engine::default());
    let instance = nesting(&mut store, |outcome| outcome);
    for depth in [0, 1, 2, 100] {
        let (code, frames) = trap_of(call_i32(&mut store, &instance, "run", &[depth]));
        let offset = instruction_offset(&binary(NESTING), 1, "Unreachable");
        assert_eq!((code, &frames[0]), (T::Unreachable, &frame(1, Some("run"), Some(offset))));
    }
}

#[test]
fn hosts_may_swallow_traps_of_nested_calls() {
    let mut store = Store::new(&Engine::default());
    let instance = nesting(&mut store, |outcome| Ok(outcome.unwrap_or(1000)));
    for depth in [1, 2, 50] {
        assert_eq!(call_i32(&mut store, &instance, "run", &[depth]).expect("returns"), 1000 + depth);
    }
}

/// Recursion through the host uses the stack of whoever called first: it ends with a trap, not with the process.
#[test]
fn endless_recursion_through_the_host() {
    let mut store = Store::new(&Engine::default());
    let instance = nesting(&mut store, |outcome| outcome);
    for _ in 0..20 {
        assert_eq!(trap_of(call_i32(&mut store, &instance, "run", &[-1])).0, T::StackOverflow);
        assert_eq!(trap_of(call_i32(&mut store, &instance, "run", &[3])).0, T::Unreachable);
    }
}

#[test]
fn stores_nest() {
    let engine = Engine::default();
    let module = module(&engine, NESTING);
    let mut outer = Store::new(&engine);
    let of = engine.clone();
    let enter = move |depth: i32| -> Result<i32, Error> {
        let mut inner = Store::new(&of);
        let instance = nesting(&mut inner, |outcome| outcome);
        let (code, _) = trap_of(call_i32(&mut inner, &instance, "run", &[depth]));
        Ok(code as i32)
    };
    let mut linker = Linker::new();
    linker.func("host", "down", &mut outer, enter).expect("a function");
    let instance = linker.instantiate(&mut outer, &module).expect("linked");
    assert_eq!(call_i32(&mut outer, &instance, "run", &[3]).expect("returns"), T::Unreachable as i32 + 1);
    assert_eq!(trap_of(call_i32(&mut outer, &instance, "run", &[0])).0, T::Unreachable);
}

#[test]
fn errors_of_host_functions_pass_through_wasm() {
    let mut store = Store::new(&Engine::default());
    let instance = nesting(&mut store, |outcome| match outcome {
        Err(error) if error.trap().is_some() => Err(Error::host(std::io::Error::other("no more"))),
        other => other,
    });
    for depth in [1, 2, 30] {
        let error = call_i32(&mut store, &instance, "run", &[depth]).expect_err("the host fails");
        assert!(error.trap().is_none());
        let inner = error.host_error().and_then(|error| error.downcast_ref::<std::io::Error>());
        assert_eq!(inner.expect("the same error").to_string(), "no more");
    }
}

#[test]
fn panics_of_host_functions_pass_through_wasm() {
    let mut store = Store::new(&Engine::default());
    let instance = nesting(&mut store, |outcome| match outcome {
        Err(_) => std::panic::panic_any(7_u8),
        Ok(value) => Ok(value),
    });
    std::panic::set_hook(Box::new(|_| ()));
    for depth in [1, 2, 30] {
        let outcome = catch_unwind(AssertUnwindSafe(|| call_i32(&mut store, &instance, "run", &[depth])));
        assert_eq!(outcome.expect_err("it panics").downcast_ref::<u8>(), Some(&7));
        // The store can be used afterwards.
        assert_eq!(trap_of(call_i32(&mut store, &instance, "run", &[0])).0, T::Unreachable);
    }
    drop(std::panic::take_hook());
}

#[test]
fn wrong_results_of_host_functions_are_errors() {
    let mut store = Store::new(&Engine::default());
    let wrong = Func::new(&mut store, FuncType::new([], [ValType::I32]), |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let text = r#"(module (import "" "" (func $f (result i32))) (func (export "run") (result i32) (call $f)))"#;
    let instance = instance(&mut store, &module(&Engine::default(), text), &[wrong.into()]);
    let error = call(&mut store, &instance, "run", &[]).expect_err("an i64 is no i32");
    assert!(error.to_string().contains("i32") && error.to_string().contains("i64"), "{error}");
}

#[test]
fn hosts_see_who_called() {
    let engine = Engine::default();
    let wasm = binary(
        r#"(module $traps (import "host" "look" (func $look (result i32)))
        (func $inner (result i32) (call $look)) (func $outer (export "run") (result i32) (nop) (call $inner)))"#,
    );
    let mut store = Store::new(&engine);
    let mut linker = Linker::new();
    let expected = [
        frame(1, Some("inner"), Some(instruction_offset(&wasm, 1, "Call"))),
        frame(2, Some("outer"), Some(instruction_offset(&wasm, 2, "Call"))),
    ];
    let look = move |caller: &mut Caller<'_>| i32::from(without_fingerprints(caller.backtrace()) == expected);
    linker.func("host", "look", &mut store, look).expect("a function");
    let instance = linker.instantiate(&mut store, &Module::new(&engine, &wasm).expect("valid")).expect("linked");
    assert_eq!(call_i32(&mut store, &instance, "run", &[]).expect("returns"), 1);
}

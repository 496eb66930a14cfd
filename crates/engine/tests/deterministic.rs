//! The option `deterministic`: results that are the same on every processor.

mod util;

use gantry_engine::{Config, Engine, Store, Val};
use util::{call, instance, module};

fn engine(deterministic: bool) -> Engine {
    let mut config = Config::default();
    config.deterministic = deterministic;
    Engine::new(&config).expect("an engine")
}

fn bits(engine: &Engine, text: &str, args: &[Val]) -> Vec<Val> {
    let mut store = Store::new(engine);
    let module = module(engine, text);
    let instance = instance(&mut store, &module, &[]);
    call(&mut store, &instance, "f", args).expect("it returns")
}

#[test]
fn relaxed_multiply_and_add_rounds_once() {
    // 2796203.5 * 3 is a tie that rounding the product would lose.
    let result = |op: &str, a: &str| {
        let text = format!(
            r#"(module (func (export "f") (result f32) (f32x4.extract_lane 0 (f32x4.{op}
              (v128.const f32x4 {a} 0 0 0) (v128.const f32x4 3 0 0 0) (v128.const f32x4 8388611 0 0 0)))))"#
        );
        let results = bits(&engine(true), &text, &[]);
        let [Val::F32(bits)] = results[..] else { panic!("a float, not {results:?}") };
        f32::from_bits(bits)
    };
    assert_eq!(result("relaxed_madd", "2796203.5"), 2796203.5_f32.mul_add(3.0, 8388611.0));
    assert_eq!(result("relaxed_nmadd", "-2796203.5"), 2796203.5_f32.mul_add(3.0, 8388611.0));
    assert_ne!(2796203.5_f32.mul_add(3.0, 8388611.0), 2796203.5_f32 * 3.0 + 8388611.0);
}

#[test]
fn nans_are_canonical() {
    const PAYLOAD: (u32, u64) = (0xffc1_2345, 0xfff8_1234_5678_9abc);
    for op in ["f32.add", "f32.sub", "f32.mul", "f32.div", "f32.min", "f32.max"] {
        let text = format!(
            r#"(module (func (export "f") (param f32) (result i32)
              (i32.reinterpret_f32 ({op} (local.get 0) (f32.const 1)))))"#
        );
        let results = bits(&engine(true), &text, &[Val::F32(PAYLOAD.0)]);
        assert!(matches!(results[..], [Val::I32(0x7fc0_0000)]), "{op}: {results:?}");
    }
    for op in ["f64.sqrt", "f64.ceil", "f64.floor", "f64.trunc", "f64.nearest"] {
        let text = format!(
            r#"(module (func (export "f") (param f64) (result i64) (i64.reinterpret_f64 ({op} (local.get 0)))))"#
        );
        let results = bits(&engine(true), &text, &[Val::F64(PAYLOAD.1)]);
        assert!(matches!(results[..], [Val::I64(0x7ff8_0000_0000_0000)]), "{op}: {results:?}");
    }
    let vector = r#"(module (func (export "f") (param f32) (result i32)
      (i32x4.extract_lane 2 (f32x4.mul (f32x4.splat (local.get 0)) (f32x4.splat (f32.const 2))))))"#;
    let results = bits(&engine(true), vector, &[Val::F32(PAYLOAD.0)]);
    assert!(matches!(results[..], [Val::I32(0x7fc0_0000)]), "{results:?}");
}

/// Code that gives the same results everywhere runs where that is not asked for, and no other code where it is.
#[test]
fn artifacts_with_other_results_are_refused() {
    let load = |engine, artifact: &[u8]| gantry_engine::Module::deserialize(&engine, artifact);
    let [plain, deterministic] = [false, true].map(|kind| module(&engine(kind), "(module)").serialize().unwrap());
    assert!(load(engine(true), &plain).is_err());
    assert!(load(engine(true), &deterministic).is_ok());
    assert!(load(engine(false), &deterministic).is_ok());
}

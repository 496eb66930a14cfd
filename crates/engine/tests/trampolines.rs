//! Calls from the host to wasm and back, in code that several signatures share and in code that one has for itself.

use gantry_engine::{Config, Engine, Extern, Func, FuncType, Linker, Module, Store, Tier, Val, ValType};

fn value(ty: ValType, n: i64) -> Val {
    match ty {
        ValType::I32 => Val::I32(n as i32),
        ValType::I64 => Val::I64(n << 33),
        ValType::F32 => Val::F32((n as f32).to_bits()),
        ValType::F64 => Val::F64((n as f64).to_bits()),
        other => panic!("{other}"),
    }
}

fn values(types: &[ValType], from: i64) -> Vec<Val> {
    types.iter().zip(from..).map(|(ty, n)| value(*ty, n)).collect()
}

/// Passes arguments through an export to an import of the same type, and its results back.
fn check(engine: &Engine, params: &[ValType], results: &[ValType]) {
    let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let (takes, gives) = (list(params), list(results));
    let gets: String = (0..params.len()).map(|i| format!("(local.get {i})")).collect();
    let text = format!(
        r#"(module (import "host" "f" (func $f (param {takes}) (result {gives})))
          (func (export "f") (param {takes}) (result {gives}) (call $f {gets})))"#
    );
    let module = Module::new(engine, &wat::parse_str(&text).unwrap()).unwrap();
    let mut store = Store::new(engine);
    let (expected, given) = (values(params, -3), values(results, -9));
    let ty = FuncType::new(params, results);
    let (what, back) = (text.clone(), given.clone());
    let host = Func::new(&mut store, ty, move |_, args, results| {
        assert_eq!(format!("{args:?}"), format!("{expected:?}"), "{what}");
        results.clone_from_slice(&back);
        Ok(())
    });
    let instance = Linker::new().define("host", "f", host).instantiate(&mut store, &module).unwrap();
    let function = instance.get_export(&store, "f").and_then(Extern::into_func).unwrap();
    for _ in 0..3 {
        let actual = function.call(&mut store, &values(params, -3)).unwrap();
        assert_eq!(format!("{actual:?}"), format!("{given:?}"), "{text}");
    }
}

#[test]
fn arguments_and_results_arrive_whatever_the_signature() {
    use ValType::{F32, F64, I32, I64};
    for tier in [Tier::Quick, Tier::Auto, Tier::Optimized] {
        let mut config = Config::default();
        config.tier = tier;
        let engine = Engine::new(&config).unwrap();
        for results in [&[][..], &[I32], &[I64], &[F32], &[F64], &[I32, I32], &[I64, I32]] {
            for count in 0..8 {
                let mut params = vec![I32; count];
                check(&engine, &params, results);
                for other in [I64, F32, F64] {
                    if let Some(last) = params.last_mut() {
                        *last = other;
                        check(&engine, &params, results);
                    }
                }
            }
        }
    }
}

//! The typed and untyped ways of calling, in both directions, and what they refuse.

mod util;

use gantry_engine::{
    Caller, Engine, Error, ExportType, Extern, ExternKind, ExternRef, ExternType, Func, FuncType, Global, GlobalType,
    Instance, Linker, Memory, MemoryType, Module, RefType, Store, Table, TableType, Val, ValType,
};
use util::{binary, call, instance, module};

/// Eight parameters of all sorts, returned in the opposite order.
const REVERSE: &str = r#"(module (func (export "reverse") (param i32 i64 f32 f64 v128 i32 i64 f32)
    (result f32 i64 i32 v128 f64 f32 i64 i32)
    (local.get 7) (local.get 6) (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)))"#;

type Mixed = (i32, i64, f32, f64, u128, u32, u64, f32);
type Reversed = (f32, u64, u32, u128, f64, f32, i64, i32);

#[test]
fn typed_functions_of_eight_values() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let instance = instance(&mut store, &module(&engine, REVERSE), &[]);
    let reverse = instance.typed_func::<Mixed, Reversed>(&store, "reverse").expect("the types fit");
    let args = (-1, i64::MIN, 1.5, -0.0, u128::MAX - 5, u32::MAX, u64::MAX, f32::MIN_POSITIVE);
    let results = reverse.call(&mut store, args).expect("returns");
    assert_eq!(results, (f32::MIN_POSITIVE, u64::MAX, u32::MAX, u128::MAX - 5, -0.0, 1.5, i64::MIN, -1));
    assert!(results.4.is_sign_negative());
}

#[test]
fn typed_host_functions_of_eight_values() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let mut linker = Linker::new();
    let reverse =
        |a: i32, b: i64, c: f32, d: f64, e: u128, f: u32, g: u64, h: f32| -> Reversed { (h, g, f, e, d, c, b, a) };
    linker.func("host", "reverse", &mut store, reverse).expect("a function");
    linker.func("host", "none", &mut store, || ()).expect("a function");
    linker.func("host", "add", &mut store, |_: &mut Caller<'_>, a: i32, b: i32| Ok::<i32, Error>(a + b)).expect("ok");
    let text = r#"(module
        (type $t (func (param i32 i64 f32 f64 v128 i32 i64 f32) (result f32 i64 i32 v128 f64 f32 i64 i32)))
        (import "host" "reverse" (func $reverse (type $t))) (import "host" "none" (func $none))
        (import "host" "add" (func $add (param i32 i32) (result i32)))
        (func (export "run") (result f32 i64 i32 v128 f64 f32 i64 i32) (call $none)
          (call $reverse (call $add (i32.const 40) (i32.const 2)) (i64.const -2) (f32.const 3) (f64.const inf)
            (v128.const i64x2 5 6) (i32.const -7) (i64.const 8) (f32.const 9))))"#;
    let instance = linker.instantiate(&mut store, &module(&engine, text)).expect("linked");
    let run = instance.typed_func::<(), Reversed>(&store, "run").expect("the types fit");
    let expected = (9.0, 8, -7_i32 as u32, 6 << 64 | 5, f64::INFINITY, 3.0, -2, 42);
    assert_eq!(run.call(&mut store, ()).expect("returns"), expected);
}

/// More parameters and results than registers hold, in both directions.
#[test]
fn many_values() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    for count in [1, 5, 6, 7, 17, 40, 200, 999] {
        let types: Vec<ValType> = (0..count)
            .map(|i| [ValType::I32, ValType::F64, ValType::I64, ValType::F32, ValType::V128][i % 5])
            .collect();
        let ty = FuncType::new(&types[..], types.iter().rev().copied().collect::<Vec<_>>());
        let host = Func::new(&mut store, ty.clone(), |_, args, results| {
            results.clone_from_slice(args);
            results.reverse();
            Ok(())
        });
        let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let gets: String = (0..count).map(|i| format!("(local.get {i})")).collect();
        let text = format!(
            r#"(module (type $t (func (param {}) (result {}))) (import "" "" (func $f (type $t)))
              (func (export "run") (type $t) {gets} (call $f)))"#,
            list(&ty.params),
            list(&ty.results)
        );
        let instance = instance(&mut store, &module(&engine, &text), &[host.into()]);
        let args: Vec<Val> = types.iter().enumerate().map(|(i, ty)| value(*ty, i)).collect();
        let results = call(&mut store, &instance, "run", &args).expect("returns");
        let expected: Vec<String> = args.iter().rev().map(|value| format!("{value:?}")).collect();
        assert_eq!(results.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>(), expected, "{count}");
    }
}

fn value(ty: ValType, i: usize) -> Val {
    match ty {
        ValType::I32 => Val::I32(-(i as i32)),
        ValType::I64 => Val::I64(i as i64 - (1 << 40)),
        ValType::F32 => Val::F32((i as f32 + 0.5).to_bits()),
        ValType::F64 => Val::F64(0x7ff8_0000_0000_0000 | i as u64),
        _ => Val::V128((i as u128) << 90 | 1),
    }
}

#[test]
fn wrong_types_are_refused() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let instance = instance(&mut store, &module(&engine, REVERSE), &[]);
    let text = instance.typed_func::<i32, i32>(&store, "reverse").expect_err("other types").to_string();
    assert!(text.contains("i32") && text.contains("v128"), "{text}");
    let text = instance.typed_func::<i32, i32>(&store, "missing").expect_err("missing").to_string();
    assert!(text.contains("missing"), "{text}");

    let add = Func::wrap(&mut store, |a: i32, b: i32| a + b).expect("a function");
    assert!(add.call(&mut store, &[Val::I32(1)]).is_err());
    assert!(add.call(&mut store, &[Val::I32(1), Val::I64(1)]).is_err());
    assert!(matches!(add.call(&mut store, &[Val::I32(1), Val::I32(2)]).expect("returns")[..], [Val::I32(3)]));

    let ty = GlobalType { content: ValType::I32, mutable: false };
    let global = Global::new(&mut store, ty, Val::I32(1)).expect("the value fits");
    assert!(global.set(&mut store, &Val::I32(2)).is_err());
    assert!(Global::new(&mut store, ty, Val::I64(1)).is_err());
    let ty = TableType::new(RefType::FUNCREF, 1, Some(2));
    let table = Table::new(&mut store, ty, Val::FuncRef(None)).expect("the value fits");
    assert!(table.set(&mut store, 0, &Val::ExternRef(None)).is_err());
    assert!(table.set(&mut store, 1, &Val::FuncRef(None)).is_err());
    assert!(table.get(&store, 1).is_none() && table.get(&store, u64::MAX).is_none());
    assert_eq!(table.grow(&mut store, 1, &Val::FuncRef(Some(add))).expect("below the maximum"), 1);
    assert!(table.grow(&mut store, 1, &Val::FuncRef(None)).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(65_537, None)).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(2, Some(1))).is_err());
}

#[test]
fn handles_of_other_stores_are_refused() {
    let engine = Engine::default();
    let (mut one, mut other) = (Store::new(&engine), Store::new(&engine));
    let func = Func::wrap(&mut one, || ()).expect("a function");
    assert!(func.call(&mut other, &[]).is_err());
    let memory = Memory::new(&mut one, MemoryType::new(0, None)).expect("a memory");
    assert!(memory.grow(&mut other, 1).is_err());
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    assert!(Table::new(&mut other, ty, Val::FuncRef(Some(func.clone()))).is_err());
    let table = Table::new(&mut other, ty, Val::FuncRef(None)).expect("a table");
    assert!(table.set(&mut other, 0, &Val::FuncRef(Some(func.clone()))).is_err());
    let value = ExternRef::new(&mut one, 1_u8);
    let ty = GlobalType { content: ValType::EXTERNREF, mutable: true };
    assert!(Global::new(&mut other, ty, Val::ExternRef(Some(value))).is_err());
    let module = module(&engine, r#"(module (import "" "" (func)))"#);
    assert!(Instance::new(&mut other, &module, &[func.into()]).is_err());
}

#[test]
fn modules_describe_themselves() {
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module (import "a" "f" (func (param i32))) (import "b" "m" (memory 1 2))
        (@custom "note" "one") (@custom "note" "two") (global (export "g") (mut f64) (f64.const 0))
        (table (export "t") 3 externref) (func (export "h") (result v128) unreachable) (export "m" (memory 0)))"#,
    );
    let imports: Vec<_> = module.imports().map(|import| (import.module(), import.name(), import.ty().kind())).collect();
    assert_eq!(imports, [("a", "f", ExternKind::Func), ("b", "m", ExternKind::Memory)]);
    let exports: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    assert_eq!(exports, ["g", "t", "h", "m"]);
    let ty = module.exports().find(|export| export.name() == "h").expect("exported");
    let ExternType::Func(ty) = ExportType::ty(&ty) else { panic!("a function") };
    assert_eq!(module.func_type(*ty), FuncType::new([], [ValType::V128]));
    let memory = module.imports().nth(1).expect("imported");
    let ExternType::Memory(ty) = memory.ty() else { panic!("a memory") };
    assert_eq!((ty.min, ty.max), (1, Some(2)));
    assert_eq!(module.custom_sections("note").collect::<Vec<_>>(), [b"one", b"two"]);
    assert_eq!(module.custom_sections("other").count(), 0);
}

#[test]
fn compile_errors_say_where() {
    let engine = Engine::default();
    let mut wasm = binary("(module (func (result i32) (i32.const 1)))");
    let at = wasm.iter().rposition(|byte| *byte == 0x41).expect("i32.const");
    wasm[at] = 0x42;
    for error in [Module::new(&engine, &wasm).expect_err("an i64"), Module::validate(&wasm).expect_err("an i64")] {
        assert!(error.is_compile());
        assert_eq!(error.offset(), Some(at as u64 + 2), "{error}");
        assert!(error.to_string().contains(&format!("offset {:#x}", at + 2)), "{error}");
    }
}

#[test]
fn exports_keep_their_identity_and_order() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let text = r#"(module (func $f (export "a") (export "b")) (memory (export "m") 0) (export "c" (func $f)))"#;
    let instance = instance(&mut store, &module(&engine, text), &[]);
    let exports = instance.exports(&store);
    let names: Vec<&str> = exports.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "m", "c"]);
    assert!(matches!(exports[2].1, Extern::Memory(_)));
    assert!(instance.get_export(&store, "nothing").is_none());
}

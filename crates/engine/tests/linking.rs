//! Instances that share memories, tables, globals and functions; what does not fit; and programs whose results must
//! not depend on how memories are laid out.

mod util;

use gantry_engine::{
    Engine, Error, ExnRef, Extern, ExternType, Func, FuncType, Global, GlobalType, Instance, Linker, Memory,
    MemoryStyle, MemoryType, RefType, Store, Table, TableType, Tag, TrapCode, Val, ValType,
};
use util::{STYLES, call, call_i32, engine, instance, module};

fn i32_global(store: &mut Store, mutable: bool) -> Global {
    Global::new(store, GlobalType { content: ValType::I32, mutable }, Val::I32(1)).expect("the value fits")
}

fn table(store: &mut Store, element: RefType, min: u64, max: Option<u64>) -> Table {
    let null = if element == RefType::FUNCREF { Val::FuncRef(None) } else { Val::ExternRef(None) };
    Table::new(store, TableType::new(element, min, max), null).expect("a table")
}

/// Imports, what is given for them, and what the error has to mention besides the names.
#[test]
fn errors_name_import_and_types() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let func: Extern = Func::wrap(&mut store, |_: i64| 1.0_f32).expect("a function").into();
    let memory = |store: &mut Store, min, max| Memory::new(store, MemoryType::new(min, max)).expect("a memory").into();
    let (small, open): (Extern, Extern) = (memory(&mut store, 1, Some(2)), memory(&mut store, 1, None));
    let funcs: Extern = table(&mut store, RefType::FUNCREF, 3, Some(10)).into();
    let values: Extern = table(&mut store, RefType::EXTERNREF, 3, None).into();
    let constant: Extern = i32_global(&mut store, false).into();
    let variable: Extern = i32_global(&mut store, true).into();
    let cases: [(&str, &Extern, &[&str]); 18] = [
        ("(func (param i32))", &func, &["i32", "i64", "f32"]),
        ("(func (param i64) (result f64))", &func, &["f64", "f32"]),
        ("(func)", &small, &["function", "memory"]),
        ("(memory 1)", &func, &["memory", "function", "i64"]),
        ("(memory 2)", &open, &["2", "1"]),
        ("(memory 0 1)", &small, &["memory", "1", "2"]),
        ("(memory 0 1)", &open, &["memory", "1"]),
        ("(memory 1)", &funcs, &["memory", "table"]),
        ("(table 4 funcref)", &funcs, &["4", "3", "funcref"]),
        ("(table 1 5 funcref)", &funcs, &["5", "10"]),
        ("(table 1 5 externref)", &values, &["5", "externref"]),
        ("(table 1 funcref)", &values, &["funcref", "externref"]),
        ("(table 1 funcref)", &constant, &["table", "global", "i32"]),
        ("(global i64)", &constant, &["i64", "i32"]),
        ("(global i32)", &variable, &["mut", "i32"]),
        ("(global (mut i32))", &constant, &["mut", "i32"]),
        ("(global funcref)", &constant, &["funcref", "i32"]),
        ("(global i32)", &funcs, &["global", "table"]),
    ];
    for (import, given, words) in cases {
        let text = format!(r#"(module (import "the module" "the field" {import}))"#);
        let module = module(&engine, &text);
        let error = Instance::new(&mut store, &module, std::slice::from_ref(given)).expect_err("it does not fit");
        let message = error.to_string();
        assert!(error.is_link(), "{message}");
        for word in ["the module", "the field", "expected", "found"].iter().chain(words) {
            assert!(message.contains(word), "{import}: {word:?} is not in {message:?}");
        }
        let error = Linker::new().instantiate(&mut store, &module).expect_err("it is missing");
        let message = error.to_string();
        assert!(error.is_link() && message.contains("the module") && message.contains("the field"), "{message}");
    }
}

#[test]
fn what_is_present_counts_not_what_was_declared() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).expect("a memory");
    let table = table(&mut store, RefType::FUNCREF, 1, Some(3));
    let text = r#"(module (import "" "m" (memory 2 3)) (import "" "t" (table 2 3 funcref)))"#;
    let module = module(&engine, text);
    let imports = [memory.clone().into(), table.clone().into()];
    assert!(Instance::new(&mut store, &module, &imports).expect_err("too small").is_link());
    memory.grow(&mut store, 1).expect("below the maximum");
    table.grow(&mut store, 1, &Val::FuncRef(None)).expect("below the maximum");
    instance(&mut store, &module, &imports);
}

const OWNER: &str = r#"(module (memory (export "m") 1 4) (table (export "t") 4 8 funcref)
    (global (export "g") (mut i64) (i64.const 5)) (global (export "c") f32 (f32.const 1.5))
    (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func (export "peek") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "size") (result i32) (i32.add (memory.size) (table.size 0)))
    (func (export "at") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
    (func (export "g64") (result i64) (global.get 0)))"#;

const GUEST: &str = r#"(module (import "o" "m" (memory 1 4)) (import "o" "t" (table 1 8 funcref))
    (import "o" "g" (global $g (mut i64))) (import "o" "c" (global $c f32))
    (import "o" "twice" (func $twice (param i32) (result i32)))
    (data (i32.const 16) "\2a\00\00\00") (elem (i32.const 2) $own) (global (export "re") f32 (global.get $c))
    (func $own (result i32) (call $twice (i32.const 21)))
    (func (export "poke") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (i32.add (memory.grow (i32.const 1)) (table.grow 0 (ref.func $own) (i32.const 1))))
    (func (export "set") (global.set $g (i64.add (global.get $g) (i64.const 1))))
    (export "m2" (memory 0)) (export "g2" (global $g)) (export "twice2" (func $twice)))"#;

#[test]
fn instances_share_what_they_import() {
    for style in STYLES {
        let engine = engine(style, 1);
        let mut store = Store::new(&engine);
        let owner = instance(&mut store, &module(&engine, OWNER), &[]);
        let mut linker = Linker::new();
        linker.instance("o", &store, &owner);
        let guest = linker.instantiate(&mut store, &module(&engine, GUEST)).expect("linked");
        let number = |store: &mut Store, name, args: &[i32]| call_i32(store, &owner, name, args).expect("returns");
        assert_eq!(number(&mut store, "peek", &[16]), 42);
        call(&mut store, &guest, "poke", &[Val::I32(20), Val::I32(77)]).expect("returns");
        assert_eq!(number(&mut store, "peek", &[20]), 77);
        assert_eq!(number(&mut store, "at", &[2]), 42);
        assert_eq!(number(&mut store, "size", &[]), 5);
        assert_eq!(call_i32(&mut store, &guest, "grow", &[]).expect("returns"), 5);
        assert_eq!(number(&mut store, "size", &[]), 7);
        assert_eq!(number(&mut store, "at", &[4]), 42);
        call(&mut store, &guest, "poke", &[Val::I32(131_068), Val::I32(9)]).expect("inside after growth");
        assert_eq!(number(&mut store, "peek", &[131_068]), 9);
        call(&mut store, &guest, "set", &[]).expect("returns");
        assert!(matches!(call(&mut store, &owner, "g64", &[]).expect("returns")[..], [Val::I64(6)]));
        let global = guest.get_export(&store, "g2").and_then(Extern::into_global).expect("exported");
        assert!(matches!(global.get(&store), Val::I64(6)));
        global.set(&mut store, &Val::I64(-1)).expect("mutable");
        assert!(matches!(call(&mut store, &owner, "g64", &[]).expect("returns")[..], [Val::I64(-1)]));
        let memory = guest.get_export(&store, "m2").and_then(Extern::into_memory).expect("exported");
        assert_eq!(memory.data(&store)[16], 42);
        memory.data_mut(&mut store)[16] = 43;
        memory.grow(&mut store, 2).expect("below the maximum");
        assert!(memory.grow(&mut store, 1).is_err(), "beyond the maximum");
        assert_eq!(number(&mut store, "peek", &[16]), 43);
        assert_eq!(number(&mut store, "peek", &[262_140]), 0);
        assert_eq!(call_i32(&mut store, &guest, "twice2", &[4]).expect("returns"), 8);
    }
}

/// Equal function types are one type whichever module they come from and whichever index they have there.
#[test]
fn signatures_are_the_same_across_modules() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let caller = r#"(module (type $other (func (param f64))) (type $t (func (param i32 i64) (result f32)))
        (table (export "t") 3 funcref) (func (export "call") (param i32) (result i32)
          (i32.trunc_f32_s (call_indirect (type $t) (i32.const 3) (i64.const 4) (local.get 0)))))"#;
    let caller = instance(&mut store, &module(&engine, caller), &[]);
    let table = caller.get_export(&store, "t").and_then(Extern::into_table).expect("exported");
    let callee = r#"(module (type (func)) (type (func (result f32))) (type $same (func (param i32 i64) (result f32)))
        (func (export "right") (type $same) (f32.convert_i64_s (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1))))
        (func (export "wrong") (param i64 i32) (result f32) (f32.const 0)))"#;
    let callee = instance(&mut store, &module(&engine, callee), &[]);
    for (at, name) in [(0, "right"), (1, "wrong")] {
        let func = callee.get_export(&store, name).and_then(Extern::into_func);
        table.set(&mut store, at, &Val::FuncRef(func)).expect("inside");
    }
    let host = Func::wrap(&mut store, |a: i32, b: i64| (a as f32) * (b as f32)).expect("a function");
    table.set(&mut store, 2, &Val::FuncRef(Some(host))).expect("inside");
    assert_eq!(call_i32(&mut store, &caller, "call", &[0]).expect("returns"), 7);
    assert_eq!(call_i32(&mut store, &caller, "call", &[2]).expect("returns"), 12);
    let error = call_i32(&mut store, &caller, "call", &[1]).expect_err("another type");
    assert_eq!(error.trap().expect("a trap").code, TrapCode::IndirectCallTypeMismatch);
    // A function fits an import by its type, not by who made it.
    let import = r#"(module (import "" "" (func $f (param i32 i64) (result f32))) (func (export "run") (result f32)
        (call $f (i32.const 1) (i64.const 2))))"#;
    let func = callee.get_export(&store, "right").expect("exported");
    let importer = instance(&mut store, &module(&engine, import), &[func]);
    let result = importer.typed_func::<(), f32>(&store, "run").expect("exported").call(&mut store, ());
    assert_eq!(result.expect("returns"), 3.0);
}

#[test]
fn one_host_function_for_many_instances() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let mut linker = Linker::new();
    let name = |caller: &mut gantry_engine::Caller<'_>| -> Result<i32, Error> {
        let global = caller.get_export("id").and_then(Extern::into_global).expect("exported");
        let Val::I32(id) = global.get(caller) else { unreachable!("an i32") };
        Ok(id)
    };
    linker.func("", "name", &mut store, name).expect("a function");
    let instances: Vec<Instance> = (0..50)
        .map(|id| {
            let text = format!(
                r#"(module (import "" "name" (func $name (result i32))) (global (export "id") i32 (i32.const {id}))
                  (func (export "ask") (result i32) (call $name)))"#
            );
            linker.instantiate(&mut store, &module(&engine, &text)).expect("linked")
        })
        .collect();
    for (id, instance) in instances.iter().enumerate() {
        assert_eq!(call_i32(&mut store, instance, "ask", &[]).expect("returns"), id as i32);
    }
}

#[test]
fn the_number_of_imports_is_checked() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let module = module(&engine, r#"(module (import "" "" (func)) (import "" "" (func)))"#);
    let func: Extern = Func::new(&mut store, FuncType::new([], []), |_, _, _| Ok(())).into();
    for given in [vec![], vec![func.clone()], vec![func; 3]] {
        assert!(Instance::new(&mut store, &module, &given).expect_err("two are wanted").is_link());
    }
}

/// Programs that return one i32, and what it is.
const PROGRAMS: [(&str, Result<i32, TrapCode>); 13] = [
    // A sieve: primes below 10,000.
    (
        "(local $i i32) (local $j i32) (local $n i32) (local.set $i (i32.const 2))
         (loop $outer (if (i32.eqz (i32.load8_u (local.get $i))) (then
           (local.set $n (i32.add (local.get $n) (i32.const 1))) (local.set $j (local.get $i))
           (loop $inner (i32.store8 (local.get $j) (i32.const 1))
             (local.set $j (i32.add (local.get $j) (local.get $i)))
             (br_if $inner (i32.lt_u (local.get $j) (i32.const 10000))))))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $outer (i32.lt_u (local.get $i) (i32.const 10000)))) (local.get $n)",
        Ok(1229),
    ),
    ("(i32.load8_u (i32.const 65535))", Ok(0)),
    ("(i32.load8_u (i32.const 65536))", Err(TrapCode::MemoryOutOfBounds)),
    ("(i32.load offset=4294967295 (i32.const 1))", Err(TrapCode::MemoryOutOfBounds)),
    ("(i32.load offset=65532 (i32.const 0))", Ok(0)),
    ("(i32.load offset=65533 align=1 (i32.const 0))", Err(TrapCode::MemoryOutOfBounds)),
    // Growth one page at a time up to the maximum; then it fails and nothing changes.
    (
        "(local $i i32) (loop $again (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4))
           (memory.size)) (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (i32.add (i32.mul (memory.size) (i32.const 1000)) (i32.load (i32.const 1048572)))",
        Ok(16_016),
    ),
    ("(memory.grow (i32.const 16))", Ok(-1)),
    ("(memory.grow (i32.const -1))", Ok(-1)),
    ("(drop (memory.grow (i32.const 15))) (memory.grow (i32.const 0))", Ok(16)),
    // What was there stays, and what comes is zero.
    (
        "(memory.fill (i32.const 0) (i32.const 7) (i32.const 65536)) (drop (memory.grow (i32.const 3)))
         (memory.copy (i32.const 131000) (i32.const 65530) (i32.const 100))
         (i32.add (i32.load8_u (i32.const 131005)) (i32.load8_u (i32.const 131006)))",
        Ok(7),
    ),
    // The address of an access is taken after its operands have grown the memory.
    ("(i32.store (i32.const 65536) (i32.add (memory.grow (i32.const 1)) (i32.const 4))) (i32.load (i32.const 65536))", Ok(5)),
    (
        "(local $i i32) (local $sum i32) (loop $again (local.set $sum (i32.add (local.get $sum)
           (i32.load (i32.mul (local.get $i) (i32.const 65536))))) (drop (memory.grow (i32.const 1)))
           (i32.store (i32.mul (memory.size) (i32.const 65532)) (i32.const 1))
           (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $again (i32.lt_u (local.get $i) (i32.const 16))))
         (local.get $sum)",
        Ok(0),
    ),
];

#[test]
fn both_memory_styles_run_the_same_programs() {
    for style in STYLES {
        let engine = engine(style, 1);
        let mut store = Store::new(&engine);
        for (body, expected) in PROGRAMS {
            let text = format!(r#"(module (memory 1 16) (func (export "run") (result i32) {body}))"#);
            let instance = instance(&mut store, &module(&engine, &text), &[]);
            let outcome = call_i32(&mut store, &instance, "run", &[]);
            let outcome = outcome.map_err(|error| error.trap().expect("a trap").code);
            assert_eq!(outcome, expected, "{style:?} {body}");
        }
    }
}

#[test]
fn kernels_behave_the_same_in_both_styles() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benchmark/kernels/wasm");
    for file in std::fs::read_dir(folder).expect("kernels") {
        let path = file.expect("a kernel").path();
        let wasm = std::fs::read(&path).expect("a kernel");
        let run = |style: MemoryStyle| {
            let engine = engine(style, 2);
            let mut store = Store::new(&engine);
            let module = gantry_engine::Module::new(&engine, &wasm).unwrap_or_else(|e| panic!("{path:?}: {e}"));
            let imports: Vec<Extern> = module.imports().map(|import| dummy(&mut store, &module, import.ty())).collect();
            let instance = instance(&mut store, &module, &imports);
            let mut seen = Vec::new();
            for (name, item) in instance.exports(&store) {
                let Extern::Func(func) = item else { continue };
                let args: Vec<Val> = func.ty(&store).params.iter().map(|ty| small(*ty)).collect();
                seen.push(format!("{name} {:?}", func.call(&mut store, &args)));
            }
            for (name, item) in instance.exports(&store) {
                if let Extern::Memory(memory) = item {
                    let sum = memory.data(&store).iter().fold(0_u64, |n, b| n.wrapping_mul(31) + u64::from(*b));
                    seen.push(format!("{name} {sum:x}"));
                }
            }
            seen
        };
        assert_eq!(run(MemoryStyle::Reserved), run(MemoryStyle::Checked), "{path:?}");
    }
}

/// Something that can be imported as what is asked for.
fn dummy(store: &mut Store, module: &gantry_engine::Module, ty: &ExternType) -> Extern {
    let ExternType::Func(ty) = ty else { panic!("kernels import functions only") };
    Func::new(store, module.func_type(*ty), |_, _, _| Ok(())).into()
}

/// An argument for which a kernel is done soon.
fn small(ty: ValType) -> Val {
    match ty {
        ValType::I32 => Val::I32(8),
        ValType::I64 => Val::I64(8),
        ValType::F32 => Val::from(8_f32),
        ValType::F64 => Val::from(8_f64),
        other => Val::default_of(other),
    }
}

/// Types that have subtypes or belong to a recursion group are not what their parameters and results say.
#[test]
fn host_functions_and_tags_of_types_of_a_module() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let module = module(
        &engine,
        r#"(module
          (rec (type $open (sub (func (param i32) (result i32)))) (type $pair (func (param i64))))
          (import "m" "f" (func $f (type $open)))
          (import "m" "t" (tag $t (type $pair)))
          (func (export "run") (param i32) (result i32)
            (block $caught (result i64)
              (try_table (result i64) (catch $t $caught) (i64.extend_i32_s (call $f (local.get 0)))))
            (i32.wrap_i64)))"#,
    );
    let indices: Vec<u32> = module
        .imports()
        .map(|import| match *import.ty() {
            ExternType::Func(index) | ExternType::Tag(index) => index,
            ref other => panic!("{other:?}"),
        })
        .collect();
    let tag = Tag::of_type(&mut store, &module, indices[1]);
    let thrown = tag.clone();
    let func = Func::of_type(&mut store, &module, indices[0], move |caller, args, results| {
        let [Val::I32(value)] = *args else { panic!("an i32, not {args:?}") };
        if value < 0 {
            let exception = ExnRef::new(caller, &thrown, &[Val::I64(77)])?;
            return Err(caller.throw(exception));
        }
        results[0] = Val::I32(value + 1);
        Ok(())
    });
    let func = func.expect("a function");
    let ty = func.ty(&store);
    let alike = Func::new(&mut store, ty, |_, _, _| Ok(()));
    assert!(Instance::new(&mut store, &module, &[alike.into(), tag.clone().into()]).is_err(), "another type");
    let instance = instance(&mut store, &module, &[func.into(), tag.into()]);
    assert_eq!(call_i32(&mut store, &instance, "run", &[4]).expect("returns"), 5);
    assert_eq!(call_i32(&mut store, &instance, "run", &[-1]).expect("returns"), 77);
}

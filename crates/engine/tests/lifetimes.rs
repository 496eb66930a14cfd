//! What is alive: what handles and running functions can reach, and nothing else.

mod util;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gantry_engine::{Caller, Engine, Extern, ExternRef, Func, FuncType, Instance, Memory, MemoryType, Module, RefType};
use gantry_engine::{Store, Table, TableType, Val, ValType};
use util::{STYLES, binary, call, call_i32, engine, instance, module};

/// A host value that counts how many of its sort are alive.
struct Counted(Rc<Cell<usize>>);

impl Counted {
    fn new(count: &Rc<Cell<usize>>) -> Counted {
        count.set(count.get() + 1);
        Counted(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn func(store: &mut Store, callback: impl Fn(&mut Caller<'_>) + 'static) -> Extern {
    let ty = FuncType::new([], []);
    Func::new(store, ty, move |caller, _, _| {
        callback(caller);
        Ok(())
    })
    .into()
}

/// Frees what can be freed and takes its place with other things, so that what was freed wrongly is noticed.
fn collect_and_reuse(caller: &mut Caller<'_>, engine: &Engine) {
    caller.collect();
    for _ in 0..4 {
        let ty = MemoryType::new(1, Some(1));
        let memory = Memory::new(caller, ty).expect("a memory");
        memory.data_mut(caller).fill(0xaa);
        let other = module(
            engine,
            r#"(module (table 4 funcref) (global (export "g") (mut i64) (i64.const -1))
            (func (export "f") unreachable))"#,
        );
        instance(caller, &other, &[]);
    }
}

const FUNCREF_TABLE: TableType = TableType::new(RefType::FUNCREF, 1, None);

#[test]
fn unreachable_things_go_and_reachable_ones_stay() {
    let engine = Engine::default();
    let module = module(
        &engine,
        r#"(module (memory (export "m") 1) (table (export "t") 1 funcref)
        (global (export "g") (mut i32) (i32.const 5)) (func (export "f") (result i32) (global.get 0)))"#,
    );
    let mut store = Store::new(&engine);
    for (name, kept) in [("m", 1), ("t", 1), ("g", 4), ("f", 4)] {
        let item = instance(&mut store, &module, &[]).get_export(&store, name);
        store.collect();
        assert_eq!(store.population(), kept, "by {name}");
        if let Some(Extern::Func(func)) = &item {
            assert!(matches!(func.call(&mut store, &[]).expect("returns")[..], [Val::I32(5)]));
        }
        let second = item.clone();
        drop(item);
        store.collect();
        assert_eq!(store.population(), kept, "by a clone of {name}");
        drop(second);
        store.collect();
        assert_eq!(store.population(), 0, "after {name}");
    }
}

#[test]
fn cycles_are_freed() {
    let engine = Engine::default();
    let owner = module(
        &engine,
        r#"(module (table (export "t") 3 funcref) (elem (i32.const 0) func $f)
        (global (export "g") (mut funcref) (ref.func $f)) (func $f (export "f")))"#,
    );
    let guest = module(
        &engine,
        r#"(module (import "" "t" (table 3 funcref)) (import "" "g" (global (mut funcref)))
        (import "" "f" (func)) (elem (i32.const 1) func $h) (func $h) (start $s) (elem declare func $h)
        (func $s (global.set 0 (ref.func $h))) (table (export "t") 1 funcref))"#,
    );
    let mut store = Store::new(&engine);
    let first = instance(&mut store, &owner, &[]);
    let exports: Vec<Extern> = ["t", "g", "f"].map(|name| first.get_export(&store, name).expect("exported")).into();
    let second = instance(&mut store, &guest, &exports);
    drop((first, second));
    store.collect();
    assert_eq!(store.population(), 5, "the table and the global hold everything");
    drop(exports);
    store.collect();
    assert_eq!(store.population(), 0);
}

#[test]
fn host_functions_go_with_their_closures() {
    let engine = Engine::default();
    let count: Rc<Cell<usize>> = Rc::default();
    let mut store = Store::new(&engine);
    let counted = Counted::new(&count);
    let imported = func(&mut store, move |_| assert_eq!(counted.0.get(), 1));
    let module = module(&engine, r#"(module (import "" "" (func $f)) (func (export "run") (call $f)))"#);
    let instance = instance(&mut store, &module, &[imported]);
    store.collect();
    call(&mut store, &instance, "run", &[]).expect("returns");
    assert_eq!(count.get(), 1);
    drop(instance);
    store.collect();
    assert_eq!((count.get(), store.population()), (0, 0));

    let counted = Counted::new(&count);
    let _kept = func(&mut store, move |_| assert_eq!(counted.0.get(), 1));
    drop(store);
    assert_eq!(count.get(), 0, "a store drops what it owns, whatever handles there are");
}

#[test]
fn host_values_live_as_long_as_something_refers_to_them() {
    let engine = Engine::default();
    let count: Rc<Cell<usize>> = Rc::default();
    let mut store = Store::new(&engine);
    let module = module(
        &engine,
        r#"(module (table (export "t") 2 externref) (global (export "g") (mut externref) (ref.null extern))
        (global $own (mut externref) (ref.null extern))
        (func (export "keep") (param externref) (global.set $own (local.get 0)))
        (func (export "kept") (result externref) (global.get $own)))"#,
    );
    let instance = instance(&mut store, &module, &[]);
    let table = instance.get_export(&store, "t").and_then(Extern::into_table).expect("exported");
    let global = instance.get_export(&store, "g").and_then(Extern::into_global).expect("exported");
    let alive = |store: &mut Store| {
        store.collect();
        count.get()
    };

    let value = Val::ExternRef(Some(ExternRef::new(&mut store, Counted::new(&count))));
    table.set(&mut store, 1, &value).expect("inside");
    drop(value);
    assert_eq!(alive(&mut store), 1, "by the table");
    let value = table.get(&store, 1).expect("inside");
    table.set(&mut store, 1, &Val::ExternRef(None)).expect("inside");
    assert_eq!(alive(&mut store), 1, "by the handle");
    global.set(&mut store, &value).expect("mutable");
    drop(value);
    assert_eq!(alive(&mut store), 1, "by the exported global");
    let value = global.get(&store);
    call(&mut store, &instance, "keep", &[value]).expect("returns");
    global.set(&mut store, &Val::ExternRef(None)).expect("mutable");
    assert_eq!(alive(&mut store), 1, "by the global that nothing outside can see");
    let kept = call(&mut store, &instance, "kept", &[]).expect("returns").remove(0);
    let Val::ExternRef(Some(kept)) = kept else { panic!("{kept:?}") };
    assert!(kept.data(&store).expect("a host value").downcast_ref::<Counted>().is_some());
    drop(kept);
    call(&mut store, &instance, "keep", &[Val::ExternRef(None)]).expect("returns");
    assert_eq!(alive(&mut store), 0);
    for _ in 0..10_000 {
        ExternRef::new(&mut store, Counted::new(&count));
    }
    assert_eq!(alive(&mut store), 0);
}

/// References that only locals of running functions hold.
#[test]
fn running_functions_keep_their_references() {
    let engine = Engine::default();
    let count: Rc<Cell<usize>> = Rc::default();
    let mut store = Store::new(&engine);
    let counter = count.clone();
    let make = Func::new(&mut store, FuncType::new([], [ValType::EXTERNREF]), move |caller, _, results| {
        results[0] = Val::ExternRef(Some(ExternRef::new(caller, Counted::new(&counter))));
        Ok(())
    });
    let of = engine.clone();
    let make_func = Func::new(&mut store, FuncType::new([], [ValType::FUNCREF]), move |caller, _, results| {
        let other = module(
            &of,
            r#"(module (memory 1) (data (i32.const 0) "\07") (func (export "f") (result i32)
            (i32.load (i32.const 0))))"#,
        );
        let func = instance(caller, &other, &[]).get_export(caller, "f").and_then(Extern::into_func);
        results[0] = Val::FuncRef(func);
        Ok(())
    });
    let of = engine.clone();
    let collect = func(&mut store, move |caller| collect_and_reuse(caller, &of));
    let runner = module(
        &engine,
        r#"(module
        (import "" "make" (func $make (result externref))) (import "" "make_func" (func $make_func (result funcref)))
        (import "" "collect" (func $collect)) (table $t 1 funcref)
        (func (export "run") (result i32 externref) (local $value externref) (local $func funcref)
          (local.set $value (call $make)) (local.set $func (call $make_func))
          (call $collect)
          (table.set $t (i32.const 0) (local.get $func))
          (call_indirect (result i32) (i32.const 0)) (local.get $value)))"#,
    );
    let instance = instance(&mut store, &runner, &[make.into(), make_func.into(), collect]);
    let results = call(&mut store, &instance, "run", &[]).expect("returns");
    let [Val::I32(7), Val::ExternRef(Some(value))] = &results[..] else { panic!("{results:?}") };
    assert!(value.data(&store).expect("a host value").downcast_ref::<Counted>().is_some());
    drop(results);
    store.collect();
    assert_eq!(count.get(), 0);
}

/// As many references as registers hold, and more: those that callees have to keep lie on no stack of wasm's.
#[test]
fn running_functions_keep_references_in_registers() {
    let engine = Engine::default();
    for len in 1..=12 {
        let count: Rc<Cell<usize>> = Rc::default();
        let mut store = Store::new(&engine);
        let counter = count.clone();
        let make = Func::new(&mut store, FuncType::new([], [ValType::EXTERNREF]), move |caller, _, results| {
            results[0] = Val::ExternRef(Some(ExternRef::new(caller, Counted::new(&counter))));
            Ok(())
        });
        let seen = count.clone();
        let collect = func(&mut store, move |caller| {
            caller.collect();
            assert_eq!(seen.get(), len, "values that are in use were freed");
        });
        let used = FuncType::new(vec![ValType::EXTERNREF; len], []);
        let use_all = Func::new(&mut store, used, |_, _, _| Ok(()));
        let makes: String = (0..len).map(|i| format!("(local.set {i} (call $make))")).collect();
        let gets: String = (0..len).map(|i| format!("(local.get {i})")).collect();
        let text = format!(
            r#"(module (import "" "make" (func $make (result externref))) (import "" "collect" (func $collect))
              (import "" "use" (func $use (param {0})))
              (func $f (local {0}) {makes} (call $collect) (call $use {gets}))
              (func (export "run") (call $f)))"#,
            "externref ".repeat(len)
        );
        let instance = instance(&mut store, &module(&engine, &text), &[make.into(), collect, use_all.into()]);
        call(&mut store, &instance, "run", &[]).expect("returns");
        store.collect();
        assert_eq!(count.get(), 0);
    }
}

/// A function that is running although nothing can call it any more: its code, its instance's memory and the globals
/// that it uses stay until it has returned.
#[test]
fn running_code_outlives_the_last_reference_to_it() {
    for style in STYLES {
        let engine = engine(style, 1);
        for body in [
            "(call $clear) (i32.const 42)",
            "(i32.store (i32.const 0) (i32.const 41)) (call $clear)
             (i32.store (i32.const 4) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (i32.load (i32.const 4))",
            "(i32.store (i32.const 0) (i32.const 2)) (loop (call $clear)
             (i32.store (i32.const 0) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))
             (br_if 0 (i32.load (i32.const 0)))) (i32.add (i32.const 42) (i32.load (i32.const 0)))",
            "(global.set $g (i32.const 41)) (call $clear) (global.set $g (i32.add (global.get $g) (i32.const 1)))
             (global.get $g)",
            "(global.set $own (i32.const 41)) (call $clear) (i32.add (global.get $own) (i32.const 1))",
            "(drop (table.size $t)) (call $clear) (drop (table.grow $t (ref.null func) (i32.const 50)))
             (table.set $t (i32.const 50) (ref.func $f)) (call $clear)
             (i32.add (i32.const 42) (ref.is_null (table.get $t (i32.const 50))))",
        ] {
            assert_eq!(run_then_forget(&engine, body), 42, "{style:?} {body}");
        }
    }
}

fn run_then_forget(engine: &Engine, body: &str) -> i32 {
    let mut store = Store::new(engine);
    let runner = module(
        engine,
        r#"(module (table (export "t") 1 funcref) (func (export "run") (result i32)
        (call_indirect (result i32) (i32.const 0))))"#,
    );
    let runner = instance(&mut store, &runner, &[]);
    let table = runner.get_export(&store, "t").and_then(Extern::into_table).expect("exported");
    let (of, cleared) = (engine.clone(), table.clone());
    let clear = func(&mut store, move |caller| {
        cleared.set(caller, 0, &Val::FuncRef(None)).expect("inside");
        collect_and_reuse(caller, &of);
        assert!(caller.get_export("f").is_some(), "the caller can still be asked for");
        assert!(caller.get_export("t").is_none());
    });
    let text = format!(
        r#"(module (import "" "clear" (func $clear)) (import "" "g" (global $g (mut i32))) (memory 1)
        (table $t 1 funcref) (global $own (mut i32) (i32.const 0)) (elem declare func $f)
        (func $f (export "f") (result i32) {body}))"#
    );
    let global = gantry_engine::GlobalType { content: ValType::I32, mutable: true };
    let global = gantry_engine::Global::new(&mut store, global, Val::I32(0)).expect("a global");
    let instance = instance(&mut store, &module(engine, &text), &[clear, global.into()]);
    let f = instance.get_export(&store, "f").and_then(Extern::into_func);
    table.set(&mut store, 0, &Val::FuncRef(f)).expect("inside");
    drop(instance);
    call_i32(&mut store, &runner, "run", &[]).expect("returns")
}

/// A host function that frees itself while it runs.
#[test]
fn a_running_host_function_stays() {
    let engine = Engine::default();
    for fails in [false, true] {
        let count: Rc<Cell<usize>> = Rc::default();
        let mut store = Store::new(&engine);
        let table = Table::new(&mut store, FUNCREF_TABLE, Val::FuncRef(None)).expect("a table");
        let (of, cleared, counted) = (engine.clone(), table.clone(), Counted::new(&count));
        let host = Func::new(&mut store, FuncType::new([], []), move |caller, _, _| {
            cleared.set(caller, 0, &Val::FuncRef(None))?;
            collect_and_reuse(caller, &of);
            assert_eq!(counted.0.get(), 1, "the closure that runs was dropped");
            if fails { Err(gantry_engine::Error::host("it fails")) } else { Ok(()) }
        });
        table.set(&mut store, 0, &Val::FuncRef(Some(host))).expect("inside");
        let text = r#"(module (import "" "t" (table 1 funcref)) (func (export "run") (call_indirect (i32.const 0))))"#;
        let instance = instance(&mut store, &module(&engine, text), &[table.into()]);
        assert_eq!(call(&mut store, &instance, "run", &[]).is_err(), fails);
        store.collect();
        assert_eq!(count.get(), 0);
    }
}

#[test]
fn an_instance_lives_while_its_start_function_runs() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let of = engine.clone();
    let collect = func(&mut store, move |caller| collect_and_reuse(caller, &of));
    let text = r#"(module (import "" "" (func $collect)) (memory 1) (global (export "g") (mut i32) (i32.const 1))
        (func $start (call $collect) (i32.store (i32.const 8) (i32.const 6)) (global.set 0 (i32.load (i32.const 8))))
        (start $start))"#;
    let instance = instance(&mut store, &module(&engine, text), &[collect]);
    let global = instance.get_export(&store, "g").and_then(Extern::into_global).expect("exported");
    assert!(matches!(global.get(&store), Val::I32(6)));
}

#[test]
fn modules_and_engines_may_go_before_instances() {
    let mut store = Store::new(&Engine::default());
    let instance = {
        let engine = Engine::default();
        let module = Module::new(&engine, &binary(r#"(module (func (export "f") (result i32) (i32.const 3)))"#));
        Instance::new(&mut store, &module.expect("valid"), &[]).expect("no imports")
    };
    assert_eq!(call_i32(&mut store, &instance, "f", &[]).expect("returns"), 3);
}

#[test]
fn closures_may_hold_handles_of_their_own_store() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let seen = Rc::new(RefCell::new(None::<Instance>));
    let slot = seen.clone();
    let import = func(&mut store, move |caller| {
        if let Some(instance) = &*slot.borrow() {
            let add = instance.typed_func::<i32, i32>(caller, "add").expect("exported");
            assert_eq!(add.call(caller, 1).expect("returns"), 3);
        }
    });
    let text = r#"(module (import "" "" (func $f)) (func (export "run") (call $f))
        (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 2))))"#;
    let instance = instance(&mut store, &module(&engine, text), &[import]);
    *seen.borrow_mut() = Some(instance.clone());
    call(&mut store, &instance, "run", &[]).expect("returns");
}

/// Who called is asked after other calls have come and gone.
#[test]
fn callers_are_those_of_the_present_call() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let of = engine.clone();
    let ask = Func::wrap(&mut store, move |caller: &mut Caller<'_>, nest: i32| -> Result<i32, gantry_engine::Error> {
        if nest != 0 {
            let ask = caller.get_export("ask").and_then(Extern::into_func).expect("exported");
            let inner = instance(caller, &module(&of, ASKER), &[ask.into()]);
            let run = inner.typed_func::<i32, i32>(caller, "run").expect("exported");
            drop(inner);
            assert_eq!(run.call(caller, nest - 1)?, nest);
            drop(run);
            collect_and_reuse(caller, &of);
        }
        let depth = caller.get_export("depth").and_then(Extern::into_global).expect("exported");
        let Val::I32(depth) = depth.get(caller) else { unreachable!("an i32") };
        Ok(depth)
    });
    let ask = ask.expect("a function");
    let instance = instance(&mut store, &module(&engine, ASKER), &[ask.clone().into()]);
    for nest in [0, 1, 5] {
        assert_eq!(call_i32(&mut store, &instance, "run", &[nest]).expect("returns"), nest + 1);
    }
    // Called by no instance.
    let alone = Func::wrap(&mut store, |caller: &mut Caller<'_>| i32::from(caller.get_export("run").is_none()));
    let alone = alone.expect("a function").typed::<(), i32>(&store).expect("of this type");
    assert_eq!(alone.call(&mut store, ()).expect("returns"), 1);
}

const ASKER: &str = r#"(module (import "" "ask" (func $ask (param i32) (result i32)))
    (global $depth (export "depth") (mut i32) (i32.const -1)) (export "ask" (func $ask))
    (func (export "run") (param i32) (result i32)
      (global.set $depth (i32.add (local.get 0) (i32.const 1))) (call $ask (local.get 0))))"#;

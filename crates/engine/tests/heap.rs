//! The garbage-collected heap: nothing that can be reached is lost while objects change during marking, and what cannot be
//! reached is freed.

use gantry_engine::{Engine, ExternRef, HeapType, Instance, Module, Store, Tag, Val};

fn instance(store: &mut Store, engine: &Engine, text: &str) -> Instance {
    let module = Module::new(engine, &wat::parse_str(text).expect("text")).expect("valid");
    Instance::new(store, &module, &[]).expect("links")
}

fn call(store: &mut Store, instance: &Instance, name: &str, args: &[Val]) -> Result<Vec<Val>, gantry_engine::Error> {
    let func = instance.get_export(store, name).and_then(gantry_engine::Extern::into_func).expect("exported");
    func.call(store, args)
}

/// Lists of nodes in an array. Each step takes the first node of one list, puts it in front of another, and makes garbage,
/// so that references move from where marking has not been to where it has.
const LISTS: &str = r#"(module
  (type $pad (array (mut i64)))
  (type $node (struct (field $id i32) (field $next (mut (ref null $node))) (field (ref $pad))))
  (type $lists (array (mut (ref null $node))))
  (global $lists (mut (ref null $lists)) (ref.null $lists))
  (global $seed (mut i32) (i32.const 12345))
  (func $random (param $n i32) (result i32)
    (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
    (i32.rem_u (i32.shr_u (global.get $seed) (i32.const 8)) (local.get $n)))
  (func (export "start") (param $lists i32) (param $nodes i32) (local $at i32)
    (global.set $lists (array.new_default $lists (local.get $lists)))
    (loop $next
      (local.set $at (call $random (local.get $lists)))
      (array.set $lists (global.get $lists) (local.get $at)
        (struct.new $node (local.get $nodes) (array.get $lists (global.get $lists) (local.get $at))
          (array.new $pad (i64.extend_i32_u (local.get $nodes)) (call $random (i32.const 40)))))
      (br_if $next (local.tee $nodes (i32.sub (local.get $nodes) (i32.const 1))))))
  (func (export "steps") (param $n i32) (local $from i32) (local $to i32) (local $node (ref null $node))
    (loop $next
      (local.set $from (call $random (array.len (global.get $lists))))
      (local.set $to (call $random (array.len (global.get $lists))))
      (local.set $node (array.get $lists (global.get $lists) (local.get $from)))
      (if (i32.eqz (ref.is_null (local.get $node)))
        (then
          (array.set $lists (global.get $lists) (local.get $from) (struct.get $node $next (local.get $node)))
          (struct.set $node $next (local.get $node) (array.get $lists (global.get $lists) (local.get $to)))
          (array.set $lists (global.get $lists) (local.get $to) (local.get $node))))
      (drop (array.new_default $pad (call $random (i32.const 200))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  ;; How many nodes there are, the sum of their numbers, and how many have lost what they came with.
  (func (export "check") (result i32 i64 i32)
    (local $at i32) (local $node (ref null $node)) (local $count i32) (local $sum i64) (local $bad i32)
    (loop $list
      (local.set $node (array.get $lists (global.get $lists) (local.get $at)))
      (block $end
        (loop $next
          (br_if $end (ref.is_null (local.get $node)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (struct.get $node $id (local.get $node)))))
          (if (array.len (struct.get $node 2 (local.get $node)))
            (then
              (local.set $bad (i32.add (local.get $bad)
                (i64.ne (array.get $pad (struct.get $node 2 (local.get $node)) (i32.const 0))
                  (i64.extend_i32_u (struct.get $node $id (local.get $node))))))))
          (local.set $node (struct.get $node $next (local.get $node)))
          (br $next)))
      (br_if $list (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (array.len (global.get $lists)))))
    (local.get $count) (local.get $sum) (local.get $bad)))"#;

#[test]
fn references_that_move_while_marking_are_found() {
    const NODES: i32 = 150_000;
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let lists = instance(&mut store, &engine, LISTS);
    call(&mut store, &lists, "start", &[Val::I32(1000), Val::I32(NODES)]).expect("returns");
    let mut most = 0;
    for round in 0..20 {
        call(&mut store, &lists, "steps", &[Val::I32(200_000)]).expect("returns");
        let found = call(&mut store, &lists, "check", &[]).expect("returns");
        let [Val::I32(count), Val::I64(sum), Val::I32(bad)] = found[..] else { panic!("{found:?}") };
        let expected = i64::from(NODES) * i64::from(NODES + 1) / 2;
        assert_eq!((count, sum, bad), (NODES, expected, 0), "round {round}");
        most = most.max(store.heap_bytes());
        if round % 5 == 4 {
            store.collect();
        }
    }
    // Some 30 MB are alive; 3 GB were allocated.
    assert!(most < 200 << 20, "{most} bytes");
}

#[test]
fn a_full_heap_is_a_trap_and_what_is_dropped_makes_room() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    store.set_heap_limit(40 << 20);
    let lists = instance(&mut store, &engine, LISTS);
    let error = call(&mut store, &lists, "start", &[Val::I32(10), Val::I32(1_000_000)]).expect_err("too many");
    assert_eq!(error.trap().expect("a trap").code.message(), "allocation failure");
    call(&mut store, &lists, "start", &[Val::I32(10), Val::I32(1000)]).expect("the others are garbage");
    call(&mut store, &lists, "steps", &[Val::I32(300_000)]).expect("returns");
}

#[test]
fn handles_keep_objects_and_objects_keep_host_values() {
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let boxes = instance(
        &mut store,
        &engine,
        r#"(module
          (type $box (struct (field externref)))
          (func (export "make") (param externref) (result (ref $box)) (struct.new $box (local.get 0)))
          (func (export "open") (param (ref null $box)) (result externref) (struct.get $box 0 (local.get 0)))
          (func (export "any") (param externref) (result anyref) (any.convert_extern (local.get 0))))"#,
    );
    let value = std::rc::Rc::new(42_u8);
    let weak = std::rc::Rc::downgrade(&value);
    let value = ExternRef::new(&mut store, value);
    let made = call(&mut store, &boxes, "make", &[Val::ExternRef(Some(value))]).expect("returns").remove(0);
    for _ in 0..3 {
        store.collect();
    }
    let Val::AnyRef(Some(object)) = &made else { panic!("{made:?}") };
    assert!(object.is(&store, HeapType::Struct) && !object.is(&store, HeapType::Array));
    let opened = call(&mut store, &boxes, "open", std::slice::from_ref(&made)).expect("returns").remove(0);
    let Val::ExternRef(Some(opened)) = opened else { panic!("not what was put in") };
    assert!(opened.data(&store).expect("a host value").is::<std::rc::Rc<u8>>());
    drop((made, opened));
    store.collect();
    store.collect();
    assert!(weak.upgrade().is_none(), "nothing refers to the box any more");

    let error = call(&mut store, &boxes, "open", &[Val::AnyRef(None)]).expect_err("null");
    assert_eq!(error.trap().expect("a trap").code.message(), "null structure reference");
    let seven = gantry_engine::AnyRef::from_i31(&store, -7).to_extern();
    let back = call(&mut store, &boxes, "any", &[Val::ExternRef(Some(seven))]).expect("returns").remove(0);
    let Val::AnyRef(Some(back)) = back else { panic!("{back:?}") };
    assert_eq!(back.as_i31(), Some(-7));
}

#[test]
fn exceptions_cross_the_host_in_both_directions() {
    use gantry_engine::{ExnRef, Func, FuncType, ValType};
    let engine = Engine::default();
    let mut store = Store::new(&engine);
    let tag = Tag::new(&mut store, [ValType::I32]);
    let thrown = tag.clone();
    let host = Func::new(&mut store, FuncType::new([ValType::I32], []), move |caller, args, _| {
        let exception = ExnRef::new(caller, &thrown, args)?;
        Err(caller.throw(exception))
    });
    let module = wat::parse_str(
        r#"(module
          (import "m" "tag" (tag $tag (param i32))) (import "m" "host" (func $host (param i32)))
          (func (export "catch") (param i32) (result i32)
            (block $caught (result i32)
              (try_table (catch $tag $caught) (call $host (local.get 0)))
              (i32.const -1)))
          (func (export "pass") (param i32) (call $host (local.get 0))))"#,
    );
    let module = Module::new(&engine, &module.expect("text")).expect("valid");
    let instance = Instance::new(&mut store, &module, &[tag.clone().into(), host.into()]).expect("links");
    let caught = call(&mut store, &instance, "catch", &[Val::I32(8)]).expect("returns");
    assert!(matches!(caught[..], [Val::I32(8)]));
    let error = call(&mut store, &instance, "pass", &[Val::I32(9)]).expect_err("throws");
    assert!(error.is_exception());
    let exception = store.take_exception().expect("thrown");
    assert!(exception.tag(&store).same(&tag));
    assert!(matches!(exception.values(&store)[..], [Val::I32(9)]));
}

//! Memories are new, whatever lay at their addresses before: zero, and no longer than they say.

mod util;

use gantry_engine::{Extern, Instance, Memory, MemoryType, Store, TrapCode, Val, WASM_PAGE_SIZE};
use util::{Rng, STYLES, call, call_i32, engine, instance, module};

const PAGE: usize = WASM_PAGE_SIZE as usize;

/// A module whose memory begins with so many pages.
fn text(pages: usize) -> String {
    format!(
        r#"(module (memory (export "m") {pages} 64)
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "far") (param i32) (result i32) (i32.load8_u offset=4294967295 (local.get 0))))"#
    )
}

fn memory(store: &Store, instance: &Instance) -> Memory {
    instance.get_export(store, "m").and_then(Extern::into_memory).expect("exported")
}

fn traps(store: &mut Store, instance: &Instance, name: &str, at: i32) -> bool {
    let outcome = call(store, instance, name, &[Val::I32(at)]);
    outcome.is_err_and(|error| error.trap().is_some_and(|trap| trap.code == TrapCode::MemoryOutOfBounds))
}

/// Checks size, bounds and contents from inside and outside; then leaves dirt.
fn check(store: &mut Store, instance: &Instance, pages: usize) {
    let memory = memory(store, instance);
    assert_eq!(memory.data(store).len(), pages * PAGE);
    assert!(memory.data(store).iter().all(|byte| *byte == 0), "{pages} pages are not zero");
    for at in [pages * PAGE, pages * PAGE + 4096, 64 * PAGE, 1 << 31, u32::MAX as usize] {
        assert!(traps(store, instance, "load", at as u32 as i32), "{pages} pages, byte {at:#x}");
        assert!(traps(store, instance, "far", at as u32 as i32), "{pages} pages, byte {at:#x}");
    }
    if pages > 0 {
        assert_eq!(call_i32(store, instance, "load", &[(pages * PAGE - 1) as i32]).expect("inside"), 0);
    }
    memory.data_mut(store).fill(0xff);
}

#[test]
fn addresses_are_reused_but_contents_and_lengths_are_not() {
    for style in STYLES {
        let engine = engine(style, 1);
        let modules: Vec<_> = (0..6).map(|pages| module(&engine, &text(pages * pages))).collect();
        let mut rng = Rng::new(7);
        let mut store = Store::new(&engine);
        let mut kept: Vec<(Instance, usize)> = Vec::new();
        for _ in 0..300 {
            let which = rng.below(modules.len());
            let instance = instance(&mut store, &modules[which], &[]);
            let mut pages = which * which;
            check(&mut store, &instance, pages);
            let more = rng.below(8);
            assert_eq!(call_i32(&mut store, &instance, "grow", &[more as i32]).expect("returns"), pages as i32);
            let grown = memory(&store, &instance);
            let (old, new) = grown.data(&store).split_at(pages * PAGE);
            assert!(old.iter().all(|byte| *byte == 0xff) && new.iter().all(|byte| *byte == 0));
            pages += more;
            grown.data_mut(&mut store).fill(0);
            check(&mut store, &instance, pages);
            kept.push((instance, pages));
            if kept.len() > 5 {
                let (instance, pages) = kept.swap_remove(rng.below(kept.len()));
                let memory = memory(&store, &instance);
                assert_eq!(memory.size(&store), pages as u64);
                assert!(memory.data(&store).iter().all(|byte| *byte == 0xff), "no one else wrote there");
            }
            if rng.below(3) == 0 {
                store.collect();
            }
            if rng.below(20) == 0 {
                kept.clear();
                store = Store::new(&engine);
            }
        }
    }
}

/// Other threads take the addresses that are given up here.
#[test]
fn threads_do_not_share_addresses() {
    let engine = engine(STYLES[0], 1);
    let modules: Vec<_> = (0..4).map(|pages| module(&engine, &text(pages))).collect();
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let (engine, modules) = (&engine, &modules);
            scope.spawn(move || {
                let mut rng = Rng::new(thread + 1);
                for _ in 0..50 {
                    let mut store = Store::new(engine);
                    for _ in 0..8 {
                        let pages = rng.below(modules.len());
                        let instance = instance(&mut store, &modules[pages], &[]);
                        check(&mut store, &instance, pages);
                    }
                }
            });
        }
    });
}

#[test]
fn growth_from_outside() {
    for style in STYLES {
        let engine = engine(style, 1);
        let mut store = Store::new(&engine);
        for _ in 0..20 {
            let memory = Memory::new(&mut store, MemoryType::new(1, Some(10))).expect("a memory");
            memory.data_mut(&mut store)[PAGE - 1] = 9;
            assert_eq!(memory.grow(&mut store, 3).expect("below the maximum"), 1);
            assert_eq!(memory.grow(&mut store, 0).expect("below the maximum"), 4);
            assert!(memory.grow(&mut store, 7).is_err() && memory.grow(&mut store, u64::MAX).is_err());
            assert_eq!((memory.size(&store), memory.data(&store)[PAGE - 1]), (4, 9));
            assert_eq!(memory.ty(&store), MemoryType::new(4, Some(10)));
            drop(memory);
            store.collect();
            assert_eq!(store.population(), 0);
        }
    }
}

/// All of the address space that 32 bits reach.
#[test]
fn four_gibibytes() {
    let engine = engine(STYLES[0], 1);
    let text = r#"(module (memory 1) (func (export "run") (result i32)
        (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then (return (i32.const -1))))
        (i32.store8 (i32.const -1) (i32.const 5))
        (i32.add (i32.load8_u (i32.const -1)) (memory.grow (i32.const 1))))
      (func (export "beyond") (result i32) (i32.load offset=0 (i32.const -3)))
      (func (export "wrapping") (result i32) (i32.load8_u offset=4294967295 (i32.const 1))))"#;
    let mut store = Store::new(&engine);
    let instance = instance(&mut store, &module(&engine, text), &[]);
    // A machine may not have that much to promise.
    if call_i32(&mut store, &instance, "run", &[]).expect("returns") != -1 {
        for name in ["beyond", "wrapping"] {
            let error = call(&mut store, &instance, name, &[]).expect_err("beyond 4 GiB");
            assert_eq!(error.trap().expect("a trap").code, TrapCode::MemoryOutOfBounds);
        }
    }
}

//! What is alive: what handles and running functions can reach, and nothing else.

mod util;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gantry_engine::{Caller, Engine, Extern, ExternRef, Func, FuncType, Instance, Memory, MemoryType, Module, RefType};
use gantry_engine::{AsStoreMut, Store, Table, TableType, Val, ValType};
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
    collect(caller);
    for _ in 0..4 {
        let ty = MemoryType { min: 1, max: Some(1) };
        let memory = Memory::new(caller, ty).expect("a memory");
        memory.data_mut(caller).fill(0xaa);
        let other = module(engine, r#"(module (table 4 funcref) (global (export "g") (mut i64) (i64.const -1)) (func (export "f") unreachable))"#);
        instance(caller, &other, &[]);
    }
}

/// There is no way for a host function to ask for a collection but to make enough things.
fn collect(caller: &mut Caller<'_>) {
    let ty = TableType { element: RefType::FUNCREF, min: 0, max: Some(0) };
    let mut before = None;
    for _ in 0..100_000 {
        let now = Table::new(caller, ty, Val::FuncRef(None)).map(drop);
        now.expect("a table");
        let population = population(caller);
        if before.is_some_and(|before| population < before) {
            return;
        }
        before = Some(population);
    }
    panic!("no collection took place");
}

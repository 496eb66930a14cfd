//! The host module `spectest` that every script may import from.

use gantry_engine::{
    Error, Func, FuncType, Global, GlobalType, Linker, Memory, MemoryType, RefType, Store, Table, TableType, Val,
    ValType,
};

const PRINTS: [(&str, &[ValType]); 7] = [
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

/// A linker that knows `spectest` and nothing else. The functions print nothing: no script looks at their output.
pub fn linker(store: &mut Store) -> Result<Linker, Error> {
    let mut linker = Linker::new();
    for (name, params) in PRINTS {
        let func = Func::new(store, FuncType::new(params, []), |_, _, _| Ok(()));
        linker.define("spectest", name, func);
    }
    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6_f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6_f64.to_bits())),
    ];
    for (name, content, value) in globals {
        let global = Global::new(store, GlobalType { content, mutable: false }, value)?;
        linker.define("spectest", name, global);
    }
    let table = TableType::new(RefType::FUNCREF, 10, Some(20));
    let table = Table::new(store, table, Val::FuncRef(None))?;
    linker.define("spectest", "table", table);
    let memory = Memory::new(store, MemoryType::new(1, Some(2)))?;
    linker.define("spectest", "memory", memory);
    let shared = MemoryType { shared: true, ..MemoryType::new(1, Some(2)) };
    let shared = Memory::new(store, shared)?;
    linker.define("spectest", "shared_memory", shared);
    Ok(linker)
}

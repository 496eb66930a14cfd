//! Running modules that no one has read: imports made up from their types, and only what is sure to end.

use std::collections::HashMap;

use arbitrary::Unstructured;
use gantry_engine::{
    Engine, Extern, ExternType, Func, Global, ImportType, Instance, Memory, MemoryType, Module, Store, Table, Tag, Val,
    ValType,
};
use wasmparser::{Operator, Parser, Payload, TypeRef};

/// Instructions that one call may execute.
const MAX_COST: u64 = 1_000_000;
/// Tables and memories are allocated when a module is instantiated.
const MAX_PAGES: u64 = 512;
const MAX_ELEMENTS: u64 = 100_000;

/// Whether all functions of a valid module end soon: there are no loops, and calls go to other functions in a way
/// that cannot come back.
pub fn terminates(wasm: &[u8]) -> bool {
    let mut imported = 0;
    let mut functions: Vec<(u64, Vec<u32>)> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("valid") {
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports().map(|import| import.expect("valid"));
                imported = imports.filter(|import| matches!(import.ty, TypeRef::Func(_))).count() as u32;
            }
            Payload::CodeSectionEntry(body) => {
                let (mut cost, mut callees) = (0, Vec::new());
                for operator in body.get_operators_reader().expect("valid") {
                    cost += 1;
                    match operator.expect("valid") {
                        Operator::Loop { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. } => {
                            return false;
                        }
                        Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. } => return false,
                        Operator::ReturnCallRef { .. } => return false,
                        Operator::MemoryGrow { .. } | Operator::TableGrow { .. } => return false,
                        Operator::Call { function_index } => callees.extend(function_index.checked_sub(imported)),
                        _ => {}
                    }
                }
                functions.push((cost, callees));
            }
            _ => {}
        }
    }
    let mut costs = HashMap::new();
    (0..functions.len() as u32).all(|func| cost(&functions, func, &mut costs, 0).is_some())
}

/// What a call costs at the most; `None` when that is too much.
fn cost(functions: &[(u64, Vec<u32>)], func: u32, known: &mut HashMap<u32, u64>, depth: usize) -> Option<u64> {
    if let Some(cost) = known.get(&func) {
        return Some(*cost);
    }
    if depth > 100 {
        return None;
    }
    let (own, callees) = &functions[func as usize];
    let mut sum = *own;
    for callee in callees {
        sum += cost(functions, *callee, known, depth + 1)?;
    }
    (sum <= MAX_COST).then(|| {
        known.insert(func, sum);
        sum
    })
}

/// Instantiates a module that is not too large, with imports made up.
pub fn instantiate(store: &mut Store, module: &Module) -> Option<Instance> {
    let loaded = module.loaded().module();
    let memories = loaded.memories.iter().map(|memory| memory.min).sum::<u64>();
    let elements = loaded.tables.iter().map(|table| table.min).sum::<u64>();
    if memories > MAX_PAGES || elements > MAX_ELEMENTS {
        return None;
    }
    let imports: Vec<Extern> = module.imports().map(|import| dummy(store, module, import)).collect();
    match Instance::new(store, module, &imports) {
        Ok(instance) => Some(instance),
        Err(error) => {
            assert!(error.trap().is_some() || error.is_link() || error.is_exception(), "{error}");
            None
        }
    }
}

/// Instantiates a module and calls its exports that take nothing. Whether there was an instance.
pub fn run(engine: &Engine, module: &Module) -> bool {
    let mut store = Store::new(engine);
    let Some(instance) = instantiate(&mut store, module) else { return false };
    for (_, item) in instance.exports(&store) {
        let Extern::Func(func) = item else { continue };
        if func.ty(&store).params.is_empty()
            && let Err(error) = func.call(&mut store, &[])
        {
            assert!(error.trap().is_some() || error.is_exception(), "{error}");
        }
    }
    store.collect();
    true
}

/// Something of the type that an import asks for.
fn dummy(store: &mut Store, module: &Module, import: ImportType<'_>) -> Extern {
    match import.ty() {
        ExternType::Func(ty) => Func::new(store, module.func_type(*ty), |_, _, _| Ok(())).into(),
        ExternType::Table(ty) => {
            let null = Val::default_of(ValType::Ref(ty.element));
            match Table::new(store, *ty, null) {
                Ok(table) => table.into(),
                Err(_) => Tag::new(store, []).into(),
            }
        }
        ExternType::Memory(ty) => {
            let ty = MemoryType::new(ty.min, ty.max);
            Memory::new(store, ty).expect("a small memory").into()
        }
        ExternType::Global(ty) => match Global::new(store, *ty, Val::default_of(ty.content)) {
            Ok(global) => global.into(),
            // There is no default for references that must not be null: linking fails.
            Err(_) => Tag::new(store, []).into(),
        },
        ExternType::Tag(ty) => Tag::new(store, module.func_type(*ty).params).into(),
    }
}

/// A module of wasm-smith's from random bytes, in the language that is supported. Fuel keeps it from running long.
pub fn generate(random: &[u8]) -> Option<Vec<u8>> {
    let config = wasm_smith::Config {
        gc_enabled: true,
        reference_types_enabled: true,
        exceptions_enabled: true,
        threads_enabled: false,
        tail_call_enabled: true,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        wide_arithmetic_enabled: false,
        compact_imports_enabled: false,
        extended_const_enabled: true,
        max_memories: 1,
        max_tables: 4,
        max_memory32_bytes: 16 << 20,
        memory_max_size_required: true,
        max_table_elements: 1_000,
        table_max_size_required: true,
        max_instructions: 300,
        min_funcs: 1,
        export_everything: true,
        ..wasm_smith::Config::default()
    };
    let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(random)).ok()?;
    module.ensure_termination(100_000).ok()?;
    Some(module.to_bytes())
}

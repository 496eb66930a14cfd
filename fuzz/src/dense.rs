//! Modules whose functions compute: nested expressions over all instructions, with operands of the right types, in which
//! hardly anything traps. wasm-smith reaches everything, but rarely two operands for the same instruction.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, FieldType,
    Function, FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection, MemorySection, MemoryType, Module,
    RefType, StorageType, TableSection, TableType, TagKind, TagSection, TagType, TypeSection, ValType,
};

use crate::body::Body;
use crate::operators::TYPES;
use crate::rng::Rng;

/// A function's type.
#[derive(Debug, Clone)]
pub struct Signature {
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
}

/// The type of structs: a field for each of [`FIELDS`].
pub const STRUCT: u32 = 0;
/// The type of arrays, of 64-bit integers.
pub const ARRAY: u32 = 1;
/// The type of the tag, whose exceptions carry [`CARRIED`].
const TAG: u32 = 2;
/// The type of blocks that exceptions are caught in.
pub const CAUGHT: u32 = 3;
/// The type of the first function.
pub const FIRST: u32 = 4;

/// What a reference to a struct is.
pub const STRUCT_REF: ValType = reference(STRUCT);
/// What a reference to an array is.
pub const ARRAY_REF: ValType = reference(ARRAY);

/// The types of fields.
pub const FIELDS: [ValType; 7] =
    [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128, ValType::EXTERNREF, STRUCT_REF];
/// What exceptions carry.
pub const CARRIED: [ValType; 3] = [ValType::I32, ValType::F64, ValType::V128];

/// The last locals of each function: for making NaNs canonical, and the counters of loops inside each other.
pub const SCRATCH: [ValType; 6] = [ValType::F32, ValType::F64, ValType::V128, ValType::I32, ValType::I32, ValType::I32];

/// Globals that a module imports, if it does.
const IMPORTED_GLOBALS: usize = 3;

/// Bytes of a memory that addresses are in, mostly.
pub const BYTES: u64 = 1 << 16;

const fn reference(index: u32) -> ValType {
    ValType::Ref(RefType { nullable: true, heap_type: HeapType::Concrete(index) })
}

/// All that bodies refer to.
#[derive(Debug)]
pub struct Context {
    /// Of all functions; the first is imported.
    pub functions: Vec<Signature>,
    pub memories: Vec<MemoryType>,
    /// With whether they are mutable. The last is the fuel.
    pub globals: Vec<(ValType, bool)>,
    /// Whether the first memory and the first globals are imported.
    pub imports: bool,
    /// Whether the only table has 64-bit indices.
    pub table64: bool,
    /// Whether the module has to make NaNs canonical itself.
    pub canonical: bool,
}

/// A type for a local, parameter or result.
fn any_type(rng: &mut Rng) -> ValType {
    match rng.below(12) {
        0 => ValType::EXTERNREF,
        1 => STRUCT_REF,
        2 => ARRAY_REF,
        _ => rng.pick(&TYPES),
    }
}

fn types(rng: &mut Rng, most: usize) -> Vec<ValType> {
    (0..rng.between(0, most)).map(|_| any_type(rng)).collect()
}

fn memory(rng: &mut Rng) -> MemoryType {
    let bytes = rng.chance(1, 5);
    let pages = if bytes { BYTES } else { 1 };
    let shared = rng.chance(1, 4);
    MemoryType {
        minimum: pages,
        maximum: Some(pages * 3),
        memory64: rng.chance(1, 4),
        shared,
        page_size_log2: bytes.then_some(0),
    }
}

/// A valid module that ends; its last export is its fuel.
pub fn module(rng: &mut Rng, canonical: bool) -> Vec<u8> {
    let defined = rng.between(1, 6);
    let few = rng.pick(&[2, 6, 12]);
    let signature = |rng: &mut Rng| Signature { params: types(rng, few), results: types(rng, few.min(5)) };
    let imported = Signature { params: types(rng, 4), results: types(rng, 2) };
    let mut functions = vec![imported];
    functions.extend((0..defined).map(|_| signature(rng)));
    let memories = (0..rng.pick(&[1, 1, 2])).map(|_| memory(rng)).collect();
    let all = TYPES.into_iter().chain([ValType::EXTERNREF, STRUCT_REF, ARRAY_REF]).map(|ty| (ty, true));
    let constants = TYPES.map(|ty| (ty, false));
    let globals = all.chain(constants).chain([(ValType::I32, true)]).collect();
    let table64 = rng.chance(1, 4);
    let context = Context { functions, memories, globals, imports: rng.chance(1, 3), table64, canonical };
    let mut code = CodeSection::new();
    for number in 1..context.functions.len() {
        code.function(&function(rng, &context, number));
    }
    assemble(rng, &context, &code)
}

fn function(rng: &mut Rng, context: &Context, number: usize) -> Function {
    let signature = &context.functions[number];
    let locals = [types(rng, 8), SCRATCH.to_vec()].concat();
    let places: Vec<ValType> = signature.params.iter().chain(&locals).copied().collect();
    let leaf = rng.chance(1, 3);
    let budget = if leaf { rng.between(1, 6) } else { rng.pick(&[20, 100, 300]) };
    let mut body = Body::new(rng, context, places, number, budget as i32);
    body.function(signature, leaf);
    let bytes = body.finish();
    let mut function = Function::new_with_locals_types(locals);
    function.raw(bytes);
    function
}

fn assemble(rng: &mut Rng, context: &Context, code: &CodeSection) -> Vec<u8> {
    let mut module = Module::new();
    module.section(&type_section(context));
    let mut imports = ImportSection::new();
    imports.import("host", "function", EntityType::Function(FIRST));
    let imported = if context.imports { IMPORTED_GLOBALS } else { 0 };
    if context.imports {
        imports.import("host", "memory", EntityType::Memory(context.memories[0]));
    }
    for (number, ty) in context.globals[..imported].iter().enumerate() {
        imports.import("host", &format!("global {number}"), EntityType::Global(global_type(*ty)));
    }
    let mut functions = FunctionSection::new();
    for number in 1..context.functions.len() as u32 {
        functions.function(FIRST + number);
    }
    let mut tables = TableSection::new();
    let size = context.functions.len() as u64 + 1;
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: context.table64,
        minimum: size,
        // Of tables that cannot grow the size is known.
        maximum: rng.pick(&[Some(size), Some(size + 8), None]),
        shared: false,
    });
    let mut memories = MemorySection::new();
    for ty in &context.memories[usize::from(context.imports)..] {
        memories.memory(*ty);
    }
    let mut tags = TagSection::new();
    tags.tag(TagType { kind: TagKind::Exception, func_type_idx: TAG });
    module.section(&imports).section(&functions).section(&tables).section(&memories).section(&tags);
    let mut globals = GlobalSection::new();
    for ty in &context.globals[imported..] {
        globals.global(global_type(*ty), &constant(rng, ty.0));
    }
    module.section(&globals).section(&exports(context));
    let mut elements = ElementSection::new();
    let all: Vec<u32> = (0..context.functions.len() as u32).collect();
    let start = if context.table64 { ConstExpr::i64_const(0) } else { ConstExpr::i32_const(0) };
    elements.active(Some(0), &start, Elements::Functions(all.into()));
    let mut data = DataSection::new();
    for (number, ty) in (0..).zip(&context.memories) {
        let at = if ty.memory64 { ConstExpr::i64_const(64) } else { ConstExpr::i32_const(64) };
        data.active(number, &at, rng.bytes(512));
    }
    module.section(&elements).section(code).section(&data);
    module.finish()
}

fn global_type((val_type, mutable): (ValType, bool)) -> GlobalType {
    GlobalType { val_type, mutable, shared: false }
}

fn type_section(context: &Context) -> TypeSection {
    let mut types = TypeSection::new();
    let field = |ty: ValType| FieldType { element_type: StorageType::Val(ty), mutable: true };
    types.ty().struct_(FIELDS.map(field));
    types.ty().array(&StorageType::Val(ValType::I64), true);
    types.ty().function(CARRIED, []);
    types.ty().function([], CARRIED);
    for Signature { params, results } in &context.functions {
        types.ty().function(params.iter().copied(), results.iter().copied());
    }
    types
}

fn constant(rng: &mut Rng, ty: ValType) -> ConstExpr {
    match ty {
        ValType::I32 => ConstExpr::i32_const(rng.next() as i32),
        ValType::I64 => ConstExpr::i64_const(rng.next() as i64),
        ValType::F32 => ConstExpr::f32_const((rng.next() as i32 as f32).into()),
        ValType::F64 => ConstExpr::f64_const((rng.next() as i64 as f64).into()),
        ValType::V128 => ConstExpr::v128_const(i128::from(rng.next()) << 64 | i128::from(rng.next())),
        ValType::Ref(RefType { heap_type, .. }) => ConstExpr::ref_null(heap_type),
    }
}

fn exports(context: &Context) -> ExportSection {
    let mut exports = ExportSection::new();
    for number in 1..context.functions.len() as u32 {
        exports.export(&format!("function {number}"), ExportKind::Func, number);
    }
    exports.export("table", ExportKind::Table, 0).export("tag", ExportKind::Tag, 0);
    for number in 0..context.memories.len() as u32 {
        exports.export(&format!("memory {number}"), ExportKind::Memory, number);
    }
    for number in 0..context.globals.len() as u32 {
        exports.export(&format!("global {number}"), ExportKind::Global, number);
    }
    exports
}

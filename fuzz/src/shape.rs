//! What a module imports and exports, read independently of the engines.

use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{BinaryReaderError, Parser, Payload, TypeRef, Validator, WasmFeatures};

/// The five sorts of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Func,
    Table,
    Memory,
    Global,
    Tag,
}

/// Something imported or exported.
#[derive(Debug, Clone)]
pub struct Item {
    pub sort: Sort,
    /// Its type, roughly: things of different ones do not fit, things of the same one may.
    pub likeness: String,
}

/// Imports and exports, in order.
#[derive(Debug, Clone)]
pub struct Shape {
    pub imports: Vec<Item>,
    pub exports: Vec<Item>,
}

impl Shape {
    /// Of a valid module.
    pub fn of(wasm: &[u8]) -> Result<Shape, BinaryReaderError> {
        let types = Validator::new_with_features(WasmFeatures::all()).validate_all(wasm)?;
        let types = types.as_ref();
        let exports = types.core_exports().into_iter().flatten().map(|(_, ty)| item(types, ty)).collect();
        Ok(Shape { imports: imports(wasm, types)?, exports })
    }

    /// The positions of the exports of a sort.
    pub fn exports_of(&self, sort: Sort) -> Vec<usize> {
        (0..self.exports.len()).filter(|n| self.exports[*n].sort == sort).collect()
    }
}

/// Types give imports by name, of which several may have the same: here they are in order.
fn imports(wasm: &[u8], types: TypesRef<'_>) -> Result<Vec<Item>, BinaryReaderError> {
    let mut items = Vec::new();
    let [mut funcs, mut tables, mut memories, mut globals, mut tags] = [(); 5].map(|()| 0..);
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ImportSection(section) = payload? else { continue };
        for import in section.into_imports() {
            let next = |range: &mut std::ops::RangeFrom<u32>| range.next().expect("endless");
            let ty = match import?.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => EntityType::Func(types.core_function_at(next(&mut funcs))),
                TypeRef::Table(_) => EntityType::Table(types.table_at(next(&mut tables))),
                TypeRef::Memory(_) => EntityType::Memory(types.memory_at(next(&mut memories))),
                TypeRef::Global(_) => EntityType::Global(types.global_at(next(&mut globals))),
                TypeRef::Tag(_) => EntityType::Tag(types.tag_at(next(&mut tags))),
            };
            items.push(item(types, ty));
        }
    }
    Ok(items)
}

fn item(types: TypesRef<'_>, ty: EntityType) -> Item {
    let (sort, text) = match ty {
        EntityType::Func(id) | EntityType::FuncExact(id) => (Sort::Func, format!("{:?}", types[id].composite_type)),
        EntityType::Tag(id) => (Sort::Tag, format!("{:?}", types[id].composite_type)),
        EntityType::Table(ty) => (Sort::Table, format!("{:?} {}", ty.element_type, ty.table64)),
        EntityType::Memory(ty) => (Sort::Memory, format!("{} {} {:?}", ty.memory64, ty.shared, ty.page_size_log2)),
        EntityType::Global(ty) => (Sort::Global, format!("{:?} {}", ty.content_type, ty.mutable)),
    };
    Item { sort, likeness: without_numbers(&text) }
}

/// Types are numbered anew in each module: of numbers in brackets only the brackets are left.
fn without_numbers(text: &str) -> String {
    let mut last = ' ';
    text.chars()
        .filter(|c| {
            let kept = !c.is_ascii_digit() || last.is_alphanumeric();
            if kept {
                last = *c;
            }
            kept
        })
        .collect()
}

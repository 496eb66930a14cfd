//! What a module imports and exports, with the names of parameters: for tools that do not run it.
//!
//! Reads no code and validates nothing but the sections that it reads, so that it is quick on large modules.

use std::collections::HashMap;

use wasmparser::{
    BinaryReader, CompositeInnerType, ExternalKind, HeapType, Name, NameSectionReader, Parser, Payload, RefType,
    TypeRef, ValType,
};

use crate::error::{Error, Result};

/// A parameter or result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// In the words of the text format: `i32`, `externref`, `(ref null any)`.
    pub ty: String,
    /// From the name section; only parameters have names.
    pub name: Option<String>,
}

/// The kind of an import or export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A function with parameters and results.
    Function(Vec<Value>, Vec<Value>),
    /// A table, with the type of its elements.
    Table(String),
    /// A memory; whether it has 64-bit addresses, and whether it is shared.
    Memory(bool, bool),
    /// A global, with its type and whether it can change.
    Global(String, bool),
    /// A tag, with the types of its values.
    Tag(Vec<String>),
}

/// An import or export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The module's name; empty for exports.
    pub module: String,
    /// The item's name.
    pub name: String,
    /// What it is.
    pub shape: Shape,
}

/// Imports and exports of a module, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// What it imports.
    pub imports: Vec<Item>,
    /// What it exports.
    pub exports: Vec<Item>,
}

type Signature = (Vec<ValType>, Vec<ValType>);

#[derive(Default)]
struct Reader {
    types: HashMap<u32, Signature>,
    /// What the types of the module are, by index: `func`, `struct` and so on.
    kinds: Vec<&'static str>,
    functions: Vec<u32>,
    tables: Vec<RefType>,
    memories: Vec<(bool, bool)>,
    globals: Vec<(ValType, bool)>,
    tags: Vec<u32>,
    imports: Vec<(String, String, ExternalKind, u32)>,
    exports: Vec<(String, ExternalKind, u32)>,
    /// Names of parameters by function and index.
    locals: HashMap<(u32, u32), String>,
}

/// Reads the interface of a module in the binary format.
///
/// # Errors
/// With the offset, when the bytes are no module or a section is malformed.
pub fn interface(bytes: &[u8]) -> Result<Interface> {
    let mut reader = Reader::default();
    let mut parser = Parser::new(0);
    parser.set_features(wasmparser::WasmFeatures::all());
    for payload in parser.parse_all(bytes) {
        reader.read(payload?)?;
    }
    reader.finish()
}

impl Reader {
    fn read(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => section.into_iter().try_for_each(|group| self.types(group?)),
            Payload::ImportSection(section) => section.into_imports().try_for_each(|import| {
                let import = import?;
                let (kind, index) = self.import(import.ty);
                self.imports.push((import.module.to_owned(), import.name.to_owned(), kind, index));
                Ok(())
            }),
            Payload::FunctionSection(section) => {
                section.into_iter().try_for_each(|ty| ty.map(|ty| self.functions.push(ty)))
            }
            Payload::TableSection(section) => {
                section.into_iter().try_for_each(|table| table.map(|it| self.tables.push(it.ty.element_type)))
            }
            Payload::MemorySection(section) => {
                section.into_iter().try_for_each(|it| it.map(|it| self.memories.push((it.memory64, it.shared))))
            }
            Payload::GlobalSection(section) => section
                .into_iter()
                .try_for_each(|global| global.map(|it| self.globals.push((it.ty.content_type, it.ty.mutable)))),
            Payload::TagSection(section) => {
                section.into_iter().try_for_each(|tag| tag.map(|it| self.tags.push(it.func_type_idx)))
            }
            Payload::ExportSection(section) => section
                .into_iter()
                .try_for_each(|export| export.map(|it| self.exports.push((it.name.to_owned(), it.kind, it.index)))),
            Payload::CustomSection(section) if section.name() == "name" => {
                self.names(section.data());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn types(&mut self, group: wasmparser::RecGroup) -> wasmparser::Result<()> {
        for ty in group.into_types() {
            let index = self.kinds.len() as u32;
            self.kinds.push(match &ty.composite_type.inner {
                CompositeInnerType::Func(func) => {
                    self.types.insert(index, (func.params().to_vec(), func.results().to_vec()));
                    "func"
                }
                CompositeInnerType::Array(_) => "array",
                CompositeInnerType::Struct(_) => "struct",
                CompositeInnerType::Cont(_) => "cont",
            });
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef) -> (ExternalKind, u32) {
        match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                self.functions.push(index);
                (ExternalKind::Func, self.functions.len() as u32 - 1)
            }
            TypeRef::Table(table) => {
                self.tables.push(table.element_type);
                (ExternalKind::Table, self.tables.len() as u32 - 1)
            }
            TypeRef::Memory(memory) => {
                self.memories.push((memory.memory64, memory.shared));
                (ExternalKind::Memory, self.memories.len() as u32 - 1)
            }
            TypeRef::Global(global) => {
                self.globals.push((global.content_type, global.mutable));
                (ExternalKind::Global, self.globals.len() as u32 - 1)
            }
            TypeRef::Tag(tag) => {
                self.tags.push(tag.func_type_idx);
                (ExternalKind::Tag, self.tags.len() as u32 - 1)
            }
        }
    }

    /// Names of parameters, up to the first malformed one.
    fn names(&mut self, data: &[u8]) {
        let locals = NameSectionReader::new(BinaryReader::new(data, 0)).map_while(wasmparser::Result::ok);
        let maps = locals.filter_map(|name| match name {
            Name::Local(map) => Some(map),
            _ => None,
        });
        for function in maps.flat_map(|map| map.into_iter().map_while(wasmparser::Result::ok)) {
            for naming in function.names.map_while(wasmparser::Result::ok) {
                self.locals.insert((function.index, naming.index), naming.name.to_owned());
            }
        }
    }

    fn finish(self) -> Result<Interface> {
        let shape =
            |kind, index| self.shape(kind, index).ok_or_else(|| Error::new(format!("unknown {kind:?} {index}"), 0));
        let mut interface = Interface::default();
        for (module, name, kind, index) in &self.imports {
            let item = Item { module: module.clone(), name: name.clone(), shape: shape(*kind, *index)? };
            interface.imports.push(item);
        }
        for (name, kind, index) in &self.exports {
            let item = Item { module: String::new(), name: name.clone(), shape: shape(*kind, *index)? };
            interface.exports.push(item);
        }
        Ok(interface)
    }

    fn shape(&self, kind: ExternalKind, index: u32) -> Option<Shape> {
        let at = index as usize;
        Some(match kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                let (params, results) = self.types.get(self.functions.get(at)?)?;
                let named = |(n, ty): (usize, &ValType)| Value {
                    ty: self.type_name(*ty),
                    name: self.locals.get(&(index, n as u32)).cloned(),
                };
                let unnamed = |ty: &ValType| Value { ty: self.type_name(*ty), name: None };
                Shape::Function(params.iter().enumerate().map(named).collect(), results.iter().map(unnamed).collect())
            }
            ExternalKind::Table => Shape::Table(self.ref_name(*self.tables.get(at)?)),
            ExternalKind::Memory => {
                let (memory64, shared) = *self.memories.get(at)?;
                Shape::Memory(memory64, shared)
            }
            ExternalKind::Global => {
                let (ty, mutable) = *self.globals.get(at)?;
                Shape::Global(self.type_name(ty), mutable)
            }
            ExternalKind::Tag => {
                let (values, _) = self.types.get(self.tags.get(at)?)?;
                Shape::Tag(values.iter().map(|&ty| self.type_name(ty)).collect())
            }
        })
    }

    fn type_name(&self, ty: ValType) -> String {
        match ty {
            ValType::Ref(ty) => self.ref_name(ty),
            other => other.to_string(),
        }
    }

    /// Types of the module by what they are: `(ref null struct)`.
    fn ref_name(&self, ty: RefType) -> String {
        if ty == RefType::FUNCREF {
            return "funcref".to_owned();
        }
        if ty == RefType::EXTERNREF {
            return "externref".to_owned();
        }
        let null = if ty.is_nullable() { "null " } else { "" };
        let heap = match ty.heap_type() {
            HeapType::Abstract { ty, .. } => format!("{ty:?}").to_lowercase(),
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let kind = index.as_module_index().and_then(|index| self.kinds.get(index as usize));
                (*kind.unwrap_or(&"any")).to_owned()
            }
        };
        format!("(ref {null}{heap})")
    }
}

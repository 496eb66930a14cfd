//! One method a section: from wasmparser's readers into the [`Module`].
//!
//! Sections are validated by the caller where they come from outside. Nothing here indexes by what it reads.

use crate::defined_type::{CompositeType, FieldType, StorageType, SubType};
use crate::error::{Error, Result};
use crate::hints::BranchHints;
use crate::module::{ConstExpr, ConstOp, ElementItems, ElementSegment, Export, ExternIndex, Import};
use crate::module::{Module, SegmentMode};
use crate::names::NameMap;
use crate::types::WASM_PAGE_SIZE;
use crate::types::{AddressType, ExternType, FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType};

fn unsupported<T>(what: &str, offset: u64) -> Result<T> {
    Err(Error::new(format!("{what} is not enabled"), offset))
}

/// Converts a heap type. Type indices are those of the module.
pub fn heap_type(ty: wasmparser::HeapType, offset: u64) -> Result<HeapType> {
    use wasmparser::{AbstractHeapType as Abstract, HeapType as Wp};
    Ok(match ty {
        Wp::Concrete(index) => match index.as_module_index() {
            Some(index) => HeapType::Concrete(index),
            None => return unsupported("a type of no module", offset),
        },
        Wp::Abstract { shared: false, ty } => match ty {
            Abstract::Func => HeapType::Func,
            Abstract::NoFunc => HeapType::NoFunc,
            Abstract::Extern => HeapType::Extern,
            Abstract::NoExtern => HeapType::NoExtern,
            Abstract::Any => HeapType::Any,
            Abstract::Eq => HeapType::Eq,
            Abstract::I31 => HeapType::I31,
            Abstract::Struct => HeapType::Struct,
            Abstract::Array => HeapType::Array,
            Abstract::None => HeapType::None,
            Abstract::Exn => HeapType::Exn,
            Abstract::NoExn => HeapType::NoExn,
            other => return unsupported(&format!("heap type {other:?}"), offset),
        },
        other => return unsupported(&format!("heap type {other:?}"), offset),
    })
}

/// Converts a reference type.
pub fn ref_type(ty: wasmparser::RefType, offset: u64) -> Result<RefType> {
    Ok(RefType { nullable: ty.is_nullable(), heap: heap_type(ty.heap_type(), offset)? })
}

/// Converts a value type.
pub fn val_type(ty: wasmparser::ValType, offset: u64) -> Result<ValType> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(r) => ValType::Ref(ref_type(r, offset)?),
    })
}

fn val_types(types: &[wasmparser::ValType], offset: u64) -> Result<Box<[ValType]>> {
    types.iter().map(|ty| val_type(*ty, offset)).collect()
}

fn field_type(ty: &wasmparser::FieldType, offset: u64) -> Result<FieldType> {
    let storage = match ty.element_type {
        wasmparser::StorageType::I8 => StorageType::I8,
        wasmparser::StorageType::I16 => StorageType::I16,
        wasmparser::StorageType::Val(ty) => StorageType::Val(val_type(ty, offset)?),
    };
    Ok(FieldType { storage, mutable: ty.mutable })
}

fn sub_type(ty: &wasmparser::SubType, offset: u64) -> Result<SubType> {
    use wasmparser::CompositeInnerType as Inner;
    let composite = match &ty.composite_type.inner {
        Inner::Func(func) => {
            CompositeType::Func(FuncType::new(val_types(func.params(), offset)?, val_types(func.results(), offset)?))
        }
        Inner::Struct(ty) => {
            CompositeType::Struct(ty.fields.iter().map(|field| field_type(field, offset)).collect::<Result<_>>()?)
        }
        Inner::Array(ty) => CompositeType::Array(field_type(&ty.0, offset)?),
        Inner::Cont(_) => return unsupported("a continuation type", offset),
    };
    let supertype = match ty.supertype_idxs[..] {
        [] => None,
        [index] => index.as_module_index(),
        _ => return unsupported("a type with several supertypes", offset),
    };
    Ok(SubType { is_final: ty.is_final, supertype, composite })
}

fn table_type(ty: &wasmparser::TableType, offset: u64) -> Result<TableType> {
    let element = ref_type(ty.element_type, offset)?;
    Ok(TableType { address: address_type(ty.table64), element, min: ty.initial, max: ty.maximum })
}

fn address_type(is_64: bool) -> AddressType {
    if is_64 { AddressType::I64 } else { AddressType::I32 }
}

fn memory_type(ty: &wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        address: address_type(ty.memory64),
        min: ty.initial,
        max: ty.maximum,
        page_size_log2: ty.page_size_log2.unwrap_or(WASM_PAGE_SIZE.ilog2()) as u8,
        shared: ty.shared,
    }
}

fn global_type(ty: &wasmparser::GlobalType, offset: u64) -> Result<GlobalType> {
    Ok(GlobalType { content: val_type(ty.content_type, offset)?, mutable: ty.mutable })
}

pub(crate) fn const_expr(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
    use wasmparser::Operator as Op;
    let mut ops = Vec::new();
    for op in expr.get_operators_reader().into_iter_with_offsets() {
        let (op, offset) = op?;
        ops.push(match op {
            Op::I32Const { value } => ConstOp::I32Const(value),
            Op::I64Const { value } => ConstOp::I64Const(value),
            Op::F32Const { value } => ConstOp::F32Const(value.bits()),
            Op::F64Const { value } => ConstOp::F64Const(value.bits()),
            Op::V128Const { value } => ConstOp::V128Const(*value.bytes()),
            Op::GlobalGet { global_index } => ConstOp::GlobalGet(global_index),
            Op::RefNull { .. } => ConstOp::RefNull,
            Op::RefI31 => ConstOp::RefI31,
            Op::StructNew { struct_type_index } => ConstOp::StructNew(struct_type_index),
            Op::StructNewDefault { struct_type_index } => ConstOp::StructNewDefault(struct_type_index),
            Op::ArrayNew { array_type_index } => ConstOp::ArrayNew(array_type_index),
            Op::ArrayNewDefault { array_type_index } => ConstOp::ArrayNewDefault(array_type_index),
            Op::ArrayNewFixed { array_type_index, array_size } => ConstOp::ArrayNewFixed(array_type_index, array_size),
            // They change the static type and nothing else.
            Op::AnyConvertExtern | Op::ExternConvertAny => continue,
            Op::RefFunc { function_index } => ConstOp::RefFunc(function_index),
            Op::I32Add => ConstOp::I32Add,
            Op::I32Sub => ConstOp::I32Sub,
            Op::I32Mul => ConstOp::I32Mul,
            Op::I64Add => ConstOp::I64Add,
            Op::I64Sub => ConstOp::I64Sub,
            Op::I64Mul => ConstOp::I64Mul,
            Op::End => break,
            other => return unsupported(&format!("constant instruction {other:?}"), offset),
        });
    }
    Ok(ops.into())
}

impl Module {
    pub(crate) fn type_section(&mut self, section: wasmparser::TypeSectionReader<'_>) -> Result<()> {
        for group in section.into_iter_with_offsets() {
            let (offset, group) = group?;
            let types = group.into_types().map(|ty| sub_type(&ty, offset)).collect::<Result<Vec<_>>>()?;
            self.types.push_group(types);
        }
        Ok(())
    }

    pub(crate) fn tag_section(&mut self, section: wasmparser::TagSectionReader<'_>) -> Result<()> {
        for tag in section {
            self.tags.push(tag?.func_type_idx);
        }
        Ok(())
    }

    pub(crate) fn import_section(&mut self, section: wasmparser::ImportSectionReader<'_>) -> Result<()> {
        use wasmparser::TypeRef;
        for import in section.into_imports_with_offsets() {
            let (offset, import) = import?;
            let ty = match import.ty {
                TypeRef::Func(ty) => {
                    self.funcs.push(ty);
                    self.imported_funcs += 1;
                    ExternType::Func(ty)
                }
                TypeRef::Table(ty) => {
                    let ty = table_type(&ty, offset)?;
                    self.tables.push(ty);
                    self.imported_tables += 1;
                    ExternType::Table(ty)
                }
                TypeRef::Memory(ty) => {
                    let ty = memory_type(&ty);
                    self.memories.push(ty);
                    self.imported_memories += 1;
                    ExternType::Memory(ty)
                }
                TypeRef::Global(ty) => {
                    let ty = global_type(&ty, offset)?;
                    self.globals.push(ty);
                    self.imported_globals += 1;
                    ExternType::Global(ty)
                }
                TypeRef::Tag(ty) => {
                    self.tags.push(ty.func_type_idx);
                    self.imported_tags += 1;
                    ExternType::Tag(ty.func_type_idx)
                }
                TypeRef::FuncExact(_) => return unsupported("this kind of import", offset),
            };
            self.imports.push(Import { module: import.module.into(), name: import.name.into(), ty });
        }
        Ok(())
    }

    pub(crate) fn function_section(&mut self, section: wasmparser::FunctionSectionReader<'_>) -> Result<()> {
        for ty in section {
            self.funcs.push(ty?);
        }
        Ok(())
    }

    pub(crate) fn table_section(&mut self, section: wasmparser::TableSectionReader<'_>) -> Result<()> {
        for table in section.into_iter_with_offsets() {
            let (offset, table) = table?;
            self.tables.push(table_type(&table.ty, offset)?);
            self.table_inits.push(match &table.init {
                wasmparser::TableInit::RefNull => None,
                wasmparser::TableInit::Expr(expr) => Some(const_expr(expr)?),
            });
        }
        Ok(())
    }

    pub(crate) fn memory_section(&mut self, section: wasmparser::MemorySectionReader<'_>) -> Result<()> {
        for memory in section {
            self.memories.push(memory_type(&memory?));
        }
        Ok(())
    }

    pub(crate) fn global_section(&mut self, section: wasmparser::GlobalSectionReader<'_>) -> Result<()> {
        for global in section.into_iter_with_offsets() {
            let (offset, global) = global?;
            self.globals.push(global_type(&global.ty, offset)?);
            self.global_inits.push(const_expr(&global.init_expr)?);
        }
        Ok(())
    }

    pub(crate) fn export_section(&mut self, section: wasmparser::ExportSectionReader<'_>) -> Result<()> {
        use wasmparser::ExternalKind as Kind;
        for export in section.into_iter_with_offsets() {
            let (offset, export) = export?;
            let index = match export.kind {
                Kind::Func => ExternIndex::Func(export.index),
                Kind::Table => ExternIndex::Table(export.index),
                Kind::Memory => ExternIndex::Memory(export.index),
                Kind::Global => ExternIndex::Global(export.index),
                Kind::Tag => ExternIndex::Tag(export.index),
                Kind::FuncExact => return unsupported("this kind of export", offset),
            };
            self.exports.push(Export { name: export.name.into(), index });
        }
        Ok(())
    }

    pub(crate) fn element_section(&mut self, section: wasmparser::ElementSectionReader<'_>) -> Result<()> {
        for element in section.into_iter_with_offsets() {
            let (offset, element) = element?;
            let mode = match element.kind {
                wasmparser::ElementKind::Passive => SegmentMode::Passive,
                wasmparser::ElementKind::Declared => SegmentMode::Declared,
                wasmparser::ElementKind::Active { table_index, offset_expr } => {
                    SegmentMode::Active { index: table_index.unwrap_or(0), offset: const_expr(&offset_expr)? }
                }
            };
            let (ty, items) = match element.items {
                wasmparser::ElementItems::Functions(funcs) => {
                    let funcs = funcs.into_iter().collect::<std::result::Result<_, _>>()?;
                    (RefType::FUNCREF, ElementItems::Functions(funcs))
                }
                wasmparser::ElementItems::Expressions(ty, exprs) => {
                    let exprs = exprs.into_iter().map(|expr| const_expr(&expr?)).collect::<Result<_>>()?;
                    (ref_type(ty, offset)?, ElementItems::Expressions(exprs))
                }
            };
            self.elements.push(ElementSegment { mode, ty, items });
        }
        Ok(())
    }

    /// `at` translates an offset in the module to one in the skeleton. Some modules have a hundred thousand segments: they
    /// are read without a second look at what was validated.
    pub(crate) fn custom_section(&mut self, section: &wasmparser::CustomSectionReader<'_>, data_start: usize) {
        if section.name() == "name" {
            self.names = NameMap::new(data_start..data_start + section.data().len());
        }
        if section.name() == BranchHints::SECTION {
            self.branch_hints = BranchHints::read(section.data());
        }
        let range = data_start..data_start + section.data().len();
        self.custom_sections.push((section.name().into(), range));
    }

    /// Collects the functions that the host can come by, once all sections are there.
    pub(crate) fn find_escaped_funcs(&mut self) {
        let mut escaped = Vec::new();
        let in_expr = |escaped: &mut Vec<u32>, expr: &ConstExpr| {
            escaped.extend(expr.ops().iter().filter_map(|op| match op {
                ConstOp::RefFunc(func) => Some(*func),
                _ => None,
            }));
        };
        escaped.extend(self.start);
        for export in &self.exports {
            if let ExternIndex::Func(func) = export.index {
                escaped.push(func);
            }
        }
        for segment in &self.elements {
            match &segment.items {
                ElementItems::Functions(funcs) => escaped.extend_from_slice(funcs),
                ElementItems::Expressions(exprs) => exprs.iter().for_each(|expr| in_expr(&mut escaped, expr)),
            }
        }
        self.global_inits.iter().for_each(|expr| in_expr(&mut escaped, expr));
        self.table_inits.iter().flatten().for_each(|expr| in_expr(&mut escaped, expr));
        escaped.sort_unstable();
        escaped.dedup();
        self.escaped_funcs = escaped;
    }
}

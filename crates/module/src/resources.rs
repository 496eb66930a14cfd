//! What bodies are validated against: wasmparser's view of the module, and the exports, which that does not know.

use std::sync::Arc;

use wasmparser::types::CoreTypeId;
use wasmparser::{FuncType, GlobalType, HeapType, MemoryType, RefType, SubType, TableType, ValType};
use wasmparser::{ValidatorResources, WasmModuleResources};

/// The module around a body.
#[derive(Clone)]
pub struct Resources {
    pub(crate) module: ValidatorResources,
    /// Indices of the functions that are exported, in order.
    pub(crate) exported: Arc<[u32]>,
}

impl WasmModuleResources for Resources {
    /// `ref.func` is for functions that are mentioned outside of bodies.
    fn is_function_referenced(&self, func: u32) -> bool {
        self.exported.binary_search(&func).is_ok() || self.module.is_function_referenced(func)
    }

    fn table_at(&self, at: u32) -> Option<TableType> {
        self.module.table_at(at)
    }

    fn memory_at(&self, at: u32) -> Option<MemoryType> {
        self.module.memory_at(at)
    }

    fn tag_at(&self, at: u32) -> Option<&FuncType> {
        self.module.tag_at(at)
    }

    fn global_at(&self, at: u32) -> Option<GlobalType> {
        self.module.global_at(at)
    }

    fn sub_type_at(&self, type_index: u32) -> Option<&SubType> {
        self.module.sub_type_at(type_index)
    }

    fn sub_type_at_id(&self, id: CoreTypeId) -> &SubType {
        self.module.sub_type_at_id(id)
    }

    fn type_id_of_function(&self, func: u32) -> Option<CoreTypeId> {
        self.module.type_id_of_function(func)
    }

    fn type_index_of_function(&self, func: u32) -> Option<u32> {
        self.module.type_index_of_function(func)
    }

    fn element_type_at(&self, at: u32) -> Option<RefType> {
        self.module.element_type_at(at)
    }

    fn is_subtype(&self, a: ValType, b: ValType) -> bool {
        self.module.is_subtype(a, b)
    }

    fn is_shared(&self, ty: RefType) -> bool {
        self.module.is_shared(ty)
    }

    fn check_heap_type(&self, ty: &mut HeapType, offset: u64) -> wasmparser::Result<()> {
        self.module.check_heap_type(ty, offset)
    }

    fn top_type(&self, ty: &HeapType) -> HeapType {
        self.module.top_type(ty)
    }

    fn element_count(&self) -> u32 {
        self.module.element_count()
    }

    fn data_count(&self) -> Option<u32> {
        self.module.data_count()
    }

    fn has_function_exact_type(&self, func: u32) -> bool {
        self.module.has_function_exact_type(func)
    }
}

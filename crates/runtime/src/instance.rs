//! Instances and their vmctx.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::Arc;

use gantry_abi::TrapCode;
use gantry_abi::object::VMTag;
use gantry_abi::vmctx::{
    ContextKind, VMContextHeader, VMFuncRef, VMFunctionImport, VMGlobal, VMMemoryEntry, VMStoreContext, VMTable,
};
use gantry_module::{ConstExpr, ElementItems, ExternIndex, Module};

use crate::code::LoadedModule;
use crate::const_expr;
use crate::global::{Global, Place};
use crate::libcalls;
use crate::memory::Memory;
use crate::store::{FuncPtr, GlobalId, InstanceId, MemoryId, Store, TableId, TagId};

const VMCTX_ALIGN: usize = 16;

/// An instance of a module.
#[derive(Debug)]
pub struct Instance {
    module: Arc<LoadedModule>,
    vmctx: NonNull<u8>,
    pub(crate) tables: Box<[TableId]>,
    pub(crate) memories: Box<[MemoryId]>,
    pub(crate) tags: Box<[TagId]>,
    pub(crate) imported_globals: Box<[GlobalId]>,
    /// Those of the defined globals that are exported.
    pub(crate) defined_globals: Box<[Option<GlobalId>]>,
    pub(crate) dropped_data: Box<[bool]>,
    pub(crate) dropped_elements: Box<[bool]>,
    /// The elements of segments that hold objects of their own.
    pub(crate) made_elements: Box<[Option<Box<[usize]>>]>,
}

impl Instance {
    /// An instance with a zeroed vmctx but for its header and functions.
    pub(crate) fn new(module: Arc<LoadedModule>, id: InstanceId, store: *mut VMStoreContext) -> Box<Instance> {
        let layout = vmctx_layout(&module);
        // SAFETY: the size is at least that of the header.
        let vmctx = NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap_or_else(|| handle_alloc_error(layout));
        let info = module.module();
        let header = VMContextHeader {
            kind: ContextKind::Instance,
            id: id.0,
            store,
            libcalls: libcalls::table(),
            code_table: module.slots().as_ptr(),
            type_ids: module.type_ids().as_ptr(),
            types: module.vm_types().as_ptr(),
            counters: module.counters_ptr(),
        };
        // SAFETY: the vmctx begins with the header.
        unsafe { vmctx.cast::<VMContextHeader>().write(header) };
        let mut instance = Box::new(Instance {
            vmctx,
            tables: Box::default(),
            tags: Box::default(),
            made_elements: vec![None; info.elements.len()].into(),
            memories: Box::default(),
            imported_globals: Box::default(),
            defined_globals: vec![None; info.global_inits.len()].into(),
            dropped_data: vec![false; info.data_count()].into(),
            dropped_elements: vec![false; info.elements.len()].into(),
            module,
        });
        instance.fill_funcrefs();
        instance
    }

    fn fill_funcrefs(&mut self) {
        let loaded = self.module.clone();
        let module = loaded.module();
        for (position, func) in module.escaped_funcs.iter().enumerate() {
            let Some(defined) = module.defined_func(*func) else { continue };
            let ty = module.funcs[*func as usize];
            let funcref = VMFuncRef {
                slot: &loaded.slots()[defined as usize],
                vmctx: self.vmctx.as_ptr().cast(),
                type_id: loaded.type_ids()[ty as usize],
                index: *func,
                entry: loaded.entry(ty),
            };
            // SAFETY: the layout has a place for each escaped function.
            unsafe { self.part::<VMFuncRef>(loaded.layout().funcref(position as u32)).write(funcref) };
        }
    }

    /// A part of the vmctx.
    fn part<T>(&self, offset: u32) -> NonNull<T> {
        debug_assert!(offset as usize + size_of::<T>() <= self.module.layout().size());
        // SAFETY: the layout's offsets lie inside the allocation.
        unsafe { self.vmctx.add(offset as usize).cast() }
    }

    /// The module and its code.
    pub fn loaded(&self) -> &Arc<LoadedModule> {
        &self.module
    }

    /// The module.
    pub fn module(&self) -> &Module {
        self.module.module()
    }

    /// The addresses that the vmctx occupies.
    pub(crate) fn vmctx_range(&self) -> std::ops::Range<usize> {
        let start = self.vmctx.addr().get();
        start..start + self.module.layout().size()
    }

    // Functions

    pub(crate) fn set_func_import(&mut self, index: u32, func: FuncPtr) {
        // SAFETY: the function is alive, and the layout has a place for each import.
        unsafe {
            let VMFuncRef { slot, vmctx, .. } = *func.as_ptr();
            let import = VMFunctionImport { slot, vmctx, funcref: func.as_ptr() };
            self.part::<VMFunctionImport>(self.module.layout().function_import(index)).write(import);
        }
    }

    /// A function as a value, by its index. It must be imported, exported, or otherwise escape.
    pub fn func(&self, index: u32) -> FuncPtr {
        let (layout, module) = (self.module.layout(), self.module());
        if index < module.imported_funcs {
            // SAFETY: imports were set when the instance was made.
            let import = unsafe { self.part::<VMFunctionImport>(layout.function_import(index)).read() };
            return NonNull::new(import.funcref.cast_mut()).expect("set at instantiation");
        }
        let position = module.escaped_index(index).expect("only escaping functions are asked for");
        self.part(layout.funcref(position))
    }

    /// The imported functions.
    pub(crate) fn func_imports(&self) -> impl Iterator<Item = FuncPtr> + '_ {
        (0..self.module().imported_funcs).map(|i| self.func(i))
    }

    // Tables and memories

    pub(crate) fn set_table(&mut self, index: u32, table: *const VMTable) {
        // SAFETY: the layout has a place for each table.
        unsafe { self.part::<*const VMTable>(self.module.layout().table(index)).write(table) };
    }

    pub(crate) fn set_memory(&mut self, index: u32, memory: &Memory) {
        let entry = VMMemoryEntry { base: memory.base().as_ptr(), memory: memory.definition() };
        // SAFETY: the layout has a place for each memory.
        unsafe { self.part::<VMMemoryEntry>(self.module.layout().memory(index)).write(entry) };
    }

    pub(crate) fn set_tag(&mut self, index: u32, tag: *const VMTag) {
        // SAFETY: the layout has a place for each tag.
        unsafe { self.part::<*const VMTag>(self.module.layout().tag(index)).write(tag) };
    }

    /// A table, by its index.
    pub fn table(&self, index: u32) -> TableId {
        self.tables[index as usize]
    }

    /// A memory, by its index.
    pub fn memory(&self, index: u32) -> MemoryId {
        self.memories[index as usize]
    }

    /// A tag, by its index.
    pub fn tag(&self, index: u32) -> TagId {
        self.tags[index as usize]
    }

    // Globals

    pub(crate) fn set_global_import(&mut self, index: u32, at: NonNull<VMGlobal>) {
        // SAFETY: the layout has a place for each imported global.
        unsafe { self.part::<NonNull<VMGlobal>>(self.module.layout().imported_global(index)).write(at) };
    }

    pub(crate) fn global_pointer(&self, index: u32) -> NonNull<VMGlobal> {
        let layout = self.module.layout();
        match index.checked_sub(self.module().imported_globals) {
            Some(defined) => self.part(layout.defined_global(defined)),
            // SAFETY: set at instantiation.
            None => unsafe { self.part::<NonNull<VMGlobal>>(layout.imported_global(index)).read() },
        }
    }

    pub(crate) fn global_value(&self, index: u32) -> VMGlobal {
        // SAFETY: the pointer is to the vmctx, or to a global that this keeps alive.
        unsafe { self.global_pointer(index).read() }
    }

    /// Sets a defined global while the instance is made.
    pub(crate) fn init_global(&mut self, index: u32, value: VMGlobal) {
        // SAFETY: as above.
        unsafe { self.global_pointer(index).write(value) };
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout; the collector found that nothing refers to it.
        unsafe { dealloc(self.vmctx.as_ptr(), vmctx_layout(&self.module)) };
    }
}

fn vmctx_layout(module: &LoadedModule) -> Layout {
    Layout::from_size_align(module.layout().size(), VMCTX_ALIGN).expect("far below the limit")
}

impl Store {
    /// The elements of a segment from `start`, `len` of them.
    pub(crate) fn segment_elements(
        &mut self,
        id: InstanceId,
        segment: u32,
        start: u32,
        len: u32,
    ) -> Result<Vec<usize>, TrapCode> {
        let instance = self.instance(id);
        let loaded = instance.loaded().clone();
        let items = &loaded.module().elements[segment as usize].items;
        let present = if instance.dropped_elements[segment as usize] { 0 } else { items.len() as u64 };
        let end = u64::from(start) + u64::from(len);
        if end > present {
            return Err(TrapCode::TableOutOfBounds);
        }
        let range = start as usize..end as usize;
        if let Some(values) = &instance.made_elements[segment as usize] {
            return Ok(values[range].to_vec());
        }
        match items {
            ElementItems::Functions(funcs) => Ok(funcs[range].iter().map(|f| instance.func(*f).addr().get()).collect()),
            ElementItems::Expressions(exprs) => {
                let eval = |expr| const_expr::eval(self, id, expr).map(|bits| bits as usize);
                exprs[range].iter().map(eval).collect::<Option<_>>().ok_or(TrapCode::OutOfHeap)
            }
        }
    }

    /// Evaluates the segments whose elements are objects: each is made once.
    pub(crate) fn make_elements(&mut self, id: InstanceId) -> Result<(), TrapCode> {
        let loaded = self.instance(id).loaded().clone();
        for (segment, element) in loaded.module().elements.iter().enumerate() {
            let ElementItems::Expressions(exprs) = &element.items else { continue };
            if exprs.iter().any(ConstExpr::makes_objects) {
                let values = self.segment_elements(id, segment as u32, 0, exprs.len() as u32)?;
                self.instance_mut(id).made_elements[segment] = Some(values.into());
            }
        }
        Ok(())
    }

    /// An imported or exported global of an instance, by its index.
    pub fn instance_global(&self, id: InstanceId, index: u32) -> GlobalId {
        let instance = self.instance(id);
        match index.checked_sub(instance.module().imported_globals) {
            Some(defined) => instance.defined_globals[defined as usize].expect("made for exports at instantiation"),
            None => instance.imported_globals[index as usize],
        }
    }

    /// Makes the globals that an instance defines and exports known to the store.
    pub(crate) fn announce_exported_globals(&mut self, id: InstanceId) {
        let loaded = self.instance(id).loaded().clone();
        let module = loaded.module();
        for export in &module.exports {
            let ExternIndex::Global(index) = export.index else { continue };
            let Some(defined) = index.checked_sub(module.imported_globals) else { continue };
            let instance = self.instance(id);
            if instance.defined_globals[defined as usize].is_some() {
                continue;
            }
            let place = Place::Instance { instance: id, at: instance.global_pointer(index) };
            let global = self.insert_global(Global { ty: loaded.global_type(index), place });
            self.instance_mut(id).defined_globals[defined as usize] = Some(global);
        }
    }
}

//! Instantiation, in the order of the specification.

use std::sync::Arc;

use gantry_abi::TrapCode;
use gantry_abi::vmctx::VMGlobal;
use gantry_module::{ConstExpr, DataSegment, ExternType, Module, SegmentMode};

use crate::code::LoadedModule;
use crate::const_expr;
use crate::host::{Behaviour, HostFunction};
use crate::instance::Instance;
use crate::store::{FuncPtr, GlobalId, InstanceId, MemoryId, Store, TableId, TagId};
use crate::{OutOfMemory, types};

/// Something that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Func(FuncPtr),
    /// A table.
    Table(TableId),
    /// A memory.
    Memory(MemoryId),
    /// A global.
    Global(GlobalId),
    /// A tag.
    Tag(TagId),
    /// A function that the embedder calls when [`Step::Call`](crate::Step::Call) asks for it. It is made for this
    /// import, of the type that the import has; the number is its key.
    Suspend(u32),
}

/// An import is not what the module asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkError {
    /// Which import, in order.
    pub import: usize,
    /// What the module asks for.
    pub expected: String,
    /// What there is.
    pub actual: String,
}

/// Why there is no instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstantiateError {
    /// An import does not fit.
    Link(LinkError),
    /// A segment lies outside its memory or table.
    Trap(TrapCode),
    /// Memories or tables could not be allocated.
    OutOfMemory,
}

impl From<OutOfMemory> for InstantiateError {
    fn from(_: OutOfMemory) -> Self {
        InstantiateError::OutOfMemory
    }
}

fn describe(module: &Module, ty: &ExternType) -> String {
    match ty {
        ExternType::Func(index) => format!("function {}", module.types.func(*index)),
        ExternType::Table(ty) => format!("table {ty}"),
        ExternType::Memory(ty) => format!("memory {ty}"),
        ExternType::Global(ty) => format!("global {ty}"),
        ExternType::Tag(index) => format!("tag {}", module.types.func(*index)),
    }
}

impl Store {
    /// Makes an instance, up to but without calling its start function.
    ///
    /// # Safety
    /// The imports are alive and of this store.
    pub unsafe fn instantiate(
        &mut self,
        module: &Arc<LoadedModule>,
        imports: &[Extern],
    ) -> Result<InstanceId, InstantiateError> {
        self.check_imports(module, imports)?;
        let vacant = self.instances.vacant_key() as u32;
        let id = InstanceId(vacant);
        let instance = Instance::new(module.clone(), id, self.context_ptr());
        self.instances.insert(instance);
        self.debt += 1;
        if let Err(error) = self.link(id, module, imports) {
            // Nothing can refer to it yet.
            self.instances.remove(vacant as usize);
            return Err(error.into());
        }
        // From here on it may have been seen through imported tables; if it fails, the collector decides.
        self.init_globals(id)?;
        self.announce_exported_globals(id);
        self.init_tables(id)?;
        self.make_elements(id).map_err(InstantiateError::Trap)?;
        self.init_elements(id)?;
        self.init_data(id)?;
        Ok(id)
    }

    fn check_imports(&self, module: &Arc<LoadedModule>, imports: &[Extern]) -> Result<(), InstantiateError> {
        let info = module.module();
        assert_eq!(imports.len(), info.imports.len(), "one value an import");
        for (index, (import, actual)) in info.imports.iter().zip(imports).enumerate() {
            let fits = match (&import.ty, *actual) {
                (ExternType::Func(_), Extern::Suspend(_)) => true,
                (ExternType::Func(ty), Extern::Func(func)) => {
                    types::is_subtype(self.func_type_id(func), module.type_ids()[*ty as usize])
                }
                (ExternType::Table(ty), Extern::Table(id)) => {
                    let table = self.table(id);
                    table.ty().satisfies(table.len(), &module.canonical_table(*ty))
                }
                (ExternType::Memory(ty), Extern::Memory(id)) => {
                    let memory = self.memory(id);
                    memory.style() == module.memory_style().of(ty) && memory.ty().satisfies(memory.pages(), ty)
                }
                (ExternType::Global(ty), Extern::Global(id)) => {
                    let (actual, wanted) = (self.global(id).ty(), module.canonical_global(*ty));
                    let below = !wanted.mutable && types::val_type_matches(actual.content, wanted.content);
                    actual.mutable == wanted.mutable && (below || actual.content == wanted.content)
                }
                (ExternType::Tag(ty), Extern::Tag(id)) => self.tag_type(id) == module.type_ids()[*ty as usize],
                _ => false,
            };
            if !fits {
                let expected = describe(info, &import.ty);
                let error = LinkError { import: index, expected, actual: self.describe_extern(*actual) };
                return Err(InstantiateError::Link(error));
            }
        }
        Ok(())
    }

    /// A sort and type in words.
    pub fn describe_extern(&self, item: Extern) -> String {
        match item {
            Extern::Func(func) => format!("function {}", self.func_type(func)),
            Extern::Suspend(_) => "function".to_owned(),
            Extern::Table(id) => {
                let table = self.table(id);
                let ty = gantry_module::TableType { min: table.len(), ..table.ty() };
                format!("table {ty}")
            }
            Extern::Memory(id) => {
                let memory = self.memory(id);
                let ty = gantry_module::MemoryType { min: memory.pages(), ..memory.ty() };
                format!("memory {ty}")
            }
            Extern::Global(id) => format!("global {}", self.global(id).ty()),
            Extern::Tag(id) => format!("tag {}", types::func_type(self.tag_type(id))),
        }
    }

    fn link(&mut self, id: InstanceId, loaded: &Arc<LoadedModule>, imports: &[Extern]) -> Result<(), OutOfMemory> {
        let module = loaded.module();
        let (mut funcs, mut tables, mut memories, mut globals) = (0, Vec::new(), Vec::new(), Vec::new());
        let mut tags = Vec::new();
        for (import, item) in module.imports.iter().zip(imports) {
            match *item {
                Extern::Func(func) => {
                    self.instance_mut(id).set_func_import(funcs, func);
                    funcs += 1;
                }
                Extern::Suspend(key) => {
                    let ExternType::Func(ty) = import.ty else { unreachable!("imports were checked") };
                    let host = HostFunction::make(
                        self,
                        loaded.clone(),
                        ty,
                        loaded.type_ids()[ty as usize],
                        Behaviour::Suspend,
                        Some(id),
                        key,
                    );
                    let func = self.host(host).funcref();
                    self.instance_mut(id).set_func_import(funcs, func);
                    funcs += 1;
                }
                Extern::Table(table) => tables.push(table),
                Extern::Tag(tag) => tags.push(tag),
                Extern::Memory(memory) => memories.push(memory),
                Extern::Global(global) => {
                    let at = self.global(global).pointer();
                    self.instance_mut(id).set_global_import(globals.len() as u32, at);
                    globals.push(global);
                }
            }
        }
        for ty in &module.tables[tables.len()..] {
            tables.push(self.new_table(loaded.canonical_table(*ty), 0)?);
        }
        let mut supplied = std::mem::take(&mut self.supplied_memories).into_iter();
        for ty in &module.memories[memories.len()..] {
            let supplied = if ty.shared { supplied.next() } else { None };
            memories.push(match supplied {
                Some(memory) => memory,
                None => self.new_memory(*ty, loaded.memory_style())?,
            });
        }
        for ty in &module.tags[tags.len()..] {
            tags.push(self.new_tag(loaded.type_ids()[*ty as usize]));
        }
        let instance = &mut self.instances[id.0 as usize];
        for (index, tag) in tags.iter().enumerate() {
            instance.set_tag(index as u32, self.tags[tag.0 as usize].vm());
        }
        for (index, table) in tables.iter().enumerate() {
            instance.set_table(index as u32, self.tables[table.0 as usize].definition());
        }
        for (index, memory) in memories.iter().enumerate() {
            instance.set_memory(index as u32, &self.memories[memory.0 as usize]);
        }
        instance.tables = tables.into();
        instance.tags = tags.into();
        instance.memories = memories.into();
        instance.imported_globals = globals.into();
        Ok(())
    }

    fn eval(&mut self, id: InstanceId, expr: &ConstExpr) -> Result<const_expr::Bits, InstantiateError> {
        const_expr::eval(self, id, expr).ok_or(InstantiateError::Trap(TrapCode::OutOfHeap))
    }

    fn init_globals(&mut self, id: InstanceId) -> Result<(), InstantiateError> {
        let loaded = self.instance(id).loaded().clone();
        let module = loaded.module();
        for (defined, expr) in module.global_inits.iter().enumerate() {
            let value = self.eval(id, expr)?;
            let index = module.imported_globals + defined as u32;
            self.instance_mut(id).init_global(index, VMGlobal(value.to_le_bytes()));
        }
        Ok(())
    }

    fn init_tables(&mut self, id: InstanceId) -> Result<(), InstantiateError> {
        let loaded = self.instance(id).loaded().clone();
        let module = loaded.module();
        for (defined, init) in module.table_inits.iter().enumerate() {
            let Some(init) = init else { continue };
            let value = self.eval(id, init)? as usize;
            let table = self.instance(id).table(module.imported_tables + defined as u32);
            let table = self.table_mut(table);
            table.fill(0, value, table.len()).expect("the whole table");
        }
        Ok(())
    }

    fn init_elements(&mut self, id: InstanceId) -> Result<(), InstantiateError> {
        let loaded = self.instance(id).loaded().clone();
        for (segment, element) in loaded.module().elements.iter().enumerate() {
            if let SegmentMode::Active { index, offset } = &element.mode {
                let offset = self.eval(id, offset)? as u64;
                let values = self.segment_elements(id, segment as u32, 0, element.items.len() as u32);
                let values = values.map_err(InstantiateError::Trap)?;
                let table = self.instance(id).table(*index);
                let done = self.table_mut(table).init(offset, &values);
                done.ok_or(InstantiateError::Trap(TrapCode::TableOutOfBounds))?;
            }
            if !matches!(element.mode, SegmentMode::Passive) {
                let instance = self.instance_mut(id);
                instance.dropped_elements[segment] = true;
                instance.made_elements[segment] = None;
            }
        }
        Ok(())
    }

    fn init_data(&mut self, id: InstanceId) -> Result<(), InstantiateError> {
        let loaded = self.instance(id).loaded().clone();
        let module = loaded.module();
        let outside = InstantiateError::Trap(TrapCode::MemoryOutOfBounds);
        for (segment, data) in module.data().enumerate() {
            // What the skeleton says no more lies nowhere.
            let Ok(DataSegment { mode, bytes }) = data else { return Err(outside) };
            let SegmentMode::Active { index, offset } = &mode else { continue };
            // Of 32-bit constants the upper half is zero.
            let offset = self.eval(id, offset)? as u64 as usize;
            let memory = self.instance(id).memory(*index);
            let bytes = &module.skeleton[bytes];
            let target = self.memory(memory).range(offset as u64, bytes.len() as u64);
            let Some(target) = target else { return Err(outside) };
            // SAFETY: the range was just checked. Of shared memories, wasm has to order its accesses itself.
            unsafe { target.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            self.instance_mut(id).dropped_data[segment] = true;
        }
        Ok(())
    }
}

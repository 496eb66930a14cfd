//! Memories, tables and globals.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use gantry_module::{GlobalType, MemoryType, TableType, ValType};
use gantry_runtime::{GlobalId, MemoryId, TableId};

use crate::root::{Item, Root};
use crate::store::{AsStore, AsStoreMut, assert_same, check, collect_if_due, root};
use crate::{Error, Val};

/// A linear memory of a store.
#[derive(Debug, Clone)]
pub struct Memory(Root);

/// A table of a store.
#[derive(Debug, Clone)]
pub struct Table(Root);

/// A global of a store.
#[derive(Debug, Clone)]
pub struct Global(Root);

/// A memory that several stores can have, each on a thread of its own: see [`Memory::from_shared`].
///
/// ```
/// use gantry_engine::{Engine, Instance, Memory, MemoryType, Module, SharedMemory, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, &wat::parse_str(
///     r#"(module (import "m" "m" (memory 1 1 shared))
///         (func (export "add") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"#)?)?;
/// let shared = SharedMemory::new(MemoryType { shared: true, ..MemoryType::new(1, Some(1)) })?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let mut store = Store::new(&engine);
///             let memory = Memory::from_shared(&mut store, &shared);
///             let instance = Instance::new(&mut store, &module, &[memory.into()]).expect("links");
///             let add = instance.typed_func::<(), ()>(&store, "add").expect("exported");
///             (0..1000).for_each(|_| add.call(&mut store, ()).expect("returns"));
///         });
///     }
/// });
/// let mut bytes = [0; 4];
/// shared.read(0, &mut bytes);
/// assert_eq!(u32::from_le_bytes(bytes), 4000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SharedMemory(Arc<gantry_runtime::SharedMemory>);

impl SharedMemory {
    /// A zeroed memory. Its type must say that it is shared and how large it can become.
    ///
    /// # Errors
    /// When it does not, the limits are out of range, or there is no memory.
    pub fn new(ty: MemoryType) -> Result<SharedMemory, Error> {
        let limit = ty.max_pages();
        if !ty.shared || ty.min > limit || ty.max.is_none_or(|max| max < ty.min || max > limit) {
            return Err(Error::usage(format!("memory limits {ty} are out of range for a shared memory")));
        }
        Ok(SharedMemory(gantry_runtime::SharedMemory::new(ty)?))
    }

    /// Its present size in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&self, at: usize) -> &AtomicU8 {
        assert!(at < self.len(), "an address outside the memory");
        // SAFETY: inside the memory, which never shrinks; wasm's own accesses may race, as its rules for shared memories allow.
        #[expect(unsafe_code, reason = "memory that other threads write to")]
        unsafe {
            AtomicU8::from_ptr(self.0.base().as_ptr().add(at))
        }
    }

    /// Copies bytes out, one by one: others may write meanwhile.
    ///
    /// # Panics
    /// Outside the memory.
    pub fn read(&self, at: usize, bytes: &mut [u8]) {
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = self.byte(at + n).load(Ordering::Relaxed);
        }
    }

    /// Copies bytes in, one by one. Panics as [`SharedMemory::read`].
    pub fn write(&self, at: usize, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            self.byte(at + n).store(*byte, Ordering::Relaxed);
        }
    }
}

macro_rules! ids {
    ($($handle:ident $id:ident $item:ident)*) => {
        $(impl $handle {
            pub(crate) fn from_id(store: &impl AsStore, id: $id) -> Self {
                $handle(root(store, Item::$item(id)))
            }

            pub(crate) fn root(&self) -> &Root {
                &self.0
            }

            pub(crate) fn id(&self) -> $id {
                match self.0.item() {
                    Item::$item(id) => id,
                    _ => unreachable!("made in `from_id`"),
                }
            }
        })*
    };
}

ids! {
    Memory MemoryId Memory
    Table TableId Table
    Global GlobalId Global
}

impl Memory {
    /// A zeroed memory; limits are in pages.
    ///
    /// # Errors
    /// When the limits are beyond those of such memories, or there is no memory.
    pub fn new(store: &mut impl AsStoreMut, ty: MemoryType) -> Result<Memory, Error> {
        let limit = ty.max_pages();
        if ty.min > limit || ty.max.is_some_and(|max| max < ty.min || max > limit) {
            return Err(Error::usage(format!("memory limits {ty} are out of range")));
        }
        collect_if_due(store);
        let style = store.shared().engine.memory_style();
        let id = store.runtime_mut().new_memory(ty, style)?;
        Ok(Memory::from_id(store, id))
    }

    /// A memory that other stores may have too.
    pub fn from_shared(store: &mut impl AsStoreMut, shared: &SharedMemory) -> Memory {
        let id = store.runtime_mut().add_shared_memory(shared.0.clone());
        Memory::from_id(store, id)
    }

    /// The memory for other stores, if its type says that it is shared.
    pub fn shared(&self, store: &impl AsStore) -> Option<SharedMemory> {
        assert_same(store, &self.0);
        store.runtime().memory(self.id()).shared().cloned().map(SharedMemory)
    }

    /// Its type; the minimum is its present size.
    pub fn ty(&self, store: &impl AsStore) -> MemoryType {
        MemoryType { min: self.size(store), ..store.runtime().memory(self.id()).ty() }
    }

    /// Its size in pages.
    pub fn size(&self, store: &impl AsStore) -> u64 {
        assert_same(store, &self.0);
        store.runtime().memory(self.id()).pages()
    }

    /// Its contents.
    ///
    /// # Panics
    /// If it is shared: see [`SharedMemory`].
    pub fn data<'s>(&self, store: &'s impl AsStore) -> &'s [u8] {
        assert_same(store, &self.0);
        store.runtime().memory(self.id()).data()
    }

    /// Its contents. Panics as [`Memory::data`].
    pub fn data_mut<'s>(&self, store: &'s mut impl AsStoreMut) -> &'s mut [u8] {
        assert_same(store, &self.0);
        store.runtime_mut().memory_mut(self.id()).data_mut()
    }

    /// Adds zeroed pages; returns the old size in pages.
    ///
    /// # Errors
    /// When its maximum or the machine does not allow it.
    pub fn grow(&self, store: &mut impl AsStoreMut, delta: u64) -> Result<u64, Error> {
        check(store, &self.0)?;
        let old = store.runtime_mut().grow_memory(self.id(), delta);
        old.ok_or_else(|| Error::usage(format!("a memory cannot grow by {delta} pages")))
    }
}

impl Table {
    /// A table filled with `init`.
    ///
    /// # Errors
    /// When `init` does not suit the type, or the limits are out of range.
    pub fn new(store: &mut impl AsStoreMut, ty: TableType, init: Val) -> Result<Table, Error> {
        if ty.max.is_some_and(|max| max < ty.min) {
            return Err(Error::usage(format!("table limits {ty} are out of range")));
        }
        let value = init.to_slot(store, ValType::Ref(ty.element))? as usize;
        collect_if_due(store);
        let id = store.runtime_mut().new_table(ty, value)?;
        Ok(Table::from_id(store, id))
    }

    /// Its type; the minimum is its present size.
    pub fn ty(&self, store: &impl AsStore) -> TableType {
        TableType { min: self.size(store), ..store.runtime().table(self.id()).ty() }
    }

    /// Its size.
    pub fn size(&self, store: &impl AsStore) -> u64 {
        assert_same(store, &self.0);
        store.runtime().table(self.id()).len()
    }

    /// An element, or `None` outside the table.
    pub fn get(&self, store: &impl AsStore, index: u64) -> Option<Val> {
        assert_same(store, &self.0);
        let table = store.runtime().table(self.id());
        let value = table.get(index)?;
        Some(Val::from_slot(store, ValType::Ref(table.ty().element), value as u128))
    }

    /// Replaces an element.
    ///
    /// # Errors
    /// Outside the table, or when the value does not suit its type.
    pub fn set(&self, store: &mut impl AsStoreMut, index: u64, value: &Val) -> Result<(), Error> {
        let value = self.element(store, value)?;
        let set = store.runtime_mut().table_mut(self.id()).set(index, value);
        set.ok_or_else(|| Error::usage(format!("the table has no element {index}")))
    }

    /// Adds elements; returns the old size.
    ///
    /// # Errors
    /// When its maximum or the machine does not allow it.
    pub fn grow(&self, store: &mut impl AsStoreMut, delta: u64, init: &Val) -> Result<u64, Error> {
        let value = self.element(store, init)?;
        let old = store.runtime_mut().table_mut(self.id()).grow(delta, value);
        old.ok_or_else(|| Error::usage(format!("a table cannot grow by {delta} elements")))
    }

    fn element(&self, store: &impl AsStore, value: &Val) -> Result<usize, Error> {
        check(store, &self.0)?;
        let ty = store.runtime().table(self.id()).ty().element;
        Ok(value.to_slot(store, ValType::Ref(ty))? as usize)
    }
}

impl Global {
    /// A global.
    ///
    /// # Errors
    /// When the value does not suit the type.
    pub fn new(store: &mut impl AsStoreMut, ty: GlobalType, value: Val) -> Result<Global, Error> {
        let value = value.to_global(store, ty.content)?;
        collect_if_due(store);
        let id = store.runtime_mut().new_global(ty, value);
        Ok(Global::from_id(store, id))
    }

    /// Its type.
    pub fn ty(&self, store: &impl AsStore) -> GlobalType {
        assert_same(store, &self.0);
        store.runtime().global(self.id()).ty()
    }

    /// Its value.
    pub fn get(&self, store: &impl AsStore) -> Val {
        assert_same(store, &self.0);
        let global = store.runtime().global(self.id());
        Val::from_slot(store, global.ty().content, u128::from_le_bytes(global.get().0))
    }

    /// Replaces its value.
    ///
    /// # Errors
    /// When it is immutable, or the value does not suit its type.
    pub fn set(&self, store: &mut impl AsStoreMut, value: &Val) -> Result<(), Error> {
        check(store, &self.0)?;
        let ty = store.runtime().global(self.id()).ty();
        if !ty.mutable {
            return Err(Error::usage("an immutable global cannot be set"));
        }
        let value = value.to_global(store, ty.content)?;
        store.runtime_mut().global_mut(self.id()).set(value);
        Ok(())
    }
}

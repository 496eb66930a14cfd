//! Memories, tables and globals.

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
    pub fn data<'s>(&self, store: &'s impl AsStore) -> &'s [u8] {
        assert_same(store, &self.0);
        store.runtime().memory(self.id()).data()
    }

    /// Its contents.
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

//! What handles keep alive.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use gantry_runtime::{FuncPtr, GlobalId, InstanceId, Marker, MemoryId, TableId, TagId};
use slab::Slab;

/// Something that a handle can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    Instance(InstanceId),
    Func(FuncPtr),
    Memory(MemoryId),
    Table(TableId),
    Global(GlobalId),
    Tag(TagId),
    /// A host value, by its handle.
    Value(usize),
    /// What is no host value and no function, by its bits.
    Object(usize),
}

/// All that handles name, with the number of handles.
pub(crate) type Roots = RefCell<Slab<(Item, usize)>>;

/// A handle: keeps what it names alive until it and its clones are dropped.
pub(crate) struct Root {
    item: Item,
    slot: usize,
    roots: Rc<Roots>,
}

impl Root {
    pub fn new(roots: &Rc<Roots>, item: Item) -> Root {
        let slot = roots.borrow_mut().insert((item, 1));
        Root { item, slot, roots: roots.clone() }
    }

    pub fn item(&self) -> Item {
        self.item
    }

    /// Whether it belongs to a store with these roots.
    pub fn is_of(&self, roots: &Rc<Roots>) -> bool {
        Rc::ptr_eq(&self.roots, roots)
    }
}

impl Clone for Root {
    fn clone(&self) -> Self {
        self.roots.borrow_mut()[self.slot].1 += 1;
        Root { item: self.item, slot: self.slot, roots: self.roots.clone() }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let mut roots = self.roots.borrow_mut();
        let count = &mut roots[self.slot].1;
        *count -= 1;
        if *count == 0 {
            roots.remove(self.slot);
        }
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item.fmt(f)
    }
}

/// Visits the references to objects that handles hold.
pub(crate) fn objects(roots: &Roots, visit: &mut dyn FnMut(usize)) {
    for (_, (item, _)) in roots.borrow().iter() {
        if let Item::Object(reference) = item {
            visit(*reference);
        }
    }
}

/// Marks all that handles name. Handles of host values are returned.
pub(crate) fn mark(roots: &Roots, marker: &mut Marker<'_>) -> Vec<usize> {
    let mut values = Vec::new();
    for (_, (item, _)) in roots.borrow().iter() {
        match *item {
            Item::Instance(id) => marker.instance(id),
            Item::Func(func) => marker.func(func),
            Item::Memory(id) => marker.memory(id),
            Item::Table(id) => marker.table(id),
            Item::Global(id) => marker.global(id),
            Item::Tag(id) => marker.tag(id),
            Item::Value(handle) => values.push(handle),
            Item::Object(reference) => marker.object(reference),
        }
    }
    values
}

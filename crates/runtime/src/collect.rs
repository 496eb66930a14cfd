//! Lifetimes: what nothing can reach is freed.
//!
//! Instances, tables, globals and functions refer to each other in cycles, so that counting references would never
//! free them. Tracing starts from what the embedder holds and from waiting activations. Heap objects are traced
//! precisely, stacks conservatively: a word that might be a reference counts as one.

use std::ops::Range;
use std::sync::Arc;

use gantry_module::{Hierarchy, ValType};

use crate::code::LoadedModule;
use crate::global;
use crate::heap::Heap;
use crate::host::HostFailure;
use crate::store::{FuncOwner, FuncPtr, GlobalId, HostId, InstanceId, MemoryId, Store, TableId, TagId, reference_in};
use crate::types;

/// Handles of host values are odd and below this, so that no address looks like one.
const MAX_HANDLE: usize = 1 << 33;

/// What a collection found.
#[derive(Debug, Default)]
pub struct Collected {
    /// Handles of host values that are still referred to, in no order, possibly repeated; some may be no handles.
    pub live_handles: Vec<usize>,
}

/// Takes the roots of a collection.
pub struct Marker<'s> {
    store: &'s Store,
    heap: &'s mut Heap,
    instances: Vec<bool>,
    memories: Vec<bool>,
    tables: Vec<bool>,
    globals: Vec<bool>,
    hosts: Vec<bool>,
    tags: Vec<bool>,
    pending: Vec<Item>,
    live_handles: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Item {
    Instance(InstanceId),
    Table(TableId),
    Global(GlobalId),
    Host(HostId),
}

fn first_time(marks: &mut [bool], id: u32) -> bool {
    !std::mem::replace(&mut marks[id as usize], true)
}

impl<'s> Marker<'s> {
    fn new(store: &'s Store, heap: &'s mut Heap) -> Self {
        Marker {
            store,
            heap,
            instances: vec![false; store.instances.capacity()],
            memories: vec![false; store.memories.capacity()],
            tables: vec![false; store.tables.capacity()],
            globals: vec![false; store.globals.capacity()],
            hosts: vec![false; store.hosts.capacity()],
            tags: vec![false; store.tags.capacity()],
            pending: Vec::new(),
            live_handles: Vec::new(),
        }
    }

    /// Keeps an instance.
    pub fn instance(&mut self, id: InstanceId) {
        if first_time(&mut self.instances, id.0) {
            self.pending.push(Item::Instance(id));
        }
    }

    /// Keeps a memory.
    pub fn memory(&mut self, id: MemoryId) {
        self.memories[id.0 as usize] = true;
    }

    /// Keeps a table.
    pub fn table(&mut self, id: TableId) {
        if first_time(&mut self.tables, id.0) {
            self.pending.push(Item::Table(id));
        }
    }

    /// Keeps a global.
    pub fn global(&mut self, id: GlobalId) {
        if first_time(&mut self.globals, id.0) {
            self.pending.push(Item::Global(id));
        }
    }

    /// Keeps a host function.
    pub fn host(&mut self, id: HostId) {
        if first_time(&mut self.hosts, id.0) {
            self.pending.push(Item::Host(id));
        }
    }

    /// Keeps a tag.
    pub fn tag(&mut self, id: TagId) {
        self.tags[id.0 as usize] = true;
    }

    /// Keeps the host value with a handle.
    pub(crate) fn handle(&mut self, handle: usize) {
        self.live_handles.push(handle);
    }

    /// Keeps what a reference outside the `func` hierarchy refers to, which may be null.
    pub fn object(&mut self, reference: usize) {
        match reference % 2 {
            1 => self.live_handles.push(reference),
            _ => self.heap.mark(reference),
        }
    }

    pub(crate) fn func_at(&mut self, address: usize) {
        self.func(FuncPtr::new(std::ptr::with_exposed_provenance_mut(address)).expect("not null"));
    }

    /// Keeps a function.
    pub fn func(&mut self, func: FuncPtr) {
        match self.store.func_owner(func) {
            FuncOwner::Instance(id) => self.instance(id),
            FuncOwner::Host(id) => self.host(id),
        }
    }

    fn reference(&mut self, is_func: bool, value: usize) {
        match value {
            0 => {}
            address if is_func => self.func_at(address),
            object => self.object(object),
        }
    }

    fn trace(&mut self) {
        loop {
            self.trace_items();
            let mut outside = Vec::new();
            self.heap.mark_step(usize::MAX, &mut |found| outside.push(found));
            if outside.is_empty() {
                return;
            }
            outside.into_iter().for_each(|found| Store::trace_outside(found, self));
        }
    }

    fn trace_items(&mut self) {
        while let Some(item) = self.pending.pop() {
            match item {
                Item::Instance(id) => self.trace_instance(id),
                Item::Table(id) => {
                    let table = self.store.table(id);
                    table.elements().iter().for_each(|value| self.reference(table.holds_functions(), *value));
                }
                Item::Global(id) => self.trace_global(id),
                Item::Host(id) => {
                    if let Some(owner) = self.store.host(id).owner() {
                        self.instance(owner);
                    }
                }
            }
        }
    }

    fn trace_instance(&mut self, id: InstanceId) {
        let instance = self.store.instance(id);
        instance.func_imports().for_each(|func| self.func(func));
        instance.tables.iter().for_each(|table| self.table(*table));
        instance.memories.iter().for_each(|memory| self.memory(*memory));
        instance.imported_globals.iter().for_each(|global| self.global(*global));
        instance.tags.iter().for_each(|tag| self.tag(*tag));
        instance.made_elements.iter().flatten().flatten().for_each(|object| self.object(*object));
        instance.defined_globals.iter().flatten().for_each(|global| self.global(*global));
        let module = instance.module();
        for index in module.imported_globals..module.globals.len() as u32 {
            let ty = module.global_type(index);
            if matches!(ty, ValType::Ref(_)) {
                self.reference(instance.loaded().is_func(ty), reference_in(instance.global_value(index)));
            }
        }
    }

    fn trace_global(&mut self, id: GlobalId) {
        let global = self.store.global(id);
        match global.place {
            global::Place::Instance { instance, .. } => self.instance(instance),
            global::Place::Own(_) => {
                if let ValType::Ref(ty) = global.ty().content {
                    let is_func = types::hierarchy(ty.heap) == Hierarchy::Func;
                    self.reference(is_func, reference_in(global.get()));
                }
            }
        }
    }

    /// Keeps whatever words on a stack might refer to. The modules whose code is referred to are returned.
    fn scan_stack(&mut self, stack: Range<usize>, places: &Places) -> Vec<Arc<LoadedModule>> {
        let mut running = Vec::new();
        for address in stack.step_by(size_of::<usize>()) {
            // SAFETY: the range is the used part of a suspended fiber's stack.
            let word = unsafe { std::ptr::with_exposed_provenance::<usize>(address).read_volatile() };
            if word % 2 == 1 && word < MAX_HANDLE {
                self.live_handles.push(word);
            }
            self.heap.mark_word(word);
            match places.find(word) {
                Some(Place::Instance(id)) => self.instance(*id),
                Some(Place::Memory(id)) => self.memory(*id),
                Some(Place::Table(id)) => self.table(*id),
                Some(Place::Global(id)) => self.global(*id),
                Some(Place::Host(id)) => self.host(*id),
                Some(Place::Tag(id)) => self.tag(*id),
                Some(Place::Module(module)) => running.push(module.clone()),
                None => {}
            }
        }
        running
    }
}

/// What stacks refer to. A function that runs need not hold its instance any more: what it still uses may be a
/// memory's base, a table, a global, or nothing but the code that it returns to.
#[derive(Clone)]
enum Place {
    Instance(InstanceId),
    Memory(MemoryId),
    Table(TableId),
    Global(GlobalId),
    Host(HostId),
    Tag(TagId),
    Module(Arc<LoadedModule>),
}

/// The addresses by which stacks refer to things, sorted.
struct Places(Vec<(Range<usize>, Place)>);

fn addresses_of<T>(value: &T) -> Range<usize> {
    let start = std::ptr::from_ref(value).addr();
    start..start + size_of::<T>()
}

impl Places {
    fn of(store: &Store) -> Places {
        let mut places = Vec::new();
        let mut modules: Vec<&Arc<LoadedModule>> = store.running_code.iter().collect();
        for (id, instance) in &store.instances {
            places.push((instance.vmctx_range(), Place::Instance(InstanceId(id as u32))));
            modules.push(instance.loaded());
        }
        for (id, host) in &store.hosts {
            places.push((addresses_of(&**host), Place::Host(HostId(id as u32))));
            modules.push(host.loaded());
        }
        for (id, memory) in &store.memories {
            let id = MemoryId(id as u32);
            places.push((memory.mapping(), Place::Memory(id)));
            places.push((addresses_of(&**memory), Place::Memory(id)));
        }
        for (id, table) in &store.tables {
            places.push((addresses_of(&**table), Place::Table(TableId(id as u32))));
        }
        for (id, global) in &store.globals {
            if let global::Place::Own(value) = &global.place {
                places.push((addresses_of(&**value), Place::Global(GlobalId(id as u32))));
            }
        }
        for (id, tag) in &store.tags {
            places.push((addresses_of(&**tag), Place::Tag(TagId(id as u32))));
        }
        modules.sort_unstable_by_key(|module| Arc::as_ptr(module));
        modules.dedup_by_key(|module| Arc::as_ptr(module));
        for module in modules {
            places.extend(module.addresses().into_iter().map(|range| (range, Place::Module(module.clone()))));
        }
        places.retain(|(range, _)| !range.is_empty());
        places.sort_unstable_by_key(|(range, _)| range.start);
        Places(places)
    }

    fn find(&self, word: usize) -> Option<&Place> {
        let at = self.0.partition_point(|(range, _)| range.end <= word);
        let (range, place) = self.0.get(at)?;
        range.contains(&word).then_some(place)
    }
}

pub(crate) fn collect(store: &mut Store, roots: impl FnOnce(&mut Marker<'_>)) -> Collected {
    store.forget_caller();
    let mut heap = std::mem::take(&mut store.heap);
    heap.start_marking(&mut store.context);
    let mut marker = Marker::new(store, &mut heap);
    roots(&mut marker);
    if let Some(visit) = &store.heap_roots {
        visit(&mut |reference| marker.object(reference));
    }
    if let Some(HostFailure::Exception(exception)) = store.failure {
        marker.object(exception);
    }
    store.callers().for_each(|caller| marker.instance(caller));
    let mut running_code = Vec::new();
    if store.fibers.waiting().next().is_some() {
        let places = Places::of(store);
        for fiber in store.fibers.waiting() {
            running_code.extend(marker.scan_stack(fiber.used_stack(), &places));
        }
        running_code.sort_unstable_by_key(Arc::as_ptr);
        running_code.dedup_by_key(|module| Arc::as_ptr(module));
    }
    marker.trace();
    let Marker { instances, memories, tables, globals, hosts, tags, live_handles, .. } = marker;
    heap.end_marking(&mut store.context);
    store.heap = heap;
    let collected = Collected { live_handles };
    store.instances.retain(|id, _| instances[id]);
    let mut freed_bytes = 0;
    store.memories.retain(|id, memory| {
        let live = memories[id];
        if !live {
            freed_bytes += memory.len();
        }
        live
    });
    // Shared ones may have grown meanwhile.
    store.memory_bytes = store.memory_bytes.saturating_sub(freed_bytes);
    store.tables.retain(|id, _| tables[id]);
    store.globals.retain(|id, _| globals[id]);
    store.hosts.retain(|id, _| hosts[id]);
    store.tags.retain(|id, _| tags[id]);
    store.running_code = running_code;
    store.debt = 0;
    collected
}

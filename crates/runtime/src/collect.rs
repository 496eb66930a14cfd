//! Lifetimes: what nothing can reach is freed.
//!
//! Instances, tables, globals and functions refer to each other in cycles, so that counting references would never
//! free them. Tracing starts from what the embedder holds and from waiting activations. Heap objects are traced
//! precisely, stacks conservatively: a word that might be a reference counts as one.

use std::ops::Range;

use gantry_module::{HeapType, ValType};

use crate::global::Place;
use crate::store::{FuncOwner, FuncPtr, GlobalId, HostId, InstanceId, MemoryId, Store, TableId};

/// Handles of host values are odd and below this, so that no address looks like one.
const MAX_HANDLE: usize = 1 << 33;

/// What a collection found.
#[derive(Debug, Default)]
pub struct Collected {
    /// Handles of host values that are still referred to, in no order, possibly repeated; some may be no handles.
    pub live_handles: Vec<usize>,
    /// The instances that were freed.
    pub freed_instances: Vec<InstanceId>,
}

/// Takes the roots of a collection.
pub struct Marker<'s> {
    store: &'s Store,
    instances: Vec<bool>,
    memories: Vec<bool>,
    tables: Vec<bool>,
    globals: Vec<bool>,
    hosts: Vec<bool>,
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
    fn new(store: &'s Store) -> Self {
        Marker {
            store,
            instances: vec![false; store.instances.capacity()],
            memories: vec![false; store.memories.capacity()],
            tables: vec![false; store.tables.capacity()],
            globals: vec![false; store.globals.capacity()],
            hosts: vec![false; store.hosts.capacity()],
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

    /// Keeps a function.
    pub fn func(&mut self, func: FuncPtr) {
        match self.store.func_owner(func) {
            FuncOwner::Instance(id) => self.instance(id),
            FuncOwner::Host(id) => self.host(id),
        }
    }

    fn reference(&mut self, heap: HeapType, value: usize) {
        match (heap, value) {
            (_, 0) => {}
            (HeapType::Extern, handle) => self.live_handles.push(handle),
            (HeapType::Func, address) => {
                let func = FuncPtr::new(std::ptr::with_exposed_provenance_mut(address)).expect("not null");
                self.func(func);
            }
        }
    }

    fn trace(&mut self) {
        while let Some(item) = self.pending.pop() {
            match item {
                Item::Instance(id) => self.trace_instance(id),
                Item::Table(id) => {
                    let table = self.store.table(id);
                    table.elements().iter().for_each(|value| self.reference(table.ty().element.heap, *value));
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
        instance.defined_globals.iter().flatten().for_each(|global| self.global(*global));
        let module = instance.module();
        for index in module.imported_globals..module.globals.len() as u32 {
            if let ValType::Ref(ty) = module.global_type(index) {
                self.reference(ty.heap, reference_in(instance.global_value(index).0));
            }
        }
    }

    fn trace_global(&mut self, id: GlobalId) {
        let global = self.store.global(id);
        match global.place {
            Place::Instance { instance, .. } => self.instance(instance),
            Place::Own(_) => {
                if let ValType::Ref(ty) = global.ty().content {
                    self.reference(ty.heap, reference_in(global.get().0));
                }
            }
        }
    }

    /// Keeps whatever words on a stack might refer to.
    fn scan_stack(&mut self, stack: Range<usize>, places: &Places) {
        for address in stack.step_by(size_of::<usize>()) {
            // SAFETY: the range is the used part of a suspended fiber's stack.
            let word = unsafe { std::ptr::with_exposed_provenance::<usize>(address).read_volatile() };
            if word % 2 == 1 && word < MAX_HANDLE {
                self.live_handles.push(word);
            } else if let Some(item) = places.find(word) {
                match item {
                    Item::Instance(id) => self.instance(id),
                    Item::Host(id) => self.host(id),
                    Item::Table(_) | Item::Global(_) => unreachable!("not referred to from stacks"),
                }
            }
        }
    }
}

fn reference_in(value: [u8; 16]) -> usize {
    u128::from_le_bytes(value) as usize
}

/// The addresses by which stacks refer to things: contexts, and functions inside them.
struct Places(Vec<(Range<usize>, Item)>);

impl Places {
    fn of(store: &Store) -> Places {
        let instances = store.instances.iter();
        let hosts = store.hosts.iter();
        let mut places: Vec<_> = instances
            .map(|(id, instance)| (instance.vmctx_range(), Item::Instance(InstanceId(id as u32))))
            .chain(hosts.map(|(id, host)| {
                let start = (&raw const **host).addr();
                (start..start + size_of_val(&**host), Item::Host(HostId(id as u32)))
            }))
            .collect();
        places.sort_unstable_by_key(|(range, _)| range.start);
        Places(places)
    }

    fn find(&self, word: usize) -> Option<Item> {
        let at = self.0.partition_point(|(range, _)| range.end <= word);
        let (range, item) = self.0.get(at)?;
        range.contains(&word).then_some(*item)
    }
}

pub(crate) fn collect(store: &mut Store, roots: impl FnOnce(&mut Marker<'_>)) -> Collected {
    let mut marker = Marker::new(store);
    roots(&mut marker);
    if !store.activations.is_empty() {
        let places = Places::of(store);
        for activation in &store.activations {
            marker.scan_stack(activation.used_stack(), &places);
        }
    }
    marker.trace();
    let Marker { instances, memories, tables, globals, hosts, live_handles, .. } = marker;
    let mut collected = Collected { live_handles, ..Collected::default() };
    store.instances.retain(|id, _| {
        let live = instances[id];
        if !live {
            collected.freed_instances.push(InstanceId(id as u32));
        }
        live
    });
    let mut freed_bytes = 0;
    store.memories.retain(|id, memory| {
        let live = memories[id];
        if !live {
            freed_bytes += memory.len();
        }
        live
    });
    store.memory_bytes -= freed_bytes;
    store.tables.retain(|id, _| tables[id]);
    store.globals.retain(|id, _| globals[id]);
    store.hosts.retain(|id, _| hosts[id]);
    store.debt = 0;
    collected
}

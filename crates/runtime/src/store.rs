//! The store: owner of everything that one thread's wasm can reach.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use gantry_abi::object::{SIZE_CLASSES, VMFreeRun};
use gantry_abi::vmctx::{ContextKind, MemoryStyle, VMFuncRef, VMGlobal, VMStoreContext};
use gantry_module::{FuncType, GlobalType, Hierarchy, MemoryType, TableType, ValType};
use slab::Slab;

use crate::activation::Request;
use crate::code::LoadedModule;
use crate::collect::Marker;
use crate::fiber::{Fiber, Fibers};
use crate::gc::{Tag, VisitRoots};
use crate::global::{Global, Place};
use crate::heap::Heap;
use crate::host::{Behaviour, Callback, HostFailure, HostFunction};
use crate::instance::Instance;
use crate::memory::Memory;
use crate::poll::PollPage;
use crate::shared::SharedMemory;
use crate::table::Table;
use crate::trap::{self, Addresses, CaughtTrap, Frame, RawTrap};
use crate::types::{self, TypeId};
use crate::{Collected, OutOfMemory};

/// A function of the store: alive as long as what it belongs to ([`Store::func_owner`]).
pub type FuncPtr = NonNull<VMFuncRef>;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);)*
    };
}

ids! {
    /// The number of an instance in its store.
    InstanceId
    /// The number of a memory in its store.
    MemoryId
    /// The number of a table in its store.
    TableId
    /// The number of a global in its store.
    GlobalId
    /// The number of a host function in its store.
    HostId
    /// The number of a tag in its store.
    TagId
}

/// What keeps a function alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FuncOwner {
    /// The instance that defines it.
    Instance(InstanceId),
    /// It is a host function.
    Host(HostId),
}

/// Owner of instances, memories, tables, globals and host functions.
///
/// Numbers are reused after [`Store::collect`] has freed what had them; whoever holds one roots it there.
pub struct Store {
    poll: Arc<PollPage>,
    pub(crate) context: Box<VMStoreContext>,
    pub(crate) instances: Slab<Box<Instance>>,
    pub(crate) memories: Slab<Box<Memory>>,
    pub(crate) tables: Slab<Box<Table>>,
    pub(crate) globals: Slab<Global>,
    pub(crate) hosts: Slab<Box<HostFunction>>,
    pub(crate) tags: Slab<Box<Tag>>,
    pub(crate) heap: Heap,
    pub(crate) heap_roots: Option<Box<VisitRoots>>,
    pub(crate) fibers: Fibers,
    pub(crate) caught: Box<CaughtTrap>,
    pub(crate) trap: Option<RawTrap>,
    pub(crate) failure: Option<HostFailure>,
    /// Modules whose code was running at the last collection: frames return there, whatever became of the instance.
    pub(crate) running_code: Vec<Arc<LoadedModule>>,
    /// Things made since the last collection.
    pub(crate) debt: usize,
    /// Whether wasm has grown some memory since that was last asked.
    pub(crate) memory_grown: bool,
    pub(crate) memory_bytes: usize,
    pub(crate) suspension_slots: *mut u8,
    pub(crate) request: Option<Request>,
    pub(crate) answer: i64,
    pub(crate) wait_slice: Option<Duration>,
    pub(crate) supplied_memories: Vec<MemoryId>,
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// An empty store.
    ///
    /// # Panics
    /// When the operating system has no page for it.
    pub fn new() -> Store {
        Store::try_new().expect("a page for a store")
    }

    /// An empty store.
    ///
    /// # Errors
    /// When the operating system has no page for it.
    pub fn try_new() -> Result<Store, OutOfMemory> {
        let poll = Arc::new(PollPage::new()?);
        let context = VMStoreContext {
            stack_limit: usize::MAX,
            poll: poll.address(),
            exit_fp: 0,
            caller: ptr::null_mut(),
            entry_sp: 0,
            owner: ptr::null_mut(),
            fiber: ptr::null_mut(),
            marking: 0,
            free: [VMFreeRun { next: 0, end: 0 }; SIZE_CLASSES.len()],
        };
        Ok(Store {
            context: Box::new(context),
            poll,
            instances: Slab::new(),
            memories: Slab::new(),
            tables: Slab::new(),
            globals: Slab::new(),
            hosts: Slab::new(),
            tags: Slab::new(),
            heap: Heap::default(),
            heap_roots: None,
            fibers: Fibers::default(),
            caught: Box::new(CaughtTrap::new()),
            trap: None,
            failure: None,
            running_code: Vec::new(),
            debt: 0,
            memory_grown: false,
            memory_bytes: 0,
            suspension_slots: ptr::null_mut(),
            request: None,
            answer: 0,
            wait_slice: None,
            supplied_memories: Vec::new(),
        })
    }

    pub(crate) fn context_ptr(&self) -> *mut VMStoreContext {
        (&raw const *self.context).cast_mut()
    }

    /// What interrupts the store's wasm.
    pub fn poll_page(&self) -> &Arc<PollPage> {
        &self.poll
    }

    /// Has `memory.atomic.wait` call in ([`Step::Interrupted`](crate::Step::Interrupted)) each time that it has waited so long.
    pub fn set_wait_slice(&mut self, slice: Duration) {
        self.wait_slice = Some(slice);
    }

    /// Things made since the last collection: a hint when to collect.
    pub fn debt(&self) -> usize {
        self.debt
    }

    /// Things alive.
    pub fn population(&self) -> usize {
        self.instances.len()
            + self.memories.len()
            + self.tables.len()
            + self.globals.len()
            + self.hosts.len()
            + self.tags.len()
    }

    pub(crate) fn set_failure(&mut self, failure: HostFailure) {
        self.failure = Some(failure);
    }

    // Instances

    /// An instance.
    pub fn instance(&self, id: InstanceId) -> &Instance {
        &self.instances[id.0 as usize]
    }

    pub(crate) fn instance_mut(&mut self, id: InstanceId) -> &mut Instance {
        &mut self.instances[id.0 as usize]
    }

    // Memories

    /// Makes a memory.
    pub fn new_memory(&mut self, ty: MemoryType, style: MemoryStyle) -> Result<MemoryId, OutOfMemory> {
        let memory = Memory::new(ty, style)?;
        self.memory_bytes += memory.len();
        self.debt += 1;
        Ok(MemoryId(self.memories.insert(memory) as u32))
    }

    /// Takes a memory that other threads may have too.
    pub fn add_shared_memory(&mut self, shared: Arc<SharedMemory>) -> MemoryId {
        self.debt += 1;
        let memory = Memory::of_shared(shared);
        self.memory_bytes += memory.len();
        MemoryId(self.memories.insert(memory) as u32)
    }

    /// Sets what the shared memories are that the next instance defines, in their order, for embedders that allocate them. The
    /// types are those that the module declares.
    pub fn supply_shared_memories(&mut self, memories: Vec<MemoryId>) {
        self.supplied_memories = memories;
    }

    /// Whether there is a memory with this number.
    pub fn has_memory(&self, id: MemoryId) -> bool {
        self.memories.contains(id.0 as usize)
    }

    /// Whether the embedder has allocated a memory, and does for it what [`Request`] says.
    pub(crate) fn is_foreign(&self, id: MemoryId) -> bool {
        self.memory(id).shared().is_some_and(|shared| shared.is_foreign())
    }

    /// A memory.
    pub fn memory(&self, id: MemoryId) -> &Memory {
        &self.memories[id.0 as usize]
    }

    /// A memory.
    pub fn memory_mut(&mut self, id: MemoryId) -> &mut Memory {
        &mut self.memories[id.0 as usize]
    }

    /// Grows a memory from outside: see [`Memory::grow`].
    pub fn grow_memory(&mut self, id: MemoryId, delta: u64) -> Option<u64> {
        let memory = self.memory_mut(id);
        let before = memory.len();
        let old = memory.grow(delta);
        // Others may have grown it as well.
        self.memory_bytes += self.memory(id).len().saturating_sub(before);
        old
    }

    /// Bytes in all memories.
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Whether wasm has grown memories since they were last asked for.
    #[inline]
    pub fn has_grown_memories(&self) -> bool {
        self.memory_grown
    }

    /// Numbers of the memories that wasm has grown since this was last asked.
    pub fn take_grown_memories(&mut self) -> Vec<MemoryId> {
        if !std::mem::take(&mut self.memory_grown) {
            return Vec::new();
        }
        let grown = self.memories.iter_mut().filter_map(|(id, memory)| memory.take_grown().then_some(id));
        grown.map(|id| MemoryId(id as u32)).collect()
    }

    // Tables

    /// Makes a table. Its type is in canonical numbers.
    pub fn new_table(&mut self, ty: TableType, init: usize) -> Result<TableId, OutOfMemory> {
        let table = Table::new(ty, init)?;
        self.debt += 1;
        Ok(TableId(self.tables.insert(table) as u32))
    }

    /// A table.
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[id.0 as usize]
    }

    /// A table.
    pub fn table_mut(&mut self, id: TableId) -> &mut Table {
        &mut self.tables[id.0 as usize]
    }

    // Globals

    /// Makes a global. Its type is in canonical numbers.
    pub fn new_global(&mut self, ty: GlobalType, value: VMGlobal) -> GlobalId {
        self.insert_global(Global { ty, place: Place::Own(Box::new(value)) })
    }

    pub(crate) fn insert_global(&mut self, global: Global) -> GlobalId {
        self.debt += 1;
        GlobalId(self.globals.insert(global) as u32)
    }

    /// A global.
    pub fn global(&self, id: GlobalId) -> &Global {
        &self.globals[id.0 as usize]
    }

    /// A global.
    pub fn global_mut(&mut self, id: GlobalId) -> &mut Global {
        &mut self.globals[id.0 as usize]
    }

    // Functions

    /// As [`Store::new_callback`], for functions that run on the fiber itself: faster, but with
    /// [`NATIVE_STACK`](crate::NATIVE_STACK) bytes of stack, and without calling functions of this store. They may wait
    /// with [`Store::pause`]. `label` is for the embedder: see [`Store::native_label`].
    pub fn new_native(&mut self, module: Arc<LoadedModule>, ty: u32, function: Box<Callback>, label: u32) -> HostId {
        let type_id = module.type_ids()[ty as usize];
        HostFunction::make(self, module, ty, type_id, Behaviour::Native(function, label), None, 0)
    }

    /// The label of a function of [`Store::new_native`]; `None` for all others.
    pub fn native_label(&self, func: FuncPtr) -> Option<u32> {
        let FuncOwner::Host(id) = self.func_owner(func) else { return None };
        match self.host(id).behaviour {
            Behaviour::Native(_, label) => Some(label),
            Behaviour::Suspend | Behaviour::Callback(_) => None,
        }
    }

    /// Makes a host function of a canonical type. `module` imports a function at type index 0 with the same shape: equal
    /// but for what references refer to. The closure gets the arguments as slots and leaves its results there.
    pub fn new_callback(&mut self, module: Arc<LoadedModule>, type_id: TypeId, callback: Box<Callback>) -> HostId {
        HostFunction::make(self, module, 0, type_id, Behaviour::Callback(callback), None, 0)
    }

    pub(crate) fn insert_host(&mut self, function: Box<HostFunction>) -> HostId {
        self.debt += 1;
        let id = self.hosts.insert(function);
        self.hosts[id].settle(id as u32);
        HostId(id as u32)
    }

    /// A host function.
    pub fn host(&self, id: HostId) -> &HostFunction {
        &self.hosts[id.0 as usize]
    }

    /// Makes a host function that of one instance, which was linked to it; `key` is for the embedder.
    pub fn give_host(&mut self, id: HostId, owner: InstanceId, key: u32) {
        self.hosts[id.0 as usize].give_to(owner, key);
    }

    /// What keeps a function of this store alive.
    pub fn func_owner(&self, func: FuncPtr) -> FuncOwner {
        // SAFETY: a live function's context is alive.
        let header = unsafe { &*(*func.as_ptr()).vmctx };
        match header.kind {
            ContextKind::Instance => FuncOwner::Instance(InstanceId(header.id)),
            ContextKind::Host => FuncOwner::Host(HostId(header.id)),
        }
    }

    /// A function's index in the module that defines it; 0 for host functions.
    pub fn func_index(&self, func: FuncPtr) -> u32 {
        // SAFETY: the function is alive.
        unsafe { func.as_ref().index }
    }

    /// A function's canonical type.
    pub fn func_type_id(&self, func: FuncPtr) -> TypeId {
        // SAFETY: the function is alive.
        unsafe { func.as_ref().type_id }
    }

    /// A function's parameter and result types.
    pub fn func_type(&self, func: FuncPtr) -> FuncType {
        types::func_type(self.func_type_id(func))
    }

    /// The instance whose code called the host function that is being called.
    pub fn caller(&self) -> Option<InstanceId> {
        // SAFETY: set by compiled code to its own context, which collections keep.
        unsafe { self.context.caller.as_ref() }.map(|header| InstanceId(header.id))
    }

    /// The instances that host functions which are being called may ask for.
    pub(crate) fn callers(&self) -> impl Iterator<Item = InstanceId> + '_ {
        // SAFETY: as above.
        let outer = |fiber: &Fiber| unsafe { fiber.outer_caller.as_ref() };
        let outer = self.fibers.waiting().filter_map(outer).map(|header| InstanceId(header.id));
        // SAFETY: as above.
        let parked = |fiber: &Fiber| unsafe { fiber.caller.as_ref() };
        let parked = self.fibers.waiting().filter_map(parked).map(|header| InstanceId(header.id));
        outer.chain(parked).chain(self.caller())
    }

    /// Forgets the caller when nothing is being called, so that it can be freed.
    pub(crate) fn forget_caller(&mut self) {
        if self.depth() == 0 {
            self.context.caller = ptr::null_mut();
        }
    }

    /// The wasm functions that are waiting for the host function which is being called.
    pub fn backtrace(&self) -> Vec<Frame> {
        self.backtraces().next().map(|addresses| trap::frames(addresses.into_iter())).unwrap_or_default()
    }

    /// As [`Store::backtrace`], of each activation, the innermost first, without looking the frames up.
    pub fn backtraces(&self) -> impl Iterator<Item = Addresses> {
        let activations = self.fibers.activations().rev();
        // SAFETY: an activation that waits was left through a trampoline, which stored its frame.
        activations.map(|fiber| unsafe { trap::backtrace(fiber.entry_sp, fiber.exit_fp) })
    }

    /// The instances whose functions some table or global holds, each once.
    pub fn owners_of_kept_functions(&self) -> Vec<InstanceId> {
        let mut owners: Vec<InstanceId> = Vec::new();
        let mut keep = |address: usize| {
            let Some(func) = FuncPtr::new(ptr::with_exposed_provenance_mut(address)) else { return };
            let owner = match self.func_owner(func) {
                FuncOwner::Instance(id) => Some(id),
                FuncOwner::Host(id) => self.host(id).owner(),
            };
            // Neighbours usually belong together.
            owners.extend(owner.filter(|owner| owners.last() != Some(owner)));
        };
        for (_, table) in self.tables.iter().filter(|(_, table)| table.holds_functions()) {
            table.elements().iter().for_each(|address| keep(*address));
        }
        let is_func = |ty: ValType| matches!(ty, ValType::Ref(r) if types::hierarchy(r.heap) == Hierarchy::Func);
        for (_, global) in self.globals.iter().filter(|(_, global)| is_func(global.ty().content)) {
            keep(reference_in(global.get()));
        }
        for (_, instance) in &self.instances {
            let module = instance.module();
            for index in module.imported_globals..module.globals.len() as u32 {
                if instance.loaded().is_func(module.global_type(index)) {
                    keep(reference_in(instance.global_value(index)));
                }
            }
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// Frees what neither `roots` nor a waiting activation can reach.
    pub fn collect(&mut self, roots: impl FnOnce(&mut Marker<'_>)) -> Collected {
        crate::collect::collect(self, roots)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Host functions and instances may be referred to by frames of abandoned activations only.
        self.fibers = Fibers::default();
    }
}

/// A reference's bits.
pub(crate) fn reference_in(value: VMGlobal) -> usize {
    u128::from_le_bytes(value.0) as usize
}

//! Functions that the host provides.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use gantry_abi::vmctx::{CodeSlot, ContextKind, VMContextHeader, VMFuncRef, VMHostContext};

use crate::code::LoadedModule;
use crate::store::{HostId, InstanceId, Store};
use crate::types::TypeId;

/// Why a host function failed.
#[derive(Debug)]
pub enum HostFailure {
    /// It wants wasm to be left with this. The embedder knows what it is.
    Error(Box<dyn Any>),
    /// It throws this exception, which wasm may catch.
    Exception(usize),
    /// It panicked; the payload goes on when wasm has been left.
    Panic(Box<dyn Any + Send>),
}

/// A host function: it gets the store, and the arguments as slots, which it replaces by results.
pub(crate) type Callback = dyn Fn(&mut Store, *mut u8) -> Result<(), HostFailure>;

pub(crate) enum Behaviour {
    /// Suspends the activation: the embedder sees [`Step::Call`](crate::Step::Call).
    Suspend,
    /// Runs a closure on the stack that the fiber was resumed from.
    Callback(Box<Callback>),
    /// Runs a closure on the fiber. The number is for the embedder.
    Native(Box<Callback>, u32),
}

/// A host function. Compiled code reads its first field.
#[repr(C)]
pub struct HostFunction {
    context: VMHostContext,
    funcref: VMFuncRef,
    pub(crate) behaviour: Behaviour,
    /// Has the code of the trampolines.
    module: Arc<LoadedModule>,
    owner: Option<InstanceId>,
    key: u32,
}

impl std::fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostFunction").field("key", &self.key).finish_non_exhaustive()
    }
}

impl HostFunction {
    /// A function whose trampolines are those of type `ty` of `module`, which imports such a function.
    pub(crate) fn make(
        store: &mut Store,
        module: Arc<LoadedModule>,
        ty: u32,
        type_id: TypeId,
        behaviour: Behaviour,
        owner: Option<InstanceId>,
        key: u32,
    ) -> HostId {
        let call = match behaviour {
            Behaviour::Suspend => suspend as unsafe extern "C" fn(*mut VMHostContext, *mut u8) -> u32,
            Behaviour::Callback(_) => call_back,
            Behaviour::Native(..) => call_native,
        };
        let header = VMContextHeader {
            kind: ContextKind::Host,
            id: 0,
            store: store.context_ptr(),
            libcalls: crate::libcalls::table(),
            code_table: std::ptr::null(),
            type_ids: std::ptr::null(),
            types: std::ptr::null(),
            counters: std::ptr::null_mut(),
        };
        let funcref = VMFuncRef {
            slot: module.host_slot(ty),
            vmctx: std::ptr::null_mut(),
            type_id,
            index: 0,
            entry: module.entry(ty),
        };
        let values = match behaviour {
            Behaviour::Suspend => store.suspension_slots,
            Behaviour::Callback(_) | Behaviour::Native(..) => std::ptr::null_mut(),
        };
        let context = VMHostContext { header, call, values };
        let function = Box::new(HostFunction { context, funcref, behaviour, module, owner, key });
        store.insert_host(function)
    }

    /// Ties the function to its own address and number, which are known once it is in place.
    pub(crate) fn settle(self: &mut Box<Self>, id: u32) {
        self.context.header.id = id;
        let context: *mut HostFunction = &mut **self;
        self.funcref.vmctx = context.cast();
    }

    /// The function as a value.
    pub fn funcref(&self) -> NonNull<VMFuncRef> {
        NonNull::from(&self.funcref)
    }

    /// The slot of the trampoline by which it is called.
    pub(crate) fn slot(&self) -> &CodeSlot {
        // SAFETY: in `module`, which this holds.
        unsafe { &*self.funcref.slot }
    }

    /// Sets the trampoline by which the host calls it.
    pub(crate) fn set_entry(&mut self, entry: *const u8) {
        self.funcref.entry = entry;
    }

    /// The module that its trampolines are in.
    pub(crate) fn loaded(&self) -> &Arc<LoadedModule> {
        &self.module
    }

    /// The instance that it was made for, if any.
    #[inline]
    pub fn owner(&self) -> Option<InstanceId> {
        self.owner
    }

    /// Makes it a function of an instance that was linked to it.
    pub(crate) fn give_to(&mut self, owner: InstanceId, key: u32) {
        (self.owner, self.key) = (Some(owner), key);
    }

    /// The number that its maker gave it.
    #[inline]
    pub fn key(&self) -> u32 {
        self.key
    }

    /// Its canonical type.
    pub fn type_id(&self) -> TypeId {
        self.funcref.type_id
    }
}

/// Called by compiled code on a fiber.
unsafe extern "C" fn suspend(context: *mut VMHostContext, _values: *mut u8) -> u32 {
    let host: *mut HostFunction = context.cast();
    // SAFETY: the context is the first field of a host function, whose store is running; nothing here needs dropping
    // when the fiber is abandoned.
    unsafe { Store::suspend_for_host((*context).header.store, NonNull::new_unchecked(host)) }
}

/// Called by compiled code on a fiber. The closure runs on the stack that the fiber was resumed from.
unsafe extern "C" fn call_back(context: *mut VMHostContext, values: *mut u8) -> u32 {
    let host: *mut HostFunction = context.cast();
    // SAFETY: as in `suspend`.
    let store = unsafe { (*(*context).header.store).owner.cast::<Store>() };
    // SAFETY: the store is running; its owner gave it away for as long as wasm runs.
    unsafe {
        Store::on_parent_stack(store, || {
            let Behaviour::Callback(callback) = &(*host).behaviour else {
                unreachable!("made with a callback");
            };
            run(store, callback, values)
        })
    }
}

/// Called by compiled code on a fiber, where the closure runs.
unsafe extern "C" fn call_native(context: *mut VMHostContext, values: *mut u8) -> u32 {
    let host: *mut HostFunction = context.cast();
    // SAFETY: as in `call_back`.
    unsafe {
        let store = (*(*context).header.store).owner.cast::<Store>();
        let Behaviour::Native(callback, _) = &(*host).behaviour else {
            unreachable!("made with a native function");
        };
        run(store, callback, values)
    }
}

/// Returns 1 when the closure failed, and leaves why in the store.
///
/// # Safety
/// The store is running, and was given away by its owner.
unsafe fn run(store: *mut Store, callback: &Callback, values: *mut u8) -> u32 {
    // SAFETY: promised by the caller.
    let outcome = unsafe { catch_unwind(AssertUnwindSafe(|| callback(&mut *store, values))) };
    let failure = match outcome {
        Ok(Ok(())) => return 0,
        Ok(Err(failure)) => failure,
        Err(panic) => HostFailure::Panic(panic),
    };
    // SAFETY: as above.
    unsafe { (*store).set_failure(failure) };
    1
}

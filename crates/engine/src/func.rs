//! Functions: calling them, and providing them.

use std::ptr::NonNull;
use std::rc::Rc;

use gantry_abi::TrapCode;
use gantry_module::{FuncType, ValType};
use gantry_runtime::{self as rt, FuncPtr, HostFailure, MIN_SLOTS, Resume, Step, Trap};

use crate::into_func::IntoFunc;
use crate::root::{Item, Root};
use crate::store::{AsStore, AsStoreMut, Shared, check, root, sealed};
use crate::{Error, ExnRef, Extern, Instance, Module, Val};

/// Bytes of the caller's own stack that host functions and wasm may use by calling each other: wasm runs on stacks of
/// its own, but host functions run on that of whoever called first, and threads have as little as 1 MiB.
const MAX_NESTED_STACK: usize = 512 << 10;

/// A function of a store.
#[derive(Debug, Clone)]
pub struct Func(Root);

/// The store, as a host function sees it, and who called it.
pub struct Caller<'s> {
    runtime: &'s mut rt::Store,
    shared: Rc<Shared>,
}

impl sealed::Sealed for Caller<'_> {
    fn runtime(&self) -> &rt::Store {
        self.runtime
    }

    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }
}

impl sealed::SealedMut for Caller<'_> {
    fn runtime_mut(&mut self) -> &mut rt::Store {
        self.runtime
    }
}

impl AsStore for Caller<'_> {}
impl AsStoreMut for Caller<'_> {}

impl Caller<'_> {
    /// An export of the instance that called.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        let instance = Instance::from_id(self, self.runtime.caller()?);
        instance.get_export(self, name)
    }

    /// Throws an exception: the host function returns the error, and wasm that called it can catch.
    pub fn throw(&mut self, exception: ExnRef) -> Error {
        *self.shared.exception.borrow_mut() = Some(exception);
        Error::exception()
    }

    /// The exception that wasm threw and did not catch, when a call of the host function's failed with
    /// [`Error::is_exception`].
    pub fn take_exception(&mut self) -> Option<ExnRef> {
        self.shared.exception.borrow_mut().take()
    }

    /// Why wasm is to be left.
    fn failure(&mut self, error: Error) -> HostFailure {
        let thrown = if error.is_exception() { self.shared.exception.borrow_mut().take() } else { None };
        match thrown {
            Some(exception) => HostFailure::Exception(exception.bits()),
            None => HostFailure::Error(Box::new(error)),
        }
    }

    /// Frees what no handle and no running function can reach, as [`Store::collect`](crate::Store::collect) does.
    pub fn collect(&mut self) {
        crate::store::collect(self);
    }

    /// The wasm functions that are waiting for this one, the innermost first.
    pub fn backtrace(&self) -> Vec<rt::Frame> {
        self.runtime.backtrace()
    }
}

impl Func {
    /// A host function of the given type. It gets its arguments, and room for its results, which it must fill with
    /// values of the right types.
    ///
    /// # Errors
    /// When no code can be generated for the type.
    ///
    /// # Panics
    /// When out of memory for code; [`Func::try_new`] reports that.
    pub fn new(
        store: &mut impl AsStoreMut,
        ty: FuncType,
        callback: impl Fn(&mut Caller<'_>, &[Val], &mut [Val]) -> Result<(), Error> + 'static,
    ) -> Func {
        Func::try_new(store, ty, callback).expect("code for a host function")
    }

    /// As [`Func::new`], with an error when there is no memory for code.
    pub fn try_new(
        store: &mut impl AsStoreMut,
        ty: FuncType,
        callback: impl Fn(&mut Caller<'_>, &[Val], &mut [Val]) -> Result<(), Error> + 'static,
    ) -> Result<Func, Error> {
        let id = rt::func_type_id(&ty);
        Func::with_values(store, ty, id, callback)
    }

    /// A host function of a type of a module, by its index: of one that has supertypes or belongs to a recursion group, which
    /// a [`FuncType`] does not say. Otherwise as [`Func::try_new`].
    pub fn of_type(
        store: &mut impl AsStoreMut,
        module: &Module,
        index: u32,
        callback: impl Fn(&mut Caller<'_>, &[Val], &mut [Val]) -> Result<(), Error> + 'static,
    ) -> Result<Func, Error> {
        let id = module.loaded().type_ids()[index as usize];
        Func::with_values(store, module.func_type(index), id, callback)
    }

    fn with_values(
        store: &mut impl AsStoreMut,
        ty: FuncType,
        id: u32,
        callback: impl Fn(&mut Caller<'_>, &[Val], &mut [Val]) -> Result<(), Error> + 'static,
    ) -> Result<Func, Error> {
        let called = ty.clone();
        Func::with_slots(store, ty, id, move |caller, slots| {
            let read = |(ty, bits): (&ValType, &u128)| Val::from_slot(caller, *ty, *bits);
            let args: Vec<Val> = called.params.iter().zip(&*slots).map(read).collect();
            let mut results: Vec<Val> = called.results.iter().map(|ty| Val::default_of(*ty)).collect();
            callback(caller, &args, &mut results)?;
            for ((slot, ty), value) in slots.iter_mut().zip(&called.results).zip(&results) {
                *slot = value.to_slot(caller, *ty)?;
            }
            Ok(())
        })
    }

    /// A host function from a closure over scalars, such as `|a: i32, b: f64| -> i64 { … }`. It may take a
    /// [`Caller`] first and return a `Result`.
    pub fn wrap<Args, Results>(
        store: &mut impl AsStoreMut,
        closure: impl IntoFunc<Args, Results>,
    ) -> Result<Func, Error> {
        closure.into_func(store)
    }

    /// A host function over raw slots. `id` is the canonical number of its type.
    pub(crate) fn with_slots(
        store: &mut impl AsStoreMut,
        ty: FuncType,
        id: u32,
        callback: impl Fn(&mut Caller<'_>, &mut [u128]) -> Result<(), Error> + 'static,
    ) -> Result<Func, Error> {
        let module = store.shared().engine.host_module(&ty)?;
        // The closure lives in the store: a strong reference would keep what the store shares with handles forever.
        let shared = Rc::downgrade(store.shared());
        let slots = ty.params.len().max(ty.results.len());
        let boxed = Box::new(move |runtime: &mut rt::Store, values: *mut u8| {
            let shared = shared.upgrade().expect("the store is running");
            let mut caller = Caller { runtime, shared };
            // SAFETY: the trampoline passes as many slots as the type needs, aligned to their size.
            #[expect(unsafe_code, reason = "the contract with compiled code")]
            let slots = unsafe { std::slice::from_raw_parts_mut(values.cast::<u128>(), slots) };
            callback(&mut caller, slots).map_err(|error| caller.failure(error))
        });
        let runtime = store.runtime_mut();
        let host = runtime.new_callback(module, id, boxed);
        let pointer = runtime.host(host).funcref();
        Ok(Func::from_pointer(store, pointer))
    }

    pub(crate) fn from_pointer(store: &impl AsStore, pointer: FuncPtr) -> Func {
        Func(root(store, Item::Func(pointer)))
    }

    pub(crate) fn root(&self) -> &Root {
        &self.0
    }

    pub(crate) fn pointer(&self) -> FuncPtr {
        match self.0.item() {
            Item::Func(pointer) => pointer,
            _ => unreachable!("made in `from_pointer`"),
        }
    }

    /// Its parameter and result types.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: &impl AsStore) -> FuncType {
        crate::store::assert_same(store, &self.0);
        store.runtime().func_type(self.pointer())
    }

    /// Calls it.
    ///
    /// # Errors
    /// [`Error::trap`] when wasm traps; what a host function on the way failed with; wrong arguments.
    pub fn call(&self, store: &mut impl AsStoreMut, args: &[Val]) -> Result<Vec<Val>, Error> {
        check(store, &self.0)?;
        let ty = store.runtime().func_type(self.pointer());
        if args.len() != ty.params.len() {
            return Err(Error::usage(format!("expected {} arguments, got {}", ty.params.len(), args.len())));
        }
        let mut slots = vec![0; args.len().max(ty.results.len()).max(MIN_SLOTS)];
        for ((slot, arg), ty) in slots.iter_mut().zip(args).zip(&ty.params) {
            *slot = arg.to_slot(store, *ty)?;
        }
        call_slots(store, self.pointer(), &mut slots)?;
        let read = |(ty, bits): (&ValType, &u128)| Val::from_slot(store, *ty, *bits);
        Ok(ty.results.iter().zip(&slots).map(read).collect())
    }
}

/// Calls a function of the store with arguments that suit its type, until it ends.
pub(crate) fn call_slots(store: &mut impl AsStoreMut, func: FuncPtr, slots: &mut [u128]) -> Result<(), Error> {
    assert!(slots.len() >= MIN_SLOTS);
    let values = NonNull::from(slots).cast::<u8>();
    let runtime = store.runtime_mut();
    if runtime.embedder_stack_used() > MAX_NESTED_STACK {
        return Err(Error::from_trap(Trap { code: TrapCode::StackOverflow, frames: runtime.backtrace() }));
    }
    // SAFETY: callers hold a handle, so that the function is alive, and have converted the arguments to its type.
    #[expect(unsafe_code, reason = "the contract with compiled code")]
    let mut step = unsafe { runtime.start(func, values) };
    loop {
        match step {
            Step::Returned => return Ok(()),
            Step::Trapped => return Err(Error::from_trap(runtime.take_trap().expect("the step says so"))),
            Step::Failed => {
                let failure = runtime.take_failure().expect("the step says so");
                return Err(host_failure(store, failure));
            }
            Step::OutOfMemory => return Err(Error::out_of_memory()),
            // SAFETY: as the step says.
            #[expect(unsafe_code, reason = "the contract with compiled code")]
            Step::Interrupted => step = unsafe { runtime.resume(Resume::Return) },
            Step::Asked => unreachable!("shared memories of this crate are its own"),
            Step::Call(_) => unreachable!("host functions of this crate do not suspend"),
        }
    }
}

/// The error that a host function of this crate failed with. Panics go on.
fn host_failure(store: &impl AsStore, failure: HostFailure) -> Error {
    match failure {
        HostFailure::Exception(exception) => {
            let exception = ExnRef::from_bits(store, exception);
            *store.shared().exception.borrow_mut() = Some(exception);
            Error::exception()
        }
        HostFailure::Panic(payload) => std::panic::resume_unwind(payload),
        HostFailure::Error(error) => {
            *error.downcast::<Error>().expect("host functions of this crate fail with its error")
        }
    }
}

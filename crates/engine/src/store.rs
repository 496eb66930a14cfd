//! Stores, and what is like one inside a host function.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use gantry_runtime as rt;
use slab::Slab;

use crate::root::{self, Item, Root, Roots};
use crate::{Engine, Error, ExnRef};

/// Collections start at this many new things, and when those outnumber the ones that were there.
const MIN_DEBT: usize = 256;

/// What handles and host functions of a store share.
pub(crate) struct Shared {
    pub engine: Engine,
    pub roots: Rc<Roots>,
    /// Host values that wasm can hold; their handles are positions, doubled, plus one.
    pub values: RefCell<Slab<Rc<dyn Any>>>,
    /// The exception that an error which was returned last stands for.
    pub exception: RefCell<Option<ExnRef>>,
}

/// Owner of everything that a piece of wasm can reach. Stores have nothing to do with each other; each is used by one
/// thread.
pub struct Store {
    runtime: rt::Store,
    shared: Rc<Shared>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("population", &self.runtime.population()).finish_non_exhaustive()
    }
}

impl Store {
    /// An empty store.
    pub fn new(engine: &Engine) -> Store {
        let shared = Shared {
            engine: engine.clone(),
            roots: Rc::default(),
            values: RefCell::default(),
            exception: RefCell::default(),
        };
        let mut runtime = rt::Store::new();
        let roots = shared.roots.clone();
        runtime.set_heap_roots(Box::new(move |visit| root::objects(&roots, visit)));
        Store { runtime, shared: Rc::new(shared) }
    }

    /// How many instances, memories, tables, globals and host functions are alive.
    pub fn population(&self) -> usize {
        self.runtime.population()
    }

    /// Frees what no handle and no running function can reach.
    pub fn collect(&mut self) {
        collect(self);
    }

    /// The exception that wasm threw and did not catch, when a call failed with [`Error::is_exception`].
    pub fn take_exception(&mut self) -> Option<ExnRef> {
        self.shared.exception.borrow_mut().take()
    }

    /// Sets how many bytes structs, arrays and exceptions may take; 2 GiB at first. Wasm that needs more traps.
    pub fn set_heap_limit(&mut self, bytes: usize) {
        self.runtime.set_heap_limit(bytes);
    }

    /// Bytes of memory that structs, arrays and exceptions take.
    pub fn heap_bytes(&self) -> usize {
        self.runtime.heap_bytes()
    }
}

/// Frees what is unreachable.
pub(crate) fn collect(store: &mut impl AsStoreMut) {
    let shared = store.shared().clone();
    let mut live = Vec::new();
    let collected = store.runtime_mut().collect(|marker| live = root::mark(&shared.roots, marker));
    live.extend(collected.live_handles);
    let mut values = shared.values.borrow_mut();
    let mut keep = vec![false; values.capacity()];
    for handle in live {
        if let Some(mark) = keep.get_mut(handle >> 1) {
            *mark = true;
        }
    }
    values.retain(|index, _| keep[index]);
}

/// Frees what is unreachable if enough has been made since that was done last.
pub(crate) fn collect_if_due(store: &mut impl AsStoreMut) {
    let runtime = store.runtime();
    if runtime.debt() > MIN_DEBT.max(runtime.population() / 2) {
        collect(store);
    }
}

/// A [`Store`], or a [`Caller`](crate::Caller), which gives access to one.
pub trait AsStore: sealed::Sealed {}

/// As [`AsStore`], for what changes the store.
pub trait AsStoreMut: AsStore + sealed::SealedMut {}

pub(crate) mod sealed {
    use super::{Rc, Shared, rt};

    pub trait Sealed {
        fn runtime(&self) -> &rt::Store;
        #[expect(private_interfaces, reason = "the trait is sealed")]
        fn shared(&self) -> &Rc<Shared>;
    }

    pub trait SealedMut: Sealed {
        fn runtime_mut(&mut self) -> &mut rt::Store;
    }
}

impl sealed::Sealed for Store {
    fn runtime(&self) -> &rt::Store {
        &self.runtime
    }

    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }
}

impl sealed::SealedMut for Store {
    fn runtime_mut(&mut self) -> &mut rt::Store {
        &mut self.runtime
    }
}

impl AsStore for Store {}
impl AsStoreMut for Store {}

/// A handle to something in the store.
pub(crate) fn root(store: &impl AsStore, item: Item) -> Root {
    Root::new(&store.shared().roots, item)
}

/// Refuses handles of other stores.
pub(crate) fn check(store: &impl AsStore, root: &Root) -> Result<(), Error> {
    match root.is_of(&store.shared().roots) {
        true => Ok(()),
        false => Err(Error::usage("a handle was used with a store that it does not belong to")),
    }
}

/// As [`check`], where there is no way to report.
#[track_caller]
pub(crate) fn assert_same(store: &impl AsStore, root: &Root) {
    assert!(root.is_of(&store.shared().roots), "a handle was used with a store that it does not belong to");
}

//! The state of one JavaScript environment.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ptr::NonNull;
use std::rc::Rc;
use std::time::Duration;

use gantry_engine::Module;
use gantry_runtime::{Collected, Store};
use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, Function, Unknown};
use napi_derive::napi;
use slab::Slab;

use crate::debug;
use crate::enter::{self, Calls};
use crate::roots::{Kind, Roots};
use crate::wasi::{Ended, MainProgram};
use crate::{table, ticker};

/// Collections start at this many new things, and when those outnumber half of the ones that were there.
const MIN_DEBT: usize = 1024;
/// Bytes that memories must have grown by for a collection to be worth it, however few they are.
const MIN_GROWTH: usize = 16 << 20;

/// How long wasm waits in a memory before it lets JavaScript in, where it may be terminated.
const WAIT_SLICE: Duration = Duration::from_millis(10);

/// What belongs to one environment. Boxed, because [`enter`] and the ticker have its address.
pub(crate) struct State {
    pub store: Store,
    pub modules: Slab<Module>,
    pub roots: Roots,
    pub calls: Calls,
    /// Modules made since the last collection.
    pub module_debt: usize,
    /// What memories held after the last collection.
    pub live_memory: usize,
    /// What V8 was told that memories hold.
    pub reported_memory: i64,
    /// WASI programs.
    pub programs: Slab<MainProgram>,
    /// Objects of the wasm heap that JavaScript holds.
    pub objects: Rc<RefCell<HashSet<usize>>>,
    /// How the program ended that ended last.
    pub exit: Option<Ended>,
}

/// The native side of the JavaScript layer. Internal: not part of the public API.
#[napi]
pub struct Host {
    pub(crate) state: Box<State>,
}

#[napi]
impl Host {
    /// Calls pass their arguments through `mailbox`, which must stay as it is for as long as the host is used.
    #[napi(constructor)]
    pub fn new(mut mailbox: ArrayBuffer<'_>) -> napi::Result<Host> {
        // SAFETY: no JavaScript runs meanwhile.
        let bytes = unsafe { mailbox.as_mut() };
        if bytes.len() < enter::MAILBOX_LEN {
            return Err(napi::Error::from_reason("the mailbox is too small"));
        }
        let calls = Calls::new(NonNull::from(bytes).cast());
        let mut store = Store::new();
        // SAFETY: the mailbox has room for the most values that a function can have, and outlives the store.
        unsafe { store.set_suspension_slots(calls.slots()) };
        store.set_wait_slice(WAIT_SLICE);
        ticker::register(store.poll_page());
        let objects = Rc::<RefCell<HashSet<usize>>>::default();
        let held = objects.clone();
        store.set_heap_roots(Box::new(move |visit| held.borrow().iter().for_each(|object| visit(*object))));
        let state = State {
            store,
            objects,
            modules: Slab::new(),
            roots: Roots::default(),
            calls,
            module_debt: 0,
            live_memory: 0,
            reported_memory: 0,
            programs: Slab::new(),
            exit: None,
        };
        let mut state = Box::new(state);
        enter::announce(&mut state);
        Ok(Host { state })
    }

    /// The function that starts and resumes calls, as the mailbox says. It takes nothing and returns nothing.
    #[napi]
    pub fn entry(&mut self, env: Env) -> napi::Result<Function<'_, (), ()>> {
        enter::function::<enter::Calling>(env, &mut self.state)
    }

    /// The function that reads and writes tables, as the mailbox says: see [`table::Access`].
    #[napi]
    pub fn table_access(&mut self, env: Env) -> napi::Result<Function<'_, (), ()>> {
        enter::function::<table::Access>(env, &mut self.state)
    }

    /// How many native things are alive: for tests.
    #[napi]
    pub fn population(&self) -> u32 {
        (self.state.store.population() + self.state.modules.len() + self.state.programs.len()) as u32
    }

    /// How many calls of wasm are going on.
    #[napi]
    pub fn depth(&self) -> u32 {
        self.state.store.depth() as u32
    }

    /// Sets the innermost call aside, which waits for an import, to be gone on with later. Returns its number, which lives as long
    /// as the object that it is tied to.
    #[napi]
    pub fn park(&mut self, env: Env, suspension: Unknown<'_>) -> napi::Result<u32> {
        // SAFETY: the JavaScript layer serves the import that the innermost call waits for.
        let id = unsafe { self.state.store.park() };
        self.state.roots.track(env, Kind::Suspension, id, suspension)?;
        Ok(id)
    }

    /// Makes a call that was set aside the innermost one. Returns how many calls are going on, or nothing if it is gone.
    #[napi]
    pub fn unpark(&mut self, env: Env, suspension: u32) -> napi::Result<Option<u32>> {
        self.state.roots.forget(env, Kind::Suspension, suspension)?;
        let is_there = self.state.store.unpark(suspension);
        Ok(is_there.then(|| self.state.store.depth() as u32))
    }

    /// Ties the life of a native thing to that of an object.
    #[napi]
    pub fn track(&mut self, env: Env, kind: u32, id: u32, object: Unknown<'_>) -> napi::Result<()> {
        self.state.roots.track(env, Kind::from_u32(kind)?, id, object)
    }

    /// The object that was tied to a native thing, if it is alive.
    #[napi]
    pub fn object<'e>(&self, env: &'e Env, kind: u32, id: u32) -> napi::Result<Option<Unknown<'e>>> {
        self.state.roots.object(env, Kind::from_u32(kind)?, id)
    }

    /// Frees native things that no object and no running code can reach. Returns the live handles of host values, or
    /// nothing if it was too early to be worth it.
    #[napi]
    pub fn collect_if_due(&mut self, env: Env) -> napi::Result<Option<Vec<u32>>> {
        let state = &self.state;
        let population = state.store.population() + state.modules.len();
        let growth = state.store.memory_bytes().saturating_sub(state.live_memory);
        let is_due = state.store.debt() + state.module_debt >= MIN_DEBT.max(population / 2)
            || growth >= MIN_GROWTH.max(state.live_memory / 2);
        // Right after one of JavaScript's: what is looked through before it is all alive, and would be twice as much at the next.
        if !is_due || !state.roots.is_sentinel_gone(env)? {
            return Ok(None);
        }
        self.collect(env).map(Some)
    }

    /// As [`Host::collect_if_due`], always.
    #[napi]
    pub fn collect(&mut self, env: Env) -> napi::Result<Vec<u32>> {
        let state = &mut *self.state;
        state.roots.drop_dead(env)?;
        let live = state.roots.live(Kind::Suspension);
        state.store.drop_parked(|id| live.contains(&id));
        let roots = &state.roots;
        let Collected { live_handles, .. } = state.store.collect(|marker| roots.mark(marker));
        state.module_debt = 0;
        state.live_memory = state.store.memory_bytes();
        let live = roots.live(Kind::Module);
        state.modules.retain(|id, module| {
            let live = live.contains(&(id as u32));
            if !live {
                debug::report(module);
            }
            live
        });
        let live = roots.live(Kind::Program);
        state.programs.retain(|id, _| live.contains(&(id as u32)));
        state.roots.release(env, |memory| state.store.has_memory(memory))?;
        state.report_memory(env)?;
        state.roots.set_sentinel(env)?;
        Ok(live_handles.into_iter().filter_map(|handle| u32::try_from(handle >> 1).ok()).collect())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Their threads refer to the store.
        self.state.programs.clear();
        self.state.modules.iter().for_each(|(_, module)| debug::report(module));
        enter::forget(&mut self.state);
        ticker::unregister(self.state.store.poll_page());
    }
}

impl State {
    /// Tells V8 what memories hold outside its heap. It collects garbage each time that this has grown by some tens of
    /// megabytes. Pages that were never touched cost nothing, which is most of them in small memories: a quarter is told; all of those
    /// that its engine has allocated, because these are freed only at the second of its collections.
    pub fn report_memory(&mut self, env: Env) -> napi::Result<()> {
        let kept = self.roots.kept_bytes();
        let held = (self.store.memory_bytes().saturating_sub(kept) / 4 + kept + self.store.heap_bytes()) as i64;
        let change = held - self.reported_memory;
        if change != 0 {
            self.reported_memory = held;
            env.adjust_external_memory(change)?;
        }
        Ok(())
    }
}

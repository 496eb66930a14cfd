//! wasi-threads: threads of programs. Each is a thread of the process with a store of its own, an instance of the program's
//! module there, and the memory and context of the program.
//!
//! Threads never run JavaScript. A program's threads end with it: when it returns, exits or traps, whichever thread does so
//! first, all others are stopped, and the JavaScript thread goes on when they are gone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use gantry_engine::{ExternIndex, ExternType, FuncType, TrapCode, ValType};
use gantry_runtime::{
    Extern, FuncPtr, HostFailure, InstanceId, LoadedModule, MemoryId, Resume, SharedMemory, Step, Stopper, Store,
    VALUE_SIZE,
};
use gantry_wasi::functions;
use napi_derive::napi;
use serde::Serialize;

use super::{MAX_FUNCTIONS, Program, Reason, SPAWN};
use crate::describe;
use crate::host::Host;

/// What threads begin with: it gets the thread's number and the argument of `thread-spawn`.
const ENTRY: &str = "wasi_thread_start";

/// The largest number of a thread.
const MAX_ID: u32 = (1 << 29) - 1;

/// What `thread-spawn` returns when there is no thread.
const NO_THREAD: i32 = -1;

/// A thread that the program has seen the end of may still be there for a moment: for so long `thread-spawn` waits for room.
const ROOM: Duration = Duration::from_millis(100);

/// How long a thread that did not stop is given until it is told again.
const AGAIN: Duration = Duration::from_millis(2);

/// The stack of the thread itself; wasm has another one.
const NATIVE_STACK: usize = 512 << 10;

/// The threads of a program.
pub(super) struct Threads {
    max: usize,
    group: Mutex<Group>,
    /// Notified when `group` has changed.
    changed: Condvar,
    /// Whether all threads are to end.
    ending: AtomicBool,
}

#[derive(Default)]
struct Group {
    /// What threads run, while the program does.
    plan: Option<Arc<Plan>>,
    /// The number that was given last.
    last: u32,
    /// Threads by number, each with what stops it while it has a store.
    live: BTreeMap<u32, Option<Stopper>>,
    /// Stops the JavaScript thread's part of the program, as long as that runs.
    main: Option<Stopper>,
    /// How the program has ended, if a thread has ended it.
    outcome: Option<Outcome>,
}

/// What a thread is made from.
struct Plan {
    module: Arc<LoadedModule>,
    memory: Arc<SharedMemory>,
    imports: Vec<Import>,
    /// The index of the function that threads begin with.
    entry: u32,
}

/// What a thread's instance imports.
enum Import {
    Memory,
    /// A function of a program, by its place.
    Native(Arc<Program>, u32),
    /// A function of JavaScript, which threads cannot call.
    JavaScript(String),
}

/// How a thread has ended the program, as JavaScript gets it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome {
    /// It has called `proc_exit` or the like.
    Reason(Reason),
    Trap {
        code: u8,
        frames: Box<serde_json::value::RawValue>,
    },
    Error {
        error: String,
    },
}

impl Outcome {
    fn error(message: impl Into<String>) -> Outcome {
        Outcome::Error { error: message.into() }
    }
}

impl Threads {
    pub(super) fn new(max: usize) -> Threads {
        Threads { max, group: Mutex::default(), changed: Condvar::new(), ending: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, group: MutexGuard<'g, Group>, time: Duration) -> MutexGuard<'g, Group> {
        self.changed.wait_timeout(group, time).unwrap_or_else(PoisonError::into_inner).0
    }

    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Reserves a number; `None` if there are too many threads, or the program is not running.
    fn reserve(&self) -> Option<(u32, Arc<Plan>)> {
        let deadline = Instant::now() + ROOM;
        let mut group = self.lock();
        while group.main.is_some() && group.live.len() >= self.max && !self.is_ending() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            group = self.wait(group, left);
        }
        if self.is_ending() {
            return None;
        }
        let plan = group.plan.clone()?;
        let mut id = group.last;
        loop {
            id = id % MAX_ID + 1;
            if !group.live.contains_key(&id) {
                break;
            }
        }
        group.last = id;
        group.live.insert(id, None);
        Some((id, plan))
    }

    /// Tells everybody to stop.
    fn stop(&self, group: &Group) {
        for stopper in group.live.values().flatten().chain(&group.main) {
            // SAFETY: threads take it back before their stores go away, and so does the JavaScript thread.
            unsafe { stopper.stop() };
        }
        if let Some(plan) = &group.plan {
            plan.memory.interrupt_waits();
        }
    }

    /// Ends the program from one of its threads. Returns when the JavaScript thread has taken note.
    fn end(&self, outcome: Outcome) {
        let mut group = self.lock();
        if group.main.is_some() {
            group.outcome.get_or_insert(outcome);
        }
        self.ending.store(true, Ordering::Release);
        while group.main.is_some() {
            self.stop(&group);
            group = self.wait(group, AGAIN);
        }
    }

    /// Ends what is left when the program's part on the JavaScript thread has ended. Returns how a thread has ended it before.
    fn finish(&self) -> Option<Outcome> {
        let mut group = self.lock();
        group.main = None;
        let plan = group.plan.take();
        self.ending.store(true, Ordering::Release);
        self.changed.notify_all();
        while !group.live.is_empty() {
            self.stop(&group);
            if let Some(plan) = &plan {
                plan.memory.interrupt_waits();
            }
            group = self.wait(group, AGAIN);
        }
        group.outcome.take()
    }
}

/// A number that is in use.
struct Place<'t> {
    threads: &'t Threads,
    id: u32,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.threads.lock().live.remove(&self.id);
        self.threads.changed.notify_all();
    }
}

/// A thread whose store can be told to stop.
struct Stoppable<'p>(&'p Place<'p>);

impl<'p> Stoppable<'p> {
    /// Dropped before the store.
    fn new(place: &'p Place<'p>, store: &Store) -> Stoppable<'p> {
        place.threads.lock().live.insert(place.id, Some(store.stopper()));
        Stoppable(place)
    }
}

impl Drop for Stoppable<'_> {
    fn drop(&mut self) {
        self.0.threads.lock().live.insert(self.0.id, None);
    }
}

impl Program {
    /// Ends the threads, if there are any.
    pub(super) fn finish_threads(&self) {
        if let Some(threads) = &self.threads {
            threads.finish();
        }
    }

    /// Makes a thread; returns its number, or a negative one.
    pub(super) fn spawn(self: &Arc<Program>, argument: i32) -> i32 {
        let Some((id, plan)) = self.threads.as_ref().and_then(Threads::reserve) else { return NO_THREAD };
        let (ready, is_ready) = mpsc::sync_channel(1);
        let (go, may_go) = mpsc::sync_channel(1);
        let program = self.clone();
        let work = move || {
            let Some(threads) = &program.threads else { return };
            let begin = || {
                // Whoever makes it waits for this, and lets it go at once.
                let _ = ready.send(());
                let _ = may_go.recv();
            };
            threads.run_thread(&plan, &Place { threads, id }, argument, begin);
        };
        let builder = thread::Builder::new().name(format!("wasi-thread-{id}")).stack_size(NATIVE_STACK);
        match builder.spawn(work) {
            // It says nothing if there was no memory for it. It starts later than this returns, as a rule: there are programs which
            // note its number before it ends.
            Ok(_) => match is_ready.recv() {
                Ok(()) => {
                    let _ = go.send(());
                    id.cast_signed()
                }
                Err(_) => NO_THREAD,
            },
            Err(_) => {
                self.threads.as_ref().inspect(|threads| drop(Place { threads, id }));
                NO_THREAD
            }
        }
    }
}

impl Threads {
    /// What a thread does; `begin` returns when it may.
    fn run_thread(&self, plan: &Plan, place: &Place<'_>, argument: i32, begin: impl FnOnce()) {
        let Ok(mut store) = Store::try_new() else { return };
        let _stoppable = Stoppable::new(place, &store);
        let Some(instance) = plan.instantiate(&mut store) else { return };
        begin();
        if let Err(outcome) = self.run(&mut store, instance, plan.entry, place.id, argument) {
            self.end(outcome);
        }
    }

    /// Runs a thread's wasm. `Err` ends the program.
    fn run(&self, store: &mut Store, instance: InstanceId, entry: u32, id: u32, argument: i32) -> Result<(), Outcome> {
        let start = store.instance(instance).module().start;
        if let Some(start) = start {
            self.call(store, store.instance(instance).func(start), [0, 0])?;
        }
        self.call(store, store.instance(instance).func(entry), [id, argument.cast_unsigned()])
    }

    /// Calls a function with two numbers or without arguments.
    fn call(&self, store: &mut Store, func: FuncPtr, arguments: [u32; 2]) -> Result<(), Outcome> {
        const { assert!(VALUE_SIZE == size_of::<u128>()) };
        let mut slots = arguments.map(u128::from);
        // SAFETY: the instance is alive, since its store is never collected; the slots are what its type needs.
        let mut step = unsafe { store.start(func, std::ptr::NonNull::from(&mut slots).cast()) };
        loop {
            match step {
                Step::Returned => return Ok(()),
                Step::Interrupted => {
                    let how = match self.is_ending() {
                        true => Resume::Fail(HostFailure::Error(Box::new(Reason::Interrupted))),
                        false => Resume::Return,
                    };
                    // SAFETY: as the step says.
                    step = unsafe { store.resume(how) };
                }
                Step::Trapped => {
                    let trap = store.take_trap().expect("the step says so");
                    // Stopping takes the stack away.
                    if trap.code == TrapCode::StackOverflow && self.is_ending() {
                        return Ok(());
                    }
                    let frames =
                        serde_json::value::RawValue::from_string(describe::frames(&trap.frames)).expect("JSON");
                    return Err(Outcome::Trap { code: trap.code as u8, frames });
                }
                Step::Failed => return failed(store.take_failure()),
                Step::OutOfMemory => return Err(Outcome::error("there is no memory for the stack of a thread")),
                Step::Call(_) | Step::Asked => unreachable!("nothing in the store of a thread is the embedder's"),
            }
        }
    }
}

/// What the failure of a native function means.
fn failed(failure: Option<HostFailure>) -> Result<(), Outcome> {
    match failure {
        Some(HostFailure::Error(error)) => match error.downcast::<Reason>().map(|reason| *reason) {
            // Only who is ending is not gone on with.
            Ok(Reason::Interrupted) => Ok(()),
            Ok(reason) => Err(Outcome::Reason(reason)),
            Err(_) => Err(Outcome::error("a thread was left for no reason")),
        },
        Some(HostFailure::Exception(_)) => Err(Outcome::error("a thread has thrown an exception and not caught it")),
        Some(HostFailure::Panic(_)) | None => Err(Outcome::error("a function of the host has panicked in a thread")),
    }
}

impl Plan {
    /// The instance of a thread; `None` if there is no memory for it, or it traps.
    fn instantiate(&self, store: &mut Store) -> Option<InstanceId> {
        let memory = store.add_shared_memory(self.memory.clone());
        let mut items = Vec::with_capacity(self.imports.len());
        for (import, declared) in self.imports.iter().zip(&self.module.module().imports) {
            items.push(match (import, &declared.ty) {
                (Import::Memory, _) => Extern::Memory(memory),
                (function, ExternType::Func(ty)) => {
                    let host = store.new_native(self.module.clone(), *ty, function.native(memory), 0);
                    Extern::Func(store.host(host).funcref())
                }
                _ => unreachable!("nothing else is planned"),
            });
        }
        // SAFETY: the imports are of this store, which is never collected.
        unsafe { store.instantiate(&self.module, &items) }.ok()
    }
}

type Native = dyn Fn(&mut Store, *mut u8) -> Result<(), HostFailure>;

impl Import {
    fn native(&self, memory: MemoryId) -> Box<Native> {
        let fail = |reason: Reason| HostFailure::Error(Box::new(reason));
        match self {
            Import::Native(program, SPAWN) => {
                let program = program.clone();
                Box::new(move |_, values| {
                    program.spawn_on_fiber(values);
                    Ok(())
                })
            }
            Import::Native(program, place) => {
                let (program, function) = (program.clone(), &functions(program.version)[*place as usize]);
                Box::new(move |store, values| program.run_on_fiber(function, store, memory, values).map_err(fail))
            }
            Import::JavaScript(name) => {
                let name = name.clone();
                Box::new(move |_, _| Err(fail(Reason::JavaScript { name: name.clone() })))
            }
            Import::Memory => unreachable!("memories are no functions"),
        }
    }
}

fn is_spawn(import: &gantry_module::Import) -> bool {
    (&*import.module, &*import.name) == ("wasi", "thread-spawn")
}

#[napi]
impl Host {
    /// Gets a program ready for threads, whose instance this is, and says so when it is not made for them. The program is then
    /// running until `finishThreads`.
    #[napi]
    pub fn start_threads(&mut self, program: u32, instance: u32) -> Option<String> {
        let instance = InstanceId(instance);
        if !self.state.store.instance(instance).module().imports.iter().any(is_spawn) {
            return None;
        }
        match self.plan_of(instance) {
            Ok(plan) => {
                let stopper = self.state.store.stopper();
                let threads = self.state.programs[program as usize].program.threads.as_ref()?;
                let mut group = threads.lock();
                (group.plan, group.main) = (Some(Arc::new(plan)), Some(stopper));
                None
            }
            Err(reason) => Some(reason),
        }
    }

    fn plan_of(&self, instance: InstanceId) -> Result<Plan, String> {
        let store = &self.state.store;
        let instance = store.instance(instance);
        let module = instance.module();
        let mut memory = None;
        let (mut imports, mut func) = (Vec::new(), 0);
        for import in &module.imports {
            let name = || format!("{}.{}", import.module, import.name);
            imports.push(match import.ty {
                ExternType::Func(_) => {
                    let label = store.native_label(instance.func(func));
                    func += 1;
                    match label {
                        Some(number) => {
                            let main = &self.state.programs[(number / MAX_FUNCTIONS) as usize];
                            Import::Native(main.program.clone(), number % MAX_FUNCTIONS)
                        }
                        None => Import::JavaScript(name()),
                    }
                }
                ExternType::Memory(_) if memory.is_none() => {
                    let shared = store.memory(instance.memory(0)).shared();
                    let shared = shared.filter(|shared| !shared.is_foreign()).ok_or_else(|| {
                        format!("{} has to be the memory that wasi.getImportObject(module) makes", name())
                    })?;
                    memory = Some(shared.clone());
                    Import::Memory
                }
                _ => {
                    return Err(format!(
                        "it imports {}, and of what is no function only a memory can be imported",
                        name()
                    ));
                }
            });
        }
        let memory = memory.ok_or("it has to import a shared memory (--import-memory --shared-memory)")?;
        let is_entry = |index: u32| {
            let expected = FuncType { params: [ValType::I32, ValType::I32].into(), results: [].into() };
            store.func_type(instance.func(index)) == expected
        };
        let entry = module.exports.iter().find_map(|export| match export.index {
            ExternIndex::Func(index) if *export.name == *ENTRY && is_entry(index) => Some(index),
            _ => None,
        });
        let entry = entry.ok_or_else(|| format!("it has to export {ENTRY}(i32, i32)"))?;
        Ok(Plan { module: instance.loaded().clone(), memory, imports, entry })
    }

    /// Whether a thread has ended a program.
    #[napi]
    pub fn threads_ended(&self, program: u32) -> bool {
        self.state.programs[program as usize].program.threads.as_ref().is_some_and(Threads::is_ending)
    }

    /// Ends the threads of a program; returns how one of them has ended it, as JSON.
    #[napi]
    pub fn finish_threads(&self, program: u32) -> Option<String> {
        let outcome = self.state.programs.get(program as usize)?.program.threads.as_ref()?.finish()?;
        Some(serde_json::to_string(&outcome).expect("plain data"))
    }

    /// `wasi.thread-spawn`, called by JavaScript.
    #[napi]
    pub fn spawn_thread(&self, program: u32, argument: i32) -> i32 {
        self.state.programs[program as usize].program.spawn(argument)
    }
}

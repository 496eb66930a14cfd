//! Functions that are compiled when they are called first, or in the background, and replaced while they run.
//!
//! A slot leads to a stub (`stubs`) until there is code. The stub comes to [`called`], which asks the module's
//! [`CodeSource`] and goes on in what that makes. Better code is stored in the slot at any time.
//!
//! Must not know: how code is made.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gantry_abi::artifact::Artifact;
use gantry_abi::vmctx::{CodeSlot, ContextKind, VMContextHeader};
use gantry_abi::{Piece, TrapCode, profile};
use gantry_module::FuncType;

use crate::arena::Pieces;
use crate::code::LoadedModule;
use crate::host::HostFunction;
use crate::store::{FuncOwner, FuncPtr, InstanceId, Store};
use crate::trampolines::{self, TrampolineKind};
use crate::{OutOfMemory, trap, types, work_stack};

/// How good code is. Better code takes the place of worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeLevel {
    /// Made soon. It counts how often functions are entered and loops go round.
    Quick,
    /// Fast.
    Optimized,
}

/// Makes code for a module, on the threads that call its functions.
pub trait CodeSource: Send + Sync {
    /// Code of a defined function, and perhaps of others, that call each other through slots. None if it exceeds what can be
    /// compiled.
    fn function(&self, index: u32, level: CodeLevel) -> Option<Piece>;

    /// Machine code between conventions, which can lie anywhere. None as above.
    fn trampoline(&self, kind: TrampolineKind, ty: &FuncType) -> Option<Vec<u8>>;

    /// All of the module's code: waits for it.
    fn artifact(&self) -> Option<Artifact>;
}

/// What code was made of a module so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct CodeStats {
    /// Functions that the module defines.
    pub functions: u32,
    /// Functions that were compiled when they were called.
    pub on_demand: u32,
    /// What these calls waited for, in all threads.
    pub on_demand_time: Duration,
    /// Functions that got quick code, by call or in the background.
    pub quick: u32,
    /// Functions that were optimised one by one.
    pub hot: u32,
    /// What the background took to make code, by the clock.
    pub background_time: Duration,
    /// Times that a function's code was replaced by better.
    pub swaps: u32,
    /// Functions whose optimised code an earlier process has made, which was cut off.
    pub continued: u32,
    /// Bytes of machine code, whether it is still entered or not.
    pub code_bytes: usize,
    /// Whether all functions have the last code that there will be.
    pub is_final: bool,
    /// Whether the code was found in the cache.
    pub cached: bool,
}

#[derive(Default)]
pub(crate) struct Time(AtomicU64);

impl Time {
    pub fn add(&self, time: Duration) {
        self.0.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
pub(crate) struct Tally {
    on_demand: AtomicU32,
    on_demand_time: Time,
    /// By level.
    compiled: [AtomicU32; 2],
    swaps: AtomicU32,
    continued: AtomicU32,
    pub background: Time,
}

/// How a module that is compiled bit by bit behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct LazyOptions {
    /// For tests: no slot ever leads to code, and code of the two levels takes turns at every call.
    pub alternate: bool,
}

/// Threads that call different functions make code for them at the same time, if the numbers differ by less than this.
const CLAIMS: usize = 16;

/// What a module that is compiled bit by bit has besides.
pub(crate) struct Lazy {
    pub source: Arc<dyn CodeSource>,
    pieces: Pieces,
    /// What slots lead to: nothing, or code of a level, or the last code that there will be.
    levels: Mutex<Box<[Option<Level>]>>,
    /// Held by who makes code for some function.
    claims: [Mutex<()>; CLAIMS],
    counters: Box<[AtomicU32]>,
    alternation: Option<Alternation>,
    /// Whether the last code is there.
    is_finished: AtomicBool,
    pub tally: Tally,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Piece(CodeLevel),
    Final,
}

struct Alternation {
    turn: AtomicUsize,
    code: [Box<[CodeSlot]>; 2],
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lazy {
    pub fn new(functions: usize, source: Arc<dyn CodeSource>, options: LazyOptions) -> Lazy {
        let empty = || (0..functions).map(|_| AtomicPtr::default()).collect();
        Lazy {
            source,
            pieces: Pieces::default(),
            levels: Mutex::new(vec![None; functions].into()),
            claims: Default::default(),
            counters: (0..profile::counters(functions)).map(|_| AtomicU32::new(0)).collect(),
            alternation: options.alternate.then(|| Alternation { turn: AtomicUsize::new(0), code: [empty(), empty()] }),
            is_finished: AtomicBool::new(false),
            tally: Tally::default(),
        }
    }

    /// What quick code counts.
    pub fn counters(&self) -> &[AtomicU32] {
        &self.counters
    }

    pub fn stats(&self) -> CodeStats {
        let Tally { on_demand, on_demand_time, compiled, swaps, continued, background } = &self.tally;
        let count = |count: &AtomicU32| count.load(Ordering::Relaxed);
        CodeStats {
            on_demand: count(on_demand),
            on_demand_time: on_demand_time.get(),
            quick: count(&compiled[CodeLevel::Quick as usize]),
            hot: count(&compiled[CodeLevel::Optimized as usize]),
            background_time: background.get(),
            swaps: count(swaps),
            continued: count(continued),
            code_bytes: self.code_size(),
            ..CodeStats::default()
        }
    }

    pub fn code_size(&self) -> usize {
        self.pieces.bytes()
    }

    pub fn addresses(&self) -> Vec<std::ops::Range<usize>> {
        self.pieces.addresses()
    }

    /// The level whose turn it is.
    fn wanted(&self) -> CodeLevel {
        match &self.alternation {
            Some(alternation) if alternation.turn.fetch_add(1, Ordering::Relaxed) % 2 == 1 => CodeLevel::Optimized,
            _ => CodeLevel::Quick,
        }
    }

    /// The code of a function, if there is some.
    fn find(&self, loaded: &LoadedModule, index: u32, level: CodeLevel) -> Option<*const u8> {
        let code = match &self.alternation {
            Some(alternation) => alternation.code[level as usize][index as usize].load(Ordering::Acquire),
            None => loaded.slots()[index as usize].load(Ordering::Acquire),
        };
        (!code.is_null() && code != loaded.stub(index)).then_some(code.cast_const())
    }

    /// Makes the code of a function, unless another thread was quicker.
    fn make(&self, loaded: &LoadedModule, index: u32, level: CodeLevel) -> Option<*const u8> {
        let _claim = lock(&self.claims[index as usize % CLAIMS]);
        if let Some(code) = self.find(loaded, index, level) {
            return Some(code);
        }
        let start = Instant::now();
        let Some(piece) = self.source.function(index, level) else {
            // The last code may have come meanwhile, after which none is made.
            return self.find(loaded, index, level);
        };
        self.publish(loaded, piece, level).ok()?;
        self.tally.on_demand.fetch_add(1, Ordering::Relaxed);
        self.tally.on_demand_time.add(start.elapsed());
        self.find(loaded, index, level)
    }

    /// Has slots lead to code, where they do not lead to better.
    pub fn publish(&self, loaded: &LoadedModule, piece: Piece, level: CodeLevel) -> Result<(), OutOfMemory> {
        self.pieces.publish(piece, loaded.module(), |index, code| {
            let index = index as usize;
            self.tally.compiled[level as usize].fetch_add(1, Ordering::Relaxed);
            if let Some(alternation) = &self.alternation {
                return alternation.code[level as usize][index].store(code, Ordering::Release);
            }
            let mut levels = lock(&self.levels);
            if levels[index] < Some(Level::Piece(level)) {
                self.tally.swaps.fetch_add(u32::from(levels[index].is_some()), Ordering::Relaxed);
                levels[index] = Some(Level::Piece(level));
                loaded.slots()[index].store(code, Ordering::Release);
            }
        })
    }

    /// Has slots of functions lead to their optimised code, where they do not lead to such.
    pub fn publish_some(&self, slots: &[CodeSlot], code: impl Iterator<Item = (u32, *mut u8)>) {
        if self.alternation.is_some() {
            return;
        }
        let mut levels = lock(&self.levels);
        let optimized = Some(Level::Piece(CodeLevel::Optimized));
        for (index, code) in code {
            let level = &mut levels[index as usize];
            if *level < optimized {
                self.tally.swaps.fetch_add(u32::from(level.is_some()), Ordering::Relaxed);
                self.tally.continued.fetch_add(1, Ordering::Relaxed);
                *level = optimized;
                slots[index as usize].store(code, Ordering::Release);
            }
        }
    }

    /// Whether a slot leads to no code and is to.
    pub fn lacks_code(&self, index: u32) -> bool {
        self.alternation.is_none() && lock(&self.levels)[index as usize].is_none()
    }

    pub fn is_optimized(&self, index: u32) -> bool {
        lock(&self.levels)[index as usize] >= Some(Level::Piece(CodeLevel::Optimized))
    }

    /// Has all slots lead to the last code that there will be.
    pub fn finish(&self, slots: &[CodeSlot], code: impl Iterator<Item = *mut u8>) {
        if self.alternation.is_none() {
            let mut levels = lock(&self.levels);
            let swapped = levels.iter().flatten().count() as u32;
            self.tally.swaps.fetch_add(swapped, Ordering::Relaxed);
            levels.fill(Some(Level::Final));
            slots.iter().zip(code).for_each(|(slot, code)| slot.store(code, Ordering::Release));
        }
        self.is_finished.store(true, Ordering::Release);
    }

    /// Whether that was done.
    pub fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }
}

/// Where stubs lead: finds or makes the code of the function that is called. `fp` is the frame pointer of a frame that
/// the caller's lies behind. When there is no code, wasm is left.
pub(crate) unsafe extern "C" fn called(vmctx: *mut VMContextHeader, index: u32, fp: usize) -> *const u8 {
    // SAFETY: called by a stub, on the fiber of the context's store. Nothing here needs dropping when wasm is left.
    unsafe {
        let context = (*vmctx).store;
        let code = match (*vmctx).kind {
            ContextKind::Instance => {
                let store = (*context).owner.cast::<Store>();
                function_code((*store).instance(InstanceId((*vmctx).id)).loaded(), index)
            }
            ContextKind::Host => work_stack::run(|| host_code(&*vmctx.cast::<HostFunction>())).flatten(),
        };
        match code {
            Some(code) => code,
            None => trap::leave(context, TrapCode::NotCompiled, fp),
        }
    }
}

fn function_code(loaded: &LoadedModule, index: u32) -> Option<*const u8> {
    let lazy = loaded.lazy().expect("only modules that are compiled bit by bit have stubs");
    let level = lazy.wanted();
    match lazy.find(loaded, index, level) {
        Some(code) => Some(code),
        None => work_stack::run(|| lazy.make(loaded, index, level)).flatten(),
    }
}

/// Makes the trampoline by which a host function is called, which is the same for all of its module and type.
fn host_code(host: &HostFunction) -> Option<*const u8> {
    let lazy = host.loaded().lazy()?;
    let ty = types::func_type(host.type_id());
    let code = trampolines::get(TrampolineKind::Host, &ty, &*lazy.source)?;
    host.slot().store(code.cast_mut(), Ordering::Release);
    Some(code)
}

impl Store {
    /// Gives a function the trampoline by which the host calls it. False if it cannot be made.
    #[cold]
    pub(crate) fn make_entry(&mut self, callee: FuncPtr) -> bool {
        let owner = self.func_owner(callee);
        let loaded = match owner {
            FuncOwner::Instance(id) => self.instance(id).loaded().clone(),
            FuncOwner::Host(id) => self.host(id).loaded().clone(),
        };
        let Some(lazy) = loaded.lazy() else { return false };
        let ty = self.func_type(callee);
        let make = || trampolines::get(TrampolineKind::Entry, &ty, &*lazy.source);
        let Some(entry) = work_stack::run(make).flatten() else { return false };
        match owner {
            // SAFETY: the function is in the instance's vmctx, which is this store's.
            FuncOwner::Instance(_) => unsafe { (*callee.as_ptr()).entry = entry },
            FuncOwner::Host(id) => self.hosts[id.0 as usize].set_entry(entry),
        }
        true
    }
}

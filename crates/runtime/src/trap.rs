//! Traps: caught where they happen, described later.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{Ordering, compiler_fence};

use gantry_abi::TrapCode;
use gantry_abi::vmctx::VMStoreContext;

use crate::{Store, registry, sys};

/// Frames that a backtrace shows at the most.
const MAX_FRAMES: usize = 64;

/// A wasm function on the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Tells modules without names apart.
    pub module_fingerprint: u32,
    /// The module's name, if it has one.
    pub module_name: Option<String>,
    /// The function's index.
    pub func: u32,
    /// The function's name, if the module says.
    pub func_name: Option<String>,
    /// The byte of the module that was executed, if known.
    pub offset: Option<u32>,
}

/// Execution stopped for a reason that the specification gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// Why.
    pub code: TrapCode,
    /// The functions that were active, the innermost first.
    pub frames: Vec<Frame>,
}

/// Code addresses of active functions, the innermost first; who they belong to is looked up when it is asked for. The first is of
/// the instruction that trapped, or 0; the others are behind calls.
pub type Addresses = Vec<usize>;

/// A trap whose frames were not looked up.
#[derive(Debug)]
pub struct RawTrap {
    /// Why.
    pub code: TrapCode,
    /// Where.
    pub addresses: Addresses,
}

impl RawTrap {
    /// Looks the frames up.
    pub fn resolve(self) -> Trap {
        Trap { code: self.code, frames: frames(self.addresses.into_iter()) }
    }
}

/// What a fault leaves behind for the code that runs after it.
#[derive(Debug)]
pub(crate) struct CaughtTrap {
    code: Cell<Option<TrapCode>>,
    len: Cell<usize>,
    addresses: [Cell<usize>; MAX_FRAMES],
}

impl CaughtTrap {
    pub fn new() -> Self {
        CaughtTrap { code: Cell::new(None), len: Cell::new(0), addresses: [const { Cell::new(0) }; MAX_FRAMES] }
    }

    /// Takes what the last fault left.
    pub fn take(&self) -> Option<RawTrap> {
        let code = self.code.take()?;
        Some(RawTrap { code, addresses: self.addresses[..self.len.get()].iter().map(Cell::get).collect() })
    }
}

/// The frames that code addresses lie in. Code that is gone has none.
pub fn frames(addresses: impl Iterator<Item = usize>) -> Vec<Frame> {
    addresses
        .enumerate()
        // Return addresses lie behind their calls.
        .flat_map(|(i, pc)| registry::locate(if i == 0 { pc } else { pc - 1 }))
        .map(|l| Frame {
            module_fingerprint: l.module_fingerprint,
            module_name: l.module_name,
            func: l.func,
            func_name: l.func_name,
            offset: l.position,
        })
        .collect()
}

/// The store whose code this thread runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Running {
    pub context: *const VMStoreContext,
    pub caught: *const CaughtTrap,
}

thread_local! {
    static RUNNING: Cell<Running> = const { Cell::new(Running { context: ptr::null(), caught: ptr::null() }) };
}

/// Where a thread says whose code it runs. Only that thread may use it.
#[derive(Clone, Copy)]
pub(crate) struct ThreadState(*const Cell<Running>);

/// That of the calling thread.
#[inline]
pub(crate) fn this_thread() -> ThreadState {
    ThreadState(RUNNING.with(ptr::from_ref))
}

/// Says whose code is about to run on this thread.
///
/// # Safety
/// `thread` is the calling thread's.
#[inline]
pub(crate) unsafe fn set_running(thread: ThreadState, running: Running) {
    // SAFETY: promised by the caller: it lives as long as the thread.
    let cell = unsafe { &*thread.0 };
    if cell.get() != running {
        cell.set(running);
    }
    compiler_fence(Ordering::SeqCst);
}

/// Where a signal handler goes on.
pub(crate) struct Landing {
    pub pc: usize,
    pub sp: usize,
}

/// Whether a fault at `pc` is a trap, or an interruption; if so says where to go on. Async-signal-safe.
///
/// # Safety
/// Called on the thread that faulted, with its registers at the fault.
pub(crate) unsafe fn catch(pc: usize, fp: usize, sp: usize) -> Option<Landing> {
    let code = registry::trap_at(pc)?;
    let running = RUNNING.get();
    // SAFETY: a thread that executes code of ours is in a run that `set_running` announced; both outlive it.
    let (context, caught) = unsafe { (running.context.as_ref()?, running.caught.as_ref()?) };
    if code == TrapCode::Interrupt {
        let sp = sp - INTERRUPTION_SLOT;
        // SAFETY: compiled code leaves room on the stack, and nothing of its own below the stack pointer.
        unsafe { std::ptr::with_exposed_provenance_mut::<usize>(sp).write(pc) };
        return Some(Landing { pc: sys::interruption as *const () as usize, sp });
    }
    let mut len = 1;
    caught.addresses[0].set(pc);
    // SAFETY: compiled code keeps frame pointers, from the fault up to the entry.
    unsafe { walk(fp, context.entry_sp, |pc| push(caught, &mut len, pc)) };
    caught.len.set(len);
    caught.code.set(Some(code));
    Some(Landing { pc: sys::landing as *const () as usize, sp: context.entry_sp })
}

/// Leaves wasm with a trap that no instruction raised, from a frame at `fp` that is none of wasm.
///
/// # Safety
/// Called on the running fiber of the context's store. Nothing up to the entry needs dropping.
pub(crate) unsafe fn leave(context: *const VMStoreContext, code: TrapCode, fp: usize) -> ! {
    // SAFETY: a thread that executes code of ours is in a run that `set_running` announced. All frames up to the entry have
    // frame pointers.
    unsafe {
        let (caught, entry_sp) = (&*RUNNING.get().caught, (*context).entry_sp);
        let mut len = 1;
        caught.addresses[0].set(0);
        walk(fp, entry_sp, |pc| push(caught, &mut len, pc));
        caught.len.set(len);
        caught.code.set(Some(code));
        sys::leave(entry_sp)
    }
}

/// What the address takes at which to go on after an interruption: the stack stays aligned on AArch64.
const INTERRUPTION_SLOT: usize = if cfg!(target_arch = "aarch64") { 16 } else { 8 };

/// Called by [`sys::interruption`], on the fiber whose loop was interrupted.
pub(crate) extern "C" fn interrupted() {
    let context = RUNNING.get().context;
    // SAFETY: this store's code is running. When wasm is to be left, there is nothing to drop.
    unsafe {
        let store = (*context).owner.cast::<Store>();
        (*store).poll_page().disarm();
        if Store::suspend_for_interrupt(context.cast_mut()) != 0 {
            sys::leave((*context).entry_sp);
        }
    }
}

fn push(caught: &CaughtTrap, len: &mut usize, pc: usize) -> bool {
    if *len < MAX_FRAMES {
        caught.addresses[*len].set(pc);
        *len += 1;
    }
    *len < MAX_FRAMES
}

/// Visits return addresses from the frame `fp` up to the frame that lies at `entry_sp`.
///
/// # Safety
/// `fp` is the frame pointer of a frame below `entry_sp` on the same stack, and all in between keep frame pointers.
unsafe fn walk(mut fp: usize, entry_sp: usize, mut visit: impl FnMut(usize) -> bool) {
    while fp != 0 && fp < entry_sp {
        // SAFETY: a frame begins with the caller's frame pointer and the return address.
        let (next, pc) = unsafe { (*(fp as *const usize), *((fp + size_of::<usize>()) as *const usize)) };
        if !visit(pc) || next <= fp {
            break;
        }
        fp = next;
    }
}

/// The wasm functions below the frame of the host trampoline that was entered last.
///
/// # Safety
/// The frames are those of an activation that is suspended in a call of a host function.
pub(crate) unsafe fn backtrace(entry_sp: usize, exit_fp: usize) -> Addresses {
    let mut addresses = vec![0];
    // SAFETY: promised by the caller; the trampoline stored its frame pointer.
    unsafe {
        walk(exit_fp, entry_sp, |pc| {
            addresses.push(pc);
            addresses.len() < MAX_FRAMES
        });
    }
    addresses
}

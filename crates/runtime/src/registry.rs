//! Which code is loaded where: sorted, and read without locks by signal handlers.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use gantry_abi::TrapCode;
use gantry_abi::artifact::Artifact;
use gantry_module::Module;

/// A range of executable addresses and what is known of it.
struct Entry {
    start: usize,
    end: usize,
    artifact: *const Artifact,
    module: *const Module,
}

static TABLE: AtomicPtr<Vec<Entry>> = AtomicPtr::new(std::ptr::null_mut());
static READERS: AtomicUsize = AtomicUsize::new(0);
static WRITER: Mutex<()> = Mutex::new(());

/// Replaces the table by a changed copy and frees the old one when no one reads it any more.
fn update(change: impl FnOnce(&mut Vec<Entry>)) {
    let _writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner);
    let old = TABLE.load(Ordering::Acquire);
    // SAFETY: only a writer frees tables, and this is the only one.
    let entries = unsafe { old.as_ref() }.map_or(&[][..], Vec::as_slice);
    let copy = |e: &Entry| Entry { start: e.start, end: e.end, artifact: e.artifact, module: e.module };
    let mut new: Vec<Entry> = entries.iter().map(copy).collect();
    change(&mut new);
    TABLE.store(Box::into_raw(Box::new(new)), Ordering::SeqCst);
    // Whoever counts as a reader from here on sees the new table.
    while READERS.load(Ordering::SeqCst) != 0 {
        std::hint::spin_loop();
    }
    if !old.is_null() {
        // SAFETY: made by `Box::into_raw` here, and no reader is left.
        drop(unsafe { Box::from_raw(old) });
    }
}

/// Announces code. Both references must stay valid until [`unregister`].
pub(crate) fn register(start: usize, len: usize, artifact: &Artifact, module: &Module) {
    let entry = Entry { start, end: start + len, artifact, module };
    update(|entries| {
        let at = entries.partition_point(|e| e.start < start);
        entries.insert(at, entry);
    });
}

/// Takes code back.
pub(crate) fn unregister(start: usize) {
    update(|entries| entries.retain(|e| e.start != start));
}

fn with<T>(pc: usize, read: impl FnOnce(&Artifact, &Module, u32) -> Option<T>) -> Option<T> {
    READERS.fetch_add(1, Ordering::SeqCst);
    let table = TABLE.load(Ordering::SeqCst);
    // SAFETY: a writer that replaces the table waits until this reader is gone.
    let found = unsafe { table.as_ref() }.and_then(|entries| {
        let at = entries.partition_point(|e| e.end <= pc);
        let entry = entries.get(at).filter(|e| e.start <= pc)?;
        // SAFETY: valid while registered, and unregistering waits for this reader.
        let (artifact, module) = unsafe { (&*entry.artifact, &*entry.module) };
        read(artifact, module, (pc - entry.start) as u32)
    });
    READERS.fetch_sub(1, Ordering::SeqCst);
    found
}

/// Why the instruction at `pc` traps, if it is ours and may. Safe in a signal handler.
pub(crate) fn trap_at(pc: usize) -> Option<TrapCode> {
    with(pc, |artifact, _, offset| artifact.trap_at(offset))
}

/// The code that catches exceptions of the call that returns to `pc`, and the size of its frame.
pub(crate) fn handler_at(pc: usize) -> Option<(usize, usize)> {
    with(pc, |artifact, _, offset| {
        let handler = artifact.handler_at(offset)?;
        Some((pc - offset as usize + handler.code as usize, handler.frame as usize))
    })
}

/// A wasm function that has code at an address.
pub(crate) struct Location {
    pub module_name: Option<String>,
    pub func: u32,
    pub func_name: Option<String>,
    pub position: Option<u32>,
}

/// The functions whose code is at `pc`, the innermost first, and the bytes of their module that it was made from.
pub(crate) fn locate(pc: usize) -> Vec<Location> {
    with(pc, |artifact, module, offset| {
        let frames = artifact.frames_at(offset, module.imported_funcs).into_iter();
        Some(frames.map(|(func, position)| location(module, func, position)).collect())
    })
    .unwrap_or_default()
}

fn location(module: &Module, func: u32, position: Option<u32>) -> Location {
    Location {
        module_name: module.names.module(&module.skeleton).map(str::to_owned),
        func,
        func_name: module.func_name(func).map(str::to_owned),
        position,
    }
}

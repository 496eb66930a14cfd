//! Which code is loaded where: sorted, and read without locks by signal handlers.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use gantry_abi::artifact::{Artifact, Handler};
use gantry_abi::{Piece, TrapCode};
use gantry_module::Module;

use crate::arena::{Chunk, Placed};

/// What describes the code of a range.
#[derive(Clone, Copy)]
pub(crate) enum Code {
    /// One artifact's text.
    Artifact(*const Artifact),
    /// Pieces, each on pages of its own.
    Pieces(*const Chunk),
}

/// A range of executable addresses and what is known of it.
#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    end: usize,
    code: Code,
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
    let mut new = entries.to_vec();
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

/// Announces code. What describes it and the module must stay where they are until [`unregister`].
pub(crate) fn register(start: usize, len: usize, code: Code, module: &Module) {
    let entry = Entry { start, end: start + len, code, module };
    update(|entries| {
        let at = entries.partition_point(|e| e.start < start);
        entries.insert(at, entry);
    });
}

/// Takes code back.
pub(crate) fn unregister(start: usize) {
    update(|entries| entries.retain(|e| e.start != start));
}

/// What describes the code at an address.
enum Described<'a> {
    Artifact(&'a Artifact),
    Piece(&'a Piece),
}

impl Described<'_> {
    fn trap_at(&self, offset: u32) -> Option<TrapCode> {
        match self {
            Described::Artifact(artifact) => artifact.trap_at(offset),
            Described::Piece(piece) => piece.trap_at(offset),
        }
    }

    fn handler_at(&self, offset: u32) -> Option<Handler> {
        match self {
            Described::Artifact(artifact) => artifact.handler_at(offset),
            Described::Piece(piece) => piece.handler_at(offset),
        }
    }

    /// The functions and the bytes of the module, the innermost first.
    fn frames_at(&self, offset: u32, imported: u32) -> Vec<(u32, Option<u32>)> {
        match self {
            Described::Artifact(artifact) => artifact.frames_at(offset, imported),
            Described::Piece(piece) => {
                let frame = |defined| (defined + imported, piece.position_at(offset));
                piece.function_at(offset).map(frame).into_iter().collect()
            }
        }
    }
}

/// Has `read` look at what describes the code at `pc`, its module, and the offset there.
fn with<T>(pc: usize, read: impl FnOnce(Described<'_>, &Module, u32) -> Option<T>) -> Option<T> {
    READERS.fetch_add(1, Ordering::SeqCst);
    let table = TABLE.load(Ordering::SeqCst);
    // SAFETY: a writer that replaces the table waits until this reader is gone.
    let found = unsafe { table.as_ref() }.and_then(|entries| {
        let at = entries.partition_point(|e| e.end <= pc);
        let entry = entries.get(at).filter(|e| e.start <= pc)?;
        // SAFETY: valid while registered, and unregistering waits for this reader.
        let module = unsafe { &*entry.module };
        match entry.code {
            Code::Artifact(artifact) => {
                // SAFETY: as above.
                let artifact = unsafe { &*artifact };
                read(Described::Artifact(artifact), module, (pc - entry.start) as u32)
            }
            Code::Pieces(chunk) => {
                // SAFETY: as above.
                let Placed { start, piece } = unsafe { &*chunk }.piece_at(pc)?;
                read(Described::Piece(piece), module, (pc - start) as u32)
            }
        }
    });
    READERS.fetch_sub(1, Ordering::SeqCst);
    found
}

/// Why the instruction at `pc` traps, if it is ours and may. Safe in a signal handler.
pub(crate) fn trap_at(pc: usize) -> Option<TrapCode> {
    with(pc, |code, _, offset| code.trap_at(offset))
}

/// The code that catches exceptions of the call that returns to `pc`, and the size of its frame.
pub(crate) fn handler_at(pc: usize) -> Option<(usize, usize)> {
    with(pc, |code, _, offset| {
        let handler = code.handler_at(offset)?;
        Some((pc - offset as usize + handler.code as usize, handler.frame as usize))
    })
}

/// A wasm function that has code at an address.
pub(crate) struct Location {
    pub module_fingerprint: u32,
    pub module_name: Option<String>,
    pub func: u32,
    pub func_name: Option<String>,
    pub position: Option<u32>,
}

/// The functions whose code is at `pc`, the innermost first, and the bytes of their module that it was made from.
pub(crate) fn locate(pc: usize) -> Vec<Location> {
    with(pc, |code, module, offset| {
        let frames = code.frames_at(offset, module.imported_funcs).into_iter();
        Some(frames.map(|(func, position)| location(module, func, position)).collect())
    })
    .unwrap_or_default()
}

fn location(module: &Module, func: u32, position: Option<u32>) -> Location {
    Location {
        module_fingerprint: module.fingerprint(),
        module_name: module.names.module(&module.skeleton).map(str::to_owned),
        func,
        func_name: module.func_name(func).map(str::to_owned),
        position,
    }
}

//! Code between conventions that is made when it is needed, and shared by all modules: it depends on nothing but the shape of a
//! signature. It stays, as types do: programs have few. Most functions that the host calls take some i32 and give one or nothing, for
//! which there is one shape.
//!
//! Must not know: how code is made.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_abi::vmctx::MIN_SLOTS;
use gantry_module::{FuncType, HeapType, RefType, ValType};
use once_cell::sync::Lazy;

use crate::arena::Permanent;
use crate::lazy::CodeSource;

/// Which way a trampoline leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrampolineKind {
    /// From the host to wasm.
    Entry,
    /// From wasm to the host.
    Host,
}

struct Trampolines {
    pages: Permanent,
    addresses: HashMap<(TrampolineKind, FuncType), usize>,
}

static TRAMPOLINES: Lazy<Mutex<Trampolines>> =
    Lazy::new(|| Mutex::new(Trampolines { pages: Permanent::new(), addresses: HashMap::new() }));

fn lock() -> MutexGuard<'static, Trampolines> {
    TRAMPOLINES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What code for a signature depends on.
fn shape(kind: TrampolineKind, ty: &FuncType) -> FuncType {
    if ty.params.len() > MIN_SLOTS || ty.params.iter().any(|ty| *ty != ValType::I32) {
        return with_references_alike(ty);
    }
    // Arguments in registers that nobody looks at are as good as none, and so is such a result, or the upper half of one. Where the host
    // has written half of a result, reading all of it would have to wait.
    let result = match (kind, &*ty.results) {
        (TrampolineKind::Entry, [] | [ValType::I32 | ValType::I64]) => ValType::I64,
        (TrampolineKind::Host, [] | [ValType::I32]) => ValType::I32,
        _ => return with_references_alike(ty),
    };
    FuncType { params: vec![ValType::I32; MIN_SLOTS].into(), results: vec![result].into() }
}

fn with_references_alike(ty: &FuncType) -> FuncType {
    let shape = |types: &[ValType]| {
        let any = RefType { nullable: true, heap: HeapType::Extern };
        types.iter().map(|ty| if matches!(ty, ValType::Ref(_)) { ValType::Ref(any) } else { *ty }).collect()
    };
    FuncType { params: shape(&ty.params), results: shape(&ty.results) }
}

/// A trampoline that was made before.
pub(crate) fn find(kind: TrampolineKind, ty: &FuncType) -> Option<*const u8> {
    let address = *lock().addresses.get(&(kind, shape(kind, ty)))?;
    Some(std::ptr::with_exposed_provenance(address))
}

/// A trampoline. None if there is no memory, or `source` cannot make it.
pub(crate) fn get(kind: TrampolineKind, ty: &FuncType, source: &dyn CodeSource) -> Option<*const u8> {
    if let Some(found) = find(kind, ty) {
        return Some(found);
    }
    let shape = shape(kind, ty);
    let code = source.trampoline(kind, &shape)?;
    let mut trampolines = lock();
    let Trampolines { pages, addresses } = &mut *trampolines;
    // Another thread may have been quicker.
    if let Some(address) = addresses.get(&(kind, shape.clone())) {
        return Some(std::ptr::with_exposed_provenance(*address));
    }
    let at = pages.publish(&code).ok()?;
    addresses.insert((kind, shape), at.expose_provenance());
    Some(at)
}

//! Code between conventions that is made when it is needed, and shared by all modules: it depends on nothing but the shape of a
//! signature. It stays, as types do: programs have few.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// The signature with all references alike.
fn shape(ty: &FuncType) -> FuncType {
    let shape = |types: &[ValType]| {
        let any = RefType { nullable: true, heap: HeapType::Extern };
        types.iter().map(|ty| if matches!(ty, ValType::Ref(_)) { ValType::Ref(any) } else { *ty }).collect()
    };
    FuncType { params: shape(&ty.params), results: shape(&ty.results) }
}

/// A trampoline that was made before.
pub(crate) fn find(kind: TrampolineKind, ty: &FuncType) -> Option<*const u8> {
    let address = *lock().addresses.get(&(kind, shape(ty)))?;
    Some(std::ptr::with_exposed_provenance(address))
}

/// A trampoline. None if there is no memory, or `source` cannot make it.
pub(crate) fn get(kind: TrampolineKind, ty: &FuncType, source: &dyn CodeSource) -> Option<*const u8> {
    if let Some(found) = find(kind, ty) {
        return Some(found);
    }
    let shape = shape(ty);
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

//! Canonical function types: equal types have the same number in the whole process, in every module.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_module::FuncType;
use once_cell::sync::Lazy;

/// The number of a canonical function type.
pub type TypeId = u32;

#[derive(Default)]
struct Types {
    ids: HashMap<FuncType, TypeId>,
    /// The type and how many registrations it has.
    entries: slab::Slab<(FuncType, usize)>,
}

static TYPES: Lazy<Mutex<Types>> = Lazy::new(Mutex::default);

fn types() -> MutexGuard<'static, Types> {
    TYPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The canonical types of a module, registered as long as this lives.
pub(crate) struct Registration(Box<[TypeId]>);

impl Registration {
    pub fn new(func_types: &[FuncType]) -> Registration {
        let mut types = types();
        let ids = func_types.iter().map(|ty| {
            if let Some(id) = types.ids.get(ty).copied() {
                types.entries[id as usize].1 += 1;
                return id;
            }
            let id = types.entries.insert((ty.clone(), 1)) as TypeId;
            types.ids.insert(ty.clone(), id);
            id
        });
        Registration(ids.collect())
    }

    /// Canonical ids by type index.
    pub fn ids(&self) -> &[TypeId] {
        &self.0
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut types = types();
        for id in &self.0 {
            let entry = &mut types.entries[*id as usize];
            entry.1 -= 1;
            if entry.1 == 0 {
                let (ty, _) = types.entries.remove(*id as usize);
                types.ids.remove(&ty);
            }
        }
    }
}

/// The function type behind a number that is registered.
pub(crate) fn lookup(id: TypeId) -> FuncType {
    types().entries[id as usize].0.clone()
}

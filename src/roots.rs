//! Which native things JavaScript objects keep alive.
//!
//! Each is tied to an object by a weak reference. References are asked when a collection runs, so that lifetimes do not
//! depend on finalizers, which wait for the event loop.

use std::collections::{HashMap, HashSet};

use gantry_runtime::{GlobalId, InstanceId, Marker, MemoryId, TableId, TagId};
use napi::bindgen_prelude::{FromNapiValue, ToNapiValue, Unknown};
use napi::{Env, check_status, sys};

/// Sorts of native things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Instance,
    Memory,
    Table,
    Global,
    Module,
    Program,
    Tag,
    Suspension,
}

impl Kind {
    pub fn from_u32(kind: u32) -> napi::Result<Kind> {
        const KINDS: [Kind; 8] = [
            Kind::Instance,
            Kind::Memory,
            Kind::Table,
            Kind::Global,
            Kind::Module,
            Kind::Program,
            Kind::Tag,
            Kind::Suspension,
        ];
        KINDS.get(kind as usize).copied().ok_or_else(|| napi::Error::from_reason("no such kind"))
    }
}

/// Weak references by what they keep alive.
#[derive(Default)]
pub(crate) struct Roots {
    references: HashMap<(Kind, u32), sys::napi_ref>,
    /// What memories of JavaScript's keep alive: strong references, and how many bytes that holds.
    kept: HashMap<MemoryId, (sys::napi_ref, usize)>,
    kept_bytes: usize,
    /// A weak reference to an object that nothing else refers to: lost when JavaScript collects its garbage.
    sentinel: Option<sys::napi_ref>,
}

impl Roots {
    /// Whether JavaScript has collected garbage since [`Roots::set_sentinel`]: before that, no object is gone.
    pub fn is_sentinel_gone(&self, env: Env) -> napi::Result<bool> {
        self.sentinel.map_or(Ok(true), |sentinel| Ok(value(env, sentinel)?.is_null()))
    }

    /// Makes a new one, in place of the one before.
    pub fn set_sentinel(&mut self, env: Env) -> napi::Result<()> {
        if let Some(old) = self.sentinel.take() {
            delete(env, old)?;
        }
        let (mut object, mut reference) = (std::ptr::null_mut(), std::ptr::null_mut());
        let scope = Scope::open(env)?;
        // SAFETY: the environment is that of the running callback; the result is written to a local.
        check_status!(unsafe { sys::napi_create_object(env.raw(), &mut object) })?;
        // SAFETY: the object is made just now; a count of 0 makes the reference weak.
        check_status!(unsafe { sys::napi_create_reference(env.raw(), object, 0, &mut reference) })?;
        scope.close()?;
        self.sentinel = Some(reference);
        Ok(())
    }

    pub fn track(&mut self, env: Env, kind: Kind, id: u32, object: Unknown<'_>) -> napi::Result<()> {
        let mut reference = std::ptr::null_mut();
        // SAFETY: the value is an object of this environment; a count of 0 makes the reference weak.
        check_status!(unsafe {
            let object = Unknown::to_napi_value(env.raw(), object)?;
            sys::napi_create_reference(env.raw(), object, 0, &mut reference)
        })?;
        if let Some(old) = self.references.insert((kind, id), reference) {
            delete(env, old)?;
        }
        Ok(())
    }

    pub fn object<'e>(&self, env: &'e Env, kind: Kind, id: u32) -> napi::Result<Option<Unknown<'e>>> {
        let Some(reference) = self.references.get(&(kind, id)) else { return Ok(None) };
        let value = value(*env, *reference)?;
        if value.is_null() {
            return Ok(None);
        }
        // SAFETY: a live value of this environment.
        unsafe { Unknown::from_napi_value(env.raw(), value).map(Some) }
    }

    /// Unties a native thing from its object.
    pub fn forget(&mut self, env: Env, kind: Kind, id: u32) -> napi::Result<()> {
        self.references.remove(&(kind, id)).map_or(Ok(()), |reference| delete(env, reference))
    }

    /// Keeps an object, which holds so many bytes, as long as a memory.
    pub fn keep(&mut self, env: Env, memory: MemoryId, object: Unknown<'_>, bytes: usize) -> napi::Result<()> {
        let mut reference = std::ptr::null_mut();
        // SAFETY: the value is an object of this environment.
        check_status!(unsafe {
            let object = Unknown::to_napi_value(env.raw(), object)?;
            sys::napi_create_reference(env.raw(), object, 1, &mut reference)
        })?;
        self.kept_bytes += bytes;
        match self.kept.insert(memory, (reference, bytes)) {
            Some(old) => self.let_go(env, old),
            None => Ok(()),
        }
    }

    fn let_go(&mut self, env: Env, (reference, bytes): (sys::napi_ref, usize)) -> napi::Result<()> {
        self.kept_bytes -= bytes;
        delete(env, reference)
    }

    /// The bytes that kept objects hold.
    pub fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    /// The object that a memory keeps.
    pub fn kept<'e>(&self, env: &'e Env, memory: MemoryId) -> napi::Result<Unknown<'e>> {
        let (reference, _) = self.kept.get(&memory).ok_or_else(|| napi::Error::from_reason("no shared memory"))?;
        // SAFETY: a live value of this environment.
        unsafe { Unknown::from_napi_value(env.raw(), value(*env, *reference)?) }
    }

    /// Lets go of what is kept by memories that are gone.
    pub fn release(&mut self, env: Env, is_alive: impl Fn(MemoryId) -> bool) -> napi::Result<()> {
        let gone: Vec<MemoryId> = self.kept.keys().copied().filter(|memory| !is_alive(*memory)).collect();
        for memory in gone {
            if let Some(kept) = self.kept.remove(&memory) {
                self.let_go(env, kept)?;
            }
        }
        Ok(())
    }

    /// Drops the references to objects that are gone.
    pub fn drop_dead(&mut self, env: Env) -> napi::Result<()> {
        let mut dead = Vec::new();
        let mut scope = Scope::open(env)?;
        for (i, (key, reference)) in self.references.iter().enumerate() {
            if i % 1024 == 1023 {
                // Values that were looked at must not pile up.
                scope.close()?;
                scope = Scope::open(env)?;
            }
            if value(env, *reference)?.is_null() {
                dead.push(*key);
            }
        }
        scope.close()?;
        for key in dead {
            if let Some(reference) = self.references.remove(&key) {
                delete(env, reference)?;
            }
        }
        Ok(())
    }

    pub fn mark(&self, marker: &mut Marker<'_>) {
        for (kind, id) in self.references.keys() {
            match kind {
                Kind::Instance => marker.instance(InstanceId(*id)),
                Kind::Memory => marker.memory(MemoryId(*id)),
                Kind::Table => marker.table(TableId(*id)),
                Kind::Global => marker.global(GlobalId(*id)),
                Kind::Tag => marker.tag(TagId(*id)),
                Kind::Module | Kind::Program | Kind::Suspension => {}
            }
        }
    }

    /// Numbers of the live ones of a kind that is not the store's.
    pub fn live(&self, kind: Kind) -> HashSet<u32> {
        self.references.keys().filter(|(of, _)| *of == kind).map(|(_, id)| *id).collect()
    }
}

fn value(env: Env, reference: sys::napi_ref) -> napi::Result<sys::napi_value> {
    let mut value = std::ptr::null_mut();
    // SAFETY: the reference was made in this environment and not deleted.
    check_status!(unsafe { sys::napi_get_reference_value(env.raw(), reference, &mut value) })?;
    Ok(value)
}

fn delete(env: Env, reference: sys::napi_ref) -> napi::Result<()> {
    // SAFETY: as above; it is forgotten.
    check_status!(unsafe { sys::napi_delete_reference(env.raw(), reference) })
}

struct Scope(Env, sys::napi_handle_scope);

impl Scope {
    fn open(env: Env) -> napi::Result<Scope> {
        let mut scope = std::ptr::null_mut();
        // SAFETY: closed by `close`.
        check_status!(unsafe { sys::napi_open_handle_scope(env.raw(), &mut scope) })?;
        Ok(Scope(env, scope))
    }

    fn close(self) -> napi::Result<()> {
        // SAFETY: opened by `open`, and the innermost.
        check_status!(unsafe { sys::napi_close_handle_scope(self.0.raw(), self.1) })
    }
}

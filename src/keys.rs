//! Modules by key, for threads that send them to each other.
//!
//! A message that is under way is seen by nobody here, so that the modules which were sent last are kept for a while.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use gantry_engine::Module;
use gantry_runtime::LoadedModule;
use once_cell::sync::Lazy;

/// Bytes in a key.
const KEY_LENGTH: usize = 16;

/// How many modules are kept although nobody may have them any more.
const KEPT: usize = 8;

type Key = [u8; KEY_LENGTH];

struct Keys {
    /// Tells the keys of this process from those of others.
    secret: u64,
    next: u64,
    by_module: HashMap<*const LoadedModule, Key>,
    by_key: HashMap<Key, Weak<LoadedModule>>,
    /// The latest ones.
    kept: VecDeque<Module>,
}

// SAFETY: the addresses are compared and never followed.
unsafe impl Send for Keys {}

static KEYS: Lazy<Mutex<Keys>> = Lazy::new(|| {
    let (by_module, by_key, kept) = (HashMap::new(), HashMap::new(), VecDeque::new());
    Mutex::new(Keys { secret: RandomState::new().build_hasher().finish(), next: 0, by_module, by_key, kept })
});

fn keys() -> MutexGuard<'static, Keys> {
    KEYS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keys {
    fn keep(&mut self, module: &Module) {
        self.kept.push_back(module.clone());
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }
}

/// The key of a module.
pub(crate) fn key_of(module: &Module) -> Key {
    let mut keys = keys();
    let address = Arc::as_ptr(module.loaded());
    if let Some(key) = keys.by_module.get(&address).copied()
        && keys.by_key.get(&key).is_some_and(|known| known.strong_count() > 0)
    {
        return key;
    }
    if keys.next.is_multiple_of(1024) {
        keys.by_key.retain(|_, module| module.strong_count() > 0);
        let Keys { by_key, by_module, .. } = &mut *keys;
        by_module.retain(|_, key| by_key.contains_key(key));
    }
    let mut key = [0; KEY_LENGTH];
    key[..8].copy_from_slice(&keys.secret.to_ne_bytes());
    key[8..].copy_from_slice(&keys.next.to_ne_bytes());
    keys.next += 1;
    keys.by_module.insert(address, key);
    keys.by_key.insert(key, Arc::downgrade(module.loaded()));
    keys.keep(module);
    key
}

/// The module with a key.
pub(crate) fn find(key: &[u8]) -> Option<Module> {
    let mut keys = keys();
    let module = Module::from_loaded(keys.by_key.get(key)?.upgrade()?);
    keys.keep(&module);
    Some(module)
}

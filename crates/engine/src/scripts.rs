//! Code that the host's own engine has made of the host's scripts: a note of the cache under a name that the host chooses.
//!
//! Must not know: what the code is, or how it is made.

use gantry_abi::Target;
use gantry_abi::vmctx::MemoryStyle;

use crate::cache::{Cache, CacheConfig};
use crate::notes::Sort;

const SCRIPTS: Sort = Sort { context: "gantry-wasm scripts" };

impl CacheConfig {
    /// What was kept under a name. Who can write to the folder decides what it is: see SECURITY.md.
    pub fn scripts(&self, name: &str) -> Option<Vec<u8>> {
        let cache = self.cache();
        cache.read_note(&cache.note_name(&SCRIPTS, name.as_bytes()))
    }

    /// Keeps code under a name, in the place of what was there. A megabyte at most is found again.
    pub fn keep_scripts(&self, name: &str, code: &[u8]) {
        let cache = self.cache();
        cache.write_note(&cache.note_name(&SCRIPTS, name.as_bytes()), code);
    }

    fn cache(&self) -> Cache {
        // The name says what the code is for.
        Cache::new(self.clone(), Target::here(MemoryStyle::Reserved, false), 1)
    }
}

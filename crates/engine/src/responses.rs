//! Which module a response had, by a name that is made of what the response says of itself, so that its body need not be read.
//!
//! Must not know: what responses are.

use std::sync::Arc;

use gantry_runtime::LoadedModule;

use crate::cache::Cache;
use crate::key::Key;
use crate::notes::Sort;

const RESPONSES: Sort = Sort { context: "gantry-wasm response" };

impl Cache {
    /// Notes which module a response had.
    pub fn remember(&self, response: &str, module: &Key) {
        self.write_note(&self.note_name(&RESPONSES, response.as_bytes()), module.bytes());
    }

    /// The module that a response of this name had.
    pub fn recall(&self, response: &str) -> Option<Arc<LoadedModule>> {
        let content = self.read_note(&self.note_name(&RESPONSES, response.as_bytes()))?;
        let key: [u8; blake3::OUT_LEN] = content.try_into().ok()?;
        self.load(&key.into())
    }
}

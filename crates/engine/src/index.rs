//! Which module a response had: small entries of the cache, found by a name that is made of what the response says of itself,
//! so that its body need not be read.
//!
//! Must not know: what responses are, what is in an artifact.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use gantry_runtime::LoadedModule;

use crate::cache::{Cache, renew};
use crate::folder::{is_private, open_own};
use crate::key::Key;

/// What entries begin with: a name and the format version.
const MAGIC: [u8; 8] = *b"\0gantry1";
const LEN: usize = MAGIC.len() + 2 * blake3::OUT_LEN;

pub(crate) const EXTENSION: &str = "gtu";

impl Cache {
    /// The name of an entry.
    fn response_hash(&self, name: &str) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_derive_key("gantry-wasm response");
        // Code for other targets is in other artifacts.
        for text in [&*self.target().to_string(), name] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize()
    }

    fn response_path(&self, hash: &blake3::Hash) -> PathBuf {
        self.dir().join(hash.to_hex().as_str()).with_extension(EXTENSION)
    }

    /// Notes which module a response had.
    pub fn remember(&self, name: &str, module: &Key) {
        let hash = self.response_hash(name);
        // Whatever is in the way, the module is found by its content.
        let _ = self.publish(&self.response_path(&hash), &encode(&hash, module));
    }

    /// The module that a response of this name had. What is wrong is removed.
    pub fn recall(&self, name: &str) -> Option<Arc<LoadedModule>> {
        if !is_private(self.dir()) {
            return None;
        }
        let hash = self.response_hash(name);
        let path = self.response_path(&hash);
        let mut file = open_own(File::options().read(true), &path).ok()?;
        let mut bytes = Vec::new();
        let read = (&mut file).take(LEN as u64 + 1).read_to_end(&mut bytes);
        let Some(key) = read.ok().and_then(|_| decode(&hash, &bytes)) else {
            // It may be gone already, or be in a folder that cannot be written to.
            let _ = fs::remove_file(&path);
            return None;
        };
        let loaded = self.load(&key)?;
        renew(&file);
        Some(loaded)
    }
}

fn encode(hash: &blake3::Hash, module: &Key) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(module.bytes());
    bytes.extend_from_slice(seal(hash, module).as_bytes());
    bytes
}

/// Of which entry this is the content: damaged ones, and those that were moved to another name, do not fit.
fn seal(hash: &blake3::Hash, module: &Key) -> blake3::Hash {
    blake3::keyed_hash(hash.as_bytes(), module.bytes())
}

fn decode(hash: &blake3::Hash, bytes: &[u8]) -> Option<Key> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (module, sealed) = rest.split_first_chunk::<{ blake3::OUT_LEN }>()?;
    let module = Key::from(*module);
    (sealed == seal(hash, &module).as_bytes()).then_some(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_is_read() {
        let (hash, module) = (blake3::hash(b"name"), Key::from([7; 32]));
        let bytes = encode(&hash, &module);
        assert_eq!(bytes.len(), LEN);
        assert_eq!(decode(&hash, &bytes), Some(module));
        assert_eq!(decode(&blake3::hash(b"other"), &bytes), None, "moved to another name");
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&hash, &damaged), None, "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(decode(&hash, &bytes[..len]), None, "length {len}");
        }
        assert_eq!(decode(&hash, &[&bytes[..], &[0]].concat()), None);
    }
}

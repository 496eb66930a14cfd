//! Small entries of the cache: what is known of a module by something that is there before all of its bytes are.
//!
//! Must not know: what the names of notes are made of, what is in an artifact.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use blake3::{Hash, Hasher};

use crate::cache::{Cache, renew};
use crate::folder::{is_private, open_own};

/// What entries begin with: a name and the format version.
const MAGIC: [u8; 8] = *b"\0gantry2";
/// More than the largest module needs.
const MAX_LEN: u64 = 1 << 20;

pub(crate) const EXTENSION: &str = "gtn";

/// A sort of notes: each has names of its own.
pub(crate) struct Sort {
    /// As BLAKE3 wants it: unique, and never made from what comes from outside.
    pub context: &'static str,
}

impl Cache {
    /// The name of a note on something.
    pub fn note_name(&self, sort: &Sort, subject: &[u8]) -> Hash {
        let mut hasher = Hasher::new_derive_key(sort.context);
        // Code for other targets is in other artifacts.
        for text in [self.target().to_string().as_bytes(), subject] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        hasher.finalize()
    }

    fn note_path(&self, name: &Hash) -> PathBuf {
        self.dir().join(name.to_hex().as_str()).with_extension(EXTENSION)
    }

    /// Takes the place of an earlier note of the name.
    pub fn write_note(&self, name: &Hash, content: &[u8]) {
        // Whatever is in the way, modules are found by their content.
        let _ = self.publish(&self.note_path(name), &encode(name, content));
    }

    /// What was written under a name. What is wrong is removed.
    pub fn read_note(&self, name: &Hash) -> Option<Vec<u8>> {
        if !is_private(self.dir()) {
            return None;
        }
        let path = self.note_path(name);
        let file = open_own(File::options().read(true), &path).ok()?;
        let mut bytes = Vec::new();
        let read = (&file).take(MAX_LEN + 1).read_to_end(&mut bytes);
        let Some(content) = read.ok().and_then(|_| decode(name, &bytes)) else {
            // It may be gone already, or be in a folder that cannot be written to.
            let _ = fs::remove_file(&path);
            return None;
        };
        renew(&file);
        Some(content.to_vec())
    }
}

fn encode(name: &Hash, content: &[u8]) -> Vec<u8> {
    [&MAGIC, content, seal(name, content).as_bytes()].concat()
}

/// Of which note this is the content: damaged ones, and those that were moved to another name, do not fit.
fn seal(name: &Hash, content: &[u8]) -> Hash {
    blake3::keyed_hash(name.as_bytes(), content)
}

fn decode<'b>(name: &Hash, bytes: &'b [u8]) -> Option<&'b [u8]> {
    if bytes.len() as u64 > MAX_LEN {
        return None;
    }
    let (content, sealed) = bytes.strip_prefix(&MAGIC)?.split_last_chunk::<{ blake3::OUT_LEN }>()?;
    (seal(name, content) == *sealed).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_is_read() {
        let (name, content) = (blake3::hash(b"name"), [7; 40]);
        let bytes = encode(&name, &content);
        assert_eq!(decode(&name, &bytes), Some(&content[..]));
        assert_eq!(decode(&blake3::hash(b"other"), &bytes), None, "moved to another name");
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&name, &damaged), None, "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(decode(&name, &bytes[..len]), None, "length {len}");
        }
        assert_eq!(decode(&name, &[&bytes[..], &[0]].concat()), None);
        assert_eq!(decode(&name, &encode(&name, &vec![0; MAX_LEN as usize])), None);
    }
}

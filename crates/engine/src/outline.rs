//! How modules go on that begin alike: given the first piece of a module, the hashes of all pieces of one that was compiled
//! before. A stream that goes on like that will be found in the cache, so that it is not validated while it arrives.
//!
//! What an outline says is believed for no more than that: modules are found by the hash of all their bytes.
//!
//! Must not know: where bytes come from.

use blake3::Hash;

use crate::cache::Cache;
use crate::key::Key;
use crate::notes::Sort;

const OUTLINES: Sort = Sort { context: "gantry-wasm outline" };

/// A module that is in the cache, and the hashes of its whole pieces.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    pub module: Key,
    pieces: Vec<Hash>,
}

impl Outline {
    /// Whether a module that has these pieces so far may be that one.
    pub fn allows(&self, pieces: &[Hash]) -> bool {
        self.pieces.starts_with(pieces)
    }
}

impl Cache {
    /// Notes how a module goes on, for the next one that begins like it. There is nothing to note of small modules.
    pub fn note_outline(&self, pieces: &[Hash], module: &Key) {
        let Some(first) = pieces.first() else { return };
        let mut content = module.bytes().to_vec();
        pieces.iter().for_each(|piece| content.extend_from_slice(piece.as_bytes()));
        self.write_note(&self.note_name(&OUTLINES, first.as_bytes()), &content);
    }

    /// How the module went on that began with a piece, if it is still there.
    pub fn outline(&self, first: &Hash) -> Option<Outline> {
        let content = self.read_note(&self.note_name(&OUTLINES, first.as_bytes()))?;
        let (module, pieces) = content.split_first_chunk::<{ blake3::OUT_LEN }>()?;
        let (pieces, rest) = pieces.as_chunks::<{ blake3::OUT_LEN }>();
        let pieces = pieces.iter().map(|piece| Hash::from_bytes(*piece)).collect();
        let outline = Outline { module: Key::from(*module), pieces };
        (rest.is_empty() && self.path(&outline.module).exists()).then_some(outline)
    }
}

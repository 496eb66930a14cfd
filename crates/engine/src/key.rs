//! The names of entries in the cache: a hash over the module and over what its code is made for.
//!
//! The module is hashed in pieces, and their hashes together, so that several threads can work on one.
//!
//! Must not know: where entries are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use blake3::{Hash, Hasher};

/// Smaller modules are optimised as fast as found.
const MIN_MODULE: usize = 512;
/// Bytes that are hashed in one go.
pub(crate) const PIECE: usize = 256 << 10;
/// So many pieces are worth a thread.
const PIECES_PER_THREAD: usize = 4;

/// The name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(Hash);

impl From<[u8; blake3::OUT_LEN]> for Key {
    fn from(bytes: [u8; blake3::OUT_LEN]) -> Key {
        Key(bytes.into())
    }
}

impl Key {
    /// As bytes.
    pub fn bytes(&self) -> &[u8; blake3::OUT_LEN] {
        self.0.as_bytes()
    }

    /// As the name of a file.
    pub fn name(&self) -> String {
        self.0.to_hex().to_string()
    }
}

/// Makes the key of a module whose bytes arrive in pieces of any size.
pub(crate) struct KeyHasher {
    /// What the code is made for.
    outer: Hasher,
    /// Those that are whole.
    pieces: Vec<Hash>,
    piece: Hasher,
    len: usize,
}

impl KeyHasher {
    /// `target` names what the code is made for.
    pub fn new(target: &str) -> KeyHasher {
        let mut outer = Hasher::new();
        outer.update(&(target.len() as u64).to_le_bytes());
        outer.update(target.as_bytes());
        KeyHasher { outer, pieces: Vec::new(), piece: Hasher::new(), len: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.len % PIECE));
            self.piece.update(now);
            self.len += now.len();
            if self.len.is_multiple_of(PIECE) {
                self.pieces.push(self.piece.finalize());
                self.piece.reset();
            }
            bytes = later;
        }
    }

    /// The hashes of the pieces that are whole.
    pub fn pieces(&self) -> &[Hash] {
        &self.pieces
    }

    /// The key, if the module is worth keeping.
    pub fn finish(mut self) -> Option<Key> {
        if self.len < MIN_MODULE {
            return None;
        }
        if !self.len.is_multiple_of(PIECE) {
            self.pieces.push(self.piece.finalize());
        }
        Some(combine(self.outer, &self.pieces, self.len))
    }
}

fn combine(mut outer: Hasher, pieces: &[Hash], len: usize) -> Key {
    for piece in pieces {
        outer.update(piece.as_bytes());
    }
    outer.update(&(len as u64).to_le_bytes());
    Key(outer.finalize())
}

/// The key of a whole module, made on up to `threads` threads.
pub(crate) fn key(target: &str, wasm: &[u8], threads: usize) -> Option<Key> {
    let threads = threads.min(wasm.len() / PIECE / PIECES_PER_THREAD);
    let mut hasher = KeyHasher::new(target);
    if threads < 2 {
        hasher.update(wasm);
        return hasher.finish();
    }
    let pieces: Vec<&[u8]> = wasm.chunks(PIECE).collect();
    Some(combine(hasher.outer, &hash_all(&pieces, threads), wasm.len()))
}

fn hash_all(pieces: &[&[u8]], threads: usize) -> Vec<Hash> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![Hash::from_bytes([0; 32]); pieces.len()]);
    let work = || {
        while let Some((index, piece)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, pieces.get(i)?)))
        {
            let hash = blake3::hash(piece);
            done.lock().unwrap_or_else(PoisonError::into_inner)[index] = hash;
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Fewer threads than wanted is slower, not wrong.
            let _ = std::thread::Builder::new().name("gantry-hash".into()).spawn_scoped(scope, work);
        }
        work();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_however_it_is_hashed() {
        let bytes: Vec<u8> = (0..9 * PIECE + 77).map(|i| (i * 7 + i / 256) as u8).collect();
        for len in [MIN_MODULE, PIECE - 1, PIECE, PIECE + 1, 8 * PIECE, bytes.len()] {
            let wasm = &bytes[..len];
            let expected = key("target", wasm, 1);
            assert!(expected.is_some());
            assert_eq!(key("target", wasm, 4), expected, "{len}");
            let mut hasher = KeyHasher::new("target");
            wasm.chunks(100_001).for_each(|chunk| hasher.update(chunk));
            assert_eq!(hasher.finish(), expected, "{len}");
        }
    }

    #[test]
    fn other_bytes_or_targets_are_other_keys() {
        let bytes = vec![1; 3 * PIECE];
        let mut keys =
            vec![key("a", &bytes, 2), key("b", &bytes, 2), key("a", &bytes[1..], 2), key("a", &bytes[..PIECE], 2)];
        let mut changed = bytes.clone();
        changed[2 * PIECE] = 2;
        keys.push(key("a", &changed, 2));
        for (i, one) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|other| other != one), "{i}");
        }
        assert_eq!(key("a", &bytes[..MIN_MODULE - 1], 2), None);
    }
}

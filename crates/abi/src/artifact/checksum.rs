//! Checksums over blocks of an artifact, so that several threads can check one.
//!
//! They tell damage, not malice.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use twox_hash::XxHash3_64;

/// Bytes that a checksum is about. Large enough to be checked at full speed.
const BLOCK: usize = 1 << 20;
/// Bytes of a checksum.
pub(super) const LEN: usize = 8;

pub(super) fn of(bytes: &[u8]) -> [u8; LEN] {
    XxHash3_64::oneshot(bytes).to_le_bytes()
}

/// How many checksums so many bytes have.
pub(super) fn count(len: usize) -> usize {
    len.div_ceil(BLOCK)
}

/// The checksums of all blocks, one after the other.
pub(super) fn table(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(BLOCK).flat_map(of).collect()
}

/// Bytes, and checksums that they should have.
pub(super) struct Checked<'a> {
    pub bytes: &'a [u8],
    /// As many as [`count`] says.
    pub table: &'a [u8],
}

impl Checked<'_> {
    fn block(&self, index: usize) -> bool {
        let start = index * BLOCK;
        let block = &self.bytes[start..(start + BLOCK).min(self.bytes.len())];
        of(block)[..] == self.table[index * LEN..(index + 1) * LEN]
    }

    /// Whether all blocks that have a part in `range` are as they were.
    pub fn range(&self, range: &Range<usize>) -> bool {
        self.blocks(range).all(|index| self.block(index))
    }

    fn blocks(&self, range: &Range<usize>) -> Range<usize> {
        range.start / BLOCK..range.end.div_ceil(BLOCK)
    }

    /// Whether everything is as it was. Up to `threads` threads find out, while this one does something else when it knows that
    /// `first` is as it was; there is no result without all of them.
    pub fn all<T>(&self, threads: usize, first: &Range<usize>, meanwhile: impl FnOnce() -> T) -> Option<T> {
        let (count, known) = (count(self.bytes.len()), self.blocks(first));
        let (next, good) = (AtomicUsize::new(0), AtomicBool::new(true));
        let check = || {
            while good.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    break;
                }
                if !known.contains(&index) && !self.block(index) {
                    good.store(false, Ordering::Relaxed);
                }
            }
        };
        let result = std::thread::scope(|scope| {
            for _ in 1..threads.min(count) {
                // Fewer threads than wanted is slower, not wrong.
                let _ = std::thread::Builder::new().name("gantry-check".into()).spawn_scoped(scope, check);
            }
            if !self.range(first) {
                good.store(false, Ordering::Relaxed);
                return None;
            }
            let result = meanwhile();
            check();
            Some(result)
        });
        result.filter(|_| good.into_inner())
    }
}

//! The form of compiled modules: position-independent, without absolute addresses, readable in place.
//!
//! ```text
//! magic, format version, identity of compiler and target, checksum over all that follows
//! directory: offset and length of each part
//! parts: machine code, function bounds, trampolines, traps, source positions, exception handlers, the module's skeleton, facts
//! ```
//!
//! Integers are little-endian. The same module and settings give the same bytes. Machine code has pages of its own, so that a
//! file can be mapped and run as it is.
//!
//! The checksum tells damage, not malice: who can write artifacts can write machine code.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use gantry_module::Skeleton;
use twox_hash::XxHash3_128;

use crate::trap::TrapCode;

/// What artifacts begin with: a name and the format version.
pub const MAGIC: [u8; 8] = *b"\0gantry\x03";
const IDENTITY_AT: usize = 8;
const CHECKSUM_AT: usize = IDENTITY_AT + 32;
const DIRECTORY_AT: usize = CHECKSUM_AT + 16;
const PARTS: usize = 10;
const DIRECTORY_END: usize = DIRECTORY_AT + PARTS * 16;
/// Parts begin at multiples of this, so that tables can be read as they lie.
const ALIGN: usize = 16;
/// Machine code begins at a multiple of this, and nothing else is in its pages.
const TEXT_ALIGN: usize = 4096;

#[derive(Clone, Copy)]
enum Part {
    Text,
    Functions,
    EntryTrampolines,
    HostTrampolines,
    TrapOffsets,
    TrapCodes,
    Positions,
    Handlers,
    Skeleton,
    Facts,
}

/// Machine code that calls between conventions, for one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trampoline {
    /// Type index in the module.
    pub ty: u32,
    /// Its bytes in the text.
    pub code: Range<u32>,
}

/// Where an exception goes that comes out of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handler {
    /// The call's return address.
    pub call: u32,
    /// The code that catches.
    pub code: u32,
    /// Bytes from the stack pointer that it needs up to the frame pointer.
    pub frame: u32,
}

/// What goes into an artifact. All offsets are into `text`.
#[derive(Debug, Default)]
pub struct Parts {
    /// Machine code.
    pub text: Vec<u8>,
    /// The code of each defined function, in order of index.
    pub functions: Vec<Range<u32>>,
    /// Array to wasm, sorted by type.
    pub entry_trampolines: Vec<Trampoline>,
    /// Wasm to host, sorted by type.
    pub host_trampolines: Vec<Trampoline>,
    /// Instructions that may trap, sorted.
    pub traps: Vec<(u32, TrapCode)>,
    /// From which byte of the module the code at an offset, up to the next entry, was made. Sorted.
    pub positions: Vec<(u32, u32)>,
    /// Where exceptions go from calls, sorted.
    pub handlers: Vec<Handler>,
    /// The module without its code.
    pub skeleton: Vec<u8>,
    /// Whether the code can put references into tables.
    pub writes_tables: bool,
}

/// Why bytes are not an artifact that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// Not an artifact at all, or one of another format version.
    #[error("not a compiled module of this version of Gantry")]
    Magic,
    /// Made by another compiler version, for another target, or with other settings.
    #[error("compiled for another target or with other settings")]
    Identity,
    /// Not what was written.
    #[error("the compiled module is damaged")]
    Damaged,
}

/// Where an artifact's bytes are: in memory, or in a mapped file.
pub type Storage = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A compiled module.
#[derive(Clone)]
pub struct Artifact {
    bytes: Storage,
    parts: [(usize, usize); PARTS],
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifact").field("bytes", &self.bytes().len()).finish_non_exhaustive()
    }
}

fn checksum(bytes: &[u8]) -> [u8; 16] {
    XxHash3_128::oneshot(bytes).to_le_bytes()
}

fn push_u32s(out: &mut Vec<u8>, values: impl IntoIterator<Item = u32>) {
    values.into_iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
}

fn u32_at(bytes: &[u8], index: usize) -> u32 {
    let at = index * 4;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

impl Artifact {
    /// Lays the parts out. `identity` names compiler, target and settings.
    pub fn new(parts: Parts, identity: &[u8; 32]) -> Artifact {
        let mut bytes = Vec::with_capacity(parts.text.len() + parts.skeleton.len() + parts.positions.len() * 8 + 4096);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(identity);
        bytes.resize(DIRECTORY_END, 0);
        let mut directory = [(0, 0); PARTS];
        let mut part = |part: Part, write: &dyn Fn(&mut Vec<u8>)| {
            let align = if matches!(part, Part::Text) { TEXT_ALIGN } else { ALIGN };
            bytes.resize(bytes.len().next_multiple_of(align), 0);
            let start = bytes.len();
            write(&mut bytes);
            directory[part as usize] = (start, bytes.len() - start);
            if matches!(part, Part::Text) {
                bytes.resize(bytes.len().next_multiple_of(TEXT_ALIGN), 0);
            }
        };
        let trampolines = |list: &[Trampoline], out: &mut Vec<u8>| {
            push_u32s(out, list.iter().flat_map(|t| [t.ty, t.code.start, t.code.end]));
        };
        part(Part::Text, &|out| out.extend_from_slice(&parts.text));
        part(Part::Functions, &|out| push_u32s(out, parts.functions.iter().flat_map(|f| [f.start, f.end])));
        part(Part::EntryTrampolines, &|out| trampolines(&parts.entry_trampolines, out));
        part(Part::HostTrampolines, &|out| trampolines(&parts.host_trampolines, out));
        part(Part::TrapOffsets, &|out| push_u32s(out, parts.traps.iter().map(|t| t.0)));
        part(Part::TrapCodes, &|out| out.extend(parts.traps.iter().map(|t| t.1 as u8)));
        part(Part::Positions, &|out| push_u32s(out, parts.positions.iter().flat_map(|p| [p.0, p.1])));
        part(Part::Handlers, &|out| push_u32s(out, parts.handlers.iter().flat_map(|h| [h.call, h.code, h.frame])));
        part(Part::Skeleton, &|out| out.extend_from_slice(&parts.skeleton));
        part(Part::Facts, &|out| out.push(u8::from(parts.writes_tables)));
        for (i, (offset, len)) in directory.iter().enumerate() {
            let at = DIRECTORY_AT + i * 16;
            bytes[at..at + 8].copy_from_slice(&(*offset as u64).to_le_bytes());
            bytes[at + 8..at + 16].copy_from_slice(&(*len as u64).to_le_bytes());
        }
        Artifact { bytes: Arc::new(bytes), parts: directory }
    }

    /// The bytes to store: with a checksum, which artifacts that never leave the process do not need.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.bytes().to_vec();
        let checksum = checksum(&bytes[DIRECTORY_AT..]);
        bytes[CHECKSUM_AT..DIRECTORY_AT].copy_from_slice(&checksum);
        bytes
    }

    fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// Reads stored bytes. Refuses all that was not written by [`Artifact::to_bytes`] under the same identity.
    pub fn from_bytes(storage: Storage, identity: &[u8; 32]) -> Result<Artifact, ArtifactError> {
        let bytes = (*storage).as_ref();
        if bytes.len() < DIRECTORY_END || bytes[..8] != MAGIC {
            return Err(ArtifactError::Magic);
        }
        if bytes[IDENTITY_AT..CHECKSUM_AT] != identity[..] {
            return Err(ArtifactError::Identity);
        }
        if checksum(&bytes[DIRECTORY_AT..])[..] != bytes[CHECKSUM_AT..DIRECTORY_AT] {
            return Err(ArtifactError::Damaged);
        }
        let mut parts = [(0, 0); PARTS];
        for (i, part) in parts.iter_mut().enumerate() {
            let word = |at: usize| bytes[at..at + 8].iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
            let at = DIRECTORY_AT + i * 16;
            let (offset, len) = (word(at), word(at + 8));
            if offset.checked_add(len).is_none_or(|end| end > bytes.len() as u64) {
                return Err(ArtifactError::Damaged);
            }
            *part = (offset as usize, len as usize);
        }
        let artifact = Artifact { bytes: storage, parts };
        artifact.check()?;
        Ok(artifact)
    }

    /// What readers of the tables rely on. That the large ones are sorted the checksum has to do for: searching in others
    /// finds nothing, and does no harm.
    fn check(&self) -> Result<(), ArtifactError> {
        let text = self.text().len() as u32;
        let inside = |r: &Range<u32>| r.start <= r.end && r.end <= text;
        let ok = self.functions().all(|f| inside(&f))
            && self.entry_trampolines().chain(self.host_trampolines()).all(|t| inside(&t.code))
            && self.entry_trampolines().map(|t| t.ty).is_sorted()
            && self.host_trampolines().map(|t| t.ty).is_sorted()
            && self.part(Part::TrapOffsets).len() == self.part(Part::TrapCodes).len() * 4;
        if ok { Ok(()) } else { Err(ArtifactError::Damaged) }
    }

    fn part(&self, part: Part) -> &[u8] {
        let (offset, len) = self.parts[part as usize];
        &self.bytes()[offset..offset + len]
    }

    /// Where the machine code is in the stored bytes.
    pub fn text_range(&self) -> Range<usize> {
        let (offset, len) = self.parts[Part::Text as usize];
        offset..offset + len
    }

    /// Whether the code can put references into tables.
    pub fn writes_tables(&self) -> bool {
        self.part(Part::Facts) != [0]
    }

    /// Machine code.
    pub fn text(&self) -> &[u8] {
        self.part(Part::Text)
    }

    /// The module without its code, where it lies.
    pub fn skeleton(&self) -> Skeleton {
        let (offset, len) = self.parts[Part::Skeleton as usize];
        Skeleton::part_of(self.bytes.clone(), offset..offset + len)
    }

    /// The code of each defined function.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = Range<u32>> + '_ {
        self.part(Part::Functions).chunks_exact(8).map(|pair| u32_at(pair, 0)..u32_at(pair, 1))
    }

    /// The code of one defined function.
    pub fn function(&self, index: usize) -> Range<u32> {
        let bytes = self.part(Part::Functions);
        u32_at(bytes, index * 2)..u32_at(bytes, index * 2 + 1)
    }

    fn trampolines(&self, part: Part) -> impl Iterator<Item = Trampoline> + '_ {
        self.part(part).chunks_exact(12).map(|t| Trampoline { ty: u32_at(t, 0), code: u32_at(t, 1)..u32_at(t, 2) })
    }

    /// Array-to-wasm trampolines.
    pub fn entry_trampolines(&self) -> impl Iterator<Item = Trampoline> + '_ {
        self.trampolines(Part::EntryTrampolines)
    }

    /// Wasm-to-host trampolines.
    pub fn host_trampolines(&self) -> impl Iterator<Item = Trampoline> + '_ {
        self.trampolines(Part::HostTrampolines)
    }

    fn trap_count(&self) -> usize {
        self.part(Part::TrapCodes).len()
    }

    fn trap_offset(&self, index: usize) -> u32 {
        u32_at(self.part(Part::TrapOffsets), index)
    }

    /// Why the instruction at `offset` traps, if it may. Does not allocate: signal handlers call it.
    pub fn trap_at(&self, offset: u32) -> Option<TrapCode> {
        let (mut low, mut high) = (0, self.trap_count());
        while low < high {
            let middle = low.midpoint(high);
            if self.trap_offset(middle) < offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low < self.trap_count() && self.trap_offset(low) == offset {
            TrapCode::from_u8(self.part(Part::TrapCodes)[low])
        } else {
            None
        }
    }

    /// The byte of the module that the code at `offset` was made from.
    pub fn position_at(&self, offset: u32) -> Option<u32> {
        let bytes = self.part(Part::Positions);
        let (mut low, mut high) = (0, bytes.len() / 8);
        while low < high {
            let middle = low.midpoint(high);
            if u32_at(bytes, middle * 2) <= offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1).map(|i| u32_at(bytes, i * 2 + 1)).filter(|p| *p != u32::MAX)
    }

    /// Where an exception goes from the call that returns to `offset`.
    pub fn handler_at(&self, offset: u32) -> Option<Handler> {
        let bytes = self.part(Part::Handlers);
        let (mut low, mut high) = (0, bytes.len() / 12);
        while low < high {
            let middle = low.midpoint(high);
            if u32_at(bytes, middle * 3) < offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = low * 12 < bytes.len() / 12 * 12 && u32_at(bytes, low * 3) == offset;
        found.then(|| Handler { call: offset, code: u32_at(bytes, low * 3 + 1), frame: u32_at(bytes, low * 3 + 2) })
    }

    /// The defined function that holds the code at `offset`.
    pub fn function_at(&self, offset: u32) -> Option<u32> {
        // Functions lie in order of index, trampolines behind them.
        let count = self.functions().len();
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            if self.function(middle).end <= offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < count && self.function(low).contains(&offset)).then_some(low as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Artifact {
        let parts = Parts {
            text: vec![0x90; 100],
            functions: vec![0..40, 48..60],
            entry_trampolines: vec![Trampoline { ty: 3, code: 64..80 }],
            host_trampolines: vec![],
            traps: vec![(5, TrapCode::Unreachable), (50, TrapCode::MemoryOutOfBounds)],
            positions: vec![(0, 100), (20, 117), (48, 200)],
            handlers: vec![Handler { call: 9, code: 30, frame: 16 }, Handler { call: 52, code: 58, frame: 32 }],
            skeleton: b"\0asm\x01\0\0\0".to_vec(),
            writes_tables: true,
        };
        Artifact::new(parts, &[7; 32])
    }

    #[test]
    fn tables_answer() {
        let artifact = sample();
        assert_eq!(artifact.trap_at(50), Some(TrapCode::MemoryOutOfBounds));
        assert_eq!(artifact.trap_at(51), None);
        assert_eq!(artifact.position_at(25), Some(117));
        assert_eq!(artifact.function_at(59), Some(1));
        assert_eq!(artifact.handler_at(52), Some(Handler { call: 52, code: 58, frame: 32 }));
        assert_eq!((artifact.handler_at(10), artifact.handler_at(53)), (None, None));
        assert_eq!(artifact.function_at(44), None);
        assert_eq!(artifact.entry_trampolines().next().unwrap().code, 64..80);
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let bytes = sample().to_bytes();
        assert!(Artifact::from_bytes(Arc::new(bytes.clone()), &[7; 32]).is_ok());
        assert_eq!(Artifact::from_bytes(Arc::new(bytes.clone()), &[8; 32]).unwrap_err(), ArtifactError::Identity);
        // Of the pages of code, which are mostly padding here, each eighth byte.
        for bit in (0..bytes.len() * 8).filter(|bit| *bit < 4096 || bit % 64 < 8 || *bit > (bytes.len() - 256) * 8) {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Artifact::from_bytes(Arc::new(damaged), &[7; 32]).is_err(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(Artifact::from_bytes(Arc::new(bytes[..len].to_vec()), &[7; 32]).is_err(), "length {len}");
        }
    }
}

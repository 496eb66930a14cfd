//! The form of compiled modules: position-independent, without absolute addresses, readable in place.
//!
//! ```text
//! magic and format version, checksum over the header and the table of checksums
//! length; directory: offset and length of each part
//! parts: target, machine code, function bounds, trampolines, traps, source positions, inlined calls, exception handlers, the
//!   module's skeleton, facts
//! table of checksums, each over a block of what lies between header and table
//! ```
//!
//! Integers are little-endian. The same module, settings and hot functions give the same bytes. Machine code has pages of its own, so that a
//! file can be mapped and run as it is.
//!
//! Checksums tell damage, not malice: who can write artifacts can write machine code.

mod checksum;
mod table;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use gantry_module::Skeleton;

use self::checksum::Checked;
use self::table::Table;
use crate::Target;
use crate::trap::TrapCode;

/// What artifacts begin with: a name and the format version.
pub const MAGIC: [u8; 8] = *b"\0gantry\x05";
const CHECKSUM_AT: usize = MAGIC.len();
const LEN_AT: usize = CHECKSUM_AT + checksum::LEN;
const DIRECTORY_AT: usize = LEN_AT + 8;
const PARTS: usize = 11;
const HEADER_END: usize = DIRECTORY_AT + PARTS * 16;
/// Parts begin at multiples of this, so that tables can be read as they lie.
const ALIGN: usize = 16;
/// Machine code begins at a multiple of this, and nothing else is in its pages.
const TEXT_ALIGN: usize = 4096;

#[derive(Clone, Copy)]
enum Part {
    Target,
    Text,
    Functions,
    EntryTrampolines,
    HostTrampolines,
    Traps,
    Positions,
    Inlined,
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

/// The position of code that was made from no byte of the module.
pub const NO_POSITION: u32 = u32::MAX;
/// A position with this bit is [`INLINED`] plus an index into the list of [`Inlined`]; any other is a byte of the module.
pub const INLINED: u32 = 1 << 31;

/// Where code was made from that stands in the place of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inlined {
    /// The index of the function that would have been called.
    pub func: u32,
    /// The byte of the module, in that function.
    pub offset: u32,
    /// The position of the call; if it is inlined too, it stands further to the front of the list. [`NO_POSITION`] if it was
    /// a tail call, and the frame is this function's.
    pub caller: u32,
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
    /// From which position the code at an offset, up to the next entry, was made. Sorted.
    pub positions: Vec<(u32, u32)>,
    /// What positions in inlined code refer to.
    pub inlined: Vec<Inlined>,
    /// Where exceptions go from calls, sorted.
    pub handlers: Vec<Handler>,
    /// The module without its code.
    pub skeleton: Vec<u8>,
    /// Whether the code can put references into tables.
    pub writes_tables: bool,
}

/// Why bytes are not an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// Not an artifact at all, or one of another format version.
    #[error("not a compiled module of this version of Gantry")]
    Magic,
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

fn push_u32s(out: &mut Vec<u8>, values: impl IntoIterator<Item = u32>) {
    values.into_iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
}

/// Which entry of the list of inlined calls a position is.
fn inlined_index(position: u32) -> Option<usize> {
    (position != NO_POSITION && position & INLINED != 0).then_some((position & !INLINED) as usize)
}

fn u32_at(bytes: &[u8], index: usize) -> u32 {
    let at = index * 4;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Stored bytes whose header is as it was. The rest is not known yet.
pub struct Unchecked {
    bytes: Storage,
    parts: [(usize, usize); PARTS],
    target: Target,
}

impl Unchecked {
    /// Looks at the header, and reads what the code was made for.
    pub fn new(storage: Storage) -> Result<Unchecked, ArtifactError> {
        let bytes = (*storage).as_ref();
        if bytes.len() < HEADER_END || bytes[..8] != MAGIC {
            return Err(ArtifactError::Magic);
        }
        let blocks = blocks_of(bytes).ok_or(ArtifactError::Damaged)?;
        if header_checksum(bytes, blocks.table)[..] != bytes[CHECKSUM_AT..LEN_AT] {
            return Err(ArtifactError::Damaged);
        }
        let mut parts = [(0, 0); PARTS];
        for (i, part) in parts.iter_mut().enumerate() {
            let at = DIRECTORY_AT + i * 16;
            let (offset, len) = (u64_at(bytes, at), u64_at(bytes, at + 8));
            if offset.checked_add(len).is_none_or(|end| end > (HEADER_END + blocks.bytes.len()) as u64) {
                return Err(ArtifactError::Damaged);
            }
            *part = (offset as usize, len as usize);
        }
        let target = range_of(&parts, Part::Target);
        if !blocks.range(&blocked(&target)) {
            return Err(ArtifactError::Damaged);
        }
        let target = std::str::from_utf8(&bytes[target]).ok().and_then(Target::parse).ok_or(ArtifactError::Damaged)?;
        Ok(Unchecked { bytes: storage, parts, target })
    }

    /// What the code was made for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Checks everything, on up to `threads` threads, while this one does something with the skeleton, which is checked first.
    pub fn check<T>(
        self,
        threads: usize,
        meanwhile: impl FnOnce(Skeleton) -> T,
    ) -> Result<(Artifact, T), ArtifactError> {
        let artifact = Artifact { bytes: self.bytes, parts: self.parts };
        let blocks = blocks_of(artifact.bytes()).ok_or(ArtifactError::Damaged)?;
        let skeleton = blocked(&range_of(&artifact.parts, Part::Skeleton));
        let done = blocks.all(threads, &skeleton, || meanwhile(artifact.skeleton()));
        let done = done.ok_or(ArtifactError::Damaged)?;
        artifact.check_tables()?;
        Ok((artifact, done))
    }
}

fn range_of(parts: &[(usize, usize); PARTS], part: Part) -> Range<usize> {
    let (offset, len) = parts[part as usize];
    offset..offset + len
}

/// Where bytes of the whole are among those that have checksums.
fn blocked(range: &Range<usize>) -> Range<usize> {
    range.start.saturating_sub(HEADER_END)..range.end.saturating_sub(HEADER_END)
}

/// What has checksums, and these; none if the length is another one than the header says.
fn blocks_of(bytes: &[u8]) -> Option<Checked<'_>> {
    let len = usize::try_from(u64_at(bytes, LEN_AT)).ok()?;
    let rest = bytes.get(HEADER_END..)?;
    let table = checksum::count(len) * checksum::LEN;
    if len.checked_add(table)? != rest.len() {
        return None;
    }
    let (bytes, table) = rest.split_at(len);
    Some(Checked { bytes, table })
}

fn header_checksum(bytes: &[u8], table: &[u8]) -> [u8; checksum::LEN] {
    let mut covered = bytes[LEN_AT..HEADER_END].to_vec();
    covered.extend_from_slice(table);
    checksum::of(&covered)
}

impl Artifact {
    /// Lays the parts out.
    pub fn new(parts: Parts, target: &Target) -> Artifact {
        let mut bytes = Vec::with_capacity(parts.text.len() + parts.skeleton.len() + parts.positions.len() * 3 + 8192);
        bytes.extend_from_slice(&MAGIC);
        bytes.resize(HEADER_END, 0);
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
        let traps: Vec<_> = parts.traps.iter().map(|(at, code)| (*at, Some(u32::from(*code as u8)))).collect();
        let positions: Vec<_> = parts
            .positions
            .iter()
            .map(|(at, position)| (*at, (*position != NO_POSITION).then_some(*position)))
            .collect();
        part(Part::Target, &|out| out.extend_from_slice(target.to_string().as_bytes()));
        part(Part::Text, &|out| out.extend_from_slice(&parts.text));
        part(Part::Functions, &|out| push_u32s(out, parts.functions.iter().flat_map(|f| [f.start, f.end])));
        part(Part::EntryTrampolines, &|out| trampolines(&parts.entry_trampolines, out));
        part(Part::HostTrampolines, &|out| trampolines(&parts.host_trampolines, out));
        part(Part::Traps, &|out| out.extend(table::encode(&traps)));
        part(Part::Positions, &|out| out.extend(table::encode(&positions)));
        part(Part::Inlined, &|out| push_u32s(out, parts.inlined.iter().flat_map(|i| [i.func, i.offset, i.caller])));
        part(Part::Handlers, &|out| push_u32s(out, parts.handlers.iter().flat_map(|h| [h.call, h.code, h.frame])));
        part(Part::Skeleton, &|out| out.extend_from_slice(&parts.skeleton));
        part(Part::Facts, &|out| out.push(u8::from(parts.writes_tables)));
        let len = bytes.len() - HEADER_END;
        bytes[LEN_AT..DIRECTORY_AT].copy_from_slice(&(len as u64).to_le_bytes());
        for (i, (offset, len)) in directory.iter().enumerate() {
            let at = DIRECTORY_AT + i * 16;
            bytes[at..at + 8].copy_from_slice(&(*offset as u64).to_le_bytes());
            bytes[at + 8..at + 16].copy_from_slice(&(*len as u64).to_le_bytes());
        }
        Artifact { bytes: Arc::new(bytes), parts: directory }
    }

    /// The bytes to store: with checksums, which artifacts that never leave the process do not need.
    pub fn to_bytes(&self) -> Vec<u8> {
        let end = HEADER_END + u64_at(self.bytes(), LEN_AT) as usize;
        let contents = &self.bytes()[..end];
        let table = checksum::table(&contents[HEADER_END..]);
        let checksum = header_checksum(contents, &table);
        let mut bytes = [contents, &table].concat();
        bytes[CHECKSUM_AT..LEN_AT].copy_from_slice(&checksum);
        bytes
    }

    fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// What readers of the tables rely on. That the others are sorted the checksums have to do for: searching in them finds
    /// nothing, and does no harm.
    fn check_tables(&self) -> Result<(), ArtifactError> {
        let text = self.text().len() as u32;
        let inside = |r: &Range<u32>| r.start <= r.end && r.end <= text;
        let ok = self.functions().all(|f| inside(&f))
            && self.entry_trampolines().chain(self.host_trampolines()).all(|t| inside(&t.code))
            && self.entry_trampolines().map(|t| t.ty).is_sorted()
            && self.host_trampolines().map(|t| t.ty).is_sorted()
            && self.inlined_callers_come_first();
        if ok { Ok(()) } else { Err(ArtifactError::Damaged) }
    }

    /// So that following callers ends.
    fn inlined_callers_come_first(&self) -> bool {
        let callers = self.part(Part::Inlined).chunks_exact(12).map(|entry| u32_at(entry, 2));
        callers.enumerate().all(|(i, caller)| inlined_index(caller).is_none_or(|index| index < i))
    }

    fn part(&self, part: Part) -> &[u8] {
        &self.bytes()[range_of(&self.parts, part)]
    }

    /// Where the machine code is in the stored bytes.
    pub fn text_range(&self) -> Range<usize> {
        range_of(&self.parts, Part::Text)
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
        Skeleton::part_of(self.bytes.clone(), range_of(&self.parts, Part::Skeleton))
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

    /// Why the instruction at `offset` traps, if it may. Does not allocate: signal handlers call it.
    pub fn trap_at(&self, offset: u32) -> Option<TrapCode> {
        TrapCode::from_u8(u8::try_from(Table::new(self.part(Part::Traps)).at(offset)?).ok()?)
    }

    /// The position that the code at `offset` was made from.
    fn position_at(&self, offset: u32) -> u32 {
        let found = Table::new(self.part(Part::Positions)).at_or_before(offset);
        found.and_then(|(_, position)| position).unwrap_or(NO_POSITION)
    }

    /// The functions that the code at `offset` stands for and where in the module, the innermost first: a defined function,
    /// before it those that were inlined. The first number is a function index, `imported` being the number of imported functions.
    pub fn frames_at(&self, offset: u32, imported: u32) -> Vec<(u32, Option<u32>)> {
        let Some(func) = self.function_at(offset) else { return Vec::new() };
        let mut frames = Vec::new();
        let mut position = self.position_at(offset);
        while let Some(inlined) = inlined_index(position).and_then(|index| self.inlined(index)) {
            frames.push((inlined.func, Some(inlined.offset)));
            position = inlined.caller;
            if position == NO_POSITION {
                return frames;
            }
        }
        frames.push((func + imported, (position < INLINED).then_some(position)));
        frames
    }

    fn inlined(&self, index: usize) -> Option<Inlined> {
        let entry = self.part(Part::Inlined).chunks_exact(12).nth(index)?;
        Some(Inlined { func: u32_at(entry, 0), offset: u32_at(entry, 1), caller: u32_at(entry, 2) })
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
    fn function_at(&self, offset: u32) -> Option<u32> {
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
    use crate::vmctx::MemoryStyle;

    fn sample_target() -> Target {
        Target {
            version: "1".into(),
            arch: "x86_64".into(),
            os: "linux".into(),
            memory_style: MemoryStyle::Reserved,
            deterministic: false,
            features: vec!["avx".into()],
            settings: "a=1".into(),
        }
    }

    fn sample() -> Artifact {
        let parts = Parts {
            text: vec![0x90; 100],
            functions: vec![0..40, 48..60],
            entry_trampolines: vec![Trampoline { ty: 3, code: 64..80 }],
            host_trampolines: vec![],
            traps: vec![(5, TrapCode::Unreachable), (50, TrapCode::MemoryOutOfBounds)],
            positions: vec![(0, 100), (20, 117), (30, INLINED | 1), (48, 200), (50, INLINED | 2), (55, NO_POSITION)],
            inlined: vec![
                Inlined { func: 9, offset: 300, caller: 119 },
                Inlined { func: 8, offset: 250, caller: INLINED },
                Inlined { func: 7, offset: 260, caller: NO_POSITION },
            ],
            handlers: vec![Handler { call: 9, code: 30, frame: 16 }, Handler { call: 52, code: 58, frame: 32 }],
            skeleton: b"\0asm\x01\0\0\0".to_vec(),
            writes_tables: true,
        };
        Artifact::new(parts, &sample_target())
    }

    fn read(bytes: Vec<u8>) -> Result<Artifact, ArtifactError> {
        let unchecked = Unchecked::new(Arc::new(bytes))?;
        assert_eq!(*unchecked.target(), sample_target());
        let (artifact, len) = unchecked.check(2, |skeleton| skeleton.len())?;
        assert_eq!(len, 8);
        Ok(artifact)
    }

    #[test]
    fn tables_answer() {
        let stored = read(sample().to_bytes()).unwrap();
        assert_eq!(stored.to_bytes(), sample().to_bytes());
        for artifact in [sample(), stored] {
            assert_eq!(artifact.trap_at(50), Some(TrapCode::MemoryOutOfBounds));
            assert_eq!(artifact.trap_at(51), None);
            assert_eq!(artifact.frames_at(25, 5), [(5, Some(117))]);
            assert_eq!(artifact.frames_at(31, 5), [(8, Some(250)), (9, Some(300)), (5, Some(119))]);
            assert_eq!(artifact.frames_at(52, 5), [(7, Some(260))]);
            assert_eq!(artifact.frames_at(58, 5), [(6, None)]);
            assert_eq!(artifact.frames_at(44, 5), []);
            assert_eq!(artifact.function_at(59), Some(1));
            assert_eq!(artifact.handler_at(52), Some(Handler { call: 52, code: 58, frame: 32 }));
            assert_eq!((artifact.handler_at(10), artifact.handler_at(53)), (None, None));
            assert_eq!(artifact.function_at(44), None);
            assert_eq!(artifact.entry_trampolines().next().unwrap().code, 64..80);
        }
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let bytes = sample().to_bytes();
        // Of the pages of code, which are mostly padding here, each eighth byte.
        for bit in (0..bytes.len() * 8).filter(|bit| *bit < 4096 || bit % 64 < 8 || *bit > (bytes.len() - 256) * 8) {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(damaged).is_err(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(read(bytes[..len].to_vec()).is_err(), "length {len}");
        }
        assert!(read([&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn large_ones_are_checked_in_blocks() {
        let parts = Parts { text: vec![1; 5 << 20], skeleton: vec![2; 3 << 20], ..Parts::default() };
        let bytes = Artifact::new(parts, &sample_target()).to_bytes();
        let check = |bytes: Vec<u8>, threads| {
            let mut seen = 0;
            let checked =
                Unchecked::new(Arc::new(bytes)).and_then(|u| u.check(threads, |skeleton| seen = skeleton.len()));
            (checked.is_ok(), seen)
        };
        for threads in [1, 2, 5] {
            assert_eq!(check(bytes.clone(), threads), (true, 3 << 20));
            for at in (0..bytes.len()).step_by(300_007) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1;
                assert!(!check(damaged, threads).0, "byte {at}");
            }
            let mut damaged = bytes.clone();
            let at = bytes.len() - (2 << 20);
            damaged[at] ^= 1;
            assert_eq!(check(damaged, threads), (false, 0), "a damaged skeleton is not looked at");
        }
    }
}

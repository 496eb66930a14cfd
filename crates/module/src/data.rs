//! Data segments. They are read where they lie, each time anew: some modules have a hundred thousand of them, which it would take longer to
//! collect than to copy.

use std::ops::Range;
use std::sync::OnceLock;

use wasmparser::BinaryReader;

use crate::error::{Error, Result};
use crate::module::{ConstExpr, ConstOp, SegmentMode};
use crate::sections::const_expr;

/// A data segment.
#[derive(Debug, Clone)]
pub struct DataSegment {
    /// When it is copied.
    pub mode: SegmentMode,
    /// Its bytes, as a range of the skeleton.
    pub bytes: Range<usize>,
}

/// The data segments of a module, as its skeleton has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct DataSegments {
    count: u32,
    /// Where they are in the skeleton.
    contents: Range<usize>,
    /// Where the bytes of each are, once somebody has asked for one.
    bytes: OnceLock<Box<[Range<u32>]>>,
}

impl DataSegments {
    /// Those of a data section whose contents begin in the skeleton where `start` says.
    pub fn new(mut contents: BinaryReader<'_>, start: usize) -> Result<DataSegments> {
        let (from, len) = (contents.original_position(), contents.bytes_remaining());
        let count = contents.read_var_u32()?;
        // A segment has two bytes at least.
        if count as usize > contents.bytes_remaining() / 2 {
            return Err(Error::new("unexpected end of the data section", contents.original_position()));
        }
        let header = (contents.original_position() - from) as usize;
        Ok(DataSegments { count, contents: start + header..start + len, bytes: OnceLock::new() })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Each in order. `skeleton` may be damaged, which is an error.
    pub fn iter<'s>(&self, skeleton: &'s [u8]) -> impl Iterator<Item = Result<DataSegment>> + use<'s> {
        let contents = skeleton.get(self.contents.clone()).unwrap_or_default();
        let mut reader = BinaryReader::new_features(contents, self.contents.start as u64, crate::features());
        (0..self.count).map(move |_| segment(&mut reader))
    }

    /// The bytes of one of them.
    pub fn bytes<'s>(&self, skeleton: &'s [u8], segment: usize) -> &'s [u8] {
        let all = self.bytes.get_or_init(|| {
            let known = self.iter(skeleton).map_while(Result::ok);
            known.map(|DataSegment { bytes, .. }| bytes.start as u32..bytes.end as u32).collect()
        });
        let range = all.get(segment).cloned().unwrap_or_default();
        &skeleton[range.start as usize..range.end as usize]
    }
}

fn segment(reader: &mut BinaryReader<'_>) -> Result<DataSegment> {
    let offset = reader.original_position();
    let mode = match reader.read_var_u32()? {
        0 => SegmentMode::Active { index: 0, offset: segment_offset(reader)? },
        1 => SegmentMode::Passive,
        2 => SegmentMode::Active { index: reader.read_var_u32()?, offset: segment_offset(reader)? },
        _ => return Err(Error::new("this kind of data segment is not enabled", offset)),
    };
    let len = reader.read_var_u32()? as usize;
    let start = reader.original_position() as usize;
    reader.read_bytes(len)?;
    Ok(DataSegment { mode, bytes: start..start + len })
}

fn segment_offset(reader: &mut BinaryReader<'_>) -> Result<ConstExpr> {
    match plain_i32_const(reader) {
        Some(value) => Ok(ConstOp::I32Const(value).into()),
        None => const_expr(&reader.read()?),
    }
}

/// Reads what most offsets of segments are: `i32.const n end`. What is another expression is not read.
fn plain_i32_const(reader: &mut BinaryReader<'_>) -> Option<i32> {
    const I32_CONST: u8 = 0x41;
    const END: u8 = 0x0b;
    let mut ahead = reader.clone();
    if ahead.read_u8().ok()? != I32_CONST {
        return None;
    }
    let value = ahead.read_var_i32().ok()?;
    if ahead.read_u8().ok()? != END {
        return None;
    }
    *reader = ahead;
    Some(value)
}

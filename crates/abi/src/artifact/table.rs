//! Tables from offsets to numbers: sorted, coded as differences, readable in place without allocation.
//!
//! ```text
//! number of blocks
//! blocks: first offset, where the block's entries begin
//! entries: difference to the offset before, value
//! ```
//!
//! A value is 0 for none, else the difference to the value before, with its sign in the lowest bit, plus one. Differences
//! begin anew in each block, so that a block can be read by itself. The first three are four bytes each, the others LEB128.
//!
//! Whatever the bytes are, reading them ends, inside of them.

use super::{push_u32s, u32_at};

/// Entries that are read one after the other.
const BLOCK: usize = 64;

/// Codes entries whose offsets ascend.
pub(super) fn encode(entries: &[(u32, Option<u32>)]) -> Vec<u8> {
    let blocks = entries.len().div_ceil(BLOCK);
    let mut index = Vec::with_capacity(blocks * 2);
    let mut coded = Vec::with_capacity(entries.len() * 2);
    for block in entries.chunks(BLOCK) {
        let mut last = (block[0].0, 0);
        index.extend([last.0, coded.len() as u32]);
        for (offset, value) in block {
            push_number(&mut coded, u64::from(offset.wrapping_sub(last.0)));
            last.0 = *offset;
            let Some(value) = value else {
                coded.push(0);
                continue;
            };
            let change = i64::from(*value) - last.1;
            push_number(&mut coded, ((change << 1) ^ (change >> 63)) as u64 + 1);
            last.1 = i64::from(*value);
        }
    }
    let mut bytes = Vec::with_capacity(4 + index.len() * 4 + coded.len());
    push_u32s(&mut bytes, [blocks as u32]);
    push_u32s(&mut bytes, index);
    bytes.extend_from_slice(&coded);
    bytes
}

fn push_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(coded: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = coded.split_first()?;
        *coded = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// A coded table.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    /// Pairs of first offset and beginning.
    index: &'a [u8],
    coded: &'a [u8],
}

impl<'a> Table<'a> {
    /// Bytes that [`encode`] gave; others are a table too, of whatever is in them.
    pub fn new(bytes: &'a [u8]) -> Table<'a> {
        let Some((count, rest)) = bytes.split_first_chunk() else { return Table { index: &[], coded: &[] } };
        let len = (u32::from_le_bytes(*count) as usize).saturating_mul(8).min(rest.len() / 8 * 8);
        let (index, coded) = rest.split_at(len);
        Table { index, coded }
    }

    /// The last entry whose offset is not behind `offset`.
    pub fn at_or_before(&self, offset: u32) -> Option<(u32, Option<u32>)> {
        let (mut low, mut high) = (0, self.index.len() / 8);
        while low < high {
            let middle = low.midpoint(high);
            if u32_at(self.index, middle * 2) <= offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let block = low.checked_sub(1)?;
        let mut coded = self.coded.get(u32_at(self.index, block * 2 + 1) as usize..)?;
        let (mut at, mut last) = (u32_at(self.index, block * 2), 0i64);
        let mut found = None;
        for _ in 0..BLOCK {
            let (Some(step), Some(value)) = (number(&mut coded), number(&mut coded)) else { break };
            at = at.wrapping_add(step as u32);
            if at > offset {
                break;
            }
            let change = value.checked_sub(1).map(|code| (code >> 1) as i64 ^ -((code & 1) as i64));
            found = Some((
                at,
                change.map(|change| {
                    last = last.wrapping_add(change);
                    last as u32
                }),
            ));
        }
        found
    }

    /// The value at exactly this offset.
    pub fn at(&self, offset: u32) -> Option<u32> {
        self.at_or_before(offset).filter(|(at, _)| *at == offset)?.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_coded() {
        let entries: Vec<(u32, Option<u32>)> = (0..1000u32)
            .map(|i| (i * 7 + i * i / 50, (i % 5 != 0).then_some(u32::MAX.wrapping_mul(i % 3).wrapping_add(i))))
            .collect();
        let bytes = encode(&entries);
        let table = Table::new(&bytes);
        for (i, (offset, value)) in entries.iter().enumerate() {
            assert_eq!(table.at_or_before(*offset), Some((*offset, *value)), "{i}");
            assert_eq!(table.at(*offset), *value);
            assert_eq!(table.at_or_before(offset + 6), Some((*offset, *value)));
            assert_eq!(table.at(offset + 1), None);
        }
        assert_eq!(Table::new(&encode(&[])).at_or_before(5), None);
        assert_eq!(Table::new(&encode(&[(6, Some(1))])).at_or_before(5), None);
    }

    #[test]
    fn any_bytes_can_be_read() {
        let mut state = 1u32;
        for len in 0..200 {
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            let mut bytes: Vec<u8> = (0..len).map(|_| random()).collect();
            for blocks in [0, 1, 3, 255] {
                bytes.iter_mut().zip([blocks, 0, 0, 0]).for_each(|(byte, value)| *byte = value);
                let table = Table::new(&bytes);
                for offset in [0, 1, 1000, u32::MAX] {
                    let _ = table.at_or_before(offset);
                }
            }
        }
    }
}

//! A small assembler for x86-64: bytes, labels, constants behind the code.
//!
//! Must not know: WebAssembly, conventions, why anything is emitted.

mod encode;
mod float;
mod int;
mod regs;
#[cfg(test)]
mod tests;

pub(crate) use encode::{Opcode, op, op_0f, op_0f3a, op_0f38};
pub(crate) use float::{packed, scalar};
pub(crate) use int::{Alu, Shift, Unary};
pub(crate) use regs::{Base, Cc, Gpr, Mem, Rm, Xmm};

/// A place in the code, perhaps not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label(u32);

const UNBOUND: u32 = u32::MAX;

/// Four bytes that will hold the distance from `base` to a label.
struct Fixup {
    at: u32,
    base: u32,
    label: Label,
}

/// A constant behind the code. `len` bytes of it count.
struct Constant {
    bytes: [u8; 16],
    len: u8,
    label: Label,
}

/// How many of the last constants are looked through for one that is wanted again.
const REMEMBERED_CONSTANTS: usize = 8;

/// Machine code being written.
#[derive(Default)]
pub(crate) struct Assembler {
    /// Longer than what is written, so that single bytes need no checks.
    code: Vec<u8>,
    at: usize,
    labels: Vec<u32>,
    fixups: Vec<Fixup>,
    constants: Vec<Constant>,
}

impl Assembler {
    /// Forgets everything but the allocations.
    pub fn clear(&mut self) {
        self.at = 0;
        self.labels.clear();
        self.fixups.clear();
        self.constants.clear();
    }

    /// Offset of the next instruction.
    pub fn offset(&self) -> u32 {
        self.at as u32
    }

    /// Writes the lowest `len` bytes of `bytes`, 8 at the most.
    #[inline]
    fn put(&mut self, bytes: u64, len: usize) {
        if self.at + 8 > self.code.len() {
            self.code.resize((self.code.len() * 2).max(4096), 0);
        }
        self.code[self.at..self.at + 8].copy_from_slice(&bytes.to_le_bytes());
        self.at += len;
    }

    fn put_u32(&mut self, value: u32) {
        self.put(u64::from(value), 4);
    }

    // Labels

    pub fn label(&mut self) -> Label {
        self.labels.push(UNBOUND);
        Label(self.labels.len() as u32 - 1)
    }

    /// Says that a label is here.
    pub fn bind(&mut self, label: Label) {
        debug_assert_eq!(self.labels[label.0 as usize], UNBOUND);
        self.labels[label.0 as usize] = self.offset();
    }

    /// Where a label is, which must be bound.
    pub fn offset_of(&self, label: Label) -> u32 {
        self.labels[label.0 as usize]
    }

    /// A label that is here.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// Four bytes with the distance from `base` to `label`.
    fn put_distance(&mut self, base: u32, label: Label) {
        self.fixups.push(Fixup { at: self.offset(), base, label });
        self.put_u32(0);
    }

    /// A table of distances from its own start.
    pub fn jump_table(&mut self, start: Label, targets: impl Iterator<Item = Label>) {
        while !self.at.is_multiple_of(4) {
            self.put(0xcc, 1);
        }
        self.bind(start);
        let base = self.offset();
        for target in targets {
            self.put_distance(base, target);
        }
    }

    /// Overwrites four bytes.
    pub fn patch(&mut self, at: u32, value: u32) {
        self.code[at as usize..at as usize + 4].copy_from_slice(&value.to_le_bytes());
    }

    // Constants

    /// A constant of 4, 8 or 16 bytes behind the code, aligned to its size.
    pub fn constant(&mut self, bytes: &[u8]) -> Mem {
        let mut padded = [0; 16];
        padded[..bytes.len()].copy_from_slice(bytes);
        let recent = self.constants.iter().rev().take(REMEMBERED_CONSTANTS);
        let known = recent.into_iter().find(|c| usize::from(c.len) == bytes.len() && c.bytes == padded);
        let label = known.map(|c| c.label).unwrap_or_else(|| {
            let label = Label(self.labels.len() as u32);
            self.labels.push(UNBOUND);
            self.constants.push(Constant { bytes: padded, len: bytes.len() as u8, label });
            label
        });
        Mem::constant(label)
    }

    fn place_constants(&mut self) {
        let constants = std::mem::take(&mut self.constants);
        if constants.is_empty() {
            return;
        }
        while !self.at.is_multiple_of(16) {
            self.put(0xcc, 1);
        }
        for len in [16, 8, 4] {
            for constant in constants.iter().filter(|c| c.len == len) {
                self.bind(constant.label);
                let bytes = u128::from_le_bytes(constant.bytes);
                self.put(bytes as u64, usize::from(len).min(8));
                if len == 16 {
                    self.put((bytes >> 64) as u64, 8);
                }
            }
        }
        self.constants = constants;
    }

    /// Places constants and resolves labels. All must be bound.
    pub fn finish(&mut self) -> &[u8] {
        self.place_constants();
        for Fixup { at, base, label } in &self.fixups {
            let target = self.labels[label.0 as usize];
            debug_assert_ne!(target, UNBOUND);
            let at = *at as usize;
            self.code[at..at + 4].copy_from_slice(&target.wrapping_sub(*base).to_le_bytes());
        }
        &self.code[..self.at]
    }
}

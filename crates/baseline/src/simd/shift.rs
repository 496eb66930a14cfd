//! Shifts of all lanes by one amount.

use wasmparser::Operator;

use super::{AND, XOR, int};
use crate::asm::{Alu, Opcode, Xmm};
use crate::generator::Generator;
use crate::homes::{SCRATCH, VECTOR_SCRATCH};
use crate::stack::{Entry, Loc};

/// A shift instruction: by a register, and group and number of the one by a constant.
#[derive(Debug, Clone, Copy)]
struct Instruction {
    opcode: Opcode,
    group: u8,
    number: u8,
}

const fn shift(byte: u8, group: u8, number: u8) -> Instruction {
    Instruction { opcode: int(byte), group, number }
}

const LEFT_16: Instruction = shift(0xf1, 0x71, 6);
const LEFT_32: Instruction = shift(0xf2, 0x72, 6);
const LEFT_64: Instruction = shift(0xf3, 0x73, 6);
const RIGHT_16: Instruction = shift(0xd1, 0x71, 2);
const RIGHT_32: Instruction = shift(0xd2, 0x72, 2);
const RIGHT_64: Instruction = shift(0xd3, 0x73, 2);
const RIGHT_SIGNED_16: Instruction = shift(0xe1, 0x71, 4);
const RIGHT_SIGNED_32: Instruction = shift(0xe2, 0x72, 4);

const UNPACK_LOW: Opcode = int(0x60);
const UNPACK_HIGH: Opcode = int(0x68);
const PACK_SIGNED: Opcode = int(0x63);
const PACK_UNSIGNED: Opcode = int(0x67);
const SUB_64: Opcode = int(0xfb);

/// By how much, modulo the width of a lane.
#[derive(Debug, Clone, Copy)]
enum Amount {
    Const(u8),
    /// What the vector scratch register holds.
    Scratch,
}

impl Generator<'_> {
    pub(super) fn shift_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I8x16Shl => self.shift_bytes(LEFT_16, true),
            O::I8x16ShrU => self.shift_bytes(RIGHT_16, false),
            O::I8x16ShrS => self.shift_signed_bytes(),
            O::I16x8Shl => self.shift_lanes(LEFT_16, 16),
            O::I16x8ShrU => self.shift_lanes(RIGHT_16, 16),
            O::I16x8ShrS => self.shift_lanes(RIGHT_SIGNED_16, 16),
            O::I32x4Shl => self.shift_lanes(LEFT_32, 32),
            O::I32x4ShrU => self.shift_lanes(RIGHT_32, 32),
            O::I32x4ShrS => self.shift_lanes(RIGHT_SIGNED_32, 32),
            O::I64x2Shl => self.shift_lanes(LEFT_64, 64),
            O::I64x2ShrU => self.shift_lanes(RIGHT_64, 64),
            O::I64x2ShrS => self.shift_signed_64(),
            _ => return false,
        }
        true
    }

    fn amount(&mut self, entry: Entry, bits: i32) -> Amount {
        if let Loc::Const(value) = entry.loc {
            return Amount::Const((value as i32 & (bits - 1)) as u8);
        }
        self.load(SCRATCH, entry);
        self.asm.alu_imm(Alu::And, false, SCRATCH, bits - 1);
        self.asm.mov_to_xmm(false, VECTOR_SCRATCH, SCRATCH);
        Amount::Scratch
    }

    fn shift_by(&mut self, instruction: Instruction, lanes: Xmm, amount: Amount) {
        let Instruction { opcode, group, number } = instruction;
        match amount {
            Amount::Const(count) => self.asm.shift_lanes_imm(group, number, lanes, count),
            Amount::Scratch => self.asm.sse(opcode, lanes, VECTOR_SCRATCH),
        }
    }

    fn shift_lanes(&mut self, instruction: Instruction, bits: i32) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let amount = self.amount(b, bits);
        self.shift_by(instruction, to, amount);
        self.push_vector(to);
    }

    /// Shifts words, without the bits that would get from one byte to the other.
    fn shift_bytes(&mut self, instruction: Instruction, mask_first: bool) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let mask = self.alloc_xmm();
        let amount = self.amount(b, 8);
        self.asm.sse(super::EQUAL_32, mask, mask);
        self.asm.shift_lanes_imm(0x71, 2, mask, 8);
        self.shift_by(RIGHT_16, mask, amount);
        self.asm.sse(PACK_UNSIGNED, mask, mask);
        if mask_first {
            self.asm.sse(AND, to, mask);
        }
        self.shift_by(instruction, to, amount);
        if !mask_first {
            self.asm.sse(AND, to, mask);
        }
        self.push_vector(to);
    }

    /// Shifts words whose upper bytes are those to be shifted.
    fn shift_signed_bytes(&mut self) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let high = self.alloc_xmm();
        let amount = self.amount(b, 8);
        self.asm.movaps(high, to);
        self.asm.sse(UNPACK_HIGH, high, high);
        self.asm.sse(UNPACK_LOW, to, to);
        for half in [high, to] {
            self.asm.shift_lanes_imm(0x71, 4, half, 8);
            self.shift_by(RIGHT_SIGNED_16, half, amount);
        }
        self.asm.sse(PACK_SIGNED, to, high);
        self.push_vector(to);
    }

    /// Shifts as if unsigned, then extends the sign from where it has got.
    fn shift_signed_64(&mut self) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let sign = self.alloc_xmm();
        let amount = self.amount(b, 64);
        let signs: [u8; 16] = std::array::from_fn(|byte| if byte % 8 == 7 { 0x80 } else { 0 });
        let signs = self.asm.constant(&signs);
        self.asm.load_vector(sign, signs);
        self.shift_by(RIGHT_64, sign, amount);
        self.shift_by(RIGHT_64, to, amount);
        self.asm.sse(XOR, to, sign);
        self.asm.sse(SUB_64, to, sign);
        self.push_vector(to);
    }
}

//! Conversions between float lanes and integer lanes, and between widths of floats.

use wasmparser::Operator;

use super::compare::Relation;
use super::{AND, XOR, int, int38};
use crate::asm::{Opcode, op_0f, op_0f3a, packed, scalar};
use crate::generator::Generator;
use crate::homes::VECTOR_SCRATCH;

/// Truncates four floats; what does not fit becomes the smallest integer.
const TO_INTEGERS: Opcode = scalar(false, 0x5b);
const DOUBLES_TO_INTEGERS: Opcode = int(0xe6);
const FROM_INTEGERS: Opcode = op_0f(0, 0x5b);
const DOUBLES_FROM_INTEGERS: Opcode = op_0f(0xf3, 0xe6);
const MIN: u8 = 0x5d;
const MAX: u8 = 0x5f;
const ADD: u8 = 0x58;
const SUB: u8 = 0x5c;
const COMPARE: u8 = 0xc2;
const TRUNC: u8 = 11;
/// 2^31 as a float of 32 bits.
const TWO_31: u64 = 0x4f00_0000;
/// 2^52 as a float of 64 bits: its lower half is an integer.
const TWO_52: u64 = 0x4330_0000_0000_0000;

impl Generator<'_> {
    pub(super) fn convert_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32x4TruncSatF32x4S => self.truncate_lanes(),
            O::I32x4TruncSatF32x4U => self.truncate_lanes_unsigned(),
            O::I32x4TruncSatF64x2SZero => self.truncate_doubles(),
            O::I32x4TruncSatF64x2UZero => self.truncate_doubles_unsigned(),
            O::F32x4ConvertI32x4S => self.vector_unary(FROM_INTEGERS),
            O::F32x4ConvertI32x4U => self.convert_unsigned(),
            O::F64x2ConvertLowI32x4S => self.vector_unary(DOUBLES_FROM_INTEGERS),
            O::F64x2ConvertLowI32x4U => self.convert_low_unsigned(),
            O::F32x4DemoteF64x2Zero => self.change_width_of_lanes(int(0x5a), false),
            O::F64x2PromoteLowF32x4 => self.change_width_of_lanes(op_0f(0, 0x5a), true),
            _ => return false,
        }
        true
    }

    fn change_width_of_lanes(&mut self, opcode: Opcode, double: bool) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc_xmm_over(a);
        self.asm.sse(opcode, to, from);
        self.push_lanes(double, to);
    }

    /// NaNs become zero; of what is too large, all bits are flipped afterwards.
    fn truncate_lanes(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.movaps(VECTOR_SCRATCH, to);
        self.asm.sse_imm(packed(false, COMPARE), VECTOR_SCRATCH, VECTOR_SCRATCH, Relation::Equal as u8);
        self.asm.sse(AND, to, VECTOR_SCRATCH);
        let limit = self.lanes_of(false, TWO_31);
        self.asm.load_vector(VECTOR_SCRATCH, limit);
        self.asm.sse_imm(packed(false, COMPARE), VECTOR_SCRATCH, to, Relation::LessEqual as u8);
        self.asm.sse(TO_INTEGERS, to, to);
        self.asm.sse(XOR, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }

    /// What lies above 2^31 is truncated by itself and added.
    fn truncate_lanes_unsigned(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let above = self.alloc_xmm();
        // NaNs and negative numbers become zero.
        self.asm.zero_xmm(VECTOR_SCRATCH);
        self.asm.sse(packed(false, MAX), to, VECTOR_SCRATCH);
        let limit = self.lanes_of(false, TWO_31);
        self.asm.load_vector(VECTOR_SCRATCH, limit);
        self.asm.movaps(above, to);
        self.asm.sse(packed(false, SUB), above, VECTOR_SCRATCH);
        self.asm.sse_imm(packed(false, COMPARE), VECTOR_SCRATCH, above, Relation::LessEqual as u8);
        self.asm.sse(TO_INTEGERS, above, above);
        self.asm.sse(XOR, above, VECTOR_SCRATCH);
        self.asm.zero_xmm(VECTOR_SCRATCH);
        self.asm.sse(int38(0x3d), above, VECTOR_SCRATCH);
        self.asm.sse(TO_INTEGERS, to, to);
        self.asm.sse(int(0xfe), to, above);
        self.push_vector(to);
    }

    /// Limited to what fits first; NaNs become the other operand of the minimum, which is zero there.
    fn truncate_doubles(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.movaps(VECTOR_SCRATCH, to);
        self.asm.sse_imm(packed(true, COMPARE), VECTOR_SCRATCH, VECTOR_SCRATCH, Relation::Equal as u8);
        let largest = self.lanes_of(true, f64::from(i32::MAX).to_bits());
        self.asm.sse(AND, VECTOR_SCRATCH, largest);
        self.asm.sse(packed(true, MIN), to, VECTOR_SCRATCH);
        self.asm.sse(DOUBLES_TO_INTEGERS, to, to);
        self.push_vector(to);
    }

    /// Added to 2^52, a number is the lower half of the sum.
    fn truncate_doubles_unsigned(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.zero_xmm(VECTOR_SCRATCH);
        self.asm.sse(packed(true, MAX), to, VECTOR_SCRATCH);
        let largest = self.lanes_of(true, f64::from(u32::MAX).to_bits());
        self.asm.sse(packed(true, MIN), to, largest);
        self.asm.sse_imm(op_0f3a(0x66, 0x09), to, to, TRUNC);
        let two_52 = self.lanes_of(true, TWO_52);
        self.asm.sse(packed(true, ADD), to, two_52);
        // The lower halves, then zeros.
        self.asm.sse_imm(op_0f(0, 0xc6), to, VECTOR_SCRATCH, 0b10_00_10_00);
        self.push_vector(to);
    }

    /// In two parts: the lower 16 bits, and half of the rest, which is exact when doubled.
    fn convert_unsigned(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.movaps(VECTOR_SCRATCH, to);
        self.asm.shift_lanes_imm(0x72, 6, VECTOR_SCRATCH, 16);
        self.asm.shift_lanes_imm(0x72, 2, VECTOR_SCRATCH, 16);
        self.asm.sse(int(0xfa), to, VECTOR_SCRATCH);
        self.asm.sse(FROM_INTEGERS, VECTOR_SCRATCH, VECTOR_SCRATCH);
        self.asm.shift_lanes_imm(0x72, 2, to, 1);
        self.asm.sse(FROM_INTEGERS, to, to);
        self.asm.sse(packed(false, ADD), to, to);
        self.asm.sse(packed(false, ADD), to, VECTOR_SCRATCH);
        self.push_vector(to);
    }

    /// Put below the upper half of 2^52, which is then taken away.
    fn convert_low_unsigned(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let upper = self.lanes_of(false, TWO_52 >> 32);
        self.asm.sse(int(0x62), to, upper);
        let two_52 = self.lanes_of(true, TWO_52);
        self.asm.sse(packed(true, SUB), to, two_52);
        self.push_vector(to);
    }
}

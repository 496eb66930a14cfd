//! Arithmetic on float lanes.

use wasmparser::Operator;

use super::compare::Relation;
use super::{AND, AND_NOT, OR, XOR};
use crate::asm::{Mem, Xmm, op_0f3a, packed};
use crate::generator::Generator;
use crate::homes::VECTOR_SCRATCH;

/// Opcode bytes.
const SQRT: u8 = 0x51;
const ADD: u8 = 0x58;
const MUL: u8 = 0x59;
const SUB: u8 = 0x5c;
const MIN: u8 = 0x5d;
const DIV: u8 = 0x5e;
const MAX: u8 = 0x5f;
const COMPARE: u8 = 0xc2;

impl Generator<'_> {
    pub(super) fn float_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::F32x4Add => self.float_lanes(false, ADD),
            O::F64x2Add => self.float_lanes(true, ADD),
            O::F32x4Sub => self.float_lanes(false, SUB),
            O::F64x2Sub => self.float_lanes(true, SUB),
            O::F32x4Mul => self.float_lanes(false, MUL),
            O::F64x2Mul => self.float_lanes(true, MUL),
            O::F32x4Div => self.float_lanes(false, DIV),
            O::F64x2Div => self.float_lanes(true, DIV),
            O::F32x4Sqrt => self.square_roots(false),
            O::F64x2Sqrt => self.square_roots(true),
            O::F32x4Min => self.smaller_lanes(false),
            O::F64x2Min => self.smaller_lanes(true),
            O::F32x4Max => self.larger_lanes(false),
            O::F64x2Max => self.larger_lanes(true),
            // The processor's own take the second operand when they are equal or one is a NaN: here the first.
            O::F32x4PMin => self.vector_binary_reversed(packed(false, MIN)),
            O::F64x2PMin => self.vector_binary_reversed(packed(true, MIN)),
            O::F32x4PMax => self.vector_binary_reversed(packed(false, MAX)),
            O::F64x2PMax => self.vector_binary_reversed(packed(true, MAX)),
            O::F32x4Nearest => self.round_lanes(false, 8),
            O::F64x2Nearest => self.round_lanes(true, 8),
            O::F32x4Floor => self.round_lanes(false, 9),
            O::F64x2Floor => self.round_lanes(true, 9),
            O::F32x4Ceil => self.round_lanes(false, 10),
            O::F64x2Ceil => self.round_lanes(true, 10),
            O::F32x4Trunc => self.round_lanes(false, 11),
            O::F64x2Trunc => self.round_lanes(true, 11),
            O::F32x4Abs => self.clear_signs(false),
            O::F64x2Abs => self.clear_signs(true),
            O::F32x4Neg => self.flip_signs(false),
            O::F64x2Neg => self.flip_signs(true),
            _ => return false,
        }
        true
    }

    /// The same bits in each lane, behind the code.
    pub(super) fn lanes_of(&mut self, double: bool, bits: u64) -> Mem {
        let bytes: [u8; 16] = match double {
            true => std::array::from_fn(|byte| bits.to_le_bytes()[byte % 8]),
            false => std::array::from_fn(|byte| bits.to_le_bytes()[byte % 4]),
        };
        self.asm.constant(&bytes)
    }

    fn float_lanes(&mut self, double: bool, opcode: u8) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let from = self.in_xmm(b);
        self.asm.sse(packed(double, opcode), to, from);
        self.push_lanes(double, to);
    }

    fn square_roots(&mut self, double: bool) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc_xmm_over(a);
        self.asm.sse(packed(double, SQRT), to, from);
        self.push_lanes(double, to);
    }

    fn round_lanes(&mut self, double: bool, mode: u8) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc_xmm_over(a);
        self.asm.sse_imm(op_0f3a(0x66, 0x08 | u8::from(double)), to, from, mode);
        self.push_lanes(double, to);
    }

    fn clear_signs(&mut self, double: bool) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let others = self.lanes_of(double, if double { i64::MAX as u64 } else { i32::MAX as u64 });
        self.asm.sse(AND, to, others);
        self.push_vector(to);
    }

    fn flip_signs(&mut self, double: bool) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let signs = self.lanes_of(double, if double { 1 << 63 } else { 1 << 31 });
        self.asm.sse(XOR, to, signs);
        self.push_vector(to);
    }

    /// Both orders of operands: their first registers, in `to` and the scratch register.
    fn both_extrema(&mut self, double: bool, opcode: u8) -> Xmm {
        let (a, b) = self.pop2();
        let left = self.in_xmm(a);
        let to = self.in_own_xmm(b);
        self.asm.movaps(VECTOR_SCRATCH, left);
        self.asm.sse(packed(double, opcode), VECTOR_SCRATCH, to);
        self.asm.sse(packed(double, opcode), to, left);
        to
    }

    /// The orders differ where there is a NaN or zeros of both signs; combined, they are a NaN or the negative zero.
    fn smaller_lanes(&mut self, double: bool) {
        let to = self.both_extrema(double, MIN);
        self.asm.sse(OR, VECTOR_SCRATCH, to);
        self.quiet(double, to);
    }

    /// As above, but the positive zero is what is left when the difference is taken away.
    fn larger_lanes(&mut self, double: bool) {
        let to = self.both_extrema(double, MAX);
        self.asm.sse(XOR, to, VECTOR_SCRATCH);
        self.asm.sse(OR, VECTOR_SCRATCH, to);
        self.asm.sse(packed(double, SUB), VECTOR_SCRATCH, to);
        self.quiet(double, to);
    }

    /// Pushes what the scratch register holds, with NaNs, which `to` may have too, without a payload.
    fn quiet(&mut self, double: bool, to: Xmm) {
        self.asm.sse_imm(packed(double, COMPARE), to, VECTOR_SCRATCH, Relation::Unordered as u8);
        self.asm.sse(OR, VECTOR_SCRATCH, to);
        // All of a NaN but sign, exponent and the first bit.
        let (group, count) = if double { (0x73, 13) } else { (0x72, 10) };
        self.asm.shift_lanes_imm(group, 2, to, count);
        self.asm.sse(AND_NOT, to, VECTOR_SCRATCH);
        self.push_lanes(double, to);
    }

    /// Pushes what arithmetic has made: NaNs are canonical where results must not depend on the processor.
    pub(super) fn push_lanes(&mut self, double: bool, reg: Xmm) {
        if !self.env.deterministic {
            return self.push_vector(reg);
        }
        let to = self.alloc_xmm();
        let canonical = self.lanes_of(double, if double { 0x7ff8 << 48 } else { 0x7fc0 << 16 });
        self.asm.movaps(VECTOR_SCRATCH, reg);
        self.asm.sse_imm(packed(double, COMPARE), VECTOR_SCRATCH, reg, Relation::Unordered as u8);
        self.asm.movaps(to, VECTOR_SCRATCH);
        self.asm.sse(AND_NOT, to, reg);
        self.asm.sse(AND, VECTOR_SCRATCH, canonical);
        self.asm.sse(OR, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }
}

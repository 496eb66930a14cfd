//! Vectors: dispatch, bitwise operators, and what the families share.
//!
//! [`lanes`] moves lanes, [`integer`], [`compare`], [`shift`] and [`float`] calculate, [`convert`] does between both, and
//! [`memory`] accesses memory. All of it needs SSE4.2. Multiplying with one rounding is left to the other compiler.

mod compare;
mod convert;
mod float;
mod integer;
mod lanes;
mod memory;
mod shift;

use wasmparser::Operator;

use crate::asm::{Cc, Opcode, Xmm, op_0f, op_0f38};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::VECTOR_SCRATCH;
use crate::stack::{Condition, Entry, Loc};

/// An instruction on integer lanes.
const fn int(byte: u8) -> Opcode {
    op_0f(0x66, byte)
}

/// One of a later map.
const fn int38(byte: u8) -> Opcode {
    op_0f38(0x66, byte)
}

const AND: Opcode = int(0xdb);
const AND_NOT: Opcode = int(0xdf);
const OR: Opcode = int(0xeb);
const XOR: Opcode = int(0xef);
const TEST: Opcode = int38(0x17);
const EQUAL_32: Opcode = int(0x76);

/// `pshufd`'s pattern that takes the upper half.
const UPPER: u8 = 0b11_10_11_10;

impl Generator<'_> {
    pub fn simd_operator(&mut self, op: &Operator<'_>) -> bool {
        self.env.features.sse4
            && (self.vector_memory_operator(op)
                || self.lane_operator(op)
                || self.bitwise_vector_operator(op)
                || self.compare_vector_operator(op)
                || self.integer_vector_operator(op)
                || self.shift_vector_operator(op)
                || self.float_vector_operator(op)
                || self.convert_vector_operator(op)
                || self.relaxed_vector_operator(op))
    }

    fn bitwise_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::V128Not => {
                let a = self.pop();
                let to = self.in_own_xmm(a);
                self.invert(to);
                self.push_vector(to);
            }
            O::V128And => self.vector_binary(AND),
            O::V128Or => self.vector_binary(OR),
            O::V128Xor => self.vector_binary(XOR),
            O::V128AndNot => self.vector_binary_reversed(AND_NOT),
            O::V128Bitselect => self.bitselect(),
            O::V128AnyTrue => {
                let a = self.pop();
                let a = self.in_xmm(a);
                self.asm.sse(TEST, a, a);
                self.push(Ty::I32, Loc::Flags(Condition::Is(Cc::NotEqual)));
            }
            _ => return false,
        }
        true
    }

    /// Those whose strict forms are as fast as any other choice, as in optimised code.
    fn relaxed_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        let strict = match op {
            O::I8x16RelaxedSwizzle => O::I8x16Swizzle,
            O::I32x4RelaxedTruncF32x4S => O::I32x4TruncSatF32x4S,
            O::I32x4RelaxedTruncF32x4U => O::I32x4TruncSatF32x4U,
            O::I32x4RelaxedTruncF64x2SZero => O::I32x4TruncSatF64x2SZero,
            O::I32x4RelaxedTruncF64x2UZero => O::I32x4TruncSatF64x2UZero,
            O::I8x16RelaxedLaneselect
            | O::I16x8RelaxedLaneselect
            | O::I32x4RelaxedLaneselect
            | O::I64x2RelaxedLaneselect => O::V128Bitselect,
            O::F32x4RelaxedMin => O::F32x4Min,
            O::F32x4RelaxedMax => O::F32x4Max,
            O::F64x2RelaxedMin => O::F64x2Min,
            O::F64x2RelaxedMax => O::F64x2Max,
            O::I16x8RelaxedQ15mulrS => O::I16x8Q15MulrSatS,
            _ => return false,
        };
        self.lane_operator(&strict)
            || self.bitwise_vector_operator(&strict)
            || self.integer_vector_operator(&strict)
            || self.float_vector_operator(&strict)
            || self.convert_vector_operator(&strict)
    }

    // What the families share

    fn push_vector(&mut self, reg: Xmm) {
        self.push_xmm(Ty::V128, reg);
    }

    /// A register for what is made of an operand: its own, if nobody else needs it.
    fn alloc_xmm_over(&mut self, entry: Entry) -> Xmm {
        match entry.loc {
            Loc::Xmm(reg) => reg,
            _ => self.alloc_xmm(),
        }
    }

    /// An instruction that only reads its operand.
    fn vector_unary(&mut self, opcode: Opcode) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc_xmm_over(a);
        self.asm.sse(opcode, to, from);
        self.push_vector(to);
    }

    /// An instruction that works on its first operand.
    fn vector_binary(&mut self, opcode: Opcode) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let from = self.in_xmm(b);
        self.asm.sse(opcode, to, from);
        self.push_vector(to);
    }

    /// The same with operands exchanged.
    fn vector_binary_reversed(&mut self, opcode: Opcode) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(b);
        let from = self.in_xmm(a);
        self.asm.sse(opcode, to, from);
        self.push_vector(to);
    }

    /// Sets all bits of the scratch register.
    fn ones(&mut self) {
        self.asm.sse(EQUAL_32, VECTOR_SCRATCH, VECTOR_SCRATCH);
    }

    fn invert(&mut self, reg: Xmm) {
        self.ones();
        self.asm.sse(XOR, reg, VECTOR_SCRATCH);
    }

    /// Of each bit, the first operand's where the third has one, else the second's.
    fn bitselect(&mut self) {
        let mask = self.pop();
        let (a, b) = self.pop2();
        let (to, other) = (self.in_own_xmm(a), self.in_xmm(b));
        let mask = self.in_xmm(mask);
        self.asm.sse(XOR, to, other);
        self.asm.sse(AND, to, mask);
        self.asm.sse(XOR, to, other);
        self.push_vector(to);
    }
}

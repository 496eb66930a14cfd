//! Comparisons of lanes, whose results are all ones or all zeros in each.

use wasmparser::Operator;

use super::{EQUAL_32, int, int38};
use crate::asm::{Opcode, packed};
use crate::generator::Generator;

const EQUAL_8: Opcode = int(0x74);
const EQUAL_16: Opcode = int(0x75);
const EQUAL_64: Opcode = int38(0x29);
const GREATER_8: Opcode = int(0x64);
const GREATER_16: Opcode = int(0x65);
const GREATER_32: Opcode = int(0x66);
const GREATER_64: Opcode = int38(0x37);
const MIN_UNSIGNED_8: Opcode = int(0xda);
const MAX_UNSIGNED_8: Opcode = int(0xde);
const MIN_UNSIGNED_16: Opcode = int38(0x3a);
const MAX_UNSIGNED_16: Opcode = int38(0x3e);
const MIN_UNSIGNED_32: Opcode = int38(0x3b);
const MAX_UNSIGNED_32: Opcode = int38(0x3f);

/// What the processor compares floats for. None is true of a NaN but `Different`.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Relation {
    Equal = 0,
    Less = 1,
    LessEqual = 2,
    Unordered = 3,
    Different = 4,
}

impl Generator<'_> {
    pub(super) fn compare_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        self.compare_signed_lanes(op) || self.compare_unsigned_lanes(op) || self.compare_float_lanes(op)
    }

    fn compare_signed_lanes(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I8x16Eq => self.vector_binary(EQUAL_8),
            O::I16x8Eq => self.vector_binary(EQUAL_16),
            O::I32x4Eq => self.vector_binary(EQUAL_32),
            O::I64x2Eq => self.vector_binary(EQUAL_64),
            O::I8x16Ne => self.inverted(EQUAL_8, false),
            O::I16x8Ne => self.inverted(EQUAL_16, false),
            O::I32x4Ne => self.inverted(EQUAL_32, false),
            O::I64x2Ne => self.inverted(EQUAL_64, false),
            O::I8x16GtS => self.vector_binary(GREATER_8),
            O::I16x8GtS => self.vector_binary(GREATER_16),
            O::I32x4GtS => self.vector_binary(GREATER_32),
            O::I64x2GtS => self.vector_binary(GREATER_64),
            O::I8x16LtS => self.vector_binary_reversed(GREATER_8),
            O::I16x8LtS => self.vector_binary_reversed(GREATER_16),
            O::I32x4LtS => self.vector_binary_reversed(GREATER_32),
            O::I64x2LtS => self.vector_binary_reversed(GREATER_64),
            O::I8x16LeS => self.inverted(GREATER_8, false),
            O::I16x8LeS => self.inverted(GREATER_16, false),
            O::I32x4LeS => self.inverted(GREATER_32, false),
            O::I64x2LeS => self.inverted(GREATER_64, false),
            O::I8x16GeS => self.inverted(GREATER_8, true),
            O::I16x8GeS => self.inverted(GREATER_16, true),
            O::I32x4GeS => self.inverted(GREATER_32, true),
            O::I64x2GeS => self.inverted(GREATER_64, true),
            _ => return false,
        }
        true
    }

    /// The first number is the smaller one if it is their minimum and they differ, and so on.
    fn compare_unsigned_lanes(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        let (extremum, equal, invert) = match op {
            O::I8x16LeU => (MIN_UNSIGNED_8, EQUAL_8, false),
            O::I8x16GeU => (MAX_UNSIGNED_8, EQUAL_8, false),
            O::I8x16GtU => (MIN_UNSIGNED_8, EQUAL_8, true),
            O::I8x16LtU => (MAX_UNSIGNED_8, EQUAL_8, true),
            O::I16x8LeU => (MIN_UNSIGNED_16, EQUAL_16, false),
            O::I16x8GeU => (MAX_UNSIGNED_16, EQUAL_16, false),
            O::I16x8GtU => (MIN_UNSIGNED_16, EQUAL_16, true),
            O::I16x8LtU => (MAX_UNSIGNED_16, EQUAL_16, true),
            O::I32x4LeU => (MIN_UNSIGNED_32, EQUAL_32, false),
            O::I32x4GeU => (MAX_UNSIGNED_32, EQUAL_32, false),
            O::I32x4GtU => (MIN_UNSIGNED_32, EQUAL_32, true),
            O::I32x4LtU => (MAX_UNSIGNED_32, EQUAL_32, true),
            _ => return false,
        };
        let (a, b) = self.pop2();
        let left = self.in_xmm(a);
        let to = self.in_own_xmm(b);
        self.asm.sse(extremum, to, left);
        self.asm.sse(equal, to, left);
        if invert {
            self.invert(to);
        }
        self.push_vector(to);
        true
    }

    fn inverted(&mut self, opcode: Opcode, reversed: bool) {
        let (a, b) = self.pop2();
        let (a, b) = if reversed { (b, a) } else { (a, b) };
        let to = self.in_own_xmm(a);
        let from = self.in_xmm(b);
        self.asm.sse(opcode, to, from);
        self.invert(to);
        self.push_vector(to);
    }

    fn compare_float_lanes(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        let (double, relation, reversed) = match op {
            O::F32x4Eq => (false, Relation::Equal, false),
            O::F32x4Ne => (false, Relation::Different, false),
            O::F32x4Lt => (false, Relation::Less, false),
            O::F32x4Gt => (false, Relation::Less, true),
            O::F32x4Le => (false, Relation::LessEqual, false),
            O::F32x4Ge => (false, Relation::LessEqual, true),
            O::F64x2Eq => (true, Relation::Equal, false),
            O::F64x2Ne => (true, Relation::Different, false),
            O::F64x2Lt => (true, Relation::Less, false),
            O::F64x2Gt => (true, Relation::Less, true),
            O::F64x2Le => (true, Relation::LessEqual, false),
            O::F64x2Ge => (true, Relation::LessEqual, true),
            _ => return false,
        };
        let (a, b) = self.pop2();
        let (a, b) = if reversed { (b, a) } else { (a, b) };
        let to = self.in_own_xmm(a);
        let from = self.in_xmm(b);
        self.asm.sse_imm(packed(double, 0xc2), to, from, relation as u8);
        self.push_vector(to);
        true
    }
}

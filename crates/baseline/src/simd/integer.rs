//! Arithmetic on integer lanes.

use wasmparser::Operator;

use super::{AND, EQUAL_32, TEST, UPPER, XOR, int, int38};
use crate::asm::{Alu, Cc, Mem, Opcode, op_0f};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::VECTOR_SCRATCH;
use crate::stack::{Condition, Loc};

const SHUFFLE_32: Opcode = int(0x70);
const SHUFFLE_BYTES: Opcode = int38(0x00);
const ADD_8: Opcode = int(0xfc);
const ADD_32: Opcode = int(0xfe);
const ADD_64: Opcode = int(0xd4);
const SUB_8: Opcode = int(0xf8);
const SUB_16: Opcode = int(0xf9);
const SUB_32: Opcode = int(0xfa);
const SUB_64: Opcode = int(0xfb);
const MUL_16: Opcode = int(0xd5);
const MUL_32: Opcode = int38(0x40);
/// The even lanes of 32 bits to 64.
const MUL_EVEN_SIGNED: Opcode = int38(0x28);
const MUL_EVEN_UNSIGNED: Opcode = int(0xf4);
/// Sums of adjacent products.
const MUL_ADD_16: Opcode = int(0xf5);
/// The same of unsigned bytes with signed ones.
const MUL_ADD_8: Opcode = int38(0x04);
const GREATER_64: Opcode = int38(0x37);
const EQUAL_8: Opcode = int(0x74);
const EQUAL_16: Opcode = int(0x75);
const EQUAL_64: Opcode = int38(0x29);
const PACK_SIGNED_16: Opcode = int(0x63);
/// `pmovsx` and `pmovzx`: from 8 to 16 bits, 16 to 32, 32 to 64.
const SIGNED: [Opcode; 3] = [int38(0x20), int38(0x23), int38(0x25)];
const UNSIGNED: [Opcode; 3] = [int38(0x30), int38(0x33), int38(0x35)];

impl Generator<'_> {
    pub(super) fn integer_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        self.plain_operator(op) || self.widening_operator(op) || self.composed_operator(op)
    }

    /// Those that are an instruction.
    fn plain_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        let opcode = match op {
            O::I8x16Add => ADD_8,
            O::I16x8Add => int(0xfd),
            O::I32x4Add => ADD_32,
            O::I64x2Add => ADD_64,
            O::I8x16Sub => SUB_8,
            O::I16x8Sub => SUB_16,
            O::I32x4Sub => SUB_32,
            O::I64x2Sub => SUB_64,
            O::I8x16AddSatS => int(0xec),
            O::I8x16AddSatU => int(0xdc),
            O::I16x8AddSatS => int(0xed),
            O::I16x8AddSatU => int(0xdd),
            O::I8x16SubSatS => int(0xe8),
            O::I8x16SubSatU => int(0xd8),
            O::I16x8SubSatS => int(0xe9),
            O::I16x8SubSatU => int(0xd9),
            O::I8x16MinS => int38(0x38),
            O::I8x16MinU => int(0xda),
            O::I8x16MaxS => int38(0x3c),
            O::I8x16MaxU => int(0xde),
            O::I16x8MinS => int(0xea),
            O::I16x8MinU => int38(0x3a),
            O::I16x8MaxS => int(0xee),
            O::I16x8MaxU => int38(0x3e),
            O::I32x4MinS => int38(0x39),
            O::I32x4MinU => int38(0x3b),
            O::I32x4MaxS => int38(0x3d),
            O::I32x4MaxU => int38(0x3f),
            O::I8x16AvgrU => int(0xe0),
            O::I16x8AvgrU => int(0xe3),
            O::I16x8Mul => MUL_16,
            O::I32x4Mul => MUL_32,
            O::I32x4DotI16x8S => MUL_ADD_16,
            O::I8x16NarrowI16x8S => PACK_SIGNED_16,
            O::I8x16NarrowI16x8U => int(0x67),
            O::I16x8NarrowI32x4S => int(0x6b),
            O::I16x8NarrowI32x4U => int38(0x2b),
            _ => return false,
        };
        self.vector_binary(opcode);
        true
    }

    /// Those whose results have wider lanes.
    fn widening_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I16x8ExtendLowI8x16S => self.vector_unary(SIGNED[0]),
            O::I16x8ExtendLowI8x16U => self.vector_unary(UNSIGNED[0]),
            O::I32x4ExtendLowI16x8S => self.vector_unary(SIGNED[1]),
            O::I32x4ExtendLowI16x8U => self.vector_unary(UNSIGNED[1]),
            O::I64x2ExtendLowI32x4S => self.vector_unary(SIGNED[2]),
            O::I64x2ExtendLowI32x4U => self.vector_unary(UNSIGNED[2]),
            O::I16x8ExtendHighI8x16S => self.extend_high(SIGNED[0]),
            O::I16x8ExtendHighI8x16U => self.extend_high(UNSIGNED[0]),
            O::I32x4ExtendHighI16x8S => self.extend_high(SIGNED[1]),
            O::I32x4ExtendHighI16x8U => self.extend_high(UNSIGNED[1]),
            O::I64x2ExtendHighI32x4S => self.extend_high(SIGNED[2]),
            O::I64x2ExtendHighI32x4U => self.extend_high(UNSIGNED[2]),
            O::I16x8ExtMulLowI8x16S => self.multiply_widened(SIGNED[0], MUL_16, false),
            O::I16x8ExtMulLowI8x16U => self.multiply_widened(UNSIGNED[0], MUL_16, false),
            O::I16x8ExtMulHighI8x16S => self.multiply_widened(SIGNED[0], MUL_16, true),
            O::I16x8ExtMulHighI8x16U => self.multiply_widened(UNSIGNED[0], MUL_16, true),
            O::I32x4ExtMulLowI16x8S => self.multiply_widened(SIGNED[1], MUL_32, false),
            O::I32x4ExtMulLowI16x8U => self.multiply_widened(UNSIGNED[1], MUL_32, false),
            O::I32x4ExtMulHighI16x8S => self.multiply_widened(SIGNED[1], MUL_32, true),
            O::I32x4ExtMulHighI16x8U => self.multiply_widened(UNSIGNED[1], MUL_32, true),
            O::I64x2ExtMulLowI32x4S => self.multiply_widened(SIGNED[2], MUL_EVEN_SIGNED, false),
            O::I64x2ExtMulLowI32x4U => self.multiply_widened(UNSIGNED[2], MUL_EVEN_UNSIGNED, false),
            O::I64x2ExtMulHighI32x4S => self.multiply_widened(SIGNED[2], MUL_EVEN_SIGNED, true),
            O::I64x2ExtMulHighI32x4U => self.multiply_widened(UNSIGNED[2], MUL_EVEN_UNSIGNED, true),
            O::I16x8ExtAddPairwiseI8x16S => self.add_pairs_of_signed_bytes(),
            O::I16x8ExtAddPairwiseI8x16U => self.with_bytes(MUL_ADD_8, 0x01),
            O::I32x4ExtAddPairwiseI16x8S => self.add_pairs_of_signed_words(),
            O::I32x4ExtAddPairwiseI16x8U => self.add_pairs_of_words(),
            _ => return false,
        }
        true
    }

    fn composed_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I8x16Neg => self.negate_lanes(SUB_8),
            O::I16x8Neg => self.negate_lanes(SUB_16),
            O::I32x4Neg => self.negate_lanes(SUB_32),
            O::I64x2Neg => self.negate_lanes(SUB_64),
            O::I8x16Abs => self.vector_unary(int38(0x1c)),
            O::I16x8Abs => self.vector_unary(int38(0x1d)),
            O::I32x4Abs => self.vector_unary(int38(0x1e)),
            O::I64x2Abs => self.absolute_64(),
            O::I64x2Mul => self.multiply_64(),
            O::I8x16Popcnt => self.population_of_lanes(),
            O::I16x8Q15MulrSatS => self.multiply_fractions(),
            O::I8x16AllTrue => self.all_true(EQUAL_8),
            O::I16x8AllTrue => self.all_true(EQUAL_16),
            O::I32x4AllTrue => self.all_true(EQUAL_32),
            O::I64x2AllTrue => self.all_true(EQUAL_64),
            O::I8x16Bitmask => self.bitmask(int(0xd7)),
            O::I16x8Bitmask => self.bitmask_16(),
            O::I32x4Bitmask => self.bitmask(op_0f(0, 0x50)),
            O::I64x2Bitmask => self.bitmask(int(0x50)),
            _ => return false,
        }
        true
    }

    /// Sixteen times the same byte, behind the code.
    pub(super) fn bytes(&mut self, byte: u8) -> Mem {
        self.asm.constant(&[byte; 16])
    }

    /// An instruction whose second operand is the same byte everywhere.
    fn with_bytes(&mut self, opcode: Opcode, byte: u8) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let bytes = self.bytes(byte);
        self.asm.sse(opcode, to, bytes);
        self.push_vector(to);
    }

    fn negate_lanes(&mut self, subtract: Opcode) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc_xmm();
        self.asm.zero_xmm(to);
        self.asm.sse(subtract, to, from);
        self.push_vector(to);
    }

    /// Flips all bits and adds one, where the number is negative.
    fn absolute_64(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.zero_xmm(VECTOR_SCRATCH);
        self.asm.sse(GREATER_64, VECTOR_SCRATCH, to);
        self.asm.sse(XOR, to, VECTOR_SCRATCH);
        self.asm.sse(SUB_64, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }

    /// Of halves: the products of different ones, shifted, and that of the lower ones.
    fn multiply_64(&mut self) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let other = self.in_xmm(b);
        let crossed = self.alloc_xmm();
        self.asm.movaps(crossed, to);
        self.asm.shift_lanes_imm(0x73, 2, crossed, 32);
        self.asm.sse(MUL_EVEN_UNSIGNED, crossed, other);
        self.asm.movaps(VECTOR_SCRATCH, other);
        self.asm.shift_lanes_imm(0x73, 2, VECTOR_SCRATCH, 32);
        self.asm.sse(MUL_EVEN_UNSIGNED, VECTOR_SCRATCH, to);
        self.asm.sse(ADD_64, crossed, VECTOR_SCRATCH);
        self.asm.shift_lanes_imm(0x73, 6, crossed, 32);
        self.asm.sse(MUL_EVEN_UNSIGNED, to, other);
        self.asm.sse(ADD_64, to, crossed);
        self.push_vector(to);
    }

    /// Looks up both halves of each byte.
    fn population_of_lanes(&mut self) {
        let a = self.pop();
        let high = self.in_own_xmm(a);
        let sum = self.alloc_xmm();
        let halves = self.bytes(0x0f);
        let counts: [u8; 16] = std::array::from_fn(|half| half.count_ones() as u8);
        let counts = self.asm.constant(&counts);
        self.asm.movaps(VECTOR_SCRATCH, high);
        self.asm.sse(AND, VECTOR_SCRATCH, halves);
        self.asm.shift_lanes_imm(0x71, 2, high, 4);
        self.asm.sse(AND, high, halves);
        self.asm.load_vector(sum, counts);
        self.asm.sse(SHUFFLE_BYTES, sum, high);
        self.asm.load_vector(high, counts);
        self.asm.sse(SHUFFLE_BYTES, high, VECTOR_SCRATCH);
        self.asm.sse(ADD_8, sum, high);
        self.push_vector(sum);
    }

    /// The smallest number times itself is what does not fit: it becomes the largest.
    fn multiply_fractions(&mut self) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let other = self.in_xmm(b);
        self.asm.sse(int38(0x0b), to, other);
        let smallest: [u8; 16] = std::array::from_fn(|byte| if byte % 2 == 1 { 0x80 } else { 0 });
        let smallest = self.asm.constant(&smallest);
        self.asm.load_vector(VECTOR_SCRATCH, smallest);
        self.asm.sse(EQUAL_16, VECTOR_SCRATCH, to);
        self.asm.sse(XOR, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }

    // Wider lanes

    fn extend_high(&mut self, widen: Opcode) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc_xmm_over(a);
        self.asm.sse_imm(SHUFFLE_32, to, from, UPPER);
        self.asm.sse(widen, to, to);
        self.push_vector(to);
    }

    fn multiply_widened(&mut self, widen: Opcode, multiply: Opcode, high: bool) {
        let (a, b) = self.pop2();
        let (left, right) = (self.in_xmm(a), self.in_xmm(b));
        let to = self.alloc_xmm();
        for (to, from) in [(to, left), (VECTOR_SCRATCH, right)] {
            if high {
                self.asm.sse_imm(SHUFFLE_32, to, from, UPPER);
                self.asm.sse(widen, to, to);
            } else {
                self.asm.sse(widen, to, from);
            }
        }
        self.asm.sse(multiply, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }

    fn add_pairs_of_signed_bytes(&mut self) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc_xmm();
        let ones = self.bytes(0x01);
        self.asm.load_vector(to, ones);
        self.asm.sse(MUL_ADD_8, to, from);
        self.push_vector(to);
    }

    fn add_pairs_of_signed_words(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let ones: [u8; 16] = std::array::from_fn(|byte| u8::from(byte % 2 == 0));
        let ones = self.asm.constant(&ones);
        self.asm.sse(MUL_ADD_16, to, ones);
        self.push_vector(to);
    }

    fn add_pairs_of_words(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.movaps(VECTOR_SCRATCH, to);
        self.asm.shift_lanes_imm(0x72, 2, VECTOR_SCRATCH, 16);
        let low: [u8; 16] = std::array::from_fn(|byte| if byte % 4 < 2 { 0xff } else { 0 });
        let low = self.asm.constant(&low);
        self.asm.sse(AND, to, low);
        self.asm.sse(ADD_32, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }

    // To integers

    fn all_true(&mut self, equal: Opcode) {
        let a = self.pop();
        let from = self.in_xmm(a);
        self.asm.zero_xmm(VECTOR_SCRATCH);
        self.asm.sse(equal, VECTOR_SCRATCH, from);
        self.asm.sse(TEST, VECTOR_SCRATCH, VECTOR_SCRATCH);
        self.push(Ty::I32, Loc::Flags(Condition::Is(Cc::Equal)));
    }

    fn bitmask(&mut self, opcode: Opcode) {
        let a = self.pop();
        let from = self.in_xmm(a);
        let to = self.alloc();
        self.asm.gpr_from_sse(opcode, false, to, from);
        self.push_gpr(Ty::I32, to);
    }

    fn bitmask_16(&mut self) {
        let a = self.pop();
        let from = self.in_xmm(a);
        self.asm.movaps(VECTOR_SCRATCH, from);
        self.asm.sse(PACK_SIGNED_16, VECTOR_SCRATCH, VECTOR_SCRATCH);
        let to = self.alloc();
        self.asm.gpr_from_sse(int(0xd7), false, to, VECTOR_SCRATCH);
        self.asm.alu_imm(Alu::And, false, to, 0xff);
        self.push_gpr(Ty::I32, to);
    }
}

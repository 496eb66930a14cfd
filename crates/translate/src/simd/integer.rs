//! Arithmetic on integer lanes, and changes of their width.

use cranelift_codegen::ir::{InstBuilder, Type, types};
use wasmparser::Operator;

use crate::translator::FuncTranslator;

use types::{I8X16, I16X8, I32, I32X4, I64X2};

impl FuncTranslator<'_> {
    pub(super) fn integer_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        self.i8x16_operator(op) || self.i16x8_operator(op) || self.i32x4_operator(op) || self.i64x2_operator(op)
    }

    fn i8x16_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I8x16Abs => vector!(self, I8X16 unary iabs),
            O::I8x16Neg => vector!(self, I8X16 unary ineg),
            O::I8x16Popcnt => vector!(self, I8X16 unary popcnt),
            O::I8x16AllTrue => self.all_true(I8X16),
            O::I8x16Bitmask => self.bitmask(I8X16),
            O::I8x16NarrowI16x8S => vector!(self, I16X8 binary snarrow),
            O::I8x16NarrowI16x8U => vector!(self, I16X8 binary unarrow),
            O::I8x16Shl => vector!(self, I8X16 shift ishl),
            O::I8x16ShrS => vector!(self, I8X16 shift sshr),
            O::I8x16ShrU => vector!(self, I8X16 shift ushr),
            O::I8x16Add => vector!(self, I8X16 binary iadd),
            O::I8x16AddSatS => vector!(self, I8X16 binary sadd_sat),
            O::I8x16AddSatU => vector!(self, I8X16 binary uadd_sat),
            O::I8x16Sub => vector!(self, I8X16 binary isub),
            O::I8x16SubSatS => vector!(self, I8X16 binary ssub_sat),
            O::I8x16SubSatU => vector!(self, I8X16 binary usub_sat),
            O::I8x16MinS => vector!(self, I8X16 binary smin),
            O::I8x16MinU => vector!(self, I8X16 binary umin),
            O::I8x16MaxS => vector!(self, I8X16 binary smax),
            O::I8x16MaxU => vector!(self, I8X16 binary umax),
            O::I8x16AvgrU => vector!(self, I8X16 binary avg_round),
            _ => return false,
        }
        true
    }

    fn i16x8_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I16x8ExtAddPairwiseI8x16S => vector!(self, I8X16 extadd_pairwise swiden_low swiden_high),
            O::I16x8ExtAddPairwiseI8x16U => vector!(self, I8X16 extadd_pairwise uwiden_low uwiden_high),
            O::I16x8Abs => vector!(self, I16X8 unary iabs),
            O::I16x8Neg => vector!(self, I16X8 unary ineg),
            O::I16x8Q15MulrSatS => vector!(self, I16X8 binary sqmul_round_sat),
            O::I16x8AllTrue => self.all_true(I16X8),
            O::I16x8Bitmask => self.bitmask(I16X8),
            O::I16x8NarrowI32x4S => vector!(self, I32X4 binary snarrow),
            O::I16x8NarrowI32x4U => vector!(self, I32X4 binary unarrow),
            O::I16x8ExtendLowI8x16S => vector!(self, I8X16 unary swiden_low),
            O::I16x8ExtendHighI8x16S => vector!(self, I8X16 unary swiden_high),
            O::I16x8ExtendLowI8x16U => vector!(self, I8X16 unary uwiden_low),
            O::I16x8ExtendHighI8x16U => vector!(self, I8X16 unary uwiden_high),
            O::I16x8Shl => vector!(self, I16X8 shift ishl),
            O::I16x8ShrS => vector!(self, I16X8 shift sshr),
            O::I16x8ShrU => vector!(self, I16X8 shift ushr),
            O::I16x8Add => vector!(self, I16X8 binary iadd),
            O::I16x8AddSatS => vector!(self, I16X8 binary sadd_sat),
            O::I16x8AddSatU => vector!(self, I16X8 binary uadd_sat),
            O::I16x8Sub => vector!(self, I16X8 binary isub),
            O::I16x8SubSatS => vector!(self, I16X8 binary ssub_sat),
            O::I16x8SubSatU => vector!(self, I16X8 binary usub_sat),
            O::I16x8Mul => vector!(self, I16X8 binary imul),
            O::I16x8MinS => vector!(self, I16X8 binary smin),
            O::I16x8MinU => vector!(self, I16X8 binary umin),
            O::I16x8MaxS => vector!(self, I16X8 binary smax),
            O::I16x8MaxU => vector!(self, I16X8 binary umax),
            O::I16x8AvgrU => vector!(self, I16X8 binary avg_round),
            O::I16x8ExtMulLowI8x16S => vector!(self, I8X16 extmul swiden_low),
            O::I16x8ExtMulHighI8x16S => vector!(self, I8X16 extmul swiden_high),
            O::I16x8ExtMulLowI8x16U => vector!(self, I8X16 extmul uwiden_low),
            O::I16x8ExtMulHighI8x16U => vector!(self, I8X16 extmul uwiden_high),
            _ => return false,
        }
        true
    }

    fn i32x4_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32x4ExtAddPairwiseI16x8S => vector!(self, I16X8 extadd_pairwise swiden_low swiden_high),
            O::I32x4ExtAddPairwiseI16x8U => vector!(self, I16X8 extadd_pairwise uwiden_low uwiden_high),
            O::I32x4Abs => vector!(self, I32X4 unary iabs),
            O::I32x4Neg => vector!(self, I32X4 unary ineg),
            O::I32x4AllTrue => self.all_true(I32X4),
            O::I32x4Bitmask => self.bitmask(I32X4),
            O::I32x4ExtendLowI16x8S => vector!(self, I16X8 unary swiden_low),
            O::I32x4ExtendHighI16x8S => vector!(self, I16X8 unary swiden_high),
            O::I32x4ExtendLowI16x8U => vector!(self, I16X8 unary uwiden_low),
            O::I32x4ExtendHighI16x8U => vector!(self, I16X8 unary uwiden_high),
            O::I32x4Shl => vector!(self, I32X4 shift ishl),
            O::I32x4ShrS => vector!(self, I32X4 shift sshr),
            O::I32x4ShrU => vector!(self, I32X4 shift ushr),
            O::I32x4Add => vector!(self, I32X4 binary iadd),
            O::I32x4Sub => vector!(self, I32X4 binary isub),
            O::I32x4Mul => vector!(self, I32X4 binary imul),
            O::I32x4MinS => vector!(self, I32X4 binary smin),
            O::I32x4MinU => vector!(self, I32X4 binary umin),
            O::I32x4MaxS => vector!(self, I32X4 binary smax),
            O::I32x4MaxU => vector!(self, I32X4 binary umax),
            O::I32x4DotI16x8S => self.dot_i16x8(),
            O::I32x4ExtMulLowI16x8S => vector!(self, I16X8 extmul swiden_low),
            O::I32x4ExtMulHighI16x8S => vector!(self, I16X8 extmul swiden_high),
            O::I32x4ExtMulLowI16x8U => vector!(self, I16X8 extmul uwiden_low),
            O::I32x4ExtMulHighI16x8U => vector!(self, I16X8 extmul uwiden_high),
            _ => return false,
        }
        true
    }

    fn i64x2_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I64x2Abs => vector!(self, I64X2 unary iabs),
            O::I64x2Neg => vector!(self, I64X2 unary ineg),
            O::I64x2AllTrue => self.all_true(I64X2),
            O::I64x2Bitmask => self.bitmask(I64X2),
            O::I64x2ExtendLowI32x4S => vector!(self, I32X4 unary swiden_low),
            O::I64x2ExtendHighI32x4S => vector!(self, I32X4 unary swiden_high),
            O::I64x2ExtendLowI32x4U => vector!(self, I32X4 unary uwiden_low),
            O::I64x2ExtendHighI32x4U => vector!(self, I32X4 unary uwiden_high),
            O::I64x2Shl => vector!(self, I64X2 shift ishl),
            O::I64x2ShrS => vector!(self, I64X2 shift sshr),
            O::I64x2ShrU => vector!(self, I64X2 shift ushr),
            O::I64x2Add => vector!(self, I64X2 binary iadd),
            O::I64x2Sub => vector!(self, I64X2 binary isub),
            O::I64x2Mul => vector!(self, I64X2 binary imul),
            O::I64x2ExtMulLowI32x4S => vector!(self, I32X4 extmul swiden_low),
            O::I64x2ExtMulHighI32x4S => vector!(self, I32X4 extmul swiden_high),
            O::I64x2ExtMulLowI32x4U => vector!(self, I32X4 extmul uwiden_low),
            O::I64x2ExtMulHighI32x4U => vector!(self, I32X4 extmul uwiden_high),
            _ => return false,
        }
        true
    }

    fn all_true(&mut self, ty: Type) {
        let a = self.pop_vector(ty);
        let bit = self.b.ins().vall_true(a);
        self.push_bool(bit);
    }

    fn bitmask(&mut self, ty: Type) {
        let a = self.pop_vector(ty);
        let bits = self.b.ins().vhigh_bits(I32, a);
        self.push(bits);
    }

    /// Sums of adjacent products. Cranelift has no instruction for it but knows this pattern.
    fn dot_i16x8(&mut self) {
        let (a, b) = self.pop2_vectors(I16X8);
        let (a_low, b_low) = (self.b.ins().swiden_low(a), self.b.ins().swiden_low(b));
        let (a_high, b_high) = (self.b.ins().swiden_high(a), self.b.ins().swiden_high(b));
        let low = self.b.ins().imul(a_low, b_low);
        let high = self.b.ins().imul(a_high, b_high);
        let result = self.b.ins().iadd_pairwise(low, high);
        self.push(result);
    }
}

//! Relaxed vector operators: where the specification leaves a choice, what the processor does at no extra cost, unless
//! results must be the same everywhere.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use wasmparser::Operator;

use crate::translator::FuncTranslator;

use types::{F32X4, F64X2, I8X16, I16X8};

impl FuncTranslator<'_> {
    pub(super) fn relaxed_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::F32x4RelaxedMadd => self.relaxed_madd(F32X4, false),
            O::F32x4RelaxedNmadd => self.relaxed_madd(F32X4, true),
            O::F64x2RelaxedMadd => self.relaxed_madd(F64X2, false),
            O::F64x2RelaxedNmadd => self.relaxed_madd(F64X2, true),
            O::I16x8RelaxedDotI8x16I7x16S => {
                let (a, b) = self.pop2_vectors(I8X16);
                let sums = self.dot_i8x16(a, b);
                self.push(sums);
            }
            O::I32x4RelaxedDotI8x16I7x16AddS => self.dot_add_i8x16(),
            _ => return self.strict_operator(op),
        }
        true
    }

    /// Those whose strict forms are as fast as any other choice.
    fn strict_operator(&mut self, op: &Operator<'_>) -> bool {
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
        self.simd_operator(&strict)
    }

    /// `±(a * b) + c`, rounded once if the processor can or results must not depend on it.
    fn relaxed_madd(&mut self, ty: Type, negate: bool) {
        let c = self.pop_vector(ty);
        let (a, b) = self.pop2_vectors(ty);
        let a = if negate { self.b.ins().fneg(a) } else { a };
        let result = if self.env.has_fma {
            self.b.ins().fma(a, b, c)
        } else if self.env.deterministic {
            self.fma_by_lane(a, b, c)
        } else {
            let product = self.b.ins().fmul(a, b);
            self.b.ins().fadd(product, c)
        };
        self.push(result);
    }

    /// Sums of adjacent products of signed bytes, which fit where one factor has seven bits.
    fn dot_i8x16(&mut self, a: Value, b: Value) -> Value {
        let (a_low, b_low) = (self.b.ins().swiden_low(a), self.b.ins().swiden_low(b));
        let (a_high, b_high) = (self.b.ins().swiden_high(a), self.b.ins().swiden_high(b));
        let low = self.b.ins().imul(a_low, b_low);
        let high = self.b.ins().imul(a_high, b_high);
        self.b.ins().iadd_pairwise(low, high)
    }

    fn dot_add_i8x16(&mut self) {
        let addend = self.pop_vector(types::I32X4);
        let (a, b) = self.pop2_vectors(I8X16);
        let sums = self.dot_i8x16(a, b);
        let sums = self.as_type(sums, I16X8);
        let (low, high) = (self.b.ins().swiden_low(sums), self.b.ins().swiden_high(sums));
        let sums = self.b.ins().iadd_pairwise(low, high);
        let result = self.b.ins().iadd(sums, addend);
        self.push(result);
    }
}

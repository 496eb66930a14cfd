//! Lane-wise comparisons. Their results are masks: all ones or all zeros in each lane.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Type, types};
use wasmparser::Operator;

use crate::translator::FuncTranslator;

use types::{F32X4, F64X2, I8X16, I16X8, I32X4, I64X2};

impl FuncTranslator<'_> {
    pub(super) fn compare_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        self.compare_integers(op) || self.compare_floats(op)
    }

    fn compare_integers(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I8x16Eq => self.vector_icmp(I8X16, IntCC::Equal),
            O::I8x16Ne => self.vector_icmp(I8X16, IntCC::NotEqual),
            O::I8x16LtS => self.vector_icmp(I8X16, IntCC::SignedLessThan),
            O::I8x16LtU => self.vector_icmp(I8X16, IntCC::UnsignedLessThan),
            O::I8x16GtS => self.vector_icmp(I8X16, IntCC::SignedGreaterThan),
            O::I8x16GtU => self.vector_icmp(I8X16, IntCC::UnsignedGreaterThan),
            O::I8x16LeS => self.vector_icmp(I8X16, IntCC::SignedLessThanOrEqual),
            O::I8x16LeU => self.vector_icmp(I8X16, IntCC::UnsignedLessThanOrEqual),
            O::I8x16GeS => self.vector_icmp(I8X16, IntCC::SignedGreaterThanOrEqual),
            O::I8x16GeU => self.vector_icmp(I8X16, IntCC::UnsignedGreaterThanOrEqual),
            O::I16x8Eq => self.vector_icmp(I16X8, IntCC::Equal),
            O::I16x8Ne => self.vector_icmp(I16X8, IntCC::NotEqual),
            O::I16x8LtS => self.vector_icmp(I16X8, IntCC::SignedLessThan),
            O::I16x8LtU => self.vector_icmp(I16X8, IntCC::UnsignedLessThan),
            O::I16x8GtS => self.vector_icmp(I16X8, IntCC::SignedGreaterThan),
            O::I16x8GtU => self.vector_icmp(I16X8, IntCC::UnsignedGreaterThan),
            O::I16x8LeS => self.vector_icmp(I16X8, IntCC::SignedLessThanOrEqual),
            O::I16x8LeU => self.vector_icmp(I16X8, IntCC::UnsignedLessThanOrEqual),
            O::I16x8GeS => self.vector_icmp(I16X8, IntCC::SignedGreaterThanOrEqual),
            O::I16x8GeU => self.vector_icmp(I16X8, IntCC::UnsignedGreaterThanOrEqual),
            O::I32x4Eq => self.vector_icmp(I32X4, IntCC::Equal),
            O::I32x4Ne => self.vector_icmp(I32X4, IntCC::NotEqual),
            O::I32x4LtS => self.vector_icmp(I32X4, IntCC::SignedLessThan),
            O::I32x4LtU => self.vector_icmp(I32X4, IntCC::UnsignedLessThan),
            O::I32x4GtS => self.vector_icmp(I32X4, IntCC::SignedGreaterThan),
            O::I32x4GtU => self.vector_icmp(I32X4, IntCC::UnsignedGreaterThan),
            O::I32x4LeS => self.vector_icmp(I32X4, IntCC::SignedLessThanOrEqual),
            O::I32x4LeU => self.vector_icmp(I32X4, IntCC::UnsignedLessThanOrEqual),
            O::I32x4GeS => self.vector_icmp(I32X4, IntCC::SignedGreaterThanOrEqual),
            O::I32x4GeU => self.vector_icmp(I32X4, IntCC::UnsignedGreaterThanOrEqual),
            O::I64x2Eq => self.vector_icmp(I64X2, IntCC::Equal),
            O::I64x2Ne => self.vector_icmp(I64X2, IntCC::NotEqual),
            O::I64x2LtS => self.vector_icmp(I64X2, IntCC::SignedLessThan),
            O::I64x2GtS => self.vector_icmp(I64X2, IntCC::SignedGreaterThan),
            O::I64x2LeS => self.vector_icmp(I64X2, IntCC::SignedLessThanOrEqual),
            O::I64x2GeS => self.vector_icmp(I64X2, IntCC::SignedGreaterThanOrEqual),
            _ => return false,
        }
        true
    }

    fn compare_floats(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::F32x4Eq => self.vector_fcmp(F32X4, FloatCC::Equal),
            O::F32x4Ne => self.vector_fcmp(F32X4, FloatCC::NotEqual),
            O::F32x4Lt => self.vector_fcmp(F32X4, FloatCC::LessThan),
            O::F32x4Gt => self.vector_fcmp(F32X4, FloatCC::GreaterThan),
            O::F32x4Le => self.vector_fcmp(F32X4, FloatCC::LessThanOrEqual),
            O::F32x4Ge => self.vector_fcmp(F32X4, FloatCC::GreaterThanOrEqual),
            O::F64x2Eq => self.vector_fcmp(F64X2, FloatCC::Equal),
            O::F64x2Ne => self.vector_fcmp(F64X2, FloatCC::NotEqual),
            O::F64x2Lt => self.vector_fcmp(F64X2, FloatCC::LessThan),
            O::F64x2Gt => self.vector_fcmp(F64X2, FloatCC::GreaterThan),
            O::F64x2Le => self.vector_fcmp(F64X2, FloatCC::LessThanOrEqual),
            O::F64x2Ge => self.vector_fcmp(F64X2, FloatCC::GreaterThanOrEqual),
            _ => return false,
        }
        true
    }

    fn vector_icmp(&mut self, ty: Type, condition: IntCC) {
        let (a, b) = self.pop2_vectors(ty);
        let mask = self.b.ins().icmp(condition, a, b);
        self.push(mask);
    }

    fn vector_fcmp(&mut self, ty: Type, condition: FloatCC) {
        let (a, b) = self.pop2_vectors(ty);
        let mask = self.b.ins().fcmp(condition, a, b);
        self.push(mask);
    }
}

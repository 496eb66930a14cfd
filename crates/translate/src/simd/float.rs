//! Arithmetic on float lanes, and conversions between them and integer lanes.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use gantry_abi::Libcall;
use wasmparser::Operator;

use crate::translator::FuncTranslator;

use types::{F32X4, F64X2, I32X4, I64X2};

impl FuncTranslator<'_> {
    pub(super) fn float_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        self.f32x4_operator(op) || self.f64x2_operator(op) || self.convert_vector_operator(op)
    }

    fn f32x4_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::F32x4Ceil => self.vector_round(F32X4, |t, v| t.b.ins().ceil(v), Libcall::F32Ceil),
            O::F32x4Floor => self.vector_round(F32X4, |t, v| t.b.ins().floor(v), Libcall::F32Floor),
            O::F32x4Trunc => self.vector_round(F32X4, |t, v| t.b.ins().trunc(v), Libcall::F32Trunc),
            O::F32x4Nearest => self.vector_round(F32X4, |t, v| t.b.ins().nearest(v), Libcall::F32Nearest),
            O::F32x4Abs => vector!(self, F32X4 unary fabs),
            O::F32x4Neg => vector!(self, F32X4 unary fneg),
            O::F32x4Sqrt => vector!(self, F32X4 unary sqrt),
            O::F32x4Add => vector!(self, F32X4 binary fadd),
            O::F32x4Sub => vector!(self, F32X4 binary fsub),
            O::F32x4Mul => vector!(self, F32X4 binary fmul),
            O::F32x4Div => vector!(self, F32X4 binary fdiv),
            O::F32x4Min => vector!(self, F32X4 binary fmin),
            O::F32x4Max => vector!(self, F32X4 binary fmax),
            O::F32x4PMin => self.pmin(F32X4),
            O::F32x4PMax => self.pmax(F32X4),
            _ => return false,
        }
        true
    }

    fn f64x2_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::F64x2Ceil => self.vector_round(F64X2, |t, v| t.b.ins().ceil(v), Libcall::F64Ceil),
            O::F64x2Floor => self.vector_round(F64X2, |t, v| t.b.ins().floor(v), Libcall::F64Floor),
            O::F64x2Trunc => self.vector_round(F64X2, |t, v| t.b.ins().trunc(v), Libcall::F64Trunc),
            O::F64x2Nearest => self.vector_round(F64X2, |t, v| t.b.ins().nearest(v), Libcall::F64Nearest),
            O::F64x2Abs => vector!(self, F64X2 unary fabs),
            O::F64x2Neg => vector!(self, F64X2 unary fneg),
            O::F64x2Sqrt => vector!(self, F64X2 unary sqrt),
            O::F64x2Add => vector!(self, F64X2 binary fadd),
            O::F64x2Sub => vector!(self, F64X2 binary fsub),
            O::F64x2Mul => vector!(self, F64X2 binary fmul),
            O::F64x2Div => vector!(self, F64X2 binary fdiv),
            O::F64x2Min => vector!(self, F64X2 binary fmin),
            O::F64x2Max => vector!(self, F64X2 binary fmax),
            O::F64x2PMin => self.pmin(F64X2),
            O::F64x2PMax => self.pmax(F64X2),
            _ => return false,
        }
        true
    }

    fn convert_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32x4TruncSatF32x4S => vector!(self, F32X4 to I32X4 fcvt_to_sint_sat),
            O::I32x4TruncSatF32x4U => vector!(self, F32X4 to I32X4 fcvt_to_uint_sat),
            O::F32x4ConvertI32x4S => vector!(self, I32X4 to F32X4 fcvt_from_sint),
            O::F32x4ConvertI32x4U => vector!(self, I32X4 to F32X4 fcvt_from_uint),
            O::I32x4TruncSatF64x2SZero => self.trunc_sat_signed_zero(),
            O::I32x4TruncSatF64x2UZero => self.trunc_sat_unsigned_zero(),
            O::F64x2ConvertLowI32x4S => self.convert_low_signed(),
            O::F64x2ConvertLowI32x4U => self.convert_low_unsigned(),
            O::F32x4DemoteF64x2Zero => vector!(self, F64X2 unary fvdemote),
            O::F64x2PromoteLowF32x4 => vector!(self, F32X4 unary fvpromote_low),
            _ => return false,
        }
        true
    }

    fn vector_round(&mut self, ty: Type, instruction: impl Fn(&mut Self, Value) -> Value, libcall: Libcall) {
        let a = self.pop_vector(ty);
        let result = if self.env.has_rounding { instruction(self, a) } else { self.round_by_lane(a, libcall) };
        self.push(result);
    }

    /// `b < a ? b : a`, which is what x64's `minps` does, NaNs and zeros included.
    fn pmin(&mut self, ty: Type) {
        let (a, b) = self.pop2_vectors(ty);
        self.select_if_less((b, a), b, a);
    }

    /// `a < b ? b : a`, which is what x64's `maxps` does, NaNs and zeros included.
    fn pmax(&mut self, ty: Type) {
        let (a, b) = self.pop2_vectors(ty);
        self.select_if_less((a, b), b, a);
    }

    /// Pushes `less < more ? yes : no`, in the form that Cranelift recognises.
    fn select_if_less(&mut self, (less, more): (Value, Value), yes: Value, no: Value) {
        let ty = self.b.func.dfg.value_type(yes);
        let mask = self.b.ins().fcmp(FloatCC::LessThan, less, more);
        let mask = self.as_type(mask, ty);
        let result = self.b.ins().bitselect(mask, yes, no);
        self.push(result);
    }

    // Cranelift's x64 backend implements the conversions between two and four lanes only in the exact forms below.

    fn trunc_sat_signed_zero(&mut self) {
        let a = self.pop_vector(F64X2);
        let wide = self.b.ins().fcvt_to_sint_sat(I64X2, a);
        let zeros = self.vector_const(I64X2, [0; 16]);
        let result = self.b.ins().snarrow(wide, zeros);
        self.push(result);
    }

    fn trunc_sat_unsigned_zero(&mut self) {
        let a = self.pop_vector(F64X2);
        let result = if self.env.has_rounding {
            let wide = self.b.ins().fcvt_to_uint_sat(I64X2, a);
            let zeros = self.vector_const(I64X2, [0; 16]);
            self.b.ins().uunarrow(wide, zeros)
        } else {
            self.trunc_sat_unsigned_by_lane(a)
        };
        self.push(result);
    }

    fn convert_low_signed(&mut self) {
        let a = self.pop_vector(I32X4);
        let low = self.b.ins().swiden_low(a);
        let result = self.b.ins().fcvt_from_sint(F64X2, low);
        self.push(result);
    }

    fn convert_low_unsigned(&mut self) {
        let a = self.pop_vector(I32X4);
        let low = self.b.ins().uwiden_low(a);
        let result = self.b.ins().fcvt_from_uint(F64X2, low);
        self.push(result);
    }
}

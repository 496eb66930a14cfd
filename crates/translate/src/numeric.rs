//! Scalar arithmetic, comparisons and conversions.

use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, InstructionData, MemFlagsData, Opcode, Type, Value, types};
use gantry_abi::Libcall;
use wasmparser::Operator;

use crate::translator::FuncTranslator;

use types::{F32, F64, I8, I16, I32, I64};

/// One-line arms: pop operands, apply a Cranelift instruction, push the result.
macro_rules! apply {
    ($t:ident, unary $inst:ident) => {{
        let a = $t.pop();
        let result = $t.b.ins().$inst(a);
        $t.push(result);
    }};
    ($t:ident, binary $inst:ident) => {{
        let (a, b) = $t.pop2();
        let result = $t.b.ins().$inst(a, b);
        $t.push(result);
    }};
    ($t:ident, to $ty:ident $inst:ident) => {{
        let a = $t.pop();
        let result = $t.b.ins().$inst($ty, a);
        $t.push(result);
    }};
}

impl FuncTranslator<'_> {
    pub(crate) fn numeric_operator(&mut self, op: &Operator<'_>) -> bool {
        self.constant_operator(op)
            || self.comparison_operator(op)
            || self.integer_operator(op)
            || self.float_operator(op)
            || self.conversion_operator(op)
    }

    fn constant_operator(&mut self, op: &Operator<'_>) -> bool {
        let value = match op {
            Operator::I32Const { value } => self.b.ins().iconst(I32, i64::from(*value as u32)),
            Operator::I64Const { value } => self.b.ins().iconst(I64, *value),
            Operator::F32Const { value } => self.b.ins().f32const(Ieee32::with_bits(value.bits())),
            Operator::F64Const { value } => self.b.ins().f64const(Ieee64::with_bits(value.bits())),
            _ => return false,
        };
        self.push(value);
        true
    }

    fn comparison_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32Eqz | O::I64Eqz => self.eqz(),
            O::I32Eq | O::I64Eq => self.icmp(IntCC::Equal),
            O::I32Ne | O::I64Ne => self.icmp(IntCC::NotEqual),
            O::I32LtS | O::I64LtS => self.icmp(IntCC::SignedLessThan),
            O::I32LtU | O::I64LtU => self.icmp(IntCC::UnsignedLessThan),
            O::I32GtS | O::I64GtS => self.icmp(IntCC::SignedGreaterThan),
            O::I32GtU | O::I64GtU => self.icmp(IntCC::UnsignedGreaterThan),
            O::I32LeS | O::I64LeS => self.icmp(IntCC::SignedLessThanOrEqual),
            O::I32LeU | O::I64LeU => self.icmp(IntCC::UnsignedLessThanOrEqual),
            O::I32GeS | O::I64GeS => self.icmp(IntCC::SignedGreaterThanOrEqual),
            O::I32GeU | O::I64GeU => self.icmp(IntCC::UnsignedGreaterThanOrEqual),
            O::F32Eq | O::F64Eq => self.fcmp(FloatCC::Equal),
            O::F32Ne | O::F64Ne => self.fcmp(FloatCC::NotEqual),
            O::F32Lt | O::F64Lt => self.fcmp(FloatCC::LessThan),
            O::F32Gt | O::F64Gt => self.fcmp(FloatCC::GreaterThan),
            O::F32Le | O::F64Le => self.fcmp(FloatCC::LessThanOrEqual),
            O::F32Ge | O::F64Ge => self.fcmp(FloatCC::GreaterThanOrEqual),
            _ => return false,
        }
        true
    }

    fn integer_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32Clz | O::I64Clz => apply!(self, unary clz),
            O::I32Ctz | O::I64Ctz => apply!(self, unary ctz),
            O::I32Popcnt | O::I64Popcnt => apply!(self, unary popcnt),
            O::I32Add | O::I64Add => apply!(self, binary iadd),
            O::I32Sub | O::I64Sub => apply!(self, binary isub),
            O::I32Mul | O::I64Mul => apply!(self, binary imul),
            O::I32DivS | O::I64DivS => apply!(self, binary sdiv),
            O::I32DivU | O::I64DivU => apply!(self, binary udiv),
            O::I32RemS | O::I64RemS => apply!(self, binary srem),
            O::I32RemU | O::I64RemU => apply!(self, binary urem),
            O::I32And | O::I64And => apply!(self, binary band),
            O::I32Or | O::I64Or => apply!(self, binary bor),
            O::I32Xor | O::I64Xor => apply!(self, binary bxor),
            O::I32Shl | O::I64Shl => apply!(self, binary ishl),
            O::I32ShrS | O::I64ShrS => apply!(self, binary sshr),
            O::I32ShrU | O::I64ShrU => apply!(self, binary ushr),
            O::I32Rotl | O::I64Rotl => apply!(self, binary rotl),
            O::I32Rotr | O::I64Rotr => apply!(self, binary rotr),
            O::I32Extend8S => self.sign_extend(I8, I32),
            O::I32Extend16S => self.sign_extend(I16, I32),
            O::I64Extend8S => self.sign_extend(I8, I64),
            O::I64Extend16S => self.sign_extend(I16, I64),
            O::I64Extend32S => self.sign_extend(I32, I64),
            _ => return false,
        }
        true
    }

    fn float_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::F32Abs | O::F64Abs => apply!(self, unary fabs),
            O::F32Neg | O::F64Neg => apply!(self, unary fneg),
            O::F32Sqrt | O::F64Sqrt => apply!(self, unary sqrt),
            O::F32Ceil => self.round(|t, v| t.b.ins().ceil(v), Libcall::F32Ceil),
            O::F64Ceil => self.round(|t, v| t.b.ins().ceil(v), Libcall::F64Ceil),
            O::F32Floor => self.round(|t, v| t.b.ins().floor(v), Libcall::F32Floor),
            O::F64Floor => self.round(|t, v| t.b.ins().floor(v), Libcall::F64Floor),
            O::F32Trunc => self.round(|t, v| t.b.ins().trunc(v), Libcall::F32Trunc),
            O::F64Trunc => self.round(|t, v| t.b.ins().trunc(v), Libcall::F64Trunc),
            O::F32Nearest => self.round(|t, v| t.b.ins().nearest(v), Libcall::F32Nearest),
            O::F64Nearest => self.round(|t, v| t.b.ins().nearest(v), Libcall::F64Nearest),
            O::F32Add | O::F64Add => apply!(self, binary fadd),
            O::F32Sub | O::F64Sub => apply!(self, binary fsub),
            O::F32Mul | O::F64Mul => apply!(self, binary fmul),
            O::F32Div | O::F64Div => apply!(self, binary fdiv),
            O::F32Min | O::F64Min => apply!(self, binary fmin),
            O::F32Max | O::F64Max => apply!(self, binary fmax),
            O::F32Copysign | O::F64Copysign => apply!(self, binary fcopysign),
            _ => return false,
        }
        true
    }

    fn conversion_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32WrapI64 => apply!(self, to I32 ireduce),
            O::I64ExtendI32S => apply!(self, to I64 sextend),
            O::I64ExtendI32U => apply!(self, to I64 uextend),
            O::I32TruncF32S | O::I32TruncF64S => apply!(self, to I32 fcvt_to_sint),
            O::I32TruncF32U | O::I32TruncF64U => apply!(self, to I32 fcvt_to_uint),
            O::I64TruncF32S | O::I64TruncF64S => apply!(self, to I64 fcvt_to_sint),
            O::I64TruncF32U | O::I64TruncF64U => apply!(self, to I64 fcvt_to_uint),
            O::I32TruncSatF32S | O::I32TruncSatF64S => apply!(self, to I32 fcvt_to_sint_sat),
            O::I32TruncSatF32U | O::I32TruncSatF64U => apply!(self, to I32 fcvt_to_uint_sat),
            O::I64TruncSatF32S | O::I64TruncSatF64S => apply!(self, to I64 fcvt_to_sint_sat),
            O::I64TruncSatF32U | O::I64TruncSatF64U => apply!(self, to I64 fcvt_to_uint_sat),
            O::F32ConvertI32S | O::F32ConvertI64S => apply!(self, to F32 fcvt_from_sint),
            O::F32ConvertI32U | O::F32ConvertI64U => apply!(self, to F32 fcvt_from_uint),
            O::F64ConvertI32S | O::F64ConvertI64S => apply!(self, to F64 fcvt_from_sint),
            O::F64ConvertI32U | O::F64ConvertI64U => apply!(self, to F64 fcvt_from_uint),
            O::F32DemoteF64 => apply!(self, to F32 fdemote),
            O::F64PromoteF32 => apply!(self, to F64 fpromote),
            O::I32ReinterpretF32 => self.reinterpret(I32),
            O::I64ReinterpretF64 => self.reinterpret(I64),
            O::F32ReinterpretI32 => self.reinterpret(F32),
            O::F64ReinterpretI64 => self.reinterpret(F64),
            _ => return false,
        }
        true
    }

    fn icmp(&mut self, condition: IntCC) {
        let (a, b) = self.pop2();
        let bit = self.b.ins().icmp(condition, a, b);
        self.push_bool(bit);
    }

    fn fcmp(&mut self, condition: FloatCC) {
        let (a, b) = self.pop2();
        let bit = self.b.ins().fcmp(condition, a, b);
        self.push_bool(bit);
    }

    fn eqz(&mut self) {
        let a = self.pop();
        let bit = match self.float_comparison(a) {
            Some((condition, x, y)) => self.b.ins().fcmp(condition.complement(), x, y),
            None => self.b.ins().icmp_imm_s(IntCC::Equal, a, 0),
        };
        self.push_bool(bit);
    }

    /// The comparison of floats whose result a number is. Cranelift itself only takes those of integers for their opposite.
    fn float_comparison(&self, number: Value) -> Option<(FloatCC, Value, Value)> {
        let dfg = &self.b.func.dfg;
        let definition = |value| Some(dfg.insts[dfg.value_def(value).inst()?]);
        let InstructionData::Unary { opcode: Opcode::Uextend, arg: bit } = definition(number)? else { return None };
        let InstructionData::FloatCompare { cond, args: [x, y], .. } = definition(bit)? else { return None };
        Some((cond, x, y))
    }

    /// Pushes a Cranelift condition as the i32 that wasm wants.
    pub(crate) fn push_bool(&mut self, bit: Value) {
        let value = self.b.ins().uextend(I32, bit);
        self.push(value);
    }

    fn sign_extend(&mut self, from: Type, to: Type) {
        let a = self.pop();
        let low = self.b.ins().ireduce(from, a);
        let result = self.b.ins().sextend(to, low);
        self.push(result);
    }

    fn round(&mut self, instruction: impl Fn(&mut Self, Value) -> Value, libcall: Libcall) {
        let a = self.pop();
        let result = if self.env.has_rounding {
            instruction(self, a)
        } else {
            self.libcall(libcall, &[a]).expect("rounding returns a value")
        };
        self.push(result);
    }

    fn reinterpret(&mut self, ty: Type) {
        let a = self.pop();
        let result = self.b.ins().bitcast(ty, MemFlagsData::new(), a);
        self.push(result);
    }
}

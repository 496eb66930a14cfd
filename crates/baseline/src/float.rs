//! Float arithmetic and comparisons.

use wasmparser::Operator;

use crate::asm::{Cc, Mem, Xmm, op_0f3a, packed, scalar};
use crate::env::Ty;
use crate::generator::{Generator, Outcome, Stop};
use crate::homes::VECTOR_SCRATCH;
use crate::stack::{Condition, Entry, Loc};

/// Opcode bytes.
const SQRT: u8 = 0x51;
const AND: u8 = 0x54;
const OR: u8 = 0x56;
const XOR: u8 = 0x57;
const ADD: u8 = 0x58;
const MUL: u8 = 0x59;
const SUB: u8 = 0x5c;
const MIN: u8 = 0x5d;
const DIV: u8 = 0x5e;
const MAX: u8 = 0x5f;

/// Rounding modes of SSE4.1, without the precision exception.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Rounding {
    Nearest = 8,
    Floor = 9,
    Ceil = 10,
    Trunc = 11,
}

impl Generator<'_> {
    pub fn float_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        use Operator as O;
        match op {
            O::F32Eq | O::F64Eq => self.compare_floats(Condition::FloatEqual, false),
            O::F32Ne | O::F64Ne => self.compare_floats(Condition::FloatNotEqual, false),
            // `above` is false when there is a NaN, `below` is not.
            O::F32Lt | O::F64Lt => self.compare_floats(Condition::Is(Cc::Above), true),
            O::F32Gt | O::F64Gt => self.compare_floats(Condition::Is(Cc::Above), false),
            O::F32Le | O::F64Le => self.compare_floats(Condition::Is(Cc::AboveEqual), true),
            O::F32Ge | O::F64Ge => self.compare_floats(Condition::Is(Cc::AboveEqual), false),
            O::F32Add | O::F64Add => self.float_arithmetic(ADD),
            O::F32Sub | O::F64Sub => self.float_arithmetic(SUB),
            O::F32Mul | O::F64Mul => self.float_arithmetic(MUL),
            O::F32Div | O::F64Div => self.float_arithmetic(DIV),
            O::F32Min | O::F64Min => self.extremum(MIN, OR),
            O::F32Max | O::F64Max => self.extremum(MAX, AND),
            O::F32Sqrt | O::F64Sqrt => self.square_root(),
            O::F32Abs | O::F64Abs => self.with_sign_bit(AND, false),
            O::F32Neg | O::F64Neg => self.with_sign_bit(XOR, true),
            O::F32Copysign | O::F64Copysign => self.copy_sign(),
            O::F32Ceil | O::F64Ceil => self.round(Rounding::Ceil)?,
            O::F32Floor | O::F64Floor => self.round(Rounding::Floor)?,
            O::F32Trunc | O::F64Trunc => self.round(Rounding::Trunc)?,
            O::F32Nearest | O::F64Nearest => self.round(Rounding::Nearest)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn compare_floats(&mut self, condition: Condition, exchange: bool) {
        let (a, b) = self.pop2();
        let (a, b) = if exchange { (b, a) } else { (a, b) };
        let left = self.in_xmm(a);
        let right = self.vector_operand(b);
        self.asm.compare_scalar(a.ty == Ty::F64, left, right);
        self.push(Ty::I32, Loc::Flags(condition));
    }

    fn float_arithmetic(&mut self, opcode: u8) {
        let (a, b) = self.pop2();
        let double = a.ty == Ty::F64;
        let to = self.in_own_xmm(a);
        let from = self.vector_operand(b);
        self.asm.sse(scalar(double, opcode), to, from);
        self.push_arithmetic(a.ty, to);
    }

    /// Pushes what arithmetic has made: of NaNs, the canonical one where results must not depend on the processor.
    pub fn push_arithmetic(&mut self, ty: Ty, reg: Xmm) {
        if self.env.deterministic {
            let fine = self.asm.label();
            self.asm.compare_scalar(ty == Ty::F64, reg, reg);
            self.asm.jcc(Cc::NotParity, fine);
            let canonical = if ty == Ty::F64 { 0x7ff8 << 48 } else { 0x7fc0 << 16 };
            let from = self.float_constant(ty, canonical);
            self.load_xmm(ty, reg, from);
            self.asm.bind(fine);
        }
        self.push_xmm(ty, reg);
    }

    /// The processor's own takes the second operand when they are equal or one is a NaN.
    fn extremum(&mut self, opcode: u8, of_zeros: u8) {
        let (a, b) = self.pop2();
        let double = a.ty == Ty::F64;
        let to = self.in_own_xmm(a);
        let from = self.in_xmm(b);
        let [differ, nan, done] = [(); 3].map(|()| self.asm.label());
        self.asm.compare_scalar(double, to, from);
        self.asm.jcc(Cc::NotEqual, differ);
        self.asm.jcc(Cc::Parity, nan);
        self.asm.sse(packed(double, of_zeros), to, from);
        self.asm.jmp(done);
        self.asm.bind(nan);
        self.asm.sse(scalar(double, ADD), to, from);
        self.asm.jmp(done);
        self.asm.bind(differ);
        self.asm.sse(scalar(double, opcode), to, from);
        self.asm.bind(done);
        self.push_arithmetic(a.ty, to);
    }

    fn square_root(&mut self) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.sse(scalar(a.ty == Ty::F64, SQRT), to, to);
        self.push_arithmetic(a.ty, to);
    }

    fn round(&mut self, rounding: Rounding) -> Outcome {
        if !self.env.features.sse4 {
            return Err(Stop::Unsupported);
        }
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let opcode = op_0f3a(0x66, if a.ty == Ty::F64 { 0x0b } else { 0x0a });
        self.asm.sse_imm(opcode, to, to, rounding as u8);
        self.push_arithmetic(a.ty, to);
        Ok(())
    }

    // Signs

    /// A constant that has the sign bit, or all others.
    fn sign_mask(&mut self, ty: Ty, sign: bool) -> Mem {
        let bits = if ty == Ty::F64 { 1 << 63 } else { 1u64 << 31 };
        let bits = if sign { bits } else { !bits };
        self.asm.constant(&u128::from(bits).to_le_bytes())
    }

    fn with_sign_bit(&mut self, opcode: u8, sign: bool) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        let mask = self.sign_mask(a.ty, sign);
        self.asm.sse(packed(a.ty == Ty::F64, opcode), to, mask);
        self.push_xmm(a.ty, to);
    }

    fn copy_sign(&mut self) {
        let (a, b): (Entry, Entry) = self.pop2();
        let double = a.ty == Ty::F64;
        let to = self.in_own_xmm(a);
        let sign = self.in_xmm(b);
        let (others, mask) = (self.sign_mask(a.ty, false), self.sign_mask(a.ty, true));
        self.asm.sse(packed(double, AND), to, others);
        self.asm.movaps(VECTOR_SCRATCH, sign);
        self.asm.sse(packed(double, AND), VECTOR_SCRATCH, mask);
        self.asm.sse(packed(double, OR), to, VECTOR_SCRATCH);
        self.push_xmm(a.ty, to);
    }
}

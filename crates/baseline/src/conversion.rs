//! Conversions between integers and floats, and between widths.

use gantry_abi::TrapCode;
use wasmparser::Operator;

use crate::asm::{Alu, Cc, Gpr, Label, Mem, Shift, Xmm, scalar};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::{SCRATCH, VECTOR_SCRATCH};
use crate::stack::Loc;

const TO_INTEGER: u8 = 0x2c;
const FROM_INTEGER: u8 = 0x2a;
const ADD: u8 = 0x58;
const SUB: u8 = 0x5c;
const OTHER_WIDTH: u8 = 0x5a;

/// What happens to floats that no integer represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outside {
    Trap,
    Saturate,
}

impl Generator<'_> {
    pub fn conversion_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        use Outside::{Saturate, Trap};
        match op {
            O::I32WrapI64 => self.wrap(),
            O::I64ExtendI32U => self.extend_unsigned(),
            O::I64ExtendI32S | O::I64Extend32S => self.extend_signed(4, Ty::I64),
            O::I32Extend8S => self.extend_signed(1, Ty::I32),
            O::I32Extend16S => self.extend_signed(2, Ty::I32),
            O::I64Extend8S => self.extend_signed(1, Ty::I64),
            O::I64Extend16S => self.extend_signed(2, Ty::I64),
            O::I32TruncF32S | O::I32TruncF64S => self.truncate_signed(Ty::I32, Trap),
            O::I64TruncF32S | O::I64TruncF64S => self.truncate_signed(Ty::I64, Trap),
            O::I32TruncSatF32S | O::I32TruncSatF64S => self.truncate_signed(Ty::I32, Saturate),
            O::I64TruncSatF32S | O::I64TruncSatF64S => self.truncate_signed(Ty::I64, Saturate),
            O::I32TruncF32U | O::I32TruncF64U => self.truncate_to_u32(Trap),
            O::I32TruncSatF32U | O::I32TruncSatF64U => self.truncate_to_u32(Saturate),
            O::I64TruncF32U | O::I64TruncF64U => self.truncate_to_u64(Trap),
            O::I64TruncSatF32U | O::I64TruncSatF64U => self.truncate_to_u64(Saturate),
            O::F32ConvertI32S | O::F32ConvertI64S => self.convert_signed(Ty::F32),
            O::F64ConvertI32S | O::F64ConvertI64S => self.convert_signed(Ty::F64),
            O::F32ConvertI32U => self.convert_u32(Ty::F32),
            O::F64ConvertI32U => self.convert_u32(Ty::F64),
            O::F32ConvertI64U => self.convert_u64(Ty::F32),
            O::F64ConvertI64U => self.convert_u64(Ty::F64),
            O::F32DemoteF64 => self.change_width(Ty::F32),
            O::F64PromoteF32 => self.change_width(Ty::F64),
            O::I32ReinterpretF32 => self.bits_of_float(Ty::I32),
            O::I64ReinterpretF64 => self.bits_of_float(Ty::I64),
            O::F32ReinterpretI32 => self.float_of_bits(Ty::F32),
            O::F64ReinterpretI64 => self.float_of_bits(Ty::F64),
            _ => return false,
        }
        true
    }

    // Widths

    fn wrap(&mut self) {
        let a = self.pop();
        if let Loc::Const(value) = a.loc {
            return self.push(Ty::I32, Loc::Const(i64::from(value as i32)));
        }
        let from = self.operand(a);
        let to = match a.loc {
            Loc::Gpr(reg) => reg,
            _ => self.alloc(),
        };
        self.asm.mov(false, to, from);
        self.push_gpr(Ty::I32, to);
    }

    fn extend_unsigned(&mut self) {
        let a = self.pop();
        if let Loc::Const(value) = a.loc {
            return self.push(Ty::I64, Loc::Const(i64::from(value as u32)));
        }
        // Upper halves of 32-bit integers in registers are zero.
        let to = self.in_own_register(a);
        self.push_gpr(Ty::I64, to);
    }

    fn extend_signed(&mut self, size: u32, ty: Ty) {
        let a = self.pop();
        let from = self.operand(a);
        let to = match a.loc {
            Loc::Gpr(reg) => reg,
            _ => self.alloc(),
        };
        match size {
            1 => self.asm.movsx8(ty.is_wide(), to, from),
            2 => self.asm.movsx16(ty.is_wide(), to, from),
            _ => self.asm.movsx32(to, from),
        }
        self.push_gpr(ty, to);
    }

    // Floats to integers

    /// Compares a float with a constant that both widths represent.
    fn compare_with(&mut self, double: bool, float: Xmm, constant: f64) {
        let constant = match double {
            true => self.float_constant(Ty::F64, constant.to_bits() as i64),
            false => self.float_constant(Ty::F32, i64::from((constant as f32).to_bits())),
        };
        self.asm.compare_scalar(double, float, constant);
    }

    fn truncate_signed(&mut self, ty: Ty, outside: Outside) {
        let a = self.pop();
        let (double, w) = (a.ty == Ty::F64, ty.is_wide());
        let from = self.in_xmm(a);
        let to = self.alloc();
        let done = self.asm.label();
        self.asm.gpr_from_sse(scalar(double, TO_INTEGER), w, to, from);
        // The smallest integer, which alone overflows here, is also what the processor gives for all that do not fit.
        self.asm.alu_imm(Alu::Cmp, w, to, 1);
        self.asm.jcc(Cc::NotOverflow, done);
        match outside {
            Outside::Trap => self.trap_unless_smallest(double, w, from),
            Outside::Saturate => self.saturate_signed(double, w, from, to, done),
        }
        self.asm.bind(done);
        self.push_gpr(ty, to);
    }

    fn trap_unless_smallest(&mut self, double: bool, w: bool, from: Xmm) {
        self.asm.compare_scalar(double, from, from);
        self.trap_if(Cc::Parity, TrapCode::InvalidConversionToInteger);
        // What lies just above this limit is rounded up to the smallest integer; where the float is too coarse for such
        // numbers, the limit itself is the smallest.
        let (limit, below) = match (double, w) {
            (true, false) => (-2147483649.0, Cc::BelowEqual),
            (false, false) => (-2147483648.0, Cc::Below),
            (_, true) => (-9223372036854775808.0, Cc::Below),
        };
        self.compare_with(double, from, limit);
        self.trap_if(below, TrapCode::ConversionOverflow);
        self.compare_with(double, from, 0.0);
        self.trap_if(Cc::Above, TrapCode::ConversionOverflow);
    }

    fn saturate_signed(&mut self, double: bool, w: bool, from: Xmm, to: Gpr, done: Label) {
        let number = self.asm.label();
        self.compare_with(double, from, 0.0);
        self.asm.jcc(Cc::NotParity, number);
        self.asm.mov_imm(to, 0);
        self.asm.jmp(done);
        self.asm.bind(number);
        self.asm.jcc(Cc::Below, done);
        self.asm.mov_imm(to, if w { i64::MAX } else { i64::from(i32::MAX) });
    }

    fn truncate_to_u32(&mut self, outside: Outside) {
        let a = self.pop();
        let double = a.ty == Ty::F64;
        let from = self.in_xmm(a);
        let to = self.alloc();
        let done = self.asm.label();
        self.asm.gpr_from_sse(scalar(double, TO_INTEGER), true, to, from);
        self.asm.mov(true, SCRATCH, to);
        self.asm.shift_imm(Shift::RightUnsigned, true, SCRATCH, 32);
        self.asm.jcc(Cc::Equal, done);
        match outside {
            Outside::Trap => self.trap_outside(double, from),
            Outside::Saturate => {
                self.compare_with(double, from, 0.0);
                self.asm.mov_imm(to, 0);
                // Also of a NaN.
                self.asm.jcc(Cc::Below, done);
                self.asm.mov_imm(to, i64::from(u32::MAX));
            }
        }
        self.asm.bind(done);
        self.push_gpr(Ty::I32, to);
    }

    /// Traps for a float that is no integer or too large or small.
    fn trap_outside(&mut self, double: bool, from: Xmm) {
        self.asm.compare_scalar(double, from, from);
        self.trap_if(Cc::Parity, TrapCode::InvalidConversionToInteger);
        let overflow = self.cold_trap(TrapCode::ConversionOverflow);
        self.asm.jmp(overflow);
    }

    fn truncate_to_u64(&mut self, outside: Outside) {
        const HALF: f64 = 9223372036854775808.0;
        let a = self.pop();
        let double = a.ty == Ty::F64;
        let from = self.in_xmm(a);
        let to = self.alloc();
        let [large, bad, done] = [(); 3].map(|()| self.asm.label());
        self.compare_with(double, from, HALF);
        self.asm.jcc(Cc::AboveEqual, large);
        // A NaN gives a negative number as well.
        self.asm.gpr_from_sse(scalar(double, TO_INTEGER), true, to, from);
        self.asm.test(true, to, to);
        self.asm.jcc(Cc::NotSign, done);
        self.asm.jmp(bad);
        self.asm.bind(large);
        self.asm.movaps(VECTOR_SCRATCH, from);
        let half = match double {
            true => self.float_constant(Ty::F64, HALF.to_bits() as i64),
            false => self.float_constant(Ty::F32, i64::from((HALF as f32).to_bits())),
        };
        self.asm.sse(scalar(double, SUB), VECTOR_SCRATCH, half);
        self.asm.gpr_from_sse(scalar(double, TO_INTEGER), true, to, VECTOR_SCRATCH);
        self.asm.mov_imm(SCRATCH, i64::MIN);
        // The sign tells whether it is still too large.
        self.asm.alu(Alu::Xor, true, to, SCRATCH);
        self.asm.jcc(Cc::Sign, done);
        self.asm.bind(bad);
        match outside {
            Outside::Trap => self.trap_outside(double, from),
            Outside::Saturate => {
                self.compare_with(double, from, 0.0);
                self.asm.mov_imm(to, 0);
                self.asm.jcc(Cc::Below, done);
                self.asm.mov_imm(to, -1);
            }
        }
        self.asm.bind(done);
        self.push_gpr(Ty::I64, to);
    }

    // Integers to floats

    /// A register that does not make the conversion wait for what was there before.
    fn alloc_cleared(&mut self) -> Xmm {
        let to = self.alloc_xmm();
        self.asm.zero_xmm(to);
        to
    }

    fn convert_signed(&mut self, ty: Ty) {
        let a = self.pop();
        let from = self.operand(a);
        let to = self.alloc_cleared();
        self.asm.sse_gpr(scalar(ty == Ty::F64, FROM_INTEGER), a.ty.is_wide(), to, from);
        self.push_xmm(ty, to);
    }

    fn convert_u32(&mut self, ty: Ty) {
        let a = self.pop();
        let from = self.in_register(a);
        let to = self.alloc_cleared();
        self.asm.sse_gpr(scalar(ty == Ty::F64, FROM_INTEGER), true, to, from);
        self.push_xmm(ty, to);
    }

    fn convert_u64(&mut self, ty: Ty) {
        let double = ty == Ty::F64;
        let a = self.pop();
        let from = self.in_own_register(a);
        let to = self.alloc_cleared();
        let [large, done] = [(); 2].map(|()| self.asm.label());
        self.asm.test(true, from, from);
        self.asm.jcc(Cc::Sign, large);
        self.asm.sse_gpr(scalar(double, FROM_INTEGER), true, to, from);
        self.asm.jmp(done);
        // Half of it, with the lowest bit kept for rounding, then doubled.
        self.asm.bind(large);
        self.asm.mov(true, SCRATCH, from);
        self.asm.shift_imm(Shift::RightUnsigned, true, from, 1);
        self.asm.alu_imm(Alu::And, false, SCRATCH, 1);
        self.asm.alu(Alu::Or, true, from, SCRATCH);
        self.asm.sse_gpr(scalar(double, FROM_INTEGER), true, to, from);
        self.asm.sse(scalar(double, ADD), to, to);
        self.asm.bind(done);
        self.push_xmm(ty, to);
    }

    fn change_width(&mut self, ty: Ty) {
        let a = self.pop();
        let to = self.in_own_xmm(a);
        self.asm.sse(scalar(a.ty == Ty::F64, OTHER_WIDTH), to, to);
        self.push_arithmetic(ty, to);
    }

    // Bits

    fn bits_of_float(&mut self, ty: Ty) {
        let a = self.pop();
        match self.place(a) {
            Loc::Const(bits) => self.push(ty, Loc::Const(if ty.is_wide() { bits } else { i64::from(bits as i32) })),
            Loc::Slot => {
                let from: Mem = self.memory_of(a);
                let to = self.alloc();
                self.asm.mov(ty.is_wide(), to, from);
                self.push_gpr(ty, to);
            }
            _ => {
                let from = self.in_xmm(a);
                let to = self.alloc();
                self.asm.mov_from_xmm(ty.is_wide(), to, from);
                self.push_gpr(ty, to);
            }
        }
    }

    fn float_of_bits(&mut self, ty: Ty) {
        let a = self.pop();
        if let Loc::Const(bits) = a.loc {
            let bits = if ty == Ty::F64 { bits } else { i64::from(bits as u32) };
            return self.push(ty, Loc::Const(bits));
        }
        let from = self.operand(a);
        let to = self.alloc_xmm();
        self.asm.mov_to_xmm(ty == Ty::F64, to, from);
        self.push_xmm(ty, to);
    }
}

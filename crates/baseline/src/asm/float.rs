//! Instructions on vector registers: scalar floats first, vectors by opcode.

use super::encode::Form;
use super::{Assembler, Gpr, Mem, Opcode, Rm, Xmm, op_0f};

/// A scalar instruction's opcode for floats of 32 or 64 bits.
pub(crate) const fn scalar(double: bool, byte: u8) -> Opcode {
    op_0f(if double { 0xf2 } else { 0xf3 }, byte)
}

/// A vector instruction's opcode for floats of 32 or 64 bits.
pub(crate) const fn packed(double: bool, byte: u8) -> Opcode {
    op_0f(if double { 0x66 } else { 0 }, byte)
}

impl Assembler {
    /// An instruction on vector registers, by opcode.
    pub fn sse(&mut self, opcode: Opcode, to: Xmm, from: impl Into<Rm>) {
        self.instruction(opcode, to.0, from, Form::default());
    }

    /// The same with an immediate byte.
    pub fn sse_imm(&mut self, opcode: Opcode, to: Xmm, from: impl Into<Rm>, imm: u8) {
        self.instruction(opcode, to.0, from, Form { imm: 1, ..Form::default() });
        self.imm(i32::from(imm), 1);
    }

    /// Between a vector register and an operand of 32 or 64 bits in a general register or memory, by opcode.
    pub fn sse_gpr(&mut self, opcode: Opcode, w: bool, to: Xmm, from: impl Into<Rm>) {
        self.instruction(opcode, to.0, from, Form { wide: w, ..Form::default() });
    }

    /// From a vector register to a general one, by opcode.
    pub fn gpr_from_sse(&mut self, opcode: Opcode, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(opcode, to.0, from, Form { wide: w, ..Form::default() });
    }

    /// Copies a whole register.
    pub fn movaps(&mut self, to: Xmm, from: Xmm) {
        self.sse(op_0f(0, 0x28), to, from);
    }

    pub fn load_scalar(&mut self, double: bool, to: Xmm, from: Mem) {
        self.sse(scalar(double, 0x10), to, from);
    }

    pub fn store_scalar(&mut self, double: bool, to: Mem, from: Xmm) {
        self.sse(scalar(double, 0x11), from, to);
    }

    pub fn load_vector(&mut self, to: Xmm, from: Mem) {
        self.sse(op_0f(0, 0x10), to, from);
    }

    pub fn store_vector(&mut self, to: Mem, from: Xmm) {
        self.sse(op_0f(0, 0x11), from, to);
    }

    pub fn zero_xmm(&mut self, to: Xmm) {
        self.sse(op_0f(0, 0x57), to, to);
    }

    /// `ucomiss`, `ucomisd`
    pub fn compare_scalar(&mut self, double: bool, a: Xmm, b: impl Into<Rm>) {
        self.sse(packed(double, 0x2e), a, b);
    }

    /// `movd`, `movq` from a general register or memory.
    pub fn mov_to_xmm(&mut self, w: bool, to: Xmm, from: impl Into<Rm>) {
        self.sse_gpr(op_0f(0x66, 0x6e), w, to, from);
    }

    /// `movd`, `movq` to a general register.
    pub fn mov_from_xmm(&mut self, w: bool, to: Gpr, from: Xmm) {
        self.instruction(op_0f(0x66, 0x7e), from.0, to, Form { wide: w, ..Form::default() });
    }

    // Lanes and shifts

    /// Between a lane and a general register or memory, by opcode: `pinsr`.
    pub fn insert_lane(&mut self, opcode: Opcode, w: bool, to: Xmm, from: impl Into<Rm>, lane: u8) {
        self.instruction(opcode, to.0, from, Form { wide: w, imm: 1, ..Form::default() });
        self.imm(i32::from(lane), 1);
    }

    /// The other way: `pextr`.
    pub fn extract_lane(&mut self, opcode: Opcode, w: bool, to: impl Into<Rm>, from: Xmm, lane: u8) {
        self.instruction(opcode, from.0, to, Form { wide: w, imm: 1, ..Form::default() });
        self.imm(i32::from(lane), 1);
    }

    /// Shifts all lanes by a constant: group and number of the instruction.
    pub fn shift_lanes_imm(&mut self, group: u8, number: u8, lanes: Xmm, count: u8) {
        self.instruction(op_0f(0x66, group), number, lanes, Form { imm: 1, ..Form::default() });
        self.imm(i32::from(count), 1);
    }
}

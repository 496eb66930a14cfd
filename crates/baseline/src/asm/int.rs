//! Integer instructions, control flow, and moves.

use super::encode::Form;
use super::{Assembler, Cc, Gpr, Label, Mem, Opcode, Rm, op, op_0f, op_0f38};

/// Two-operand arithmetic, by its number in the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Alu {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

/// Shifts and rotations, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Shift {
    RotateLeft = 0,
    RotateRight = 1,
    Left = 4,
    RightUnsigned = 5,
    RightSigned = 7,
}

/// Instructions with one operand and another in `rdx:rax`, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Unary {
    Div = 6,
    Idiv = 7,
}

fn wide(wide: bool) -> Form {
    Form { wide, ..Form::default() }
}

fn fits_byte(value: i32) -> bool {
    i8::try_from(value).is_ok()
}

impl Assembler {
    // Moves

    /// Loads or copies 32 bits (the upper half becomes zero) or 64.
    pub fn mov(&mut self, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op(0x8b), to.0, from, wide(w));
    }

    pub fn store(&mut self, w: bool, to: Mem, from: Gpr) {
        self.instruction(op(0x89), from.0, to, wide(w));
    }

    pub fn store8(&mut self, to: Mem, from: Gpr) {
        self.instruction(op(0x88), from.0, to, Form { bytes: true, ..Form::default() });
    }

    pub fn store16(&mut self, to: Mem, from: Gpr) {
        self.instruction(op(0x89).with_prefix(0x66), from.0, to, Form::default());
    }

    /// Stores an immediate that is extended with its sign.
    pub fn store_imm(&mut self, w: bool, to: Mem, value: i32) {
        self.instruction(op(0xc7), 0, to, Form { wide: w, imm: 4, ..Form::default() });
        self.imm(value, 4);
    }

    pub fn store8_imm(&mut self, to: Mem, value: i32) {
        self.instruction(op(0xc6), 0, to, Form { imm: 1, ..Form::default() });
        self.imm(value, 1);
    }

    pub fn store16_imm(&mut self, to: Mem, value: i32) {
        self.instruction(op(0xc7).with_prefix(0x66), 0, to, Form { imm: 2, ..Form::default() });
        self.imm(value, 2);
    }

    /// Sets a register, flags stay.
    pub fn mov_imm(&mut self, to: Gpr, value: i64) {
        if u32::try_from(value).is_ok() {
            let rex = if to.0 >= 8 { 0x41 } else { 0 };
            let opcode = u64::from(0xb8 | to.0 & 7);
            if rex == 0 {
                self.raw(opcode, 1)
            } else {
                self.raw(rex | opcode << 8, 2)
            }
            self.raw(value as u64, 4);
        } else if let Ok(small) = i32::try_from(value) {
            self.instruction(op(0xc7), 0, to, Form { wide: true, imm: 4, ..Form::default() });
            self.imm(small, 4);
        } else {
            let rex = 0x48 | u64::from(to.0 >> 3);
            self.raw(rex | u64::from(0xb8 | to.0 & 7) << 8, 2);
            self.raw(value as u64, 8);
        }
    }

    /// Extends 8 bits with zeros.
    pub fn movzx8(&mut self, to: Gpr, from: impl Into<Rm>) {
        let from = from.into();
        // Only the source is a register of a byte, but a needless prefix does no harm.
        self.instruction(op_0f(0, 0xb6), to.0, from, Form { bytes: true, ..Form::default() });
    }

    pub fn movzx16(&mut self, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op_0f(0, 0xb7), to.0, from, Form::default());
    }

    /// Extends 8 bits with their sign.
    pub fn movsx8(&mut self, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op_0f(0, 0xbe), to.0, from, Form { wide: w, bytes: true, imm: 0 });
    }

    pub fn movsx16(&mut self, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op_0f(0, 0xbf), to.0, from, wide(w));
    }

    pub fn movsx32(&mut self, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op(0x63), to.0, from, wide(true));
    }

    pub fn lea(&mut self, w: bool, to: Gpr, address: Mem) {
        self.instruction(op(0x8d), to.0, address, wide(w));
    }

    pub fn push(&mut self, reg: Gpr) {
        debug_assert!(reg.0 < 8);
        self.raw(u64::from(0x50 | reg.0), 1);
    }

    // Arithmetic

    pub fn alu(&mut self, alu: Alu, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op(alu as u8 * 8 + 3), to.0, from, wide(w));
    }

    pub fn alu_imm(&mut self, alu: Alu, w: bool, to: impl Into<Rm>, value: i32) {
        let len = if fits_byte(value) { 1 } else { 4 };
        let opcode = if len == 1 { op(0x83) } else { op(0x81) };
        self.instruction(opcode, alu as u8, to, Form { wide: w, imm: len, ..Form::default() });
        self.imm(value, len);
    }

    pub fn test(&mut self, w: bool, a: Gpr, b: Gpr) {
        self.instruction(op(0x85), b.0, a, wide(w));
    }

    pub fn test_imm(&mut self, w: bool, a: Gpr, value: i32) {
        self.instruction(op(0xf7), 0, a, Form { wide: w, imm: 4, ..Form::default() });
        self.imm(value, 4);
    }

    pub fn neg(&mut self, w: bool, operand: Gpr) {
        self.instruction(op(0xf7), 3, operand, wide(w));
    }

    pub fn imul(&mut self, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op_0f(0, 0xaf), to.0, from, wide(w));
    }

    pub fn imul_imm(&mut self, w: bool, to: Gpr, from: impl Into<Rm>, value: i32) {
        let len = if fits_byte(value) { 1 } else { 4 };
        let opcode = if len == 1 { op(0x6b) } else { op(0x69) };
        self.instruction(opcode, to.0, from, Form { wide: w, imm: len, ..Form::default() });
        self.imm(value, len);
    }

    pub fn unary(&mut self, unary: Unary, w: bool, operand: impl Into<Rm>) {
        self.instruction(op(0xf7), unary as u8, operand, wide(w));
    }

    /// Extends the sign of `rax` into `rdx`.
    pub fn sign_to_rdx(&mut self, w: bool) {
        if w { self.raw(0x9948, 2) } else { self.raw(0x99, 1) }
    }

    pub fn shift_imm(&mut self, shift: Shift, w: bool, to: Gpr, count: u8) {
        self.instruction(op(0xc1), shift as u8, to, Form { wide: w, imm: 1, ..Form::default() });
        self.imm(i32::from(count), 1);
    }

    /// Shifts by `cl`.
    pub fn shift_cl(&mut self, shift: Shift, w: bool, to: Gpr) {
        self.instruction(op(0xd3), shift as u8, to, wide(w));
    }

    /// Shifts by a register (BMI2). Not for rotations.
    pub fn shift_by(&mut self, shift: Shift, w: bool, to: Gpr, from: impl Into<Rm>, count: Gpr) {
        let prefix = match shift {
            Shift::Left => 0x66,
            Shift::RightUnsigned => 0xf2,
            _ => 0xf3,
        };
        self.vex(op_0f38(prefix, 0xf7), w, to.0, count.0, from);
    }

    /// `bsf`, `bsr`, `tzcnt`, `lzcnt`, `popcnt`: by opcode.
    pub fn bits(&mut self, opcode: Opcode, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(opcode, to.0, from, wide(w));
    }

    pub fn set(&mut self, cc: Cc, to: Gpr) {
        self.instruction(op_0f(0, 0x90 | cc as u8), 0, to, Form { bytes: true, ..Form::default() });
    }

    pub fn cmov(&mut self, cc: Cc, w: bool, to: Gpr, from: impl Into<Rm>) {
        self.instruction(op_0f(0, 0x40 | cc as u8), to.0, from, wide(w));
    }

    // Atomics: on 1, 2, 4 or 8 bytes

    fn sized(&mut self, size: u32, byte: Opcode, larger: Opcode, mem: Mem, reg: Gpr) {
        let form = Form { wide: size == 8, bytes: size == 1, imm: 0 };
        let opcode = match size {
            1 => byte,
            2 => larger.with_prefix(0x66),
            _ => larger,
        };
        self.instruction(opcode, reg.0, mem, form);
    }

    /// Exchanges a register with memory; always atomic.
    pub fn xchg(&mut self, size: u32, mem: Mem, reg: Gpr) {
        self.sized(size, op(0x86), op(0x87), mem, reg);
    }

    /// Adds a register to memory and leaves there what was in memory.
    pub fn lock_xadd(&mut self, size: u32, mem: Mem, reg: Gpr) {
        self.raw(0xf0, 1);
        self.sized(size, op_0f(0, 0xc0), op_0f(0, 0xc1), mem, reg);
    }

    /// Replaces what is in memory by a register if it is in `rax`, where it is afterwards.
    pub fn lock_cmpxchg(&mut self, size: u32, mem: Mem, reg: Gpr) {
        self.raw(0xf0, 1);
        self.sized(size, op_0f(0, 0xb0), op_0f(0, 0xb1), mem, reg);
    }

    pub fn mfence(&mut self) {
        self.raw(0xf0ae0f, 3);
    }

    // Control flow

    pub fn jmp(&mut self, label: Label) {
        self.raw(0xe9, 1);
        let end = self.offset() + 4;
        self.put_distance(end, label);
    }

    pub fn jcc(&mut self, cc: Cc, label: Label) {
        self.raw(0x800f | u64::from(cc as u8) << 8, 2);
        let end = self.offset() + 4;
        self.put_distance(end, label);
    }

    pub fn jmp_to(&mut self, target: impl Into<Rm>) {
        self.instruction(op(0xff), 4, target, Form::default());
    }

    pub fn call(&mut self, target: impl Into<Rm>) {
        self.instruction(op(0xff), 2, target, Form::default());
    }

    /// `mov rsp, rbp; pop rbp`
    pub fn leave(&mut self) {
        self.raw(0xc9, 1);
    }

    /// Returns and drops `bytes` of arguments.
    pub fn ret(&mut self, bytes: u16) {
        if bytes == 0 { self.raw(0xc3, 1) } else { self.raw(0xc2 | u64::from(bytes) << 8, 3) }
    }

    pub fn ud2(&mut self) {
        self.raw(0x0b0f, 2);
    }

    /// Fills memory at `rdi` with `rcx` words of `rax`.
    pub fn rep_stosq(&mut self) {
        self.raw(0xab48f3, 3);
    }
}

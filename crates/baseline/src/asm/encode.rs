//! Prefixes, opcodes and operands to bytes.

use super::{Assembler, Base, Gpr, Mem, Rm};

/// An opcode: mandatory prefix (0 for none), number of its map, and its byte there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opcode {
    pub prefix: u8,
    map: u8,
    byte: u8,
}

pub(crate) const fn op(byte: u8) -> Opcode {
    Opcode { prefix: 0, map: 0, byte }
}

/// Behind `0f`.
pub(crate) const fn op_0f(prefix: u8, byte: u8) -> Opcode {
    Opcode { prefix, map: 1, byte }
}

/// Behind `0f 38`.
pub(crate) const fn op_0f38(prefix: u8, byte: u8) -> Opcode {
    Opcode { prefix, map: 2, byte }
}

/// Behind `0f 3a`.
pub(crate) const fn op_0f3a(prefix: u8, byte: u8) -> Opcode {
    Opcode { prefix, map: 3, byte }
}

impl Opcode {
    pub const fn with_prefix(self, prefix: u8) -> Opcode {
        Opcode { prefix, ..self }
    }
}

/// What an instruction has besides opcode and operands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    /// 64 bits wide.
    pub wide: bool,
    /// Registers are those of a byte, four of which have a prefix.
    pub bytes: bool,
    /// Bytes of an immediate that follows.
    pub imm: u8,
}

/// Bytes gathered to be written at once.
struct Gathered {
    bytes: u64,
    len: usize,
}

impl Gathered {
    fn push(&mut self, byte: u8) {
        self.bytes |= u64::from(byte) << (8 * self.len);
        self.len += 1;
    }
}

fn extension(rm: Rm) -> (u8, u8) {
    match rm {
        Rm::Reg(reg) => (0, reg >> 3),
        Rm::Mem(mem) => {
            let base = match mem.base {
                Base::Gpr(base) => base.0 >> 3,
                Base::Constant(_) => 0,
            };
            (mem.index.map_or(0, |(index, _)| index.0 >> 3), base)
        }
    }
}

impl Assembler {
    /// An instruction with a register (or a digit of the opcode) and an operand that may be memory.
    #[inline]
    pub(super) fn instruction(&mut self, opcode: Opcode, reg: u8, rm: impl Into<Rm>, form: Form) {
        let rm = rm.into();
        let mut out = Gathered { bytes: 0, len: 0 };
        if opcode.prefix != 0 {
            out.push(opcode.prefix);
        }
        let (x, b) = extension(rm);
        let rex = 0x40 | u8::from(form.wide) << 3 | (reg >> 3) << 2 | x << 1 | b;
        let byte_register = |reg: u8| (4..8).contains(&reg);
        let forced = form.bytes && (byte_register(reg) || matches!(rm, Rm::Reg(rm) if byte_register(rm)));
        if rex != 0x40 || forced {
            out.push(rex);
        }
        match opcode.map {
            0 => {}
            1 => out.push(0x0f),
            2 => {
                out.push(0x0f);
                out.push(0x38);
            }
            _ => {
                out.push(0x0f);
                out.push(0x3a);
            }
        }
        out.push(opcode.byte);
        self.operands(out, reg, rm, form.imm);
    }

    /// An instruction in the encoding with three operands.
    pub(super) fn vex(&mut self, opcode: Opcode, wide: bool, reg: u8, second: u8, rm: impl Into<Rm>) {
        let rm = rm.into();
        let (x, b) = extension(rm);
        let mut out = Gathered { bytes: 0, len: 0 };
        out.push(0xc4);
        out.push((!(reg >> 3) & 1) << 7 | (!x & 1) << 6 | (!b & 1) << 5 | opcode.map);
        let prefix = match opcode.prefix {
            0x66 => 1,
            0xf3 => 2,
            0xf2 => 3,
            _ => 0,
        };
        out.push(u8::from(wide) << 7 | (!second & 15) << 3 | prefix);
        out.push(opcode.byte);
        self.operands(out, reg, rm, 0);
    }

    fn operands(&mut self, mut out: Gathered, reg: u8, rm: Rm, imm: u8) {
        let reg = (reg & 7) << 3;
        let mem = match rm {
            Rm::Reg(rm) => {
                out.push(0xc0 | reg | rm & 7);
                return self.put(out.bytes, out.len);
            }
            Rm::Mem(mem) => mem,
        };
        let base = match mem.base {
            Base::Gpr(base) => base,
            Base::Constant(label) => {
                out.push(reg | 5);
                self.put(out.bytes, out.len);
                let end = self.offset() + 4 + u32::from(imm);
                return self.put_distance(end, label);
            }
        };
        let (mode, disp_len) = match mem.disp {
            0 if base.0 & 7 != Gpr::RBP.0 => (0, 0),
            disp if i8::try_from(disp).is_ok() => (0x40, 1),
            _ => (0x80, 4),
        };
        match mem.index {
            None if base.0 & 7 != Gpr::RSP.0 => out.push(mode | reg | base.0 & 7),
            None => {
                out.push(mode | reg | 4);
                out.push(0x20 | base.0 & 7);
            }
            Some((index, scale)) => {
                debug_assert_ne!(index, Gpr::RSP);
                out.push(mode | reg | 4);
                out.push(scale << 6 | (index.0 & 7) << 3 | base.0 & 7);
            }
        }
        self.put(out.bytes, out.len);
        if disp_len != 0 {
            self.put(u64::from(mem.disp as u32), disp_len);
        }
    }

    /// Immediate bytes.
    pub(super) fn imm(&mut self, value: i32, len: u8) {
        self.put(u64::from(value as u32), usize::from(len));
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, bytes: u64, len: usize) {
        self.put(bytes, len);
    }

    /// Takes the address of a label.
    pub fn lea_label(&mut self, to: Gpr, label: super::Label) {
        self.lea(true, to, Mem::constant(label));
    }
}

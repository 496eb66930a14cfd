//! Registers, memory operands and conditions of x86-64.

/// A general register, by its number in the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gpr(pub u8);

impl Gpr {
    pub const RAX: Gpr = Gpr(0);
    pub const RCX: Gpr = Gpr(1);
    pub const RDX: Gpr = Gpr(2);
    pub const RBX: Gpr = Gpr(3);
    pub const RSP: Gpr = Gpr(4);
    pub const RBP: Gpr = Gpr(5);
    pub const RSI: Gpr = Gpr(6);
    pub const RDI: Gpr = Gpr(7);
    pub const R8: Gpr = Gpr(8);
    pub const R9: Gpr = Gpr(9);
    pub const R10: Gpr = Gpr(10);
    pub const R11: Gpr = Gpr(11);
    pub const R12: Gpr = Gpr(12);
    pub const R13: Gpr = Gpr(13);
    pub const R14: Gpr = Gpr(14);
    pub const R15: Gpr = Gpr(15);

    /// The set of this register alone.
    pub const fn bit(self) -> u16 {
        1 << self.0
    }
}

/// A vector register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Xmm(pub u8);

impl Xmm {
    /// The set of this register alone.
    pub const fn bit(self) -> u16 {
        1 << self.0
    }
}

/// What a memory operand counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Gpr(Gpr),
    /// A constant behind the code, by its label.
    Constant(super::Label),
}

/// A memory operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mem {
    pub base: Base,
    /// A register and the logarithm of what it is multiplied with.
    pub index: Option<(Gpr, u8)>,
    pub disp: i32,
}

impl Mem {
    pub fn new(base: Gpr, disp: i32) -> Mem {
        Mem { base: Base::Gpr(base), index: None, disp }
    }

    pub fn indexed(base: Gpr, index: Gpr, scale: u8, disp: i32) -> Mem {
        Mem { base: Base::Gpr(base), index: Some((index, scale)), disp }
    }

    pub fn constant(label: super::Label) -> Mem {
        Mem { base: Base::Constant(label), index: None, disp: 0 }
    }
}

/// An operand that is a register of the instruction's class, or memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rm {
    Reg(u8),
    Mem(Mem),
}

impl From<Gpr> for Rm {
    fn from(reg: Gpr) -> Rm {
        Rm::Reg(reg.0)
    }
}

impl From<Xmm> for Rm {
    fn from(reg: Xmm) -> Rm {
        Rm::Reg(reg.0)
    }
}

impl From<Mem> for Rm {
    fn from(mem: Mem) -> Rm {
        Rm::Mem(mem)
    }
}

/// A condition code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cc {
    Overflow = 0,
    NotOverflow = 1,
    Below = 2,
    AboveEqual = 3,
    Equal = 4,
    NotEqual = 5,
    BelowEqual = 6,
    Above = 7,
    Sign = 8,
    NotSign = 9,
    Parity = 10,
    NotParity = 11,
    Less = 12,
    GreaterEqual = 13,
    LessEqual = 14,
    Greater = 15,
}

impl Cc {
    const ALL: [Cc; 16] = [
        Cc::Overflow,
        Cc::NotOverflow,
        Cc::Below,
        Cc::AboveEqual,
        Cc::Equal,
        Cc::NotEqual,
        Cc::BelowEqual,
        Cc::Above,
        Cc::Sign,
        Cc::NotSign,
        Cc::Parity,
        Cc::NotParity,
        Cc::Less,
        Cc::GreaterEqual,
        Cc::LessEqual,
        Cc::Greater,
    ];

    /// The condition that holds when this one does not.
    pub fn inverted(self) -> Cc {
        Cc::ALL[self as usize ^ 1]
    }

    /// The condition that holds when the operands are exchanged.
    pub fn swapped(self) -> Cc {
        match self {
            Cc::Below => Cc::Above,
            Cc::Above => Cc::Below,
            Cc::AboveEqual => Cc::BelowEqual,
            Cc::BelowEqual => Cc::AboveEqual,
            Cc::Less => Cc::Greater,
            Cc::Greater => Cc::Less,
            Cc::GreaterEqual => Cc::LessEqual,
            Cc::LessEqual => Cc::GreaterEqual,
            other => other,
        }
    }
}

//! Integer arithmetic and comparisons.

use gantry_abi::TrapCode;
use wasmparser::Operator;

use crate::asm::{Alu, Cc, Gpr, Mem, Shift, Unary, op_0f};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::SCRATCH;
use crate::stack::{Condition, Entry, Loc};

impl Generator<'_> {
    #[inline]
    pub fn integer_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32Eqz | O::I64Eqz => self.eqz(),
            O::I32Eq | O::I64Eq => self.compare(Cc::Equal),
            O::I32Ne | O::I64Ne => self.compare(Cc::NotEqual),
            O::I32LtS | O::I64LtS => self.compare(Cc::Less),
            O::I32LtU | O::I64LtU => self.compare(Cc::Below),
            O::I32GtS | O::I64GtS => self.compare(Cc::Greater),
            O::I32GtU | O::I64GtU => self.compare(Cc::Above),
            O::I32LeS | O::I64LeS => self.compare(Cc::LessEqual),
            O::I32LeU | O::I64LeU => self.compare(Cc::BelowEqual),
            O::I32GeS | O::I64GeS => self.compare(Cc::GreaterEqual),
            O::I32GeU | O::I64GeU => self.compare(Cc::AboveEqual),
            O::I32Add | O::I64Add => self.add(),
            O::I32Sub | O::I64Sub => self.arithmetic(Alu::Sub),
            O::I32And | O::I64And => self.arithmetic(Alu::And),
            O::I32Or | O::I64Or => self.arithmetic(Alu::Or),
            O::I32Xor | O::I64Xor => self.arithmetic(Alu::Xor),
            O::I32Mul | O::I64Mul => self.multiply(),
            O::I32DivS | O::I64DivS => self.divide_signed(),
            O::I32RemS | O::I64RemS => self.remainder_signed(),
            O::I32DivU | O::I64DivU => self.divide_unsigned(false),
            O::I32RemU | O::I64RemU => self.divide_unsigned(true),
            O::I32Shl | O::I64Shl => self.shift(Shift::Left),
            O::I32ShrS | O::I64ShrS => self.shift(Shift::RightSigned),
            O::I32ShrU | O::I64ShrU => self.shift(Shift::RightUnsigned),
            O::I32Rotl | O::I64Rotl => self.shift(Shift::RotateLeft),
            O::I32Rotr | O::I64Rotr => self.shift(Shift::RotateRight),
            O::I32Clz | O::I64Clz => self.leading_zeros(),
            O::I32Ctz | O::I64Ctz => self.trailing_zeros(),
            O::I32Popcnt | O::I64Popcnt => self.population(),
            _ => return false,
        }
        true
    }

    // Comparisons

    pub fn compare(&mut self, cc: Cc) {
        let (a, b) = self.pop2();
        let (a, b, cc) = if matches!(a.loc, Loc::Const(_)) { (b, a, cc.swapped()) } else { (a, b, cc) };
        let w = a.ty.is_wide();
        match self.immediate(b) {
            Some(0) if matches!(self.place(a), Loc::Gpr(_)) => {
                let a = self.in_register(a);
                self.asm.test(w, a, a);
            }
            Some(value) => {
                let a = self.operand(a);
                self.asm.alu_imm(Alu::Cmp, w, a, value);
            }
            None => {
                let a = self.in_register(a);
                let b = self.operand(b);
                self.asm.alu(Alu::Cmp, w, a, b);
            }
        }
        self.push(Ty::I32, Loc::Flags(Condition::Is(cc)));
    }

    /// Compares with zero. Also for null references.
    pub fn eqz(&mut self) {
        if let Some(Entry { loc: Loc::Flags(condition), .. }) = self.stack.last().copied() {
            self.pop();
            return self.push(Ty::I32, Loc::Flags(condition.inverted()));
        }
        let ty = self.stack.last().expect("validated").ty;
        self.push(ty, Loc::Const(0));
        self.compare(Cc::Equal);
    }

    // Arithmetic

    /// The operands of a commutative operation, in the better order.
    fn pop2_commutative(&mut self) -> (Entry, Entry) {
        let (a, b) = self.pop2();
        let exchange = matches!(a.loc, Loc::Const(_)) || self.is_own(b) && !self.is_own(a);
        if exchange && !matches!(b.loc, Loc::Const(_)) { (b, a) } else { (a, b) }
    }

    fn add(&mut self) {
        let (a, b) = self.pop2_commutative();
        let w = a.ty.is_wide();
        if let (false, Loc::Gpr(base)) = (self.is_own(a), self.place(a)) {
            let address = match (self.immediate(b), self.place(b)) {
                (Some(value), _) => Some(Mem::new(base, value)),
                (None, Loc::Gpr(index)) => Some(Mem::indexed(base, index, 0, 0)),
                _ => None,
            };
            if let Some(address) = address {
                let to = self.alloc();
                self.asm.lea(w, to, address);
                return self.push_gpr(a.ty, to);
            }
        }
        self.apply(Alu::Add, a, b);
    }

    fn arithmetic(&mut self, alu: Alu) {
        let (a, b) = if alu == Alu::Sub { self.pop2() } else { self.pop2_commutative() };
        self.apply(alu, a, b);
    }

    fn apply(&mut self, alu: Alu, a: Entry, b: Entry) {
        let w = a.ty.is_wide();
        let to = self.in_own_register(a);
        match self.immediate(b) {
            Some(value) => self.asm.alu_imm(alu, w, to, value),
            None => {
                let b = self.operand(b);
                self.asm.alu(alu, w, to, b);
            }
        }
        self.push_gpr(a.ty, to);
    }

    fn multiply(&mut self) {
        let (a, b) = self.pop2_commutative();
        let w = a.ty.is_wide();
        if let Some(value) = self.immediate(b) {
            let from = self.operand(a);
            let to = match a.loc {
                Loc::Gpr(reg) => reg,
                _ => self.alloc(),
            };
            self.asm.imul_imm(w, to, from, value);
            return self.push_gpr(a.ty, to);
        }
        let to = self.in_own_register(a);
        let b = self.operand(b);
        self.asm.imul(w, to, b);
        self.push_gpr(a.ty, to);
    }

    // Division

    /// Gets `rax` and `rdx` ready: the dividend in the one, the other free, and a divisor elsewhere.
    fn division_operands(&mut self, a: Entry, b: Entry) -> Gpr {
        let fixed = Gpr::RAX.bit() | Gpr::RDX.bit();
        let divisor = match self.place(b) {
            Loc::Gpr(reg) if reg.bit() & fixed == 0 => reg,
            _ => self.in_own_register_except(b, fixed),
        };
        self.reserve(Gpr::RAX);
        self.load(Gpr::RAX, a);
        self.reserve(Gpr::RDX);
        divisor
    }

    /// Traps for `reason` when the divisor is zero, unless it is a constant that is not.
    fn check_divisor(&mut self, b: Entry, divisor: Gpr, reason: TrapCode) {
        if !matches!(b.loc, Loc::Const(value) if value != 0) {
            self.asm.test(b.ty.is_wide(), divisor, divisor);
            self.trap_if(Cc::Equal, reason);
        }
    }

    fn may_be_minus_one(b: Entry) -> bool {
        !matches!(b.loc, Loc::Const(value) if value != -1)
    }

    fn divide_signed(&mut self) {
        let (a, b) = self.pop2();
        let w = a.ty.is_wide();
        let divisor = self.division_operands(a, b);
        self.check_divisor(b, divisor, TrapCode::IntegerDivideByZero);
        if Self::may_be_minus_one(b) {
            let fine = self.asm.label();
            self.asm.alu_imm(Alu::Cmp, w, divisor, -1);
            self.asm.jcc(Cc::NotEqual, fine);
            // Only the smallest number overflows when 1 is taken away.
            self.asm.alu_imm(Alu::Cmp, w, Gpr::RAX, 1);
            self.trap_if(Cc::Overflow, TrapCode::IntegerOverflow);
            self.asm.bind(fine);
        }
        self.asm.sign_to_rdx(w);
        self.asm.unary(Unary::Idiv, w, divisor);
        self.push_gpr(a.ty, Gpr::RAX);
    }

    fn remainder_signed(&mut self) {
        let (a, b) = self.pop2();
        let w = a.ty.is_wide();
        let divisor = self.division_operands(a, b);
        self.check_divisor(b, divisor, TrapCode::IntegerRemainderByZero);
        let done = self.asm.label();
        if Self::may_be_minus_one(b) {
            self.asm.mov_imm(Gpr::RDX, 0);
            self.asm.alu_imm(Alu::Cmp, w, divisor, -1);
            self.asm.jcc(Cc::Equal, done);
        }
        self.asm.sign_to_rdx(w);
        self.asm.unary(Unary::Idiv, w, divisor);
        self.asm.bind(done);
        self.push_gpr(a.ty, Gpr::RDX);
    }

    fn divide_unsigned(&mut self, remainder: bool) {
        let (a, b) = self.pop2();
        let w = a.ty.is_wide();
        if let Some(value) = self.immediate(b)
            && value > 0
            && value & (value - 1) == 0
        {
            let to = self.in_own_register(a);
            match remainder {
                true => self.asm.alu_imm(Alu::And, w, to, value - 1),
                false => self.asm.shift_imm(Shift::RightUnsigned, w, to, value.trailing_zeros() as u8),
            }
            return self.push_gpr(a.ty, to);
        }
        let divisor = self.division_operands(a, b);
        let reason = if remainder { TrapCode::IntegerRemainderByZero } else { TrapCode::IntegerDivideByZero };
        self.check_divisor(b, divisor, reason);
        self.asm.mov_imm(Gpr::RDX, 0);
        self.asm.unary(Unary::Div, w, divisor);
        self.push_gpr(a.ty, if remainder { Gpr::RDX } else { Gpr::RAX });
    }

    // Bits

    fn shift(&mut self, shift: Shift) {
        let (a, b) = self.pop2();
        let w = a.ty.is_wide();
        let mask = if w { 63 } else { 31 };
        if let Loc::Const(count) = b.loc {
            let to = self.in_own_register(a);
            self.asm.shift_imm(shift, w, to, count as u8 & mask);
            return self.push_gpr(a.ty, to);
        }
        let rotates = matches!(shift, Shift::RotateLeft | Shift::RotateRight);
        if self.env.features.bmi2 && !rotates {
            let count = self.in_register(b);
            let from = self.operand(a);
            let to = match a.loc {
                Loc::Gpr(reg) => reg,
                _ => self.alloc(),
            };
            self.asm.shift_by(shift, w, to, from, count);
            return self.push_gpr(a.ty, to);
        }
        let to = self.in_own_register_except(a, Gpr::RCX.bit());
        self.reserve(Gpr::RCX);
        self.load(Gpr::RCX, b);
        self.asm.shift_cl(shift, w, to);
        self.push_gpr(a.ty, to);
    }

    fn leading_zeros(&mut self) {
        let a = self.pop();
        let w = a.ty.is_wide();
        let from = self.operand(a);
        let to = self.alloc();
        if self.env.features.lzcnt {
            self.asm.bits(op_0f(0xf3, 0xbd), w, to, from);
        } else {
            let width = if w { 64 } else { 32 };
            self.asm.bits(op_0f(0, 0xbd), w, to, from);
            // Of zero the result is undefined; this one is turned into the width.
            self.asm.mov_imm(SCRATCH, 2 * width - 1);
            self.asm.cmov(Cc::Equal, w, to, SCRATCH);
            self.asm.alu_imm(Alu::Xor, w, to, width as i32 - 1);
        }
        self.push_gpr(a.ty, to);
    }

    fn trailing_zeros(&mut self) {
        let a = self.pop();
        let w = a.ty.is_wide();
        let from = self.operand(a);
        let to = self.alloc();
        if self.env.features.bmi1 {
            self.asm.bits(op_0f(0xf3, 0xbc), w, to, from);
        } else {
            self.asm.bits(op_0f(0, 0xbc), w, to, from);
            self.asm.mov_imm(SCRATCH, if w { 64 } else { 32 });
            self.asm.cmov(Cc::Equal, w, to, SCRATCH);
        }
        self.push_gpr(a.ty, to);
    }

    fn population(&mut self) {
        let a = self.pop();
        let w = a.ty.is_wide();
        if self.env.features.popcnt {
            let from = self.operand(a);
            let to = self.alloc();
            self.asm.bits(op_0f(0xf3, 0xb8), w, to, from);
            return self.push_gpr(a.ty, to);
        }
        let to = self.in_own_register(a);
        self.population_by_arithmetic(w, to);
        self.push_gpr(a.ty, to);
    }

    /// Counts in pairs of bits, then in fours, then in bytes, which a multiplication adds up.
    fn population_by_arithmetic(&mut self, w: bool, to: Gpr) {
        let mask = self.alloc();
        let pattern = |byte: i64| if w { byte * 0x0101_0101_0101_0101 } else { byte * 0x0101_0101 };
        self.asm.mov(w, SCRATCH, to);
        self.asm.shift_imm(Shift::RightUnsigned, w, SCRATCH, 1);
        self.asm.mov_imm(mask, pattern(0x55));
        self.asm.alu(Alu::And, w, SCRATCH, mask);
        self.asm.alu(Alu::Sub, w, to, SCRATCH);
        self.asm.mov_imm(mask, pattern(0x33));
        self.asm.mov(w, SCRATCH, to);
        self.asm.shift_imm(Shift::RightUnsigned, w, SCRATCH, 2);
        self.asm.alu(Alu::And, w, to, mask);
        self.asm.alu(Alu::And, w, SCRATCH, mask);
        self.asm.alu(Alu::Add, w, to, SCRATCH);
        self.asm.mov(w, SCRATCH, to);
        self.asm.shift_imm(Shift::RightUnsigned, w, SCRATCH, 4);
        self.asm.alu(Alu::Add, w, to, SCRATCH);
        self.asm.mov_imm(mask, pattern(0x0f));
        self.asm.alu(Alu::And, w, to, mask);
        self.asm.mov_imm(mask, pattern(0x01));
        self.asm.imul(w, to, mask);
        self.asm.shift_imm(Shift::RightUnsigned, w, to, if w { 56 } else { 24 });
    }
}

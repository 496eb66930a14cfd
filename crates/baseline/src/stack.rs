//! Operands while code is made: where each is, and who has which register.
//!
//! Constants and values of locals are not computed before they are used. Every operand has a slot in the frame, which follows from the
//! types below it, and goes there when its register is wanted, and where paths meet.

use crate::asm::{Alu, Cc, Gpr, Mem, Rm, Xmm};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::{Home, SCRATCH, VECTOR_SCRATCH};

/// What the processor's flags say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Is(Cc),
    /// Floats were compared and are equal, none of them a NaN.
    FloatEqual,
    FloatNotEqual,
}

impl Condition {
    pub fn inverted(self) -> Condition {
        match self {
            Condition::Is(cc) => Condition::Is(cc.inverted()),
            Condition::FloatEqual => Condition::FloatNotEqual,
            Condition::FloatNotEqual => Condition::FloatEqual,
        }
    }
}

/// Where an operand is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loc {
    /// Nowhere: bits of an integer (extended with its sign) or of a float.
    Const(i64),
    /// Where the local is.
    Local(u32),
    Gpr(Gpr),
    Xmm(Xmm),
    /// In its slot.
    Slot,
    /// In the flags, for the next operator.
    Flags(Condition),
}

/// An operand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub loc: Loc,
    pub ty: Ty,
    /// Bytes below the frame pointer.
    pub slot: u32,
}

const NOBODY: u32 = u32::MAX;

/// Who has which register.
pub(crate) struct Owners {
    temps: u16,
    vector_temps: u16,
    free: u16,
    vectors_free: u16,
    /// In use by the present operator.
    pinned: u16,
    vectors_pinned: u16,
    owner: [u32; 16],
    vector_owner: [u32; 16],
    /// Whether an operator has needed more registers than there are.
    pub exhausted: bool,
}

impl Owners {
    pub fn new(temps: u16, vector_temps: u16) -> Owners {
        Owners {
            temps,
            vector_temps,
            free: temps,
            vectors_free: vector_temps,
            pinned: 0,
            vectors_pinned: 0,
            owner: [NOBODY; 16],
            vector_owner: [NOBODY; 16],
            exhausted: false,
        }
    }

    /// The operator is done.
    pub fn unpin(&mut self) {
        (self.pinned, self.vectors_pinned) = (0, 0);
    }

    /// The operator needs this register no more.
    pub fn unpin_one(&mut self, reg: Gpr) {
        self.pinned &= !reg.bit();
    }

    /// The general registers that the operator needs.
    pub fn pinned(&self) -> u16 {
        self.pinned
    }

    /// The operator needs these general registers and no others.
    pub fn pin_only(&mut self, registers: u16) {
        self.pinned = registers;
    }

    /// Whether operands may be in a register.
    pub fn is_temp(&self, place: Loc) -> bool {
        match place {
            Loc::Gpr(reg) => self.temps & reg.bit() != 0,
            Loc::Xmm(reg) => self.vector_temps & reg.bit() != 0,
            _ => false,
        }
    }

    fn release(&mut self, loc: Loc) {
        match loc {
            Loc::Gpr(reg) => {
                self.free |= reg.bit();
                self.owner[reg.0 as usize] = NOBODY;
            }
            Loc::Xmm(reg) => {
                self.vectors_free |= reg.bit();
                self.vector_owner[reg.0 as usize] = NOBODY;
            }
            _ => {}
        }
    }

    fn claim(&mut self, loc: Loc, index: u32) {
        match loc {
            Loc::Gpr(reg) => {
                self.free &= !reg.bit();
                self.owner[reg.0 as usize] = index;
            }
            Loc::Xmm(reg) => {
                self.vectors_free &= !reg.bit();
                self.vector_owner[reg.0 as usize] = index;
            }
            _ => {}
        }
    }

    fn pin(&mut self, loc: Loc) {
        match loc {
            Loc::Gpr(reg) => self.pinned |= reg.bit(),
            Loc::Xmm(reg) => self.vectors_pinned |= reg.bit(),
            _ => {}
        }
    }
}

/// A register of a set: one with short encodings if there is one. The lowest are wanted most, by shifts, division and
/// results.
fn pick(set: u16) -> Gpr {
    let short = set & 0xff;
    Gpr(15 - if short != 0 { short } else { set }.leading_zeros() as u8)
}

/// Operands that may be unsettled: no more than this are looked through at a time.
const WINDOW: usize = 64;

impl Generator<'_> {
    // Pushing and popping

    /// Bytes below the frame pointer that the lowest `height` operands take.
    pub fn slots_below(&self, height: usize) -> u32 {
        match height.checked_sub(1) {
            Some(top) => self.stack[top].slot,
            None => self.frame_base,
        }
    }

    /// Pushes an operand.
    #[inline]
    pub fn push(&mut self, ty: Ty, loc: Loc) {
        let index = self.stack.len();
        let slot = self.slots_below(index) + ty.slot_size();
        match loc {
            Loc::Local(local) => self.locals[local as usize].pending += 1,
            _ => self.owners.claim(loc, index as u32),
        }
        self.stack.push(Entry { loc, ty, slot });
        if index - self.settled >= WINDOW {
            self.settle(self.settled);
            self.settled += 1;
        }
    }

    pub fn push_gpr(&mut self, ty: Ty, reg: Gpr) {
        self.push(ty, Loc::Gpr(reg));
    }

    pub fn push_xmm(&mut self, ty: Ty, reg: Xmm) {
        self.push(ty, Loc::Xmm(reg));
    }

    /// Pops an operand. Its register stays as it is until the operator is done, unless the result is written there.
    #[inline]
    pub fn pop(&mut self) -> Entry {
        let entry = self.stack.pop().expect("validated");
        self.settled = self.settled.min(self.stack.len());
        match entry.loc {
            Loc::Local(local) => self.locals[local as usize].pending -= 1,
            loc => {
                self.owners.release(loc);
                self.owners.pin(loc);
            }
        }
        entry
    }

    /// Pops two operands, in the order in which they were pushed.
    pub fn pop2(&mut self) -> (Entry, Entry) {
        let second = self.pop();
        (self.pop(), second)
    }

    /// Drops operands down to a height.
    pub fn truncate(&mut self, height: usize) {
        while self.stack.len() > height {
            let entry = self.stack.pop().expect("higher");
            match entry.loc {
                Loc::Local(local) => self.locals[local as usize].pending -= 1,
                loc => self.owners.release(loc),
            }
        }
        self.settled = self.settled.min(height);
    }

    // Settling

    /// Counts a slot as part of the frame.
    fn use_slot(&mut self, slot: u32) {
        self.frame_size = self.frame_size.max(slot);
    }

    /// Stores an operand in its slot, unless it is a constant.
    fn settle(&mut self, index: usize) {
        let entry = self.stack[index];
        if matches!(entry.loc, Loc::Const(_) | Loc::Slot) {
            return;
        }
        self.store_to_slot(entry, entry.slot);
        match entry.loc {
            Loc::Local(local) => self.locals[local as usize].pending -= 1,
            loc => self.owners.release(loc),
        }
        self.stack[index].loc = Loc::Slot;
    }

    /// Stores an operand in any slot, flags stay.
    pub fn store_to_slot(&mut self, entry: Entry, slot: u32) {
        self.use_slot(slot);
        let to = self.frame(slot as i32);
        self.store_to(entry, to);
    }

    /// Stores an operand in memory, flags stay. Uses the scratch registers.
    pub fn store_to(&mut self, entry: Entry, to: Mem) {
        let w = entry.ty.is_wide();
        match self.place(entry) {
            Loc::Const(value) => match i32::try_from(if w { value } else { i64::from(value as i32) }) {
                Ok(value) => self.asm.store_imm(w, to, value),
                Err(_) => {
                    self.asm.mov_imm(SCRATCH, value);
                    self.asm.store(w, to, SCRATCH);
                }
            },
            Loc::Gpr(reg) => self.asm.store(w, to, reg),
            Loc::Xmm(reg) => self.store_xmm(entry.ty, to, reg),
            _ => {
                let from = self.memory_of(entry);
                if from == to {
                    return;
                }
                if entry.ty == Ty::V128 {
                    self.asm.load_vector(VECTOR_SCRATCH, from);
                    self.asm.store_vector(to, VECTOR_SCRATCH);
                } else {
                    self.asm.mov(w, SCRATCH, from);
                    self.asm.store(w, to, SCRATCH);
                }
            }
        }
    }

    pub fn store_xmm(&mut self, ty: Ty, to: Mem, from: Xmm) {
        match ty {
            Ty::V128 => self.asm.store_vector(to, from),
            _ => self.asm.store_scalar(ty == Ty::F64, to, from),
        }
    }

    pub fn load_xmm(&mut self, ty: Ty, to: Xmm, from: Mem) {
        match ty {
            Ty::V128 => self.asm.load_vector(to, from),
            _ => self.asm.load_scalar(ty == Ty::F64, to, from),
        }
    }

    /// Settles all operands: paths may part or meet here. Flags stay.
    pub fn settle_all(&mut self) {
        for index in self.settled..self.stack.len() {
            self.settle(index);
        }
        self.settled = self.stack.len();
    }

    /// Stores the lowest `height` operands that are in registers: a call follows.
    pub fn settle_registers(&mut self, height: usize) {
        for index in self.settled..height {
            if matches!(self.stack[index].loc, Loc::Gpr(_) | Loc::Xmm(_)) {
                self.settle(index);
            }
        }
    }

    /// Puts the topmost operands into their slots, constants too.
    pub fn settle_params(&mut self, count: usize) {
        self.settle_all();
        for index in self.stack.len() - count..self.stack.len() {
            let entry = self.stack[index];
            if entry.loc != Loc::Slot {
                self.store_to_slot(entry, entry.slot);
                self.stack[index].loc = Loc::Slot;
            }
        }
    }

    /// Settles operands that stand for the present value of a local, which is about to change.
    pub fn settle_local(&mut self, local: u32) {
        let mut index = self.stack.len();
        while self.locals[local as usize].pending > 0 {
            index -= 1;
            if self.stack[index].loc == Loc::Local(local) {
                self.settle_in_register(index);
            }
        }
    }

    fn settle_in_register(&mut self, index: usize) {
        let entry = self.stack[index];
        let free = if entry.ty.is_int() { self.owners.free & !self.owners.pinned } else { 0 };
        if free == 0 {
            return self.settle(index);
        }
        let reg = pick(free);
        self.load(reg, entry);
        if let Loc::Local(local) = entry.loc {
            self.locals[local as usize].pending -= 1;
        }
        self.stack[index].loc = Loc::Gpr(reg);
        self.owners.claim(Loc::Gpr(reg), index as u32);
    }

    /// Makes a number of the flags, which the topmost operand is.
    pub fn settle_flags(&mut self) {
        let Some(Entry { loc: Loc::Flags(condition), ty, .. }) = self.stack.last().copied() else { return };
        self.stack.pop();
        let reg = self.alloc();
        self.set_condition(condition, reg);
        self.push_gpr(ty, reg);
        self.owners.unpin();
    }

    fn set_condition(&mut self, condition: Condition, to: Gpr) {
        match condition {
            Condition::Is(cc) => self.asm.set(cc, to),
            Condition::FloatEqual => {
                self.asm.set(Cc::NotParity, SCRATCH);
                self.asm.set(Cc::Equal, to);
                self.asm.alu(Alu::And, false, to, SCRATCH);
            }
            Condition::FloatNotEqual => {
                self.asm.set(Cc::Parity, SCRATCH);
                self.asm.set(Cc::NotEqual, to);
                self.asm.alu(Alu::Or, false, to, SCRATCH);
            }
        }
        self.asm.movzx8(to, to);
    }

    // Registers

    /// A general register for the present operator.
    pub fn alloc(&mut self) -> Gpr {
        self.alloc_except(0)
    }

    /// A general register that is not in a set.
    pub fn alloc_except(&mut self, except: u16) -> Gpr {
        let owners = &mut self.owners;
        let taken = owners.pinned | except;
        let free = owners.free & !taken;
        let reg = if free != 0 {
            pick(free)
        } else {
            let candidates = (0..16u8).filter(|reg| owners.temps & !taken & 1 << reg != 0);
            let oldest = candidates.min_by_key(|reg| owners.owner[*reg as usize]);
            // Of what is made then, nothing is used.
            owners.exhausted |= oldest.is_none();
            oldest.map_or(Gpr::RAX, Gpr)
        };
        self.reserve(reg);
        reg
    }

    /// Gives a particular register to the present operator. What is there goes to its slot.
    pub fn reserve(&mut self, reg: Gpr) {
        let owner = self.owners.owner[reg.0 as usize];
        if owner != NOBODY {
            self.settle(owner as usize);
        }
        self.owners.pinned |= reg.bit();
    }

    /// A vector register for the present operator.
    pub fn alloc_xmm(&mut self) -> Xmm {
        let owners = &mut self.owners;
        let free = owners.vectors_free & !owners.vectors_pinned;
        let reg = if free != 0 {
            Xmm(free.trailing_zeros() as u8)
        } else {
            let candidates = (0..16u8).filter(|reg| owners.vector_temps & !owners.vectors_pinned & 1 << reg != 0);
            let oldest = candidates.min_by_key(|reg| owners.vector_owner[*reg as usize]);
            owners.exhausted |= oldest.is_none();
            Xmm(oldest.unwrap_or(0))
        };
        let owner = self.owners.vector_owner[reg.0 as usize];
        if owner != NOBODY {
            self.settle(owner as usize);
        }
        self.owners.vectors_pinned |= reg.bit();
        reg
    }

    // Operands as the instructions want them

    /// Where an operand is: not [`Loc::Local`], but its home, where [`Loc::Slot`] means memory.
    #[inline]
    pub fn place(&self, entry: Entry) -> Loc {
        match entry.loc {
            Loc::Local(local) => match self.locals[local as usize].home {
                Home::Gpr(reg) => Loc::Gpr(reg),
                Home::Xmm(reg) => Loc::Xmm(reg),
                Home::Frame => Loc::Slot,
            },
            loc => loc,
        }
    }

    /// The memory that an operand is in.
    pub fn memory_of(&self, entry: Entry) -> Mem {
        match entry.loc {
            Loc::Local(local) => self.frame(self.locals[local as usize].slot),
            _ => self.frame(entry.slot as i32),
        }
    }

    /// Whether the operand is in a register that may be overwritten.
    pub fn is_own(&self, entry: Entry) -> bool {
        matches!(entry.loc, Loc::Gpr(_) | Loc::Xmm(_))
    }

    /// An integer constant that fits into an instruction of its type.
    pub fn immediate(&self, entry: Entry) -> Option<i32> {
        match entry.loc {
            Loc::Const(value) if entry.ty == Ty::I32 => Some(value as i32),
            Loc::Const(value) => i32::try_from(value).ok(),
            _ => None,
        }
    }

    /// Copies an integer operand to a register, flags stay.
    pub fn load(&mut self, to: Gpr, entry: Entry) {
        let w = entry.ty.is_wide();
        match self.place(entry) {
            Loc::Const(value) => self.asm.mov_imm(to, if w { value } else { i64::from(value as u32) }),
            Loc::Gpr(reg) if reg == to => {}
            Loc::Gpr(reg) => self.asm.mov(w, to, reg),
            Loc::Flags(condition) => self.set_condition(condition, to),
            _ => {
                let from = self.memory_of(entry);
                self.asm.mov(w, to, from);
            }
        }
    }

    /// Copies a float or vector operand to a register.
    pub fn load_vector(&mut self, to: Xmm, entry: Entry) {
        match self.place(entry) {
            Loc::Const(0) => self.asm.zero_xmm(to),
            Loc::Const(bits) => {
                let from = self.float_constant(entry.ty, bits);
                self.load_xmm(entry.ty, to, from);
            }
            Loc::Xmm(reg) if reg == to => {}
            Loc::Xmm(reg) => self.asm.movaps(to, reg),
            _ => {
                let from = self.memory_of(entry);
                self.load_xmm(entry.ty, to, from);
            }
        }
    }

    /// A float behind the code.
    pub fn float_constant(&mut self, ty: Ty, bits: i64) -> Mem {
        match ty {
            Ty::F32 => self.asm.constant(&(bits as u32).to_le_bytes()),
            _ => self.asm.constant(&bits.to_le_bytes()),
        }
    }

    /// An integer operand in a register that must not be written.
    pub fn in_register(&mut self, entry: Entry) -> Gpr {
        match self.place(entry) {
            Loc::Gpr(reg) => reg,
            _ => self.in_own_register(entry),
        }
    }

    /// An integer operand in a register that may be written.
    pub fn in_own_register(&mut self, entry: Entry) -> Gpr {
        self.in_own_register_except(entry, 0)
    }

    /// An integer operand in a register that may be written and is not in a set.
    pub fn in_own_register_except(&mut self, entry: Entry, except: u16) -> Gpr {
        match entry.loc {
            Loc::Gpr(reg) if reg.bit() & except == 0 => reg,
            _ => {
                let reg = self.alloc_except(except);
                self.load(reg, entry);
                if let Loc::Gpr(left) = entry.loc {
                    self.owners.unpin_one(left);
                }
                reg
            }
        }
    }

    /// An integer operand in a register or in memory.
    pub fn operand(&mut self, entry: Entry) -> Rm {
        match self.place(entry) {
            Loc::Slot => self.memory_of(entry).into(),
            _ => self.in_register(entry).into(),
        }
    }

    /// A float or vector operand in a register that must not be written.
    pub fn in_xmm(&mut self, entry: Entry) -> Xmm {
        match self.place(entry) {
            Loc::Xmm(reg) => reg,
            _ => self.in_own_xmm(entry),
        }
    }

    /// A float or vector operand in a register that may be written.
    pub fn in_own_xmm(&mut self, entry: Entry) -> Xmm {
        match entry.loc {
            Loc::Xmm(reg) => reg,
            _ => {
                let reg = self.alloc_xmm();
                self.load_vector(reg, entry);
                reg
            }
        }
    }

    /// A float operand in a register or in memory. Vectors in memory need not be aligned, so that they are loaded.
    pub fn vector_operand(&mut self, entry: Entry) -> Rm {
        match self.place(entry) {
            Loc::Slot if entry.ty != Ty::V128 => self.memory_of(entry).into(),
            Loc::Const(bits) if bits != 0 => self.float_constant(entry.ty, bits).into(),
            _ => self.in_xmm(entry).into(),
        }
    }
}

//! Atomic memory instructions: <https://webassembly.github.io/threads/core/exec/instructions.html>.
//!
//! On this processor plain loads are ordered as they must be, and exchanging is the quickest store that is.

use gantry_abi::{Libcall, TrapCode};
use wasmparser::{MemArg, Operator};

use crate::asm::{Alu, Cc, Gpr, Mem};
use crate::call::Argument::{Const, Operand};
use crate::env::Ty;
use crate::generator::{Generator, Outcome};
use crate::homes::SCRATCH;
use crate::scan::memory_index;
use crate::stack::{Entry, Loc};

/// What is done to the old value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Add,
    Sub,
    Exchange,
    /// What the processor cannot do while giving the old value.
    Alu(Alu),
}

impl Generator<'_> {
    pub fn atomic_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        use Operator as O;
        match op {
            O::AtomicFence { .. } => self.asm.mfence(),
            O::I32AtomicLoad { memarg } => self.atomic_load(memarg, 4, Ty::I32),
            O::I64AtomicLoad { memarg } => self.atomic_load(memarg, 8, Ty::I64),
            O::I32AtomicLoad8U { memarg } => self.atomic_load(memarg, 1, Ty::I32),
            O::I32AtomicLoad16U { memarg } => self.atomic_load(memarg, 2, Ty::I32),
            O::I64AtomicLoad8U { memarg } => self.atomic_load(memarg, 1, Ty::I64),
            O::I64AtomicLoad16U { memarg } => self.atomic_load(memarg, 2, Ty::I64),
            O::I64AtomicLoad32U { memarg } => self.atomic_load(memarg, 4, Ty::I64),
            O::I32AtomicStore { memarg } | O::I64AtomicStore32 { memarg } => self.atomic_store(memarg, 4),
            O::I64AtomicStore { memarg } => self.atomic_store(memarg, 8),
            O::I32AtomicStore8 { memarg } | O::I64AtomicStore8 { memarg } => self.atomic_store(memarg, 1),
            O::I32AtomicStore16 { memarg } | O::I64AtomicStore16 { memarg } => self.atomic_store(memarg, 2),
            O::I32AtomicRmwCmpxchg { memarg } => self.compare_exchange(memarg, 4, Ty::I32),
            O::I64AtomicRmwCmpxchg { memarg } => self.compare_exchange(memarg, 8, Ty::I64),
            O::I32AtomicRmw8CmpxchgU { memarg } => self.compare_exchange(memarg, 1, Ty::I32),
            O::I32AtomicRmw16CmpxchgU { memarg } => self.compare_exchange(memarg, 2, Ty::I32),
            O::I64AtomicRmw8CmpxchgU { memarg } => self.compare_exchange(memarg, 1, Ty::I64),
            O::I64AtomicRmw16CmpxchgU { memarg } => self.compare_exchange(memarg, 2, Ty::I64),
            O::I64AtomicRmw32CmpxchgU { memarg } => self.compare_exchange(memarg, 4, Ty::I64),
            O::MemoryAtomicNotify { memarg } => self.notify(memarg)?,
            O::MemoryAtomicWait32 { memarg } => self.wait(memarg, 4, Libcall::AtomicWait32)?,
            O::MemoryAtomicWait64 { memarg } => self.wait(memarg, 8, Libcall::AtomicWait64)?,
            _ => return Ok(self.change_operator(op)),
        }
        Ok(true)
    }

    fn change_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        let (and, or, xor) = (Change::Alu(Alu::And), Change::Alu(Alu::Or), Change::Alu(Alu::Xor));
        let (memarg, change, size, ty) = match op {
            O::I32AtomicRmwAdd { memarg } => (memarg, Change::Add, 4, Ty::I32),
            O::I64AtomicRmwAdd { memarg } => (memarg, Change::Add, 8, Ty::I64),
            O::I32AtomicRmw8AddU { memarg } => (memarg, Change::Add, 1, Ty::I32),
            O::I32AtomicRmw16AddU { memarg } => (memarg, Change::Add, 2, Ty::I32),
            O::I64AtomicRmw8AddU { memarg } => (memarg, Change::Add, 1, Ty::I64),
            O::I64AtomicRmw16AddU { memarg } => (memarg, Change::Add, 2, Ty::I64),
            O::I64AtomicRmw32AddU { memarg } => (memarg, Change::Add, 4, Ty::I64),
            O::I32AtomicRmwSub { memarg } => (memarg, Change::Sub, 4, Ty::I32),
            O::I64AtomicRmwSub { memarg } => (memarg, Change::Sub, 8, Ty::I64),
            O::I32AtomicRmw8SubU { memarg } => (memarg, Change::Sub, 1, Ty::I32),
            O::I32AtomicRmw16SubU { memarg } => (memarg, Change::Sub, 2, Ty::I32),
            O::I64AtomicRmw8SubU { memarg } => (memarg, Change::Sub, 1, Ty::I64),
            O::I64AtomicRmw16SubU { memarg } => (memarg, Change::Sub, 2, Ty::I64),
            O::I64AtomicRmw32SubU { memarg } => (memarg, Change::Sub, 4, Ty::I64),
            O::I32AtomicRmwAnd { memarg } => (memarg, and, 4, Ty::I32),
            O::I64AtomicRmwAnd { memarg } => (memarg, and, 8, Ty::I64),
            O::I32AtomicRmw8AndU { memarg } => (memarg, and, 1, Ty::I32),
            O::I32AtomicRmw16AndU { memarg } => (memarg, and, 2, Ty::I32),
            O::I64AtomicRmw8AndU { memarg } => (memarg, and, 1, Ty::I64),
            O::I64AtomicRmw16AndU { memarg } => (memarg, and, 2, Ty::I64),
            O::I64AtomicRmw32AndU { memarg } => (memarg, and, 4, Ty::I64),
            O::I32AtomicRmwOr { memarg } => (memarg, or, 4, Ty::I32),
            O::I64AtomicRmwOr { memarg } => (memarg, or, 8, Ty::I64),
            O::I32AtomicRmw8OrU { memarg } => (memarg, or, 1, Ty::I32),
            O::I32AtomicRmw16OrU { memarg } => (memarg, or, 2, Ty::I32),
            O::I64AtomicRmw8OrU { memarg } => (memarg, or, 1, Ty::I64),
            O::I64AtomicRmw16OrU { memarg } => (memarg, or, 2, Ty::I64),
            O::I64AtomicRmw32OrU { memarg } => (memarg, or, 4, Ty::I64),
            O::I32AtomicRmwXor { memarg } => (memarg, xor, 4, Ty::I32),
            O::I64AtomicRmwXor { memarg } => (memarg, xor, 8, Ty::I64),
            O::I32AtomicRmw8XorU { memarg } => (memarg, xor, 1, Ty::I32),
            O::I32AtomicRmw16XorU { memarg } => (memarg, xor, 2, Ty::I32),
            O::I64AtomicRmw8XorU { memarg } => (memarg, xor, 1, Ty::I64),
            O::I64AtomicRmw16XorU { memarg } => (memarg, xor, 2, Ty::I64),
            O::I64AtomicRmw32XorU { memarg } => (memarg, xor, 4, Ty::I64),
            O::I32AtomicRmwXchg { memarg } => (memarg, Change::Exchange, 4, Ty::I32),
            O::I64AtomicRmwXchg { memarg } => (memarg, Change::Exchange, 8, Ty::I64),
            O::I32AtomicRmw8XchgU { memarg } => (memarg, Change::Exchange, 1, Ty::I32),
            O::I32AtomicRmw16XchgU { memarg } => (memarg, Change::Exchange, 2, Ty::I32),
            O::I64AtomicRmw8XchgU { memarg } => (memarg, Change::Exchange, 1, Ty::I64),
            O::I64AtomicRmw16XchgU { memarg } => (memarg, Change::Exchange, 2, Ty::I64),
            O::I64AtomicRmw32XchgU { memarg } => (memarg, Change::Exchange, 4, Ty::I64),
            _ => return false,
        };
        self.change(memarg, change, size, ty);
        true
    }

    // Addresses

    /// Traps unless an access of `size` bytes is aligned.
    fn check_alignment(&mut self, index: Gpr, memarg: &MemArg, size: u32) {
        if size > 1 {
            let low = i64::from(size) - 1;
            self.asm.lea(true, SCRATCH, Mem::new(index, (memarg.offset as i64 & low) as i32));
            self.asm.test_imm(false, SCRATCH, low as i32);
            self.trap_if(Cc::NotEqual, TrapCode::UnalignedAtomic);
        }
    }

    /// Pops the index of an access, which has to be aligned, and gives its address without the scratch register.
    fn atomic_address(&mut self, memarg: &MemArg, size: u32) -> Mem {
        let pinned = self.owners.pinned();
        let entry = self.pop();
        let index = self.in_register(entry);
        self.check_alignment(index, memarg, size);
        let at = self.address_of(Entry { loc: Loc::Gpr(index), ..entry }, memarg, size);
        let reg = self.alloc_over(entry);
        self.asm.lea(true, reg, at);
        self.owners.pin_only(pinned | reg.bit());
        Mem::new(reg, 0)
    }

    /// Makes a number of what a narrow access gave.
    fn widen(&mut self, reg: Gpr, size: u32) {
        match size {
            1 => self.asm.movzx8(reg, reg),
            2 => self.asm.movzx16(reg, reg),
            4 => self.asm.mov(false, reg, reg),
            _ => {}
        }
    }

    fn load_narrow(&mut self, to: Gpr, from: Mem, size: u32) {
        self.may_trap(TrapCode::MemoryOutOfBounds);
        match size {
            1 => self.asm.movzx8(to, from),
            2 => self.asm.movzx16(to, from),
            _ => self.asm.mov(size == 8, to, from),
        }
    }

    // Accesses

    fn atomic_load(&mut self, memarg: &MemArg, size: u32, ty: Ty) {
        let at = self.atomic_address(memarg, size);
        let to = self.alloc();
        self.load_narrow(to, at, size);
        self.push_gpr(ty, to);
    }

    fn atomic_store(&mut self, memarg: &MemArg, size: u32) {
        let value = self.pop();
        let reg = self.in_own_register(value);
        let at = self.atomic_address(memarg, size);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.asm.xchg(size, at, reg);
    }

    fn change(&mut self, memarg: &MemArg, change: Change, size: u32, ty: Ty) {
        if let Change::Alu(alu) = change {
            return self.change_in_loop(memarg, alu, size, ty);
        }
        let value = self.pop();
        let reg = self.in_own_register(value);
        let at = self.atomic_address(memarg, size);
        if change == Change::Sub {
            self.asm.neg(true, reg);
        }
        self.may_trap(TrapCode::MemoryOutOfBounds);
        match change {
            Change::Exchange => self.asm.xchg(size, at, reg),
            _ => self.asm.lock_xadd(size, at, reg),
        }
        self.widen(reg, size);
        self.push_gpr(ty, reg);
    }

    /// Gets `rax` ready for the old value: an operand and the address are elsewhere.
    fn beside_rax(&mut self, operand: Entry, memarg: &MemArg, size: u32) -> (Gpr, Mem) {
        let operand = match self.place(operand) {
            Loc::Gpr(reg) if reg != Gpr::RAX => reg,
            _ => self.in_own_register_except(operand, Gpr::RAX.bit()),
        };
        let mut at = self.atomic_address(memarg, size);
        if at == Mem::new(Gpr::RAX, 0) {
            let other = self.alloc_except(Gpr::RAX.bit());
            self.asm.mov(true, other, Gpr::RAX);
            at = Mem::new(other, 0);
        }
        self.reserve(Gpr::RAX);
        (operand, at)
    }

    fn change_in_loop(&mut self, memarg: &MemArg, alu: Alu, size: u32, ty: Ty) {
        let value = self.pop();
        let (value, at) = self.beside_rax(value, memarg, size);
        self.load_narrow(Gpr::RAX, at, size);
        let again = self.asm.here();
        self.asm.mov(true, SCRATCH, Gpr::RAX);
        self.asm.alu(alu, true, SCRATCH, value);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.asm.lock_cmpxchg(size, at, SCRATCH);
        self.asm.jcc(Cc::NotEqual, again);
        self.widen(Gpr::RAX, size);
        self.push_gpr(ty, Gpr::RAX);
    }

    fn compare_exchange(&mut self, memarg: &MemArg, size: u32, ty: Ty) {
        let (expected, replacement) = self.pop2();
        let (replacement, at) = self.beside_rax(replacement, memarg, size);
        self.load(Gpr::RAX, expected);
        // Of what is expected, the instruction sees as many bytes as it accesses.
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.asm.lock_cmpxchg(size, at, replacement);
        self.widen(Gpr::RAX, size);
        self.push_gpr(ty, Gpr::RAX);
    }

    // Waiting

    /// Replaces the index below the topmost operands by the byte address in the memory, for the runtime; checked by a load.
    fn check_index(&mut self, memarg: &MemArg, size: u32, above: usize) {
        let above: Vec<Entry> = (0..above).map(|_| self.pop()).collect();
        let entry = self.pop();
        let index = self.in_own_register(entry);
        self.check_alignment(index, memarg, size);
        let at = self.address_of(Entry { loc: Loc::Gpr(index), ..entry }, memarg, size);
        self.load_narrow(SCRATCH, at, size);
        if memarg.offset > 0 {
            self.asm.mov_imm(SCRATCH, memarg.offset as i64);
            self.asm.alu(Alu::Add, true, index, SCRATCH);
        }
        self.push_gpr(Ty::I64, index);
        for entry in above.into_iter().rev() {
            self.push(entry.ty, entry.loc);
        }
    }

    fn wait(&mut self, memarg: &MemArg, size: u32, libcall: Libcall) -> Outcome {
        self.check_index(memarg, size, 2);
        let memory = memory_index(memarg);
        if !self.env.module.memories[memory as usize].shared {
            self.trap(TrapCode::ExpectedSharedMemory);
            self.leave_path();
            return Ok(());
        }
        self.libcall(libcall, 3, &[Const(memory), Operand(0), Operand(1), Operand(2)])
    }

    fn notify(&mut self, memarg: &MemArg) -> Outcome {
        self.check_index(memarg, 4, 1);
        let memory = memory_index(memarg);
        if self.env.module.memories[memory as usize].shared {
            return self.libcall(Libcall::AtomicNotify, 2, &[Const(memory), Operand(0), Operand(1)]);
        }
        self.pop2();
        self.push(Ty::I32, Loc::Const(0));
        Ok(())
    }
}

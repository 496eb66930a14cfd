//! Atomic memory instructions: <https://webassembly.github.io/threads/core/exec/instructions.html>.

use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlagsData, Type, Value, types};
use gantry_abi::{Libcall, TrapCode};
use wasmparser::{MemArg, Operator};

use crate::env::trap;
use crate::memory::memory_index;
use crate::translator::FuncTranslator;

use types::{I8, I16, I32, I64};

impl FuncTranslator<'_> {
    pub(crate) fn atomic_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::AtomicFence { .. } => {
                self.b.ins().fence();
            }
            O::MemoryAtomicNotify { memarg } => self.atomic_notify(memarg),
            O::MemoryAtomicWait32 { memarg } => self.atomic_wait(memarg, I32, Libcall::AtomicWait32),
            O::MemoryAtomicWait64 { memarg } => self.atomic_wait(memarg, I64, Libcall::AtomicWait64),
            O::I32AtomicLoad { memarg } => self.atomic_load(memarg, I32, I32),
            O::I64AtomicLoad { memarg } => self.atomic_load(memarg, I64, I64),
            O::I32AtomicLoad8U { memarg } => self.atomic_load(memarg, I8, I32),
            O::I32AtomicLoad16U { memarg } => self.atomic_load(memarg, I16, I32),
            O::I64AtomicLoad8U { memarg } => self.atomic_load(memarg, I8, I64),
            O::I64AtomicLoad16U { memarg } => self.atomic_load(memarg, I16, I64),
            O::I64AtomicLoad32U { memarg } => self.atomic_load(memarg, I32, I64),
            O::I32AtomicStore { memarg } | O::I64AtomicStore32 { memarg } => self.atomic_store(memarg, I32),
            O::I64AtomicStore { memarg } => self.atomic_store(memarg, I64),
            O::I32AtomicStore8 { memarg } | O::I64AtomicStore8 { memarg } => self.atomic_store(memarg, I8),
            O::I32AtomicStore16 { memarg } | O::I64AtomicStore16 { memarg } => self.atomic_store(memarg, I16),
            O::I32AtomicRmwCmpxchg { memarg } => self.atomic_cas(memarg, I32, I32),
            O::I64AtomicRmwCmpxchg { memarg } => self.atomic_cas(memarg, I64, I64),
            O::I32AtomicRmw8CmpxchgU { memarg } => self.atomic_cas(memarg, I8, I32),
            O::I32AtomicRmw16CmpxchgU { memarg } => self.atomic_cas(memarg, I16, I32),
            O::I64AtomicRmw8CmpxchgU { memarg } => self.atomic_cas(memarg, I8, I64),
            O::I64AtomicRmw16CmpxchgU { memarg } => self.atomic_cas(memarg, I16, I64),
            O::I64AtomicRmw32CmpxchgU { memarg } => self.atomic_cas(memarg, I32, I64),
            other => return self.atomic_rmw_operator(other),
        }
        true
    }

    fn atomic_rmw_operator(&mut self, op: &Operator<'_>) -> bool {
        use AtomicRmwOp as Op;
        use Operator as O;
        let (memarg, op, access, ty) = match op {
            O::I32AtomicRmwAdd { memarg } => (memarg, Op::Add, I32, I32),
            O::I64AtomicRmwAdd { memarg } => (memarg, Op::Add, I64, I64),
            O::I32AtomicRmw8AddU { memarg } => (memarg, Op::Add, I8, I32),
            O::I32AtomicRmw16AddU { memarg } => (memarg, Op::Add, I16, I32),
            O::I64AtomicRmw8AddU { memarg } => (memarg, Op::Add, I8, I64),
            O::I64AtomicRmw16AddU { memarg } => (memarg, Op::Add, I16, I64),
            O::I64AtomicRmw32AddU { memarg } => (memarg, Op::Add, I32, I64),
            O::I32AtomicRmwSub { memarg } => (memarg, Op::Sub, I32, I32),
            O::I64AtomicRmwSub { memarg } => (memarg, Op::Sub, I64, I64),
            O::I32AtomicRmw8SubU { memarg } => (memarg, Op::Sub, I8, I32),
            O::I32AtomicRmw16SubU { memarg } => (memarg, Op::Sub, I16, I32),
            O::I64AtomicRmw8SubU { memarg } => (memarg, Op::Sub, I8, I64),
            O::I64AtomicRmw16SubU { memarg } => (memarg, Op::Sub, I16, I64),
            O::I64AtomicRmw32SubU { memarg } => (memarg, Op::Sub, I32, I64),
            O::I32AtomicRmwAnd { memarg } => (memarg, Op::And, I32, I32),
            O::I64AtomicRmwAnd { memarg } => (memarg, Op::And, I64, I64),
            O::I32AtomicRmw8AndU { memarg } => (memarg, Op::And, I8, I32),
            O::I32AtomicRmw16AndU { memarg } => (memarg, Op::And, I16, I32),
            O::I64AtomicRmw8AndU { memarg } => (memarg, Op::And, I8, I64),
            O::I64AtomicRmw16AndU { memarg } => (memarg, Op::And, I16, I64),
            O::I64AtomicRmw32AndU { memarg } => (memarg, Op::And, I32, I64),
            O::I32AtomicRmwOr { memarg } => (memarg, Op::Or, I32, I32),
            O::I64AtomicRmwOr { memarg } => (memarg, Op::Or, I64, I64),
            O::I32AtomicRmw8OrU { memarg } => (memarg, Op::Or, I8, I32),
            O::I32AtomicRmw16OrU { memarg } => (memarg, Op::Or, I16, I32),
            O::I64AtomicRmw8OrU { memarg } => (memarg, Op::Or, I8, I64),
            O::I64AtomicRmw16OrU { memarg } => (memarg, Op::Or, I16, I64),
            O::I64AtomicRmw32OrU { memarg } => (memarg, Op::Or, I32, I64),
            O::I32AtomicRmwXor { memarg } => (memarg, Op::Xor, I32, I32),
            O::I64AtomicRmwXor { memarg } => (memarg, Op::Xor, I64, I64),
            O::I32AtomicRmw8XorU { memarg } => (memarg, Op::Xor, I8, I32),
            O::I32AtomicRmw16XorU { memarg } => (memarg, Op::Xor, I16, I32),
            O::I64AtomicRmw8XorU { memarg } => (memarg, Op::Xor, I8, I64),
            O::I64AtomicRmw16XorU { memarg } => (memarg, Op::Xor, I16, I64),
            O::I64AtomicRmw32XorU { memarg } => (memarg, Op::Xor, I32, I64),
            O::I32AtomicRmwXchg { memarg } => (memarg, Op::Xchg, I32, I32),
            O::I64AtomicRmwXchg { memarg } => (memarg, Op::Xchg, I64, I64),
            O::I32AtomicRmw8XchgU { memarg } => (memarg, Op::Xchg, I8, I32),
            O::I32AtomicRmw16XchgU { memarg } => (memarg, Op::Xchg, I16, I32),
            O::I64AtomicRmw8XchgU { memarg } => (memarg, Op::Xchg, I8, I64),
            O::I64AtomicRmw16XchgU { memarg } => (memarg, Op::Xchg, I16, I64),
            O::I64AtomicRmw32XchgU { memarg } => (memarg, Op::Xchg, I32, I64),
            _ => return false,
        };
        let value = self.pop();
        let value = self.narrow(value, access);
        let (address, flags) = self.atomic_address(memarg, access);
        let old = self.b.ins().atomic_rmw(access, flags, op, address, value);
        self.push_widened(old, ty);
        true
    }

    /// Pops the index of an access of `ty`, which has to be aligned.
    fn atomic_address(&mut self, memarg: &MemArg, ty: Type) -> (Value, MemFlagsData) {
        let size = ty.bytes();
        if size > 1 {
            let index = self.pop();
            self.push(index);
            let sum = self.b.ins().iadd_imm_s(index, memarg.offset as i64 & i64::from(size - 1));
            let low = self.b.ins().band_imm_u(sum, i64::from(size - 1));
            self.b.ins().trapnz(low, trap(TrapCode::UnalignedAtomic));
        }
        let (base, offset, flags) = self.address(memarg, size);
        let offset: i32 = offset.into();
        // Atomic accesses have no offset of their own; the largest is positive.
        let address = self.b.ins().iadd_imm_u(base, i64::from(offset));
        (address, flags)
    }

    fn narrow(&mut self, value: Value, ty: Type) -> Value {
        if self.b.func.dfg.value_type(value) == ty { value } else { self.b.ins().ireduce(ty, value) }
    }

    fn push_widened(&mut self, value: Value, ty: Type) {
        let same = self.b.func.dfg.value_type(value) == ty;
        let value = if same { value } else { self.b.ins().uextend(ty, value) };
        self.push(value);
    }

    fn atomic_load(&mut self, memarg: &MemArg, access: Type, ty: Type) {
        let (address, flags) = self.atomic_address(memarg, access);
        let value = self.b.ins().atomic_load(access, flags, address);
        self.push_widened(value, ty);
    }

    fn atomic_store(&mut self, memarg: &MemArg, access: Type) {
        let value = self.pop();
        let value = self.narrow(value, access);
        let (address, flags) = self.atomic_address(memarg, access);
        if self.env.stores_by_exchange {
            self.b.ins().atomic_rmw(access, flags, AtomicRmwOp::Xchg, address, value);
        } else {
            self.b.ins().atomic_store(flags, value, address);
        }
    }

    fn atomic_cas(&mut self, memarg: &MemArg, access: Type, ty: Type) {
        let (expected, replacement) = self.pop2();
        // What is expected is wrapped as well: https://github.com/WebAssembly/threads/issues/195.
        let [expected, replacement] = [expected, replacement].map(|value| self.narrow(value, access));
        let (address, flags) = self.atomic_address(memarg, access);
        let old = self.b.ins().atomic_cas(flags, address, expected, replacement);
        self.push_widened(old, ty);
    }

    // Waiting

    /// The byte address in the memory, for the runtime; checked by a load.
    fn checked_index(&mut self, memarg: &MemArg, ty: Type) -> Value {
        let index = self.pop();
        self.push(index);
        let index = self.extend(index);
        let (address, flags) = self.atomic_address(memarg, ty);
        self.b.ins().atomic_load(ty, flags, address);
        self.b.ins().iadd_imm_u(index, memarg.offset as i64)
    }

    fn atomic_wait(&mut self, memarg: &MemArg, ty: Type, libcall: Libcall) {
        let (expected, timeout) = self.pop2();
        let index = self.checked_index(memarg, ty);
        let memory = memory_index(memarg);
        if !self.env.module.memories[memory as usize].shared {
            self.trap_always(TrapCode::ExpectedSharedMemory);
            return;
        }
        let memory = self.i32_const(memory);
        let woken = self.libcall(libcall, &[memory, index, expected, timeout]).expect("returns how it ended");
        self.push(woken);
    }

    fn atomic_notify(&mut self, memarg: &MemArg) {
        let count = self.pop();
        let index = self.checked_index(memarg, I32);
        let memory = memory_index(memarg);
        let woken = if self.env.module.memories[memory as usize].shared {
            let memory = self.i32_const(memory);
            self.libcall(Libcall::AtomicNotify, &[memory, index, count]).expect("returns how many")
        } else {
            self.i32_const(0)
        };
        self.push(woken);
    }
}

//! Linear memory: scalar loads and stores, and size.

use std::mem::offset_of;

use gantry_abi::TrapCode;
use gantry_abi::vmctx::{GUARD_SIZE, MemoryStyle, VMMemory, VMMemoryEntry};
use gantry_module::AddressType;
use wasmparser::{MemArg, Operator};

use crate::asm::{Alu, Cc, Gpr, Mem, Shift};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::SCRATCH;
use crate::scan::memory_index;
use crate::stack::{Entry, Loc};

/// How a load makes a value of what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extend {
    Signed,
    Unsigned,
}

/// Offsets and constant addresses below this are displacements.
const FAR: u64 = 1 << 31;

impl Generator<'_> {
    #[inline]
    pub fn memory_operator(&mut self, op: &Operator<'_>) -> bool {
        use self::Extend::{Signed, Unsigned};
        use Operator as O;
        match op {
            O::I32Load { memarg } => self.load_int(memarg, 4, Unsigned, Ty::I32),
            O::I64Load { memarg } => self.load_int(memarg, 8, Unsigned, Ty::I64),
            O::F32Load { memarg } => self.load_float(memarg, Ty::F32),
            O::F64Load { memarg } => self.load_float(memarg, Ty::F64),
            O::I32Load8S { memarg } => self.load_int(memarg, 1, Signed, Ty::I32),
            O::I32Load8U { memarg } => self.load_int(memarg, 1, Unsigned, Ty::I32),
            O::I32Load16S { memarg } => self.load_int(memarg, 2, Signed, Ty::I32),
            O::I32Load16U { memarg } => self.load_int(memarg, 2, Unsigned, Ty::I32),
            O::I64Load8S { memarg } => self.load_int(memarg, 1, Signed, Ty::I64),
            O::I64Load8U { memarg } => self.load_int(memarg, 1, Unsigned, Ty::I64),
            O::I64Load16S { memarg } => self.load_int(memarg, 2, Signed, Ty::I64),
            O::I64Load16U { memarg } => self.load_int(memarg, 2, Unsigned, Ty::I64),
            O::I64Load32S { memarg } => self.load_int(memarg, 4, Signed, Ty::I64),
            O::I64Load32U { memarg } => self.load_int(memarg, 4, Unsigned, Ty::I64),
            O::I32Store { memarg } => self.store_int(memarg, 4),
            O::I64Store { memarg } => self.store_int(memarg, 8),
            O::F32Store { memarg } => self.store_float(memarg, 4),
            O::F64Store { memarg } => self.store_float(memarg, 8),
            O::I32Store8 { memarg } | O::I64Store8 { memarg } => self.store_int(memarg, 1),
            O::I32Store16 { memarg } | O::I64Store16 { memarg } => self.store_int(memarg, 2),
            O::I64Store32 { memarg } => self.store_int(memarg, 4),
            O::V128Load { memarg } => self.load_float(memarg, Ty::V128),
            O::V128Store { memarg } => self.store_float(memarg, 16),
            O::MemorySize { mem } => self.memory_size(*mem),
            _ => return false,
        }
        true
    }

    // Addresses

    /// Where in the context the base of a memory is that never moves.
    pub fn memory_base_at(&self, memory: u32) -> u32 {
        self.env.layout.memory(memory) + offset_of!(VMMemoryEntry, base) as u32
    }

    /// Loads the address of the runtime's description of a memory.
    fn load_memory(&mut self, to: Gpr, memory: u32) {
        let entry = self.env.layout.memory(memory) + offset_of!(VMMemoryEntry, memory) as u32;
        self.load_vmctx(to, entry);
    }

    /// Pops an index and gives the operand of an access of `size` bytes there. What is not certain to lie in the memory
    /// traps. Uses the scratch register.
    pub fn address(&mut self, memarg: &MemArg, size: u32) -> Mem {
        let index = self.pop();
        self.address_of(index, memarg, size)
    }

    pub fn address_of(&mut self, index: Entry, memarg: &MemArg, size: u32) -> Mem {
        let memory = memory_index(memarg);
        let style = self.env.style(memory);
        let end = memarg.offset.saturating_add(u64::from(size));
        if style == MemoryStyle::Reserved && end <= GUARD_SIZE {
            let base = self.reserved_base(memory);
            return self.reserved_address(base, index, memarg.offset);
        }
        let index = self.in_register(index);
        self.check_bounds(memory, index, end);
        let base = match style {
            MemoryStyle::Reserved => self.reserved_base(memory),
            MemoryStyle::Checked => {
                let base = self.alloc();
                self.load_memory(base, memory);
                self.asm.mov(true, base, Mem::new(base, offset_of!(VMMemory, base) as i32));
                base
            }
        };
        if memarg.offset < FAR {
            return Mem::indexed(base, index, 0, memarg.offset as i32);
        }
        // The sum was checked.
        self.asm.mov_imm(SCRATCH, memarg.offset as i64);
        self.asm.alu(Alu::Add, true, SCRATCH, index);
        Mem::indexed(base, SCRATCH, 0, 0)
    }

    fn reserved_base(&mut self, memory: u32) -> Gpr {
        if let (0, Some(base)) = (memory, self.registers.memory_base) {
            return base;
        }
        let base = self.alloc();
        let at = self.memory_base_at(memory);
        self.load_vmctx(base, at);
        base
    }

    /// An address that cannot be behind the guard.
    fn reserved_address(&mut self, base: Gpr, index: Entry, offset: u64) -> Mem {
        if let Loc::Const(value) = index.loc {
            let at = u64::from(value as u32) + offset;
            if at < FAR {
                return Mem::new(base, at as i32);
            }
        }
        let index = self.in_register(index);
        Mem::indexed(base, index, 0, offset as i32)
    }

    /// Traps unless `index + end` bytes fit into the memory.
    fn check_bounds(&mut self, memory: u32, index: Gpr, end: u64) {
        let of_64_bits = self.env.module.memories[memory as usize].address == AddressType::I64;
        if end < FAR && !of_64_bits {
            self.asm.lea(true, SCRATCH, Mem::new(index, end as i32));
        } else {
            self.asm.mov_imm(SCRATCH, end as i64);
            self.asm.alu(Alu::Add, true, SCRATCH, index);
            if of_64_bits {
                self.trap_if(Cc::Below, TrapCode::MemoryOutOfBounds);
            }
        }
        let len = self.alloc();
        self.load_memory(len, memory);
        self.asm.alu(Alu::Cmp, true, SCRATCH, Mem::new(len, offset_of!(VMMemory, len) as i32));
        self.trap_if(Cc::Above, TrapCode::MemoryOutOfBounds);
        self.owners.unpin_one(len);
    }

    // Accesses

    /// A register for what is loaded: the index's, if nobody else needs it.
    pub fn alloc_over(&mut self, index: Entry) -> Gpr {
        match index.loc {
            Loc::Gpr(reg) => reg,
            _ => self.alloc(),
        }
    }

    fn load_int(&mut self, memarg: &MemArg, size: u32, extend: Extend, ty: Ty) {
        let index = self.pop();
        let from = self.address_of(index, memarg, size);
        let to = self.alloc_over(index);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        let w = ty.is_wide();
        match (size, extend) {
            (1, Extend::Unsigned) => self.asm.movzx8(to, from),
            (1, Extend::Signed) => self.asm.movsx8(w, to, from),
            (2, Extend::Unsigned) => self.asm.movzx16(to, from),
            (2, Extend::Signed) => self.asm.movsx16(w, to, from),
            (4, Extend::Signed) => self.asm.movsx32(to, from),
            (4, Extend::Unsigned) => self.asm.mov(false, to, from),
            _ => self.asm.mov(true, to, from),
        }
        self.push_gpr(ty, to);
    }

    fn load_float(&mut self, memarg: &MemArg, ty: Ty) {
        let size = if ty == Ty::V128 { 16 } else { 4 << u32::from(ty == Ty::F64) };
        let from = self.address(memarg, size);
        let to = self.alloc_xmm();
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.load_xmm(ty, to, from);
        self.push_xmm(ty, to);
    }

    fn store_int(&mut self, memarg: &MemArg, size: u32) {
        let value = self.pop();
        let immediate = self.immediate(value);
        let reg = if immediate.is_none() { self.in_register(value) } else { SCRATCH };
        let to = self.address(memarg, size);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        match (size, immediate) {
            (1, None) => self.asm.store8(to, reg),
            (2, None) => self.asm.store16(to, reg),
            (_, None) => self.asm.store(size == 8, to, reg),
            (1, Some(value)) => self.asm.store8_imm(to, value),
            (2, Some(value)) => self.asm.store16_imm(to, value),
            (_, Some(value)) => self.asm.store_imm(size == 8, to, value),
        }
    }

    fn store_float(&mut self, memarg: &MemArg, size: u32) {
        let value = self.pop();
        let reg = self.in_xmm(value);
        let to = self.address(memarg, size);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.store_xmm(value.ty, to, reg);
    }

    fn memory_size(&mut self, memory: u32) {
        let ty = self.env.module.memories[memory as usize];
        let to = self.alloc();
        self.load_memory(to, memory);
        self.asm.mov(true, to, Mem::new(to, offset_of!(VMMemory, len) as i32));
        if ty.page_size_log2 > 0 {
            self.asm.shift_imm(Shift::RightUnsigned, true, to, ty.page_size_log2);
        }
        self.push_address(ty.address, to);
    }

    /// Pushes 64 bits as an address.
    pub fn push_address(&mut self, ty: AddressType, reg: Gpr) {
        match ty {
            AddressType::I32 => {
                self.asm.mov(false, reg, reg);
                self.push_gpr(Ty::I32, reg);
            }
            AddressType::I64 => self.push_gpr(Ty::I64, reg),
        }
    }
}

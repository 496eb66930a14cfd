//! Linear memory: scalar loads and stores, size, growth, and the bulk instructions.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{self, InstBuilder, InstructionData, MemFlagsData, Opcode, Type, Value, types};
use gantry_abi::vmctx::{GUARD_SIZE, MemoryStyle, VMMemory, VMMemoryEntry};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::AddressType;
use wasmparser::{MemArg, MemArgTarget, Operator};

use crate::env::{POINTER, trap};
use crate::translator::FuncTranslator;

use types::{F32, F64, I8, I16, I32, I64};

/// How many bytes are copied without a call, when it is known how many they are.
const INLINE_COPY: u64 = 32;

pub(crate) fn memory_index(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(index) => index,
        MemArgTarget::Array(_) => unreachable!("validation refuses accesses to arrays: not enabled"),
    }
}

impl FuncTranslator<'_> {
    pub(crate) fn memory_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::I32Load { memarg } => self.load(memarg, I32),
            O::I64Load { memarg } => self.load(memarg, I64),
            O::F32Load { memarg } => self.load(memarg, F32),
            O::F64Load { memarg } => self.load(memarg, F64),
            O::I32Load8S { memarg } => self.load_signed(memarg, I8, I32),
            O::I32Load8U { memarg } => self.load_unsigned(memarg, I8, I32),
            O::I32Load16S { memarg } => self.load_signed(memarg, I16, I32),
            O::I32Load16U { memarg } => self.load_unsigned(memarg, I16, I32),
            O::I64Load8S { memarg } => self.load_signed(memarg, I8, I64),
            O::I64Load8U { memarg } => self.load_unsigned(memarg, I8, I64),
            O::I64Load16S { memarg } => self.load_signed(memarg, I16, I64),
            O::I64Load16U { memarg } => self.load_unsigned(memarg, I16, I64),
            O::I64Load32S { memarg } => self.load_signed(memarg, I32, I64),
            O::I64Load32U { memarg } => self.load_unsigned(memarg, I32, I64),
            O::I32Store { memarg } | O::F32Store { memarg } => self.store(memarg, 4),
            O::I64Store { memarg } | O::F64Store { memarg } => self.store(memarg, 8),
            O::I32Store8 { memarg } | O::I64Store8 { memarg } => self.store_narrow(memarg, I8),
            O::I32Store16 { memarg } | O::I64Store16 { memarg } => self.store_narrow(memarg, I16),
            O::I64Store32 { memarg } => self.store_narrow(memarg, I32),
            O::MemorySize { mem } => self.memory_size(*mem),
            O::MemoryGrow { mem } => self.memory_grow(*mem),
            O::MemoryCopy { dst_mem, src_mem } => self.memory_copy(*dst_mem, *src_mem),
            O::MemoryFill { mem } => self.memory_fill(*mem),
            O::MemoryInit { data_index, mem } => self.memory_init(*data_index, *mem),
            O::DataDrop { data_index } => {
                let segment = self.i32_const(*data_index);
                self.libcall(Libcall::DataDrop, &[segment]);
            }
            _ => return false,
        }
        true
    }

    fn heap_flags(&self) -> MemFlagsData {
        MemFlagsData::new()
            .with_endianness(ir::Endianness::Little)
            .with_trap_code(Some(trap(TrapCode::MemoryOutOfBounds)))
            .with_alias_region(Some(self.regions.heap))
    }

    /// The address of an access: pops the index and returns a base, an offset to it, and the flags for the
    /// instruction that accesses `size` bytes there. What is not certain to lie in the memory traps.
    pub(crate) fn address(&mut self, memarg: &MemArg, size: u32) -> (Value, Offset32, MemFlagsData) {
        let memory = memory_index(memarg);
        let index = self.pop();
        let index = self.extend(index);
        let style = self.env.memory_style.of(&self.env.module.memories[memory as usize]);
        let end = memarg.offset.saturating_add(u64::from(size));
        let base = match style {
            MemoryStyle::Reserved => self.reserved_base(memory),
            MemoryStyle::Checked => self.moving_base(memory),
        };
        if style == MemoryStyle::Checked || end > GUARD_SIZE {
            self.check_bounds(memory, index, end);
        }
        let address = self.b.ins().iadd(base, index);
        let flags = self.heap_flags();
        match i32::try_from(memarg.offset) {
            Ok(offset) => (address, offset.into(), flags),
            // The sum was checked, or both are below 4 GiB.
            Err(_) => (self.b.ins().iadd_imm_u(address, memarg.offset as i64), 0.into(), flags),
        }
    }

    /// The base of a memory that never moves.
    fn reserved_base(&mut self, memory: u32) -> Value {
        let entry = self.env.layout.memory(memory) as usize;
        self.load_constant(self.vmctx, entry + offset_of!(VMMemoryEntry, base))
    }

    fn memory(&mut self, memory: u32) -> Value {
        let entry = self.env.layout.memory(memory) as usize;
        self.load_constant(self.vmctx, entry + offset_of!(VMMemoryEntry, memory))
    }

    fn moving_base(&mut self, memory: u32) -> Value {
        let memory = self.memory(memory);
        let flags = self.runtime_flags();
        self.b.ins().load(POINTER, flags, memory, offset_of!(VMMemory, base) as i32)
    }

    fn memory_len(&mut self, memory: u32) -> Value {
        let memory = self.memory(memory);
        let flags = self.runtime_flags();
        self.b.ins().load(I64, flags, memory, offset_of!(VMMemory, len) as i32)
    }

    /// Traps unless `index + end` bytes fit into the memory.
    fn check_bounds(&mut self, memory: u32, index: Value, end: u64) {
        let len = self.memory_len(memory);
        let end = match self.env.module.memories[memory as usize].address {
            AddressType::I32 => self.b.ins().iadd_imm_u(index, end as i64),
            AddressType::I64 => {
                let end = self.b.ins().iconst(I64, end as i64);
                self.b.ins().uadd_overflow_trap(index, end, trap(TrapCode::MemoryOutOfBounds))
            }
        };
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, len);
        self.b.ins().trapnz(outside, trap(TrapCode::MemoryOutOfBounds));
    }

    fn load(&mut self, memarg: &MemArg, ty: Type) {
        let (base, offset, flags) = self.address(memarg, ty.bytes());
        let value = self.b.ins().load(ty, flags, base, offset);
        self.push(value);
    }

    fn load_unsigned(&mut self, memarg: &MemArg, from: Type, to: Type) {
        let (base, offset, flags) = self.address(memarg, from.bytes());
        let ins = self.b.ins();
        let value = match from {
            I8 => ins.uload8(to, flags, base, offset),
            I16 => ins.uload16(to, flags, base, offset),
            _ => ins.uload32(flags, base, offset),
        };
        self.push(value);
    }

    fn load_signed(&mut self, memarg: &MemArg, from: Type, to: Type) {
        let (base, offset, flags) = self.address(memarg, from.bytes());
        let ins = self.b.ins();
        let value = match from {
            I8 => ins.sload8(to, flags, base, offset),
            I16 => ins.sload16(to, flags, base, offset),
            _ => ins.sload32(flags, base, offset),
        };
        self.push(value);
    }

    fn store(&mut self, memarg: &MemArg, size: u32) {
        let value = self.pop();
        let (base, offset, flags) = self.address(memarg, size);
        self.b.ins().store(flags, value, base, offset);
    }

    fn store_narrow(&mut self, memarg: &MemArg, ty: Type) {
        let value = self.pop();
        let (base, offset, flags) = self.address(memarg, ty.bytes());
        let ins = self.b.ins();
        match ty {
            I8 => ins.istore8(flags, value, base, offset),
            I16 => ins.istore16(flags, value, base, offset),
            _ => ins.istore32(flags, value, base, offset),
        };
    }

    fn memory_size(&mut self, memory: u32) {
        let len = self.memory_len(memory);
        let ty = self.env.module.memories[memory as usize];
        let pages = self.b.ins().ushr_imm_u(len, i64::from(ty.page_size_log2));
        self.push_address(ty.address, pages);
    }

    fn memory_grow(&mut self, memory: u32) {
        let delta = self.pop();
        let delta = self.extend(delta);
        let address = self.env.module.memories[memory as usize].address;
        let memory = self.i32_const(memory);
        let old = self.libcall(Libcall::MemoryGrow, &[memory, delta]).expect("returns the old size");
        self.push_address(address, old);
    }

    fn memory_copy(&mut self, to: u32, from: u32) {
        let len = self.pop();
        let (target, source) = self.pop2();
        let few = self.known_number(len).filter(|len| *len <= INLINE_COPY);
        let (target, source, len) = (self.extend(target), self.extend(source), self.extend(len));
        let source = self.checked_range(from, source, len);
        let target = self.checked_range(to, target, len);
        match few {
            Some(len) => self.copy_inline(target, source, len as i32),
            None => drop(self.libcall(Libcall::CopyBytes, &[target, source, len])),
        }
    }

    /// Copies bytes between addresses that were checked: all are read before any is written, since the ranges may overlap.
    fn copy_inline(&mut self, target: Value, source: Value, len: i32) {
        let flags = MemFlagsData::new()
            .with_notrap()
            .with_endianness(ir::Endianness::Little)
            .with_alias_region(Some(self.regions.heap));
        let mut parts = Vec::new();
        let mut at = 0;
        for ty in [types::I8X16, I64, I32, I16, I8] {
            while len - at >= ty.bytes() as i32 {
                parts.push((self.b.ins().load(ty, flags, source, at), at));
                at += ty.bytes() as i32;
            }
        }
        for (part, at) in parts {
            self.b.ins().store(flags, part, target, at);
        }
    }

    /// The number that a value is known to be.
    pub(crate) fn known_number(&self, value: Value) -> Option<u64> {
        let dfg = &self.b.func.dfg;
        match dfg.insts[dfg.value_def(value).inst()?] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits() as u64),
            _ => None,
        }
    }

    fn memory_fill(&mut self, memory: u32) {
        let len = self.pop();
        let (target, byte) = self.pop2();
        let (target, len) = (self.extend(target), self.extend(len));
        let target = self.checked_range(memory, target, len);
        self.libcall(Libcall::FillBytes, &[target, byte, len]);
    }

    /// The address of `len` bytes at an index; traps when they are not all in the memory.
    fn checked_range(&mut self, memory: u32, index: Value, len: Value) -> Value {
        let ty = self.env.module.memories[memory as usize];
        let end = match ty.address {
            AddressType::I32 => self.b.ins().iadd(index, len),
            AddressType::I64 => self.b.ins().uadd_overflow_trap(index, len, trap(TrapCode::MemoryOutOfBounds)),
        };
        let size = self.memory_len(memory);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, size);
        self.b.ins().trapnz(outside, trap(TrapCode::MemoryOutOfBounds));
        let base = match self.env.memory_style.of(&ty) {
            MemoryStyle::Reserved => self.reserved_base(memory),
            MemoryStyle::Checked => self.moving_base(memory),
        };
        self.b.ins().iadd(base, index)
    }

    fn memory_init(&mut self, segment: u32, memory: u32) {
        let len = self.pop();
        let (target, source) = self.pop2();
        let target = self.extend(target);
        let (memory, segment) = (self.i32_const(memory), self.i32_const(segment));
        let args = [memory, segment, target, source, len];
        self.checked_libcall(Libcall::MemoryInit, &args, TrapCode::MemoryOutOfBounds);
    }
}

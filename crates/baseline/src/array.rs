//! Arrays.

use std::mem::offset_of;

use gantry_abi::object::{ARRAY_ELEMENTS, VMArray, size_class};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::StorageType;
use wasmparser::Operator;

use crate::asm::{Alu, Cc, Gpr, Mem, Shift};
use crate::call::Argument::{Const, Operand};
use crate::env::Ty;
use crate::generator::{Generator, Outcome, Stop};
use crate::homes::SCRATCH;
use crate::object::{Extension, is_reference};
use crate::stack::{Entry, Loc};

impl Generator<'_> {
    pub fn array_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        use self::Extension::{Signed, Unsigned};
        match *op {
            Operator::ArrayNew { array_type_index } => self.array_new(array_type_index)?,
            Operator::ArrayNewDefault { array_type_index } => {
                self.libcall(Libcall::ArrayNew, 1, &[Const(array_type_index), Operand(0)])?;
                self.check_array();
            }
            Operator::ArrayNewFixed { array_type_index, array_size } => {
                self.array_new_fixed(array_type_index, array_size)?;
            }
            Operator::ArrayNewData { array_type_index, array_data_index } => {
                let arguments = [Const(array_type_index), Const(array_data_index), Operand(0), Operand(1)];
                self.libcall(Libcall::ArrayNewData, 2, &arguments)?;
                self.check_segment(TrapCode::MemoryOutOfBounds);
            }
            Operator::ArrayNewElem { array_type_index, array_elem_index } => {
                let arguments = [Const(array_type_index), Const(array_elem_index), Operand(0), Operand(1)];
                self.libcall(Libcall::ArrayNewElem, 2, &arguments)?;
                self.check_segment(TrapCode::TableOutOfBounds);
            }
            Operator::ArrayGet { array_type_index } | Operator::ArrayGetU { array_type_index } => {
                self.array_get(array_type_index, Unsigned);
            }
            Operator::ArrayGetS { array_type_index } => self.array_get(array_type_index, Signed),
            Operator::ArraySet { array_type_index } => self.array_set(array_type_index)?,
            Operator::ArrayLen => {
                let array = self.pop();
                let reg = self.in_register(array);
                let to = self.alloc_over(array);
                self.load_len(to, reg);
                self.push_gpr(Ty::I32, to);
            }
            Operator::ArrayFill { array_type_index } => self.array_fill(array_type_index)?,
            Operator::ArrayCopy { .. } => self.array_copy()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn len_of(array: Gpr) -> Mem {
        Mem::new(array, offset_of!(VMArray, len) as i32)
    }

    /// Loads the length of an array; faults when that is null.
    fn load_len(&mut self, to: Gpr, array: Gpr) {
        self.may_trap(TrapCode::NullArray);
        self.asm.mov(false, to, Self::len_of(array));
    }

    /// Where an element is. Uses the scratch register.
    fn element_at(&mut self, storage: StorageType, array: Gpr, index: Gpr) -> Mem {
        let shift = storage.size().trailing_zeros() as u8;
        if shift <= 3 {
            return Mem::indexed(array, index, shift, ARRAY_ELEMENTS as i32);
        }
        self.asm.mov(true, SCRATCH, index);
        self.asm.shift_imm(Shift::Left, true, SCRATCH, shift);
        Mem::indexed(array, SCRATCH, 0, ARRAY_ELEMENTS as i32)
    }

    /// The same of an index that has not been checked.
    fn element_of(&mut self, storage: StorageType, array: Gpr, index: Gpr) -> Mem {
        self.may_trap(TrapCode::NullArray);
        self.asm.alu(Alu::Cmp, false, index, Self::len_of(array));
        self.trap_if(Cc::AboveEqual, TrapCode::ArrayOutOfBounds);
        self.element_at(storage, array, index)
    }

    fn array_get(&mut self, ty: u32, extension: Extension) {
        let storage = self.env.module.types.element(ty).storage;
        let (array, index) = self.pop2();
        let (reg, index) = (self.in_register(array), self.in_register(index));
        let at = self.element_of(storage, reg, index);
        self.read_part(storage, array, at, extension);
    }

    fn array_set(&mut self, ty: u32) -> Outcome {
        let storage = self.env.module.types.element(ty).storage;
        let value = self.pop();
        let value = self.before_store(value);
        let (array, index) = self.pop2();
        let (array, index) = (self.in_register(array), self.in_register(index));
        let at = self.element_of(storage, array, index);
        self.write_part(storage, at, value);
        self.write_barrier(storage, value)
    }

    // New arrays

    /// Traps when the array that was pushed is none.
    fn check_array(&mut self) {
        let array = self.pop();
        let reg = self.in_register(array);
        self.asm.test(true, reg, reg);
        self.trap_if(Cc::Equal, TrapCode::OutOfHeap);
        self.push_gpr(Ty::I64, reg);
    }

    /// The same of an array that is made from a segment.
    fn check_segment(&mut self, reason: TrapCode) {
        let array = self.pop();
        let reg = self.in_register(array);
        self.asm.test(true, reg, reg);
        self.trap_if(Cc::Equal, reason);
        self.asm.alu_imm(Alu::Cmp, true, reg, 1);
        self.trap_if(Cc::Equal, TrapCode::OutOfHeap);
        self.push_gpr(Ty::I64, reg);
    }

    fn array_new(&mut self, ty: u32) -> Outcome {
        let storage = self.env.module.types.element(ty).storage;
        self.libcall(Libcall::ArrayNew, 1, &[Const(ty), Operand(0)])?;
        self.check_array();
        self.fill_barrier(storage)?;
        let (init, array) = self.pop2();
        let array = self.in_register(array);
        // It is all zeros.
        if init.loc != Loc::Const(0) {
            self.fill(storage, array, init);
        }
        self.push_gpr(Ty::I64, array);
        Ok(())
    }

    /// The collector's barrier for the operand below the topmost one. Operands stay.
    fn fill_barrier(&mut self, storage: StorageType) -> Outcome {
        if is_reference(storage) {
            let value = self.stack[self.stack.len() - 2];
            let reg = self.alloc();
            self.load(reg, value);
            self.write_barrier(storage, Entry { loc: Loc::Gpr(reg), ..value })?;
            self.owners.unpin_one(reg);
        }
        Ok(())
    }

    /// Writes a value to all elements.
    fn fill(&mut self, storage: StorageType, array: Gpr, init: Entry) {
        let init = self.before_store(init);
        let (at, end) = (self.alloc(), self.alloc());
        self.asm.mov(false, end, Self::len_of(array));
        let shift = storage.size().trailing_zeros() as u8;
        self.asm.shift_imm(Shift::Left, true, end, shift);
        self.asm.mov(true, at, array);
        self.fill_up(storage, at, end, init);
    }

    fn array_fill(&mut self, ty: u32) -> Outcome {
        let storage = self.env.module.types.element(ty).storage;
        self.check_range(4, [0, 1, 3]);
        self.fill_barrier(storage)?;
        let len = self.pop();
        let end = self.in_own_register(len);
        let value = self.pop();
        let value = self.before_store(value);
        let (array, index) = self.pop2();
        let (at, array) = (self.in_own_register(index), self.in_register(array));
        let shift = storage.size().trailing_zeros() as u8;
        self.asm.shift_imm(Shift::Left, true, end, shift);
        self.asm.shift_imm(Shift::Left, true, at, shift);
        self.asm.alu(Alu::Add, true, at, array);
        self.fill_up(storage, at, end, value);
        Ok(())
    }

    /// Writes a value to elements: from `at`, which is before the first by what is before an array's first, for `end` bytes.
    fn fill_up(&mut self, storage: StorageType, at: Gpr, end: Gpr, value: Entry) {
        self.asm.alu(Alu::Add, true, end, at);
        let [done, again] = [(); 2].map(|()| self.asm.label());
        self.asm.bind(again);
        self.asm.alu(Alu::Cmp, true, at, end);
        self.asm.jcc(Cc::AboveEqual, done);
        self.write_part(storage, Mem::new(at, ARRAY_ELEMENTS as i32), value);
        self.asm.alu_imm(Alu::Add, true, at, storage.size() as i32);
        self.asm.jmp(again);
        self.asm.bind(done);
    }

    fn array_new_fixed(&mut self, ty: u32, len: u32) -> Outcome {
        let storage = self.env.module.types.element(ty).storage;
        let size = len.checked_mul(storage.size()).and_then(|size| size.checked_add(ARRAY_ELEMENTS));
        if is_reference(storage) && size.and_then(size_class).is_none() {
            // What is allocated by itself needs the barrier for each element.
            return Err(Stop::Unsupported);
        }
        self.libcall(Libcall::ArrayNew, 0, &[Const(ty), Const(len)])?;
        self.check_array();
        let array = self.pop();
        let array = self.in_register(array);
        let first = self.stack.len() - len as usize;
        for index in 0..len {
            let at = Mem::new(array, (ARRAY_ELEMENTS + index * storage.size()) as i32);
            self.fill_part(storage, at, self.stack[first + index as usize]);
        }
        self.truncate(first);
        self.push_gpr(Ty::I64, array);
        Ok(())
    }

    // Ranges

    /// Traps unless the elements are in the array: operands, counted from the lowest of `count`.
    fn check_range(&mut self, count: usize, [array, index, len]: [usize; 3]) {
        let first = self.stack.len() - count;
        let end = self.alloc();
        let [array, index, len] = [array, index, len].map(|operand| self.stack[first + operand]);
        self.load(SCRATCH, index);
        self.load(end, len);
        self.asm.alu(Alu::Add, true, end, SCRATCH);
        self.load(SCRATCH, array);
        self.load_len(SCRATCH, SCRATCH);
        self.asm.alu(Alu::Cmp, true, end, SCRATCH);
        self.trap_if(Cc::Above, TrapCode::ArrayOutOfBounds);
        self.owners.unpin_one(end);
    }

    fn array_copy(&mut self) -> Outcome {
        self.check_range(5, [0, 1, 4]);
        self.check_range(5, [2, 3, 4]);
        let arguments = [Operand(0), Operand(1), Operand(2), Operand(3), Operand(4)];
        self.libcall(Libcall::ArrayCopy, 5, &arguments)
    }
}

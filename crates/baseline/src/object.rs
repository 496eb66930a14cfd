//! Structs and `i31`, and the collector's barrier.
//!
//! A null is found out by the fault of the first access, where that is near enough to address 0.

use std::mem::offset_of;

use gantry_abi::object::{I31_SHIFT, I31_TAG, ObjectLayout, SIZE_CLASSES, VMFreeRun, VMObject, size_class};
use gantry_abi::vmctx::{VMContextHeader, VMStoreContext};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::{StorageType, ValType};
use wasmparser::Operator;

use crate::asm::{Alu, Cc, Gpr, Mem, Shift};
use crate::env::Ty;
use crate::generator::{Generator, Outcome, Stop};
use crate::homes::{SCRATCH, VECTOR_SCRATCH};
use crate::stack::{Entry, Loc};

/// No mapping is ever below this address.
const NULL_PAGE: u32 = 4096;

/// How a packed field becomes an i32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extension {
    Signed,
    Unsigned,
}

/// Whether what is stored is a reference.
pub(crate) fn is_reference(storage: StorageType) -> bool {
    matches!(storage, StorageType::Val(ValType::Ref(_)))
}

impl Generator<'_> {
    pub fn object_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        use self::Extension::{Signed, Unsigned};
        match *op {
            Operator::StructNew { struct_type_index } => self.struct_new(struct_type_index, true)?,
            Operator::StructNewDefault { struct_type_index } => self.struct_new(struct_type_index, false)?,
            Operator::StructGet { struct_type_index, field_index }
            | Operator::StructGetU { struct_type_index, field_index } => {
                self.struct_get(struct_type_index, field_index, Unsigned);
            }
            Operator::StructGetS { struct_type_index, field_index } => {
                self.struct_get(struct_type_index, field_index, Signed);
            }
            Operator::StructSet { struct_type_index, field_index } => {
                self.struct_set(struct_type_index, field_index)?;
            }
            Operator::RefI31 => self.ref_i31(),
            Operator::I31GetS => self.i31_get(true),
            Operator::I31GetU => self.i31_get(false),
            // The same bits in both hierarchies.
            Operator::AnyConvertExtern | Operator::ExternConvertAny => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    // Fields

    fn field(&self, ty: u32, field: u32) -> (u32, StorageType) {
        let fields = self.env.module.types.fields(ty);
        (ObjectLayout::of_struct(fields).offsets[field as usize], fields[field as usize].storage)
    }

    /// Checks for null where an access would be too far from address 0 to fault for certain.
    fn check_far_null(&mut self, object: Gpr, offset: u32) {
        if offset + 16 > NULL_PAGE {
            self.asm.test(true, object, object);
            self.trap_if(Cc::Equal, TrapCode::NullStruct);
        }
    }

    /// Reads a part of an object and pushes it; `base` is the operand whose register the value may take.
    pub fn read_part(&mut self, storage: StorageType, base: Entry, from: Mem, extension: Extension) {
        let ty = match storage {
            StorageType::Val(ty) => Ty::from(ty),
            _ => Ty::I32,
        };
        if !ty.is_int() {
            let to = self.alloc_xmm();
            self.may_trap(TrapCode::NullStruct);
            self.load_xmm(ty, to, from);
            return self.push_xmm(ty, to);
        }
        let to = self.alloc_over(base);
        self.may_trap(TrapCode::NullStruct);
        match (storage, extension) {
            (StorageType::I8, Extension::Signed) => self.asm.movsx8(false, to, from),
            (StorageType::I8, Extension::Unsigned) => self.asm.movzx8(to, from),
            (StorageType::I16, Extension::Signed) => self.asm.movsx16(false, to, from),
            (StorageType::I16, Extension::Unsigned) => self.asm.movzx16(to, from),
            (StorageType::Val(_), _) => self.asm.mov(ty.is_wide(), to, from),
        }
        self.push_gpr(ty, to);
    }

    /// An operand where it can be stored from by one instruction, so that this can be the one that faults.
    pub fn before_store(&mut self, value: Entry) -> Entry {
        let loc = match value.ty.is_int() {
            true => Loc::Gpr(self.in_register(value)),
            false => Loc::Xmm(self.in_xmm(value)),
        };
        Entry { loc, ..value }
    }

    /// Writes a value that is in a register.
    pub fn write_part(&mut self, storage: StorageType, to: Mem, value: Entry) {
        match (storage, value.loc) {
            (StorageType::I8, Loc::Gpr(reg)) => self.asm.store8(to, reg),
            (StorageType::I16, Loc::Gpr(reg)) => self.asm.store16(to, reg),
            (_, Loc::Gpr(reg)) => self.asm.store(value.ty.is_wide(), to, reg),
            (_, Loc::Xmm(reg)) => self.store_xmm(value.ty, to, reg),
            _ => unreachable!("it is in a register"),
        }
    }

    /// Writes an operand wherever it is, by the scratch registers. Nothing else changes.
    pub fn fill_part(&mut self, storage: StorageType, to: Mem, value: Entry) {
        let place = self.place(value);
        let loc = match place {
            Loc::Gpr(_) | Loc::Xmm(_) => place,
            Loc::Slot if value.ty == Ty::V128 => {
                let from = self.memory_of(value);
                self.asm.load_vector(VECTOR_SCRATCH, from);
                Loc::Xmm(VECTOR_SCRATCH)
            }
            _ => {
                // Bits of floats are moved as integers are.
                let ty = if value.ty.is_wide() { Ty::I64 } else { Ty::I32 };
                self.load(SCRATCH, Entry { ty, ..value });
                Loc::Gpr(SCRATCH)
            }
        };
        self.write_part(storage, to, Entry { loc, ..value });
    }

    fn struct_get(&mut self, ty: u32, field: u32, extension: Extension) {
        let object = self.pop();
        let reg = self.in_register(object);
        let (offset, storage) = self.field(ty, field);
        self.check_far_null(reg, offset);
        self.read_part(storage, object, Mem::new(reg, offset as i32), extension);
    }

    fn struct_set(&mut self, ty: u32, field: u32) -> Outcome {
        let (object, value) = self.pop2();
        let value = self.before_store(value);
        let object = self.in_register(object);
        let (offset, storage) = self.field(ty, field);
        self.check_far_null(object, offset);
        self.may_trap(TrapCode::NullStruct);
        self.write_part(storage, Mem::new(object, offset as i32), value);
        self.write_barrier(storage, value)
    }

    // Calls off the usual path

    /// Calls a function of the runtime, so that all registers but `rax` and the scratch registers are as before. Arguments are 32-bit constants and
    /// a register, which follows them.
    pub fn cold_call(&mut self, libcall: Libcall, constants: &[u32], register: Option<Gpr>) -> Outcome {
        self.check_calls()?;
        self.save_registers();
        let mut arguments = [Gpr::RSI, Gpr::RDX].into_iter();
        if let Some(register) = register {
            debug_assert!(constants.is_empty());
            self.asm.mov(true, arguments.next().expect("there are two"), register);
        }
        for (constant, to) in constants.iter().zip(arguments) {
            self.asm.mov_imm(to, i64::from(*constant));
        }
        self.asm.mov(true, Gpr::RDI, self.registers.vmctx);
        self.load_vmctx(Gpr::RAX, offset_of!(VMContextHeader, libcalls) as u32);
        self.mark();
        self.asm.call(Mem::new(Gpr::RAX, libcall as i32 * 8));
        self.asm.mov(true, SCRATCH, Gpr::RAX);
        self.load_registers();
        Ok(())
    }

    /// Tells the collector of a written reference, while it marks.
    pub fn write_barrier(&mut self, storage: StorageType, value: Entry) -> Outcome {
        let (true, Loc::Gpr(reg)) = (is_reference(storage), value.loc) else { return Ok(()) };
        let done = self.asm.label();
        self.load_store_context(SCRATCH);
        self.asm.alu_imm(Alu::Cmp, false, Mem::new(SCRATCH, offset_of!(VMStoreContext, marking) as i32), 0);
        self.asm.jcc(Cc::Equal, done);
        self.cold_call(Libcall::WriteBarrier, &[], Some(reg))?;
        self.asm.bind(done);
        Ok(())
    }

    // Structs

    fn struct_new(&mut self, ty: u32, has_values: bool) -> Outcome {
        let fields = self.env.module.types.fields(ty);
        let layout = ObjectLayout::of_struct(fields);
        // What is allocated by itself needs the barrier for each field.
        let class = size_class(layout.size).ok_or(Stop::Unsupported)?;
        let object = self.allocate(ty, class)?;
        if has_values {
            let first = self.stack.len() - fields.len();
            for ((index, offset), field) in (first..).zip(&layout.offsets).zip(fields) {
                self.fill_part(field.storage, Mem::new(object, *offset as i32), self.stack[index]);
            }
            self.truncate(first);
        }
        self.push_gpr(Ty::I64, object);
        Ok(())
    }

    /// Takes the next object of a free run, or asks the runtime for it. Operands stay where they are.
    fn allocate(&mut self, ty: u32, class: usize) -> Outcome<Gpr> {
        let run = offset_of!(VMStoreContext, free) + class * size_of::<VMFreeRun>();
        let next = run + offset_of!(VMFreeRun, next);
        let end = run + offset_of!(VMFreeRun, end);
        // Before paths part: what was in these registers is stored here.
        let (object, other) = (self.alloc(), self.alloc());
        let [slow, done] = [(); 2].map(|()| self.asm.label());
        self.load_store_context(SCRATCH);
        self.asm.mov(true, object, Mem::new(SCRATCH, next as i32));
        self.asm.alu(Alu::Cmp, true, object, Mem::new(SCRATCH, end as i32));
        self.asm.jcc(Cc::Equal, slow);
        self.asm.lea(true, other, Mem::new(object, SIZE_CLASSES[class] as i32));
        self.asm.store(true, Mem::new(SCRATCH, next as i32), other);
        self.load_vmctx(other, offset_of!(VMContextHeader, types) as u32);
        self.asm.mov(true, other, Mem::new(other, ty as i32 * 8));
        self.asm.store(true, Mem::new(object, offset_of!(VMObject, ty) as i32), other);
        self.asm.jmp(done);
        self.asm.bind(slow);
        self.cold_call(Libcall::StructNew, &[ty], None)?;
        self.asm.mov(true, object, SCRATCH);
        self.asm.test(true, object, object);
        self.trap_if(Cc::Equal, TrapCode::OutOfHeap);
        self.asm.bind(done);
        Ok(object)
    }

    // Integers

    fn ref_i31(&mut self) {
        let value = self.pop();
        let reg = self.in_own_register(value);
        self.asm.shift_imm(Shift::Left, true, reg, I31_SHIFT as u8 + 31);
        self.asm.shift_imm(Shift::RightUnsigned, true, reg, 31);
        self.asm.alu_imm(Alu::Or, true, reg, I31_TAG as i32);
        self.push_gpr(Ty::I64, reg);
    }

    fn i31_get(&mut self, signed: bool) {
        let reference = self.pop();
        let reg = self.in_own_register(reference);
        self.asm.test(true, reg, reg);
        self.trap_if(Cc::Equal, TrapCode::NullI31);
        self.asm.shift_imm(Shift::RightUnsigned, true, reg, I31_SHIFT as u8);
        self.asm.mov(false, reg, reg);
        if signed {
            self.asm.shift_imm(Shift::Left, false, reg, 1);
            self.asm.shift_imm(Shift::RightSigned, false, reg, 1);
        }
        self.push_gpr(Ty::I32, reg);
    }
}

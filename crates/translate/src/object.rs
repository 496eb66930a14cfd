//! Structs, arrays and `i31`: <https://webassembly.github.io/spec/core/exec/instructions.html#aggregate-reference-instructions>.
//!
//! A null is found out by the fault of the first access, where that is near enough to address 0.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use gantry_abi::object::{
    ARRAY_ELEMENTS, I31_SHIFT, I31_TAG, ObjectLayout, SIZE_CLASSES, VMArray, VMFreeRun, VMObject, size_class,
};
use gantry_abi::vmctx::{VMContextHeader, VMStoreContext};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::{FieldType, StorageType, ValType};
use wasmparser::Operator;

use crate::env::{POINTER, clif_type, trap};
use crate::translator::FuncTranslator;

/// No mapping is ever below this address.
const NULL_PAGE: u32 = 4096;

/// How a packed field becomes an i32.
#[derive(Clone, Copy)]
enum Extension {
    None,
    Signed,
    Unsigned,
}

impl FuncTranslator<'_> {
    pub(crate) fn object_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::StructNew { struct_type_index } => {
                let values = self.pop_n(self.env.module.types.fields(*struct_type_index).len());
                self.struct_new(*struct_type_index, &values);
            }
            Operator::StructNewDefault { struct_type_index } => self.struct_new(*struct_type_index, &[]),
            Operator::StructGet { struct_type_index, field_index } => {
                self.struct_get(*struct_type_index, *field_index, Extension::None);
            }
            Operator::StructGetS { struct_type_index, field_index } => {
                self.struct_get(*struct_type_index, *field_index, Extension::Signed);
            }
            Operator::StructGetU { struct_type_index, field_index } => {
                self.struct_get(*struct_type_index, *field_index, Extension::Unsigned);
            }
            Operator::StructSet { struct_type_index, field_index } => {
                let (object, value) = self.pop2();
                let (offset, storage) = self.field(*struct_type_index, *field_index);
                self.check_far_null(object, offset);
                self.write(storage, object, offset, value, true);
            }
            Operator::RefI31 => self.ref_i31(),
            Operator::I31GetS => self.i31_get(true),
            Operator::I31GetU => self.i31_get(false),
            // The same bits in both hierarchies.
            Operator::AnyConvertExtern | Operator::ExternConvertAny => {}
            _ => return false,
        }
        true
    }

    pub(crate) fn array_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::ArrayNew { array_type_index } => {
                let (init, len) = self.pop2();
                let array = self.array_new(*array_type_index, len);
                let zero = self.i32_const(0);
                self.fill_elements(*array_type_index, array, zero, init, len);
                self.push(array);
            }
            Operator::ArrayNewDefault { array_type_index } => {
                let len = self.pop();
                let array = self.array_new(*array_type_index, len);
                self.push(array);
            }
            Operator::ArrayNewFixed { array_type_index, array_size } => {
                self.array_new_fixed(*array_type_index, *array_size);
            }
            Operator::ArrayNewData { array_type_index, array_data_index } => {
                let reason = TrapCode::MemoryOutOfBounds;
                self.array_new_segment(Libcall::ArrayNewData, *array_type_index, *array_data_index, reason);
            }
            Operator::ArrayNewElem { array_type_index, array_elem_index } => {
                let reason = TrapCode::TableOutOfBounds;
                self.array_new_segment(Libcall::ArrayNewElem, *array_type_index, *array_elem_index, reason);
            }
            Operator::ArrayGet { array_type_index } => self.array_get(*array_type_index, Extension::None),
            Operator::ArrayGetS { array_type_index } => self.array_get(*array_type_index, Extension::Signed),
            Operator::ArrayGetU { array_type_index } => self.array_get(*array_type_index, Extension::Unsigned),
            Operator::ArraySet { array_type_index } => {
                let value = self.pop();
                let (array, index) = self.pop2();
                let (address, element) = self.element(*array_type_index, array, index);
                self.write(element, address, ARRAY_ELEMENTS, value, true);
            }
            Operator::ArrayLen => {
                let array = self.pop();
                let len = self.array_len(array);
                self.push(len);
            }
            Operator::ArrayFill { array_type_index } => {
                let len = self.pop();
                let (index, value) = self.pop2();
                let array = self.pop();
                self.check_range(array, index, len);
                self.fill_elements(*array_type_index, array, index, value, len);
            }
            Operator::ArrayCopy { .. } => self.array_copy(),
            Operator::ArrayInitData { array_type_index, array_data_index } => {
                let ty = self.i32_const(*array_type_index);
                self.array_init(Libcall::ArrayInitData, &[ty], *array_data_index, TrapCode::MemoryOutOfBounds);
            }
            Operator::ArrayInitElem { array_elem_index, .. } => {
                self.array_init(Libcall::ArrayInitElem, &[], *array_elem_index, TrapCode::TableOutOfBounds);
            }
            _ => return false,
        }
        true
    }

    // Fields

    /// Flags for what is in objects. A fault means that it was a struct and null: arrays are asked for their length first.
    fn object_flags(&self) -> MemFlagsData {
        MemFlagsData::new()
            .with_alias_region(Some(self.regions.objects))
            .with_trap_code(Some(trap(TrapCode::NullStruct)))
    }

    fn field(&self, ty: u32, field: u32) -> (u32, StorageType) {
        let fields = self.env.module.types.fields(ty);
        (ObjectLayout::of_struct(fields).offsets[field as usize], fields[field as usize].storage)
    }

    /// Checks for null where an access would be too far from address 0 to fault for certain.
    fn check_far_null(&mut self, object: Value, offset: u32) {
        if offset + 16 > NULL_PAGE {
            self.b.ins().trapz(object, trap(TrapCode::NullStruct));
        }
    }

    fn read(&mut self, storage: StorageType, base: Value, offset: u32, extension: Extension) -> Value {
        let (flags, offset) = (self.object_flags(), offset as i32);
        // The load itself extends: it is where a trap is.
        let ins = self.b.ins();
        match (storage, extension) {
            (StorageType::Val(ty), _) => ins.load(clif_type(ty), flags, base, offset),
            (StorageType::I8, Extension::Signed) => ins.sload8(types::I32, flags, base, offset),
            (StorageType::I8, _) => ins.uload8(types::I32, flags, base, offset),
            (StorageType::I16, Extension::Signed) => ins.sload16(types::I32, flags, base, offset),
            (StorageType::I16, _) => ins.uload16(types::I32, flags, base, offset),
        }
    }

    /// Writes a value; into an object that others may have seen, with the collector's barrier.
    fn write(&mut self, storage: StorageType, base: Value, offset: u32, value: Value, published: bool) {
        let flags = self.object_flags();
        let value = match storage {
            StorageType::I8 => self.b.ins().ireduce(types::I8, value),
            StorageType::I16 => self.b.ins().ireduce(types::I16, value),
            StorageType::Val(ValType::V128) => self.canonical(value),
            StorageType::Val(_) => value,
        };
        self.b.ins().store(flags, value, base, offset as i32);
        if published && matches!(storage, StorageType::Val(ValType::Ref(_))) {
            self.write_barrier(value);
        }
    }

    /// Whether an object is allocated by itself. The collector does not look again at such objects that are made while it
    /// marks: filling them needs the barrier.
    pub(crate) fn is_large(bytes: u32) -> bool {
        size_class(bytes).is_none()
    }

    /// Tells the collector of a written reference, while it marks.
    pub(crate) fn write_barrier(&mut self, value: Value) {
        let (store, flags) = (self.store_context(), self.runtime_flags());
        let marking = self.b.ins().load(types::I32, flags, store, offset_of!(VMStoreContext, marking) as i32);
        let [tell, done] = [(); 2].map(|()| self.b.create_block());
        self.b.set_cold_block(tell);
        self.b.ins().brif(marking, tell, &[], done, &[]);
        self.b.seal_block(tell);
        self.b.switch_to_block(tell);
        self.libcall(Libcall::WriteBarrier, &[value]);
        self.b.ins().jump(done, &[]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
    }

    fn struct_get(&mut self, ty: u32, field: u32, extension: Extension) {
        let object = self.pop();
        let (offset, storage) = self.field(ty, field);
        self.check_far_null(object, offset);
        let value = self.read(storage, object, offset, extension);
        self.push(value);
    }

    fn struct_new(&mut self, ty: u32, values: &[Value]) {
        let fields = self.env.module.types.fields(ty);
        let layout = ObjectLayout::of_struct(fields);
        let object = match size_class(layout.size) {
            Some(class) => self.bump_allocate(ty, class),
            None => self.struct_new_slow(ty),
        };
        let is_large = Self::is_large(layout.size);
        for ((value, offset), FieldType { storage, .. }) in values.iter().zip(&layout.offsets).zip(fields) {
            self.write(*storage, object, *offset, *value, is_large);
        }
        self.push(object);
    }

    fn struct_new_slow(&mut self, ty: u32) -> Value {
        let ty = self.i32_const(ty);
        let object = self.libcall(Libcall::StructNew, &[ty]).expect("returns the object");
        self.b.ins().trapz(object, trap(TrapCode::OutOfHeap));
        object
    }

    /// Takes the next object of a free run, or asks the runtime for it.
    fn bump_allocate(&mut self, ty: u32, class: usize) -> Value {
        let run = offset_of!(VMStoreContext, free) + class * size_of::<VMFreeRun>();
        let (next_at, end_at) = (run + offset_of!(VMFreeRun, next), run + offset_of!(VMFreeRun, end));
        let (store, flags) = (self.store_context(), self.runtime_flags());
        let next = self.b.ins().load(POINTER, flags, store, next_at as i32);
        let end = self.b.ins().load(POINTER, flags, store, end_at as i32);
        let [slow, fast, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(slow);
        let full = self.b.ins().icmp(IntCC::Equal, next, end);
        self.b.ins().brif(full, slow, &[], fast, &[]);
        self.b.seal_block(slow);
        self.b.seal_block(fast);

        self.b.switch_to_block(fast);
        let behind = self.b.ins().iadd_imm_u(next, i64::from(SIZE_CLASSES[class]));
        self.b.ins().store(flags, behind, store, next_at as i32);
        let types = self.load_constant(self.vmctx, offset_of!(VMContextHeader, types));
        let header = self.load_constant(types, ty as usize * 8);
        let objects = self.object_flags();
        self.b.ins().store(objects, header, next, offset_of!(VMObject, ty) as i32);
        self.b.ins().jump(done, &[next.into()]);

        self.b.switch_to_block(slow);
        let object = self.struct_new_slow(ty);
        self.b.ins().jump(done, &[object.into()]);

        self.b.seal_block(done);
        self.b.switch_to_block(done);
        self.b.append_block_param(done, POINTER)
    }

    // Arrays

    fn array_len(&mut self, array: Value) -> Value {
        let flags = self.object_flags().with_trap_code(Some(trap(TrapCode::NullArray)));
        self.b.ins().load(types::I32, flags, array, offset_of!(VMArray, len) as i32)
    }

    /// The address before an element, less [`ARRAY_ELEMENTS`], and what elements are.
    fn element(&mut self, ty: u32, array: Value, index: Value) -> (Value, StorageType) {
        let len = self.array_len(array);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.b.ins().trapnz(outside, trap(TrapCode::ArrayOutOfBounds));
        let storage = self.env.module.types.element(ty).storage;
        (self.element_place(storage, array, index), storage)
    }

    fn element_place(&mut self, storage: StorageType, array: Value, index: Value) -> Value {
        let index = self.extend(index);
        let offset = self.b.ins().ishl_imm_u(index, i64::from(storage.size().trailing_zeros()));
        self.b.ins().iadd(array, offset)
    }

    fn array_get(&mut self, ty: u32, extension: Extension) {
        let (array, index) = self.pop2();
        let (address, element) = self.element(ty, array, index);
        let value = self.read(element, address, ARRAY_ELEMENTS, extension);
        self.push(value);
    }

    /// Traps unless `len` elements from `index` are in the array.
    fn check_range(&mut self, array: Value, index: Value, len: Value) {
        let present = self.array_len(array);
        let [present, index, len] = [present, index, len].map(|value| self.extend(value));
        let end = self.b.ins().iadd(index, len);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThan, end, present);
        self.b.ins().trapnz(outside, trap(TrapCode::ArrayOutOfBounds));
    }

    fn array_new(&mut self, ty: u32, len: Value) -> Value {
        let ty = self.i32_const(ty);
        let array = self.libcall(Libcall::ArrayNew, &[ty, len]).expect("returns the array");
        self.b.ins().trapz(array, trap(TrapCode::OutOfHeap));
        array
    }

    fn array_new_fixed(&mut self, ty: u32, len: u32) {
        let values = self.pop_n(len as usize);
        let storage = self.env.module.types.element(ty).storage;
        let len = self.i32_const(len);
        let array = self.array_new(ty, len);
        let is_large = Self::is_large(ARRAY_ELEMENTS + values.len() as u32 * storage.size());
        for (n, value) in values.into_iter().enumerate() {
            self.write(storage, array, ARRAY_ELEMENTS + n as u32 * storage.size(), value, is_large);
        }
        self.push(array);
    }

    fn array_new_segment(&mut self, libcall: Libcall, ty: u32, segment: u32, reason: TrapCode) {
        let (offset, len) = self.pop2();
        let (ty, segment) = (self.i32_const(ty), self.i32_const(segment));
        let array = self.libcall(libcall, &[ty, segment, offset, len]).expect("returns the array");
        self.b.ins().trapz(array, trap(reason));
        let full = self.b.ins().icmp_imm_u(IntCC::Equal, array, 1);
        self.b.ins().trapnz(full, trap(TrapCode::OutOfHeap));
        self.push(array);
    }

    /// Writes a value to elements that exist.
    fn fill_elements(&mut self, ty: u32, array: Value, index: Value, value: Value, len: Value) {
        let storage = self.env.module.types.element(ty).storage;
        let value = self.canonical(value);
        let start = self.element_place(storage, array, index);
        let end = self.element_place(storage, start, len);
        if matches!(storage, StorageType::Val(ValType::Ref(_))) {
            self.write_barrier(value);
        }
        let [header, body, done] = [(); 3].map(|()| self.b.create_block());
        let at = self.b.append_block_param(header, POINTER);
        self.b.ins().jump(header, &[start.into()]);
        self.b.switch_to_block(header);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, at, end);
        self.b.ins().brif(more, body, &[], done, &[]);
        self.b.seal_block(body);
        self.b.seal_block(done);
        self.b.switch_to_block(body);
        self.write(storage, at, ARRAY_ELEMENTS, value, false);
        let next = self.b.ins().iadd_imm_u(at, i64::from(storage.size()));
        self.b.ins().jump(header, &[next.into()]);
        self.b.seal_block(header);
        self.b.switch_to_block(done);
    }

    fn array_copy(&mut self) {
        let len = self.pop();
        let (source, from) = self.pop2();
        let (target, to) = self.pop2();
        self.check_range(target, to, len);
        self.check_range(source, from, len);
        self.libcall(Libcall::ArrayCopy, &[target, to, source, from, len]);
    }

    fn array_init(&mut self, libcall: Libcall, first: &[Value], segment: u32, reason: TrapCode) {
        let len = self.pop();
        let (index, offset) = self.pop2();
        let array = self.pop();
        self.check_range(array, index, len);
        let segment = self.i32_const(segment);
        let args = [first, &[array, index, segment, offset, len]].concat();
        self.checked_libcall(libcall, &args, reason);
    }

    // Integers

    fn ref_i31(&mut self) {
        let value = self.pop();
        let value = self.b.ins().uextend(types::I64, value);
        let shifted = self.b.ins().ishl_imm_u(value, i64::from(I31_SHIFT) + 31);
        let shifted = self.b.ins().ushr_imm_u(shifted, 31);
        let tagged = self.b.ins().bor_imm_u(shifted, I31_TAG as i64);
        self.push(tagged);
    }

    fn i31_get(&mut self, signed: bool) {
        let reference = self.pop();
        self.b.ins().trapz(reference, trap(TrapCode::NullI31));
        let value = self.b.ins().ushr_imm_u(reference, i64::from(I31_SHIFT));
        let value = self.b.ins().ireduce(types::I32, value);
        let value = if signed {
            let top = self.b.ins().ishl_imm_u(value, 1);
            self.b.ins().sshr_imm_u(top, 1)
        } else {
            value
        };
        self.push(value);
    }
}

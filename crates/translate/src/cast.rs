//! What a reference is: null, equal, of a type, and the branches on it.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use gantry_abi::object::{DISPLAY, I31_TAG, TypeKind, VMObject, VMType};
use gantry_abi::vmctx::{VMContextHeader, VMFuncRef};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::{HeapType, RefType, Result};
use wasmparser::Operator;

use crate::env::{POINTER, trap};
use crate::translator::FuncTranslator;

/// The bits that tell objects from everything else but null.
const TAG_BITS: i64 = 0b11;

impl FuncTranslator<'_> {
    pub(crate) fn cast_operator(&mut self, op: &Operator<'_>, offset: u64) -> Result<bool> {
        let heap = |ty: wasmparser::HeapType| gantry_module::heap_type(ty, offset);
        match op {
            Operator::RefEq => {
                let (a, b) = self.pop2();
                let same = self.b.ins().icmp(IntCC::Equal, a, b);
                self.push_bool(same);
            }
            Operator::RefAsNonNull => {
                let reference = self.pop();
                self.b.ins().trapz(reference, trap(TrapCode::NullReference));
                self.push(reference);
            }
            Operator::RefTestNonNull { hty } => self.ref_test(RefType { nullable: false, heap: heap(*hty)? }),
            Operator::RefTestNullable { hty } => self.ref_test(RefType { nullable: true, heap: heap(*hty)? }),
            Operator::RefCastNonNull { hty } => self.ref_cast(RefType { nullable: false, heap: heap(*hty)? }),
            Operator::RefCastNullable { hty } => self.ref_cast(RefType { nullable: true, heap: heap(*hty)? }),
            Operator::BrOnNull { relative_depth } => {
                let reference = self.pop();
                self.branch_unless(reference, *relative_depth);
                self.push(reference);
            }
            Operator::BrOnNonNull { relative_depth } => {
                let reference = self.pop();
                self.push(reference);
                self.branch_if(reference, *relative_depth);
                self.pop();
            }
            Operator::BrOnCast { relative_depth, to_ref_type, .. } => {
                let is = self.peek_is(gantry_module::ref_type(*to_ref_type, offset)?);
                self.branch_if(is, *relative_depth);
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type, .. } => {
                let is = self.peek_is(gantry_module::ref_type(*to_ref_type, offset)?);
                self.branch_unless(is, *relative_depth);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn ref_test(&mut self, ty: RefType) {
        let reference = self.pop();
        let is = self.is_of_type(reference, ty);
        self.push_bool(is);
    }

    fn ref_cast(&mut self, ty: RefType) {
        let reference = self.pop();
        let is = self.is_of_type(reference, ty);
        self.b.ins().trapz(is, trap(TrapCode::CastFailure));
        self.push(reference);
    }

    fn peek_is(&mut self, ty: RefType) -> Value {
        let reference = self.pop();
        self.push(reference);
        self.is_of_type(reference, ty)
    }

    fn bool_const(&mut self, value: bool) -> Value {
        self.b.ins().iconst(types::I8, i64::from(value))
    }

    /// Whether a reference is of a type of its hierarchy, as an 8-bit integer.
    fn is_of_type(&mut self, reference: Value, ty: RefType) -> Value {
        match ty.heap {
            HeapType::None | HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn => {
                if !ty.nullable {
                    return self.bool_const(false);
                }
                self.b.ins().icmp_imm_u(IntCC::Equal, reference, 0)
            }
            HeapType::Any | HeapType::Func | HeapType::Extern | HeapType::Exn => {
                if ty.nullable {
                    return self.bool_const(true);
                }
                self.b.ins().icmp_imm_u(IntCC::NotEqual, reference, 0)
            }
            _ => self.is_in_type(reference, ty),
        }
    }

    /// The same for types that have to look at what is not null.
    fn is_in_type(&mut self, reference: Value, ty: RefType) -> Value {
        let [look, done] = [(); 2].map(|()| self.b.create_block());
        let answer = self.b.append_block_param(done, types::I8);
        let if_null = self.bool_const(ty.nullable);
        self.b.ins().brif(reference, look, &[], done, &[if_null.into()]);
        self.b.seal_block(look);
        self.b.switch_to_block(look);
        let is = match ty.heap {
            HeapType::I31 => {
                let bits = self.b.ins().band_imm_u(reference, TAG_BITS);
                self.b.ins().icmp_imm_u(IntCC::Equal, bits, I31_TAG as i64)
            }
            // Handles of host values are odd.
            HeapType::Eq => {
                let odd = self.b.ins().band_imm_u(reference, 1);
                self.b.ins().icmp_imm_u(IntCC::Equal, odd, 0)
            }
            HeapType::Concrete(index) if self.env.module.types.get(index).as_func().is_some() => {
                self.is_function(reference, index)
            }
            other => {
                let bits = self.b.ins().band_imm_u(reference, TAG_BITS);
                let object = self.b.create_block();
                let no = self.bool_const(false);
                self.b.ins().brif(bits, done, &[no.into()], object, &[]);
                self.b.seal_block(object);
                self.b.switch_to_block(object);
                self.is_object(reference, other)
            }
        };
        self.b.ins().jump(done, &[is.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        answer
    }

    /// Whether an object is of a type.
    fn is_object(&mut self, object: Value, heap: HeapType) -> Value {
        // Not to be moved before the checks that it is an object.
        let unmoved = MemFlagsData::trusted().with_readonly();
        let ty = self.b.ins().load(POINTER, unmoved, object, offset_of!(VMObject, ty) as i32);
        let kind = match heap {
            HeapType::Struct => TypeKind::Struct,
            HeapType::Array => TypeKind::Array,
            HeapType::Concrete(index) => return self.is_below(ty, index),
            _ => unreachable!("other types need no look at the object"),
        };
        let flags = Self::constant_flags();
        let actual = self.b.ins().load(types::I32, flags, ty, offset_of!(VMType, kind) as i32);
        self.b.ins().icmp_imm_u(IntCC::Equal, actual, kind as i64)
    }

    /// Whether a canonical type is a type of the module or below it.
    fn is_below(&mut self, ty: Value, index: u32) -> Value {
        let flags = Self::constant_flags();
        let defined = &self.env.module.types;
        if defined.depth(index) as usize >= DISPLAY {
            let id = self.b.ins().load(types::I32, flags, ty, offset_of!(VMType, id) as i32);
            return self.is_subtype(id, index);
        }
        let types = self.load_constant(self.vmctx, offset_of!(VMContextHeader, types));
        let wanted = self.load_constant(types, index as usize * 8);
        if defined.get(index).is_final {
            return self.b.ins().icmp(IntCC::Equal, ty, wanted);
        }
        let at = offset_of!(VMType, supertypes) + defined.depth(index) as usize * 8;
        let actual = self.b.ins().load(POINTER, flags, ty, at as i32);
        self.b.ins().icmp(IntCC::Equal, actual, wanted)
    }

    /// Asks the runtime whether a canonical type is a type of the module or below it.
    pub(crate) fn is_subtype(&mut self, id: Value, index: u32) -> Value {
        let index = self.i32_const(index);
        let is = self.libcall(Libcall::IsSubtype, &[id, index]).expect("returns the answer");
        self.b.ins().ireduce(types::I8, is)
    }

    /// Whether a function is of a type.
    fn is_function(&mut self, func: Value, index: u32) -> Value {
        // Not to be moved before the check for null.
        let unmoved = MemFlagsData::trusted().with_readonly();
        let actual = self.b.ins().load(types::I32, unmoved, func, offset_of!(VMFuncRef, type_id) as i32);
        self.is_func_type(actual, index)
    }

    /// Whether a canonical function type is a type of the module or below it.
    pub(crate) fn is_func_type(&mut self, actual: Value, index: u32) -> Value {
        let ids = self.load_constant(self.vmctx, offset_of!(VMContextHeader, type_ids));
        let expected = self.b.ins().load(types::I32, Self::constant_flags(), ids, index as i32 * 4);
        let same = self.b.ins().icmp(IntCC::Equal, actual, expected);
        if self.env.module.types.get(index).is_final {
            return same;
        }
        let [ask, done] = [(); 2].map(|()| self.b.create_block());
        let answer = self.b.append_block_param(done, types::I8);
        self.b.ins().brif(same, done, &[same.into()], ask, &[]);
        self.b.seal_block(ask);
        self.b.switch_to_block(ask);
        let is = self.is_subtype(actual, index);
        self.b.ins().jump(done, &[is.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        answer
    }
}

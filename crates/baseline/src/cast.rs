//! What a reference is: equal, of a type, and the branches on it.

use std::mem::offset_of;

use gantry_abi::TrapCode;
use gantry_abi::object::{DISPLAY, I31_TAG, TypeKind, VMObject, VMType};
use gantry_abi::vmctx::{VMContextHeader, VMFuncRef};
use gantry_module::{HeapType, RefType};
use wasmparser::Operator;

use crate::asm::{Alu, Cc, Gpr, Label, Mem};
use crate::env::Ty;
use crate::generator::{Generator, Outcome, Stop};
use crate::homes::SCRATCH;
use crate::table::reference_in;

/// The bits that tell objects from everything else but null.
const TAG_BITS: i32 = 0b11;

impl Generator<'_> {
    pub fn cast_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        match *op {
            Operator::RefEq => self.compare(Cc::Equal),
            Operator::RefTestNonNull { hty } => self.ref_test(hty, false)?,
            Operator::RefTestNullable { hty } => self.ref_test(hty, true)?,
            Operator::RefCastNonNull { hty } => self.ref_cast(hty, false)?,
            Operator::RefCastNullable { hty } => self.ref_cast(hty, true)?,
            Operator::BrOnCast { relative_depth, to_ref_type, .. } => {
                self.br_on_cast(relative_depth, self.ref_type(to_ref_type)?, true)?;
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type, .. } => {
                self.br_on_cast(relative_depth, self.ref_type(to_ref_type)?, false)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn ref_type(&self, ty: wasmparser::RefType) -> Outcome<RefType> {
        gantry_module::ref_type(ty, u64::from(self.position)).map_err(|_| Stop::Unsupported)
    }

    fn type_of(&self, heap: wasmparser::HeapType, nullable: bool) -> Outcome<RefType> {
        let heap = gantry_module::heap_type(heap, u64::from(self.position)).map_err(|_| Stop::Unsupported)?;
        Ok(RefType { nullable, heap })
    }

    fn ref_test(&mut self, heap: wasmparser::HeapType, nullable: bool) -> Outcome {
        let ty = self.type_of(heap, nullable)?;
        let reference = self.pop();
        let reg = self.in_register(reference);
        let to = self.alloc();
        let [no, done] = [(); 2].map(|()| self.asm.label());
        self.branch_unless_type(reg, ty, no)?;
        self.asm.mov_imm(to, 1);
        self.asm.jmp(done);
        self.asm.bind(no);
        self.asm.mov_imm(to, 0);
        self.asm.bind(done);
        self.push_gpr(Ty::I32, to);
        Ok(())
    }

    fn ref_cast(&mut self, heap: wasmparser::HeapType, nullable: bool) -> Outcome {
        let ty = self.type_of(heap, nullable)?;
        let reference = self.pop();
        let reg = self.in_register(reference);
        let failed = self.cold_trap(TrapCode::CastFailure);
        self.branch_unless_type(reg, ty, failed)?;
        self.push(Ty::I64, reference_in(reference, reg));
        Ok(())
    }

    /// Branches when the topmost operand is of a type, or when it is not. It is taken along and stays.
    fn br_on_cast(&mut self, depth: u32, ty: RefType, if_it_is: bool) -> Outcome {
        let reference = self.pop();
        let reg = self.in_register(reference);
        self.push(Ty::I64, reference_in(reference, reg));
        let [no, next] = [(); 2].map(|()| self.asm.label());
        let target = self.join(depth);
        self.branch_unless_type(reg, ty, no)?;
        if !if_it_is {
            self.asm.jmp(next);
            self.asm.bind(no);
        }
        self.move_to_target(depth);
        self.asm.jmp(target);
        self.asm.bind(if if_it_is { no } else { next });
        Ok(())
    }

    /// Goes on where a reference is of a type of its hierarchy. Uses the scratch register.
    fn branch_unless_type(&mut self, reg: Gpr, ty: RefType, no: Label) -> Outcome {
        match ty.heap {
            HeapType::None | HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn => {
                if ty.nullable {
                    self.asm.test(true, reg, reg);
                    self.asm.jcc(Cc::NotEqual, no);
                } else {
                    self.asm.jmp(no);
                }
            }
            HeapType::Any | HeapType::Func | HeapType::Extern | HeapType::Exn => {
                if !ty.nullable {
                    self.asm.test(true, reg, reg);
                    self.asm.jcc(Cc::Equal, no);
                }
            }
            heap => {
                // Before paths part: what was in the register is stored here.
                let other = self.alloc();
                let yes = self.asm.label();
                self.asm.test(true, reg, reg);
                self.asm.jcc(Cc::Equal, if ty.nullable { yes } else { no });
                self.branch_unless_in(reg, other, heap, no)?;
                self.asm.bind(yes);
            }
        }
        Ok(())
    }

    /// The same of what is not null.
    fn branch_unless_in(&mut self, reg: Gpr, other: Gpr, heap: HeapType, no: Label) -> Outcome {
        match heap {
            HeapType::I31 => {
                self.asm.mov(true, SCRATCH, reg);
                self.asm.alu_imm(Alu::And, false, SCRATCH, TAG_BITS);
                self.asm.alu_imm(Alu::Cmp, false, SCRATCH, I31_TAG as i32);
                self.asm.jcc(Cc::NotEqual, no);
            }
            HeapType::Eq => {
                // Handles of host values are odd.
                self.asm.test_imm(false, reg, 1);
                self.asm.jcc(Cc::NotEqual, no);
            }
            HeapType::Concrete(index) if self.env.module.types.get(index).as_func().is_some() => {
                if !self.env.module.types.get(index).is_final {
                    return Err(Stop::Unsupported);
                }
                self.load_vmctx(other, offset_of!(VMContextHeader, type_ids) as u32);
                self.asm.mov(false, other, Mem::new(other, index as i32 * 4));
                self.asm.alu(Alu::Cmp, false, other, Mem::new(reg, offset_of!(VMFuncRef, type_id) as i32));
                self.asm.jcc(Cc::NotEqual, no);
            }
            heap => {
                self.asm.test_imm(false, reg, TAG_BITS);
                self.asm.jcc(Cc::NotEqual, no);
                self.asm.mov(true, SCRATCH, Mem::new(reg, offset_of!(VMObject, ty) as i32));
                self.branch_unless_object(other, heap, no)?;
            }
        }
        Ok(())
    }

    /// The same of an object whose type is in the scratch register.
    fn branch_unless_object(&mut self, other: Gpr, heap: HeapType, no: Label) -> Outcome {
        let kind = match heap {
            HeapType::Struct => TypeKind::Struct,
            HeapType::Array => TypeKind::Array,
            HeapType::Concrete(index) => {
                let types = &self.env.module.types;
                let (depth, is_final) = (types.depth(index) as usize, types.get(index).is_final);
                if depth >= DISPLAY {
                    return Err(Stop::Unsupported);
                }
                self.load_vmctx(other, offset_of!(VMContextHeader, types) as u32);
                if !is_final {
                    let at = offset_of!(VMType, supertypes) + depth * 8;
                    self.asm.mov(true, SCRATCH, Mem::new(SCRATCH, at as i32));
                }
                self.asm.alu(Alu::Cmp, true, SCRATCH, Mem::new(other, index as i32 * 8));
                self.asm.jcc(Cc::NotEqual, no);
                return Ok(());
            }
            _ => unreachable!("other types need no look at the object"),
        };
        self.asm.alu_imm(Alu::Cmp, false, Mem::new(SCRATCH, offset_of!(VMType, kind) as i32), kind as i32);
        self.asm.jcc(Cc::NotEqual, no);
        Ok(())
    }
}

//! Locals, globals, constants, `drop` and `select`.

use wasmparser::Operator;

use crate::asm::{Alu, Cc, Mem};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::{Home, SCRATCH};
use crate::stack::{Condition, Entry, Loc};

impl Generator<'_> {
    #[inline]
    pub fn variable_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::LocalGet { local_index } => {
                let ty = self.locals[*local_index as usize].ty;
                self.push(ty, Loc::Local(*local_index));
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.local_set(*local_index, value);
            }
            Operator::LocalTee { local_index } => self.local_tee(*local_index),
            Operator::I32Const { value } => self.push(Ty::I32, Loc::Const(i64::from(*value))),
            Operator::I64Const { value } => self.push(Ty::I64, Loc::Const(*value)),
            Operator::F32Const { value } => self.push(Ty::F32, Loc::Const(i64::from(value.bits()))),
            Operator::F64Const { value } => self.push(Ty::F64, Loc::Const(value.bits() as i64)),
            Operator::GlobalGet { global_index } => self.global_get(*global_index),
            Operator::GlobalSet { global_index } => self.global_set(*global_index),
            Operator::Drop => drop(self.pop()),
            Operator::Select | Operator::TypedSelect { .. } => self.select(),
            _ => return false,
        }
        true
    }

    fn local_set(&mut self, index: u32, value: Entry) {
        if value.loc == Loc::Local(index) {
            return;
        }
        if self.locals[index as usize].pending > 0 {
            self.settle_local(index);
        }
        let local = self.locals[index as usize];
        match local.home {
            Home::Gpr(reg) => self.load(reg, value),
            Home::Xmm(reg) => self.load_vector(reg, value),
            Home::Frame => {
                let to = self.frame(local.slot);
                self.store_to(value, to);
            }
        }
    }

    fn local_tee(&mut self, index: u32) {
        let value = self.pop();
        self.local_set(index, value);
        // What is in a register need not be read from the frame again.
        match value.loc {
            Loc::Gpr(_) | Loc::Xmm(_) if self.locals[index as usize].home == Home::Frame => {
                self.push(value.ty, value.loc);
            }
            Loc::Const(_) => self.push(value.ty, value.loc),
            _ => self.push(value.ty, Loc::Local(index)),
        }
    }

    /// Where a global is. Uses the scratch register.
    fn global_place(&mut self, index: u32) -> Mem {
        match index.checked_sub(self.env.module.imported_globals) {
            Some(defined) => self.vmctx(self.env.layout.defined_global(defined)),
            None => {
                self.scratch_from_vmctx(self.env.layout.imported_global(index));
                Mem::new(SCRATCH, 0)
            }
        }
    }

    fn global_get(&mut self, index: u32) {
        let ty = Ty::from(self.env.module.global_type(index));
        let place = self.global_place(index);
        if ty.is_int() {
            let reg = self.alloc();
            self.asm.mov(ty.is_wide(), reg, place);
            self.push_gpr(ty, reg);
        } else {
            let reg = self.alloc_xmm();
            self.load_xmm(ty, reg, place);
            self.push_xmm(ty, reg);
        }
    }

    fn global_set(&mut self, index: u32) {
        let value = self.pop();
        if value.ty.is_int() {
            let immediate = self.immediate(value);
            let reg = if immediate.is_none() { self.in_register(value) } else { SCRATCH };
            let place = self.global_place(index);
            match immediate {
                Some(immediate) => self.asm.store_imm(value.ty.is_wide(), place, immediate),
                None => self.asm.store(value.ty.is_wide(), place, reg),
            }
        } else {
            let reg = self.in_xmm(value);
            let place = self.global_place(index);
            self.store_xmm(value.ty, place, reg);
        }
    }

    /// Pops a condition and leaves it in the flags; moves keep it.
    pub fn pop_condition(&mut self) -> Condition {
        let entry = self.pop();
        match self.place(entry) {
            Loc::Flags(condition) => return condition,
            Loc::Slot => {
                let at = self.memory_of(entry);
                self.asm.alu_imm(Alu::Cmp, false, at, 0);
            }
            _ => {
                let reg = self.in_register(entry);
                self.asm.test(false, reg, reg);
            }
        }
        Condition::Is(Cc::NotEqual)
    }

    fn select(&mut self) {
        let condition = self.pop_condition();
        let (first, second) = self.pop2();
        if !first.ty.is_int() {
            return self.select_vector(condition, first, second);
        }
        let w = first.ty.is_wide();
        if condition == Condition::FloatNotEqual {
            let to = self.in_own_register(second);
            let from = self.operand(first);
            self.asm.cmov(Cc::NotEqual, w, to, from);
            self.asm.cmov(Cc::Parity, w, to, from);
            return self.push_gpr(first.ty, to);
        }
        let to = self.in_own_register(first);
        let from = self.operand(second);
        match condition {
            Condition::Is(cc) => self.asm.cmov(cc.inverted(), w, to, from),
            _ => {
                self.asm.cmov(Cc::NotEqual, w, to, from);
                self.asm.cmov(Cc::Parity, w, to, from);
            }
        }
        self.push_gpr(first.ty, to);
    }

    fn select_vector(&mut self, condition: Condition, first: Entry, second: Entry) {
        let to = self.in_own_xmm(first);
        let done = self.asm.label();
        self.jump_if(condition, done);
        self.load_vector(to, second);
        self.asm.bind(done);
        self.push_xmm(first.ty, to);
    }
}

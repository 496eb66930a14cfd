//! Locals, globals, constants, `drop` and `select`.

use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use gantry_module::{ConstOp, ValType};
use wasmparser::Operator;

use crate::env::clif_type;
use crate::translator::FuncTranslator;

impl FuncTranslator<'_> {
    pub(crate) fn variable_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::LocalGet { local_index } => {
                let value = self.b.use_var(self.locals[*local_index as usize]);
                self.push(value);
            }
            Operator::LocalSet { local_index } => self.local_set(*local_index),
            Operator::LocalTee { local_index } => {
                self.local_set(*local_index);
                let value = self.b.use_var(self.locals[*local_index as usize]);
                self.push(value);
            }
            Operator::GlobalGet { global_index } => self.global_get(*global_index),
            Operator::GlobalSet { global_index } => self.global_set(*global_index),
            Operator::Drop => drop(self.pop()),
            Operator::Select | Operator::TypedSelect { .. } => self.select(),
            _ => return false,
        }
        true
    }

    fn local_set(&mut self, index: u32) {
        let value = self.pop();
        let value = self.canonical(value);
        self.b.def_var(self.locals[index as usize], value);
    }

    /// Where a global is: base and offset.
    fn global_place(&mut self, index: u32) -> (Value, i32) {
        match index.checked_sub(self.env.module.imported_globals) {
            Some(defined) => (self.vmctx, self.env.layout.defined_global(defined) as i32),
            None => (self.load_constant(self.vmctx, self.env.layout.imported_global(index) as usize), 0),
        }
    }

    fn global_flags(&self, index: u32) -> MemFlagsData {
        match self.env.module.globals[index as usize].mutable {
            true => MemFlagsData::trusted().with_alias_region(Some(self.regions.globals)),
            // Vectors need not be as aligned as Cranelift would like.
            false => Self::constant_flags(),
        }
    }

    /// The value of a global that never has another.
    fn constant(&mut self, index: u32) -> Option<Value> {
        let module = self.env.module;
        let defined = index.checked_sub(module.imported_globals).filter(|_| !module.globals[index as usize].mutable)?;
        let [op] = *module.global_inits[defined as usize].ops() else { return None };
        let ins = self.b.ins();
        Some(match op {
            ConstOp::I32Const(value) => ins.iconst(types::I32, i64::from(value as u32)),
            ConstOp::I64Const(value) => ins.iconst(types::I64, value),
            ConstOp::F32Const(bits) => ins.f32const(Ieee32::with_bits(bits)),
            ConstOp::F64Const(bits) => ins.f64const(Ieee64::with_bits(bits)),
            _ => return None,
        })
    }

    fn global_get(&mut self, index: u32) {
        if let Some(value) = self.constant(index) {
            return self.push(value);
        }
        let ty = clif_type(self.env.module.global_type(index));
        let (base, offset) = self.global_place(index);
        let flags = self.global_flags(index);
        let value = self.b.ins().load(ty, flags, base, offset);
        self.push(value);
    }

    fn global_set(&mut self, index: u32) {
        let value = self.pop();
        let value = match self.env.module.global_type(index) {
            ValType::V128 => self.canonical(value),
            _ => value,
        };
        let (base, offset) = self.global_place(index);
        let flags = self.global_flags(index);
        self.b.ins().store(flags, value, base, offset);
    }

    fn select(&mut self) {
        let condition = self.pop();
        let (a, b) = self.pop2();
        let (a, b) = (self.canonical(a), self.canonical(b));
        let value = self.b.ins().select(condition, a, b);
        self.push(value);
    }
}

//! Tables and references: access and size, null, functions as values.

use std::mem::offset_of;

use gantry_abi::TrapCode;
use gantry_abi::vmctx::{VMFunctionImport, VMTable};
use wasmparser::Operator;

use crate::asm::{Alu, Cc, Gpr, Mem};
use crate::env::Ty;
use crate::generator::{Generator, Outcome};
use crate::stack::{Condition, Entry, Loc};

/// Elements are pointers.
const ELEMENT_SHIFT: u8 = 3;

impl Generator<'_> {
    pub fn table_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        match op {
            Operator::TableGet { table } => {
                let element = self.table_element(*table, TrapCode::TableOutOfBounds);
                self.push_gpr(Ty::I64, element);
            }
            Operator::TableSet { table } => self.table_set(*table),
            Operator::TableSize { table } => self.table_size(*table),
            Operator::RefNull { .. } => self.push(Ty::I64, Loc::Const(0)),
            Operator::RefIsNull => self.eqz(),
            Operator::RefAsNonNull => self.as_non_null(),
            Operator::BrOnNull { relative_depth } => self.br_on_null(*relative_depth),
            Operator::BrOnNonNull { relative_depth } => self.br_on_non_null(*relative_depth),
            Operator::RefFunc { function_index } => self.ref_func(*function_index),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn load_table(&mut self, to: Gpr, table: u32) {
        let at = self.env.layout.table(table);
        self.load_vmctx(to, at);
    }

    /// Where an element is; traps with `reason` when there is none. The base is in a register that may be overwritten.
    fn element(&mut self, table: u32, index: Entry, reason: TrapCode) -> (Gpr, Mem) {
        let index = self.in_register(index);
        let base = self.alloc();
        self.load_table(base, table);
        self.asm.alu(Alu::Cmp, true, index, Mem::new(base, offset_of!(VMTable, len) as i32));
        self.trap_if(Cc::AboveEqual, reason);
        self.asm.mov(true, base, Mem::new(base, offset_of!(VMTable, base) as i32));
        (base, Mem::indexed(base, index, ELEMENT_SHIFT, 0))
    }

    /// Pops an index and loads the element.
    pub fn table_element(&mut self, table: u32, reason: TrapCode) -> Gpr {
        let index = self.pop();
        let (reg, at) = self.element(table, index, reason);
        self.asm.mov(true, reg, at);
        reg
    }

    fn table_set(&mut self, table: u32) {
        self.writes_tables = true;
        let (index, value) = self.pop2();
        let value = self.in_register(value);
        let (_, at) = self.element(table, index, TrapCode::TableOutOfBounds);
        self.asm.store(true, at, value);
    }

    fn table_size(&mut self, table: u32) {
        let to = self.alloc();
        self.load_table(to, table);
        self.asm.mov(true, to, Mem::new(to, offset_of!(VMTable, len) as i32));
        self.push_address(self.env.module.tables[table as usize].address, to);
    }

    // References

    fn as_non_null(&mut self) {
        let reference = self.pop();
        let reg = self.in_register(reference);
        self.asm.test(true, reg, reg);
        self.trap_if(Cc::Equal, TrapCode::NullReference);
        self.push(Ty::I64, reference_in(reference, reg));
    }

    fn br_on_null(&mut self, depth: u32) {
        let reference = self.pop();
        let reg = self.in_register(reference);
        self.asm.test(true, reg, reg);
        self.branch_if(Condition::Is(Cc::Equal), depth);
        self.push(Ty::I64, reference_in(reference, reg));
    }

    fn br_on_non_null(&mut self, depth: u32) {
        let reference = self.pop();
        let reg = self.in_register(reference);
        self.asm.test(true, reg, reg);
        // The branch takes it along.
        self.push(Ty::I64, reference_in(reference, reg));
        self.branch_if(Condition::Is(Cc::NotEqual), depth);
        self.pop();
    }

    fn ref_func(&mut self, func: u32) {
        let to = self.alloc();
        match self.env.module.escaped_index(func).filter(|_| func >= self.env.module.imported_funcs) {
            Some(escaped) => {
                let at = self.vmctx(self.env.layout.funcref(escaped));
                self.asm.lea(true, to, at);
            }
            None => {
                let import = self.env.layout.function_import(func);
                self.load_vmctx(to, import + offset_of!(VMFunctionImport, funcref) as u32);
            }
        }
        self.push_gpr(Ty::I64, to);
    }
}

/// A reference that has been looked at: still a local's value, or in the register.
pub(crate) fn reference_in(entry: Entry, reg: Gpr) -> Loc {
    match entry.loc {
        Loc::Local(_) => entry.loc,
        _ => Loc::Gpr(reg),
    }
}

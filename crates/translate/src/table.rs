//! Tables: access, size, growth, and the bulk instructions.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use gantry_abi::vmctx::VMTable;
use gantry_abi::{Libcall, TrapCode};
use wasmparser::Operator;

use crate::env::{POINTER, trap};
use crate::translator::FuncTranslator;

const ELEMENT_SHIFT: i64 = 3;

impl FuncTranslator<'_> {
    pub(crate) fn table_operator(&mut self, op: &Operator<'_>) -> bool {
        self.writes_tables |= matches!(
            op,
            Operator::TableSet { .. }
                | Operator::TableGrow { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. }
        );
        match op {
            Operator::TableGet { table } => {
                let index = self.pop();
                let element = self.table_element(*table, index, TrapCode::TableOutOfBounds);
                self.push(element);
            }
            Operator::TableSet { table } => self.table_set(*table),
            Operator::TableSize { table } => self.table_size(*table),
            Operator::TableGrow { table } => self.table_grow(*table),
            Operator::TableFill { table } => self.table_fill(*table),
            Operator::TableCopy { dst_table, src_table } => self.table_copy(*dst_table, *src_table),
            Operator::TableInit { elem_index, table } => self.table_init(*elem_index, *table),
            Operator::ElemDrop { elem_index } => {
                let segment = self.i32_const(*elem_index);
                self.libcall(Libcall::ElemDrop, &[segment]);
            }
            _ => return false,
        }
        true
    }

    fn table(&mut self, table: u32) -> Value {
        self.load_constant(self.vmctx, self.env.layout.table(table) as usize)
    }

    fn table_len(&mut self, table: u32) -> Value {
        if let Some(len) = self.fixed_len(table) {
            return self.b.ins().iconst(types::I64, len as i64);
        }
        let (at, flags) = (self.table(table), self.runtime_flags());
        self.b.ins().load(types::I64, flags, at, offset_of!(VMTable, len) as i32)
    }

    /// The length of a table that cannot grow, and whose elements therefore stay where they are.
    fn fixed_len(&self, table: u32) -> Option<u64> {
        let ty = &self.env.module.tables[table as usize];
        ty.max.filter(|max| *max == ty.min)
    }

    fn element_flags(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_alias_region(Some(self.regions.tables))
    }

    /// The address of an element; traps with `reason` when there is none.
    fn element_address(&mut self, table: u32, index: Value, reason: TrapCode) -> Value {
        let index = self.extend(index);
        let len = self.table_len(table);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.b.ins().trapnz(outside, trap(reason));
        let at = self.table(table);
        let flags = self.fixed_len(table).map_or_else(|| self.runtime_flags(), |_| Self::constant_flags());
        let base = self.b.ins().load(POINTER, flags, at, offset_of!(VMTable, base) as i32);
        let offset = self.b.ins().ishl_imm_u(index, ELEMENT_SHIFT);
        self.b.ins().iadd(base, offset)
    }

    /// Loads an element.
    pub(crate) fn table_element(&mut self, table: u32, index: Value, reason: TrapCode) -> Value {
        let address = self.element_address(table, index, reason);
        let flags = self.element_flags();
        self.b.ins().load(POINTER, flags, address, 0)
    }

    fn table_set(&mut self, table: u32) {
        let (index, value) = self.pop2();
        let address = self.element_address(table, index, TrapCode::TableOutOfBounds);
        let flags = self.element_flags();
        self.b.ins().store(flags, value, address, 0);
    }

    fn table_size(&mut self, table: u32) {
        let len = self.table_len(table);
        self.push_address(self.env.module.tables[table as usize].address, len);
    }

    fn table_grow(&mut self, table: u32) {
        let (init, delta) = self.pop2();
        let delta = self.extend(delta);
        let address = self.env.module.tables[table as usize].address;
        let table = self.i32_const(table);
        let old = self.libcall(Libcall::TableGrow, &[table, init, delta]).expect("returns the old size");
        self.push_address(address, old);
    }

    fn table_fill(&mut self, table: u32) {
        let len = self.pop();
        let (target, value) = self.pop2();
        let (target, len) = (self.extend(target), self.extend(len));
        let table = self.i32_const(table);
        self.checked_libcall(Libcall::TableFill, &[table, target, value, len], TrapCode::TableOutOfBounds);
    }

    fn table_copy(&mut self, to: u32, from: u32) {
        let len = self.pop();
        let (target, source) = self.pop2();
        let (target, source, len) = (self.extend(target), self.extend(source), self.extend(len));
        let (to, from) = (self.i32_const(to), self.i32_const(from));
        self.checked_libcall(Libcall::TableCopy, &[to, from, target, source, len], TrapCode::TableOutOfBounds);
    }

    fn table_init(&mut self, segment: u32, table: u32) {
        let len = self.pop();
        let (target, source) = self.pop2();
        let target = self.extend(target);
        let (table, segment) = (self.i32_const(table), self.i32_const(segment));
        self.checked_libcall(Libcall::TableInit, &[table, segment, target, source, len], TrapCode::TableOutOfBounds);
    }
}

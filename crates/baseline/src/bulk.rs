//! What the runtime does for memories and tables: growth, and the bulk instructions.

use gantry_abi::{Libcall, TrapCode};
use gantry_module::AddressType;
use wasmparser::Operator;

use crate::call::Argument::{Const, Operand};
use crate::generator::{Generator, Outcome};

impl Generator<'_> {
    pub fn bulk_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        use Operator as O;
        self.writes_tables |=
            matches!(op, O::TableGrow { .. } | O::TableFill { .. } | O::TableCopy { .. } | O::TableInit { .. });
        let (memory, table) = (TrapCode::MemoryOutOfBounds, TrapCode::TableOutOfBounds);
        match *op {
            O::MemoryGrow { mem } => {
                self.libcall(Libcall::MemoryGrow, 1, &[Const(mem), Operand(0)])?;
                self.narrow_result(self.env.module.memories[mem as usize].address);
            }
            O::MemoryCopy { dst_mem, src_mem } => {
                let arguments = [Const(dst_mem), Const(src_mem), Operand(0), Operand(1), Operand(2)];
                self.checked_libcall(Libcall::MemoryCopy, 3, &arguments, memory)?;
            }
            O::MemoryFill { mem } => {
                let arguments = [Const(mem), Operand(0), Operand(1), Operand(2)];
                self.checked_libcall(Libcall::MemoryFill, 3, &arguments, memory)?;
            }
            O::MemoryInit { data_index, mem } => {
                let arguments = [Const(mem), Const(data_index), Operand(0), Operand(1), Operand(2)];
                self.checked_libcall(Libcall::MemoryInit, 3, &arguments, memory)?;
            }
            O::DataDrop { data_index } => self.libcall(Libcall::DataDrop, 0, &[Const(data_index)])?,
            O::TableGrow { table } => {
                self.libcall(Libcall::TableGrow, 2, &[Const(table), Operand(0), Operand(1)])?;
                self.narrow_result(self.env.module.tables[table as usize].address);
            }
            O::TableFill { table: to } => {
                let arguments = [Const(to), Operand(0), Operand(1), Operand(2)];
                self.checked_libcall(Libcall::TableFill, 3, &arguments, table)?;
            }
            O::TableCopy { dst_table, src_table } => {
                let arguments = [Const(dst_table), Const(src_table), Operand(0), Operand(1), Operand(2)];
                self.checked_libcall(Libcall::TableCopy, 3, &arguments, table)?;
            }
            O::TableInit { elem_index, table: to } => {
                let arguments = [Const(to), Const(elem_index), Operand(0), Operand(1), Operand(2)];
                self.checked_libcall(Libcall::TableInit, 3, &arguments, table)?;
            }
            O::ElemDrop { elem_index } => self.libcall(Libcall::ElemDrop, 0, &[Const(elem_index)])?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// An old size as the wasm type that addresses have.
    fn narrow_result(&mut self, address: AddressType) {
        let size = self.pop();
        let reg = self.in_register(size);
        self.push_address(address, reg);
    }
}

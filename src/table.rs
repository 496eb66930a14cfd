//! `WebAssembly.Table`. Elements are numbers: 0 for null, a function's address, or the index of a host value, doubled,
//! plus 1.

use gantry_engine::{AddressType, TableType, ValType};
use gantry_runtime::TableId;
use napi_derive::napi;

use crate::describe;
use crate::enter::Entry;
use crate::host::{Host, State};
use crate::memory::address_type;

/// Reads and writes tables through words of the mailbox's header of their own, so that calls do not mind.
pub(crate) struct Access;

/// In: what to do. Out: 1, or 0 outside the table.
const OPERATION: usize = 6;
/// In: the table.
const TABLE: usize = 7;
/// In: the index.
const INDEX: usize = 8;
/// In or out: the element, or the table's size.
const VALUE: usize = 10;

/// What to do.
mod operation {
    pub const GET: i32 = 0;
    pub const SET: i32 = 1;
    pub const LENGTH: i32 = 2;
}

impl Entry for Access {
    #[inline(always)]
    fn run(state: &mut State) {
        let State { store, calls, .. } = state;
        let id = TableId(calls.read(TABLE) as u32);
        let index = calls.read_f64(INDEX) as u64;
        let value = match calls.read(OPERATION) {
            operation::GET => store.table(id).get(index),
            operation::SET => {
                let value = calls.read_f64(VALUE) as usize;
                store.table_mut(id).set(index, value).map(|()| value)
            }
            operation::LENGTH => Some(store.table(id).len() as usize),
            other => unreachable!("operation {other}"),
        };
        calls.write(OPERATION, value.is_some().into());
        calls.write_f64(VALUE, value.unwrap_or(0) as f64);
    }
}

#[napi]
impl Host {
    /// Makes a table. Returns its number, or nothing when there is no memory.
    #[napi]
    pub fn new_table(
        &mut self,
        element: String,
        is_64: bool,
        min: f64,
        max: Option<f64>,
        init: f64,
    ) -> napi::Result<Option<u32>> {
        let ValType::Ref(element) = describe::value_type_of(&element)? else {
            return Err(napi::Error::from_reason("tables hold references"));
        };
        let ty = TableType { address: address_type(is_64), element, min: min as u64, max: max.map(|max| max as u64) };
        Ok(self.state.store.new_table(ty, init as usize).ok().map(|id| id.0))
    }

    /// Whether a table has 64-bit addresses.
    #[napi]
    pub fn table_is_64(&self, table: u32) -> bool {
        self.state.store.table(TableId(table)).ty().address == AddressType::I64
    }

    /// Whether it has 64-bit addresses, its present size, and its maximum.
    #[napi]
    pub fn table_limits(&self, table: u32) -> (bool, f64, Option<f64>) {
        let table = self.state.store.table(TableId(table));
        let ty = table.ty();
        (ty.address == AddressType::I64, table.len() as f64, ty.max.map(|max| max as f64))
    }

    /// The letter of a table's element type.
    #[napi]
    pub fn table_element_type(&self, table: u32) -> String {
        describe::value_type(ValType::Ref(self.state.store.table(TableId(table)).ty().element))
    }

    /// Grows a table. Returns the old size, or nothing when that is not possible.
    #[napi]
    pub fn table_grow(&mut self, table: u32, delta: f64, init: f64) -> Option<u32> {
        let old = self.state.store.table_mut(TableId(table)).grow(delta as u64, init as usize);
        old.map(|old| old as u32)
    }

    /// The instances whose functions some table or global holds.
    #[napi]
    pub fn owners_of_kept_functions(&self) -> Vec<u32> {
        self.state.store.owners_of_kept_functions().into_iter().map(|id| id.0).collect()
    }
}

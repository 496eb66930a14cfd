//! Validation of bodies, one after the other, and what is found out of them on the way.
//!
//! Must not know: how work is spread over threads.

use wasmparser::{FuncValidatorAllocations, Operator, WasmModuleResources};

use crate::decoder::FunctionBody;
use crate::error::Result;

/// Validates bodies with allocations that are used again.
#[derive(Default)]
pub struct BodyValidator {
    allocations: FuncValidatorAllocations,
}

impl BodyValidator {
    /// Validates a body. Returns whether its code can put references into tables.
    pub fn validate(&mut self, body: &FunctionBody) -> Result<bool> {
        let mut validator = body.validator(std::mem::take(&mut self.allocations));
        validator.validate(&body.reader())?;
        self.allocations = validator.into_allocations();
        let few_tables = body.to_validate.resources.table_at(FEW_TABLES.into()).is_none();
        Ok((!few_tables || may_put_into_tables(&body.bytes)) && puts_into_tables(body)?)
    }
}

/// More tables than modules have.
const FEW_TABLES: u8 = 8;

/// Whether bytes can be those of an instruction that puts references into tables. Operators are read only where they can,
/// because that takes as long as validation. For modules
/// with few tables.
fn may_put_into_tables(bytes: &[u8]) -> bool {
    const TABLE_SET: u8 = 0x26;
    const PREFIX: u8 = 0xfc;
    // Numbers may be longer than a byte: the first has the lowest bits, and then its highest bit.
    let starts = |byte: u8, numbers: std::ops::Range<u8>| numbers.contains(&(byte & 0x7f));
    // No short cut, so that several bytes are compared at a time.
    bytes.iter().zip(bytes.iter().skip(1)).fold(false, |found, (first, second)| {
        // `table.init`, `elem.drop`, `table.copy`, `table.grow`, `table.size`, `table.fill`.
        found
            | ((*first == TABLE_SET) & starts(*second, 0..FEW_TABLES))
            | ((*first == PREFIX) & starts(*second, 0x0c..0x12))
    })
}

fn puts_into_tables(body: &FunctionBody) -> Result<bool> {
    for operator in body.reader().get_operators_reader()? {
        let puts = matches!(
            operator?,
            Operator::TableSet { .. }
                | Operator::TableGrow { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. }
        );
        if puts {
            return Ok(true);
        }
    }
    Ok(false)
}

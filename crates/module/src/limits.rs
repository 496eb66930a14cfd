//! The limits of the JavaScript API that neither the language nor wasmparser has.
//! <https://webassembly.github.io/spec/js-api/#limits>

use wasmparser::{CompositeInnerType, Operator, Parser, Payload};

use crate::error::{Error, Result};
use crate::{AddressType, Module};

const MAX_MODULE_SIZE: usize = 1 << 30;
const MAX_TABLE_SIZE: u64 = 10_000_000;
/// In pages of 64 KiB, for 64-bit addresses.
const MAX_MEMORY_64: u64 = (1 << 37) - 1;
const MAX_NEW_FIXED: u32 = 10_000;

/// Checks what a valid module declares. Returns what is beyond a limit.
pub fn check_declarations(module: &Module) -> std::result::Result<(), String> {
    if let Some(ty) = module.tables.iter().find(|ty| ty.min > MAX_TABLE_SIZE) {
        return Err(format!("a table of {} elements is larger than {MAX_TABLE_SIZE}", ty.min));
    }
    let is_wide = |ty: &&crate::MemoryType| ty.address == AddressType::I64 && ty.page_size_log2 == 16;
    let mut sizes = module.memories.iter().filter(is_wide).map(|ty| ty.min.max(ty.max.unwrap_or(0)));
    match sizes.find(|pages| *pages > MAX_MEMORY_64) {
        Some(pages) => Err(format!("a memory of {pages} pages is larger than {MAX_MEMORY_64}")),
        None => Ok(()),
    }
}

/// Checks the size of a valid module and what its code does.
///
/// # Errors
/// At the first thing that is beyond a limit.
pub fn check_code(wasm: &[u8]) -> Result<()> {
    if wasm.len() > MAX_MODULE_SIZE {
        return Err(Error::new(format!("the module is larger than {MAX_MODULE_SIZE} bytes"), MAX_MODULE_SIZE as u64));
    }
    let mut has_arrays = false;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(types) => {
                for group in types {
                    has_arrays |=
                        group?.types().any(|ty| matches!(ty.composite_type.inner, CompositeInnerType::Array(_)));
                }
            }
            Payload::CodeSectionStart { .. } if !has_arrays => break,
            Payload::CodeSectionEntry(body) => check_operators(&body)?,
            _ => {}
        }
    }
    Ok(())
}

fn check_operators(body: &wasmparser::FunctionBody<'_>) -> Result<()> {
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        if let Operator::ArrayNewFixed { array_size, .. } = operator
            && array_size > MAX_NEW_FIXED
        {
            let message = format!("array.new_fixed has {array_size} operands, the limit is {MAX_NEW_FIXED}");
            return Err(Error::new(message, offset));
        }
    }
    Ok(())
}

//! What a slot leads to as long as there is no code: a stub that says which function is called, and goes on to where code
//! is made.
//!
//! Stubs tell nothing but the function's number, so that all modules share them. They are made as modules with more functions
//! come, and stay.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use gantry_module::{FuncType, ValType};

use crate::arena::Permanent;
use crate::{OutOfMemory, sys};

/// Stubs that are made at a time.
const BLOCK: usize = 1024;
/// The most functions that a module can have, by the limits of the JS API and of the validator.
const MAX_FUNCTIONS: usize = 1_000_000;

type Blocks = [AtomicPtr<u8>; MAX_FUNCTIONS.div_ceil(BLOCK)];

/// Addresses of the first stubs of blocks. The second kind is for functions whose context is not the first argument.
static BLOCKS: [Blocks; 2] = [const { [const { AtomicPtr::new(null_mut()) }; _] }; 2];

static PAGES: Mutex<Permanent> = Mutex::new(Permanent::new());

/// Makes the stubs for modules with so many functions.
pub(crate) fn prepare(functions: usize) -> Result<(), OutOfMemory> {
    for block in 0..functions.div_ceil(BLOCK) {
        for (kind, blocks) in BLOCKS.iter().enumerate() {
            if blocks[block].load(Ordering::Acquire).is_null() {
                make(block, kind, &blocks[block])?;
            }
        }
    }
    Ok(())
}

fn make(block: usize, kind: usize, place: &AtomicPtr<u8>) -> Result<(), OutOfMemory> {
    let mut pages = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    if !place.load(Ordering::Acquire).is_null() {
        return Ok(());
    }
    let target = if kind == 0 { sys::called as *const () } else { sys::called_behind_results as *const () };
    let mut text = Vec::with_capacity(BLOCK * sys::STUB_LEN + sys::STUB_END_LEN);
    for i in 0..BLOCK {
        let to_end = (BLOCK - i) * sys::STUB_LEN;
        text.extend_from_slice(&sys::stub((block * BLOCK + i) as u32, to_end as u32));
    }
    text.extend_from_slice(&sys::stub_end(target.addr()));
    place.store(pages.publish(&text)?.cast_mut(), Ordering::Release);
    Ok(())
}

/// The stub of a function of a type, by its number among the defined ones. It was prepared.
pub(crate) fn of(index: u32, ty: &FuncType) -> *mut u8 {
    let index = index as usize;
    let block = BLOCKS[usize::from(has_context_behind_results(ty))][index / BLOCK].load(Ordering::Acquire);
    assert!(!block.is_null(), "stubs are prepared");
    block.wrapping_add(index % BLOCK * sys::STUB_LEN)
}

/// Whether results that do not fit in registers have their address passed before the context.
fn has_context_behind_results(ty: &FuncType) -> bool {
    let floats = ty.results.iter().filter(|ty| matches!(ty, ValType::F32 | ValType::F64 | ValType::V128)).count();
    sys::has_context_behind_results(ty.results.len() - floats, floats)
}

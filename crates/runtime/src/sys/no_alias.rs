//! What `alias.rs` has on Linux, where there is no call for it: no pages can be shared.

use std::ptr::NonNull;

use crate::OutOfMemory;

/// Fails.
pub fn map_shareable(_: usize) -> Result<NonNull<u8>, OutOfMemory> {
    Err(OutOfMemory)
}

/// Fails.
///
/// # Safety
/// None is needed.
pub unsafe fn alias(_: NonNull<u8>, _: usize, _: NonNull<u8>) -> Result<(), OutOfMemory> {
    Err(OutOfMemory)
}

/// Fails.
///
/// # Safety
/// None is needed.
pub unsafe fn move_to(_: NonNull<u8>, _: usize, _: NonNull<u8>) -> Result<(), OutOfMemory> {
    Err(OutOfMemory)
}

//! Pages that have two addresses: one for wasm, one in a buffer that JavaScript's engine has allocated.

use std::ptr::{self, NonNull};

use rustix::mm::{self, MapFlags, MremapFlags, ProtFlags};

use crate::OutOfMemory;

/// Maps zeroed pages, readable and writable, which [`alias`] can show at another address too.
pub fn map_shareable(len: usize) -> Result<NonNull<u8>, OutOfMemory> {
    let flags = MapFlags::SHARED | MapFlags::NORESERVE;
    // SAFETY: an anonymous mapping at an address that the kernel chooses touches nothing that exists.
    let at = unsafe { mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, flags) };
    at.ok().and_then(|at| NonNull::new(at.cast())).ok_or(OutOfMemory)
}

/// Shows the pages of a shareable mapping at `at` as well, in place of what is mapped there.
///
/// # Safety
/// `of` is the start of a mapping of [`map_shareable`] of at least `len` bytes, and the `len` bytes from `at` on are
/// pages of one mapping of the caller's, whose contents nobody needs.
pub unsafe fn alias(of: NonNull<u8>, len: usize, at: NonNull<u8>) -> Result<(), OutOfMemory> {
    // An old length of 0 leaves the mapping where it is and makes another one of the same pages.
    // SAFETY: promised by the caller.
    unsafe { remap(of, 0, len, at) }
}

/// Moves a mapping to `to`, in place of what is mapped there.
///
/// # Safety
/// Both are pages of the caller's, `len` bytes of one mapping each.
pub unsafe fn move_to(from: NonNull<u8>, len: usize, to: NonNull<u8>) -> Result<(), OutOfMemory> {
    // SAFETY: promised by the caller.
    unsafe { remap(from, len, len, to) }
}

unsafe fn remap(from: NonNull<u8>, old: usize, new: usize, to: NonNull<u8>) -> Result<(), OutOfMemory> {
    let [from, to] = [from, to].map(|at| at.as_ptr().cast());
    // SAFETY: promised by the caller.
    unsafe { mm::mremap_fixed(from, old, new, MremapFlags::MAYMOVE, to) }.map(drop).map_err(|_| OutOfMemory)
}

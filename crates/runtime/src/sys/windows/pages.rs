//! Pages: reserving, committing, making executable. Written but untested: not yet run on Windows.
//!
//! Windows charges for pages when they are committed and not when they are touched, and frees only whole
//! reservations, which is how the functions here are used.

use std::ffi::c_void;
use std::fs::File;
use std::io::{self, Read as _};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_EXECUTE_READ, PAGE_NOACCESS, PAGE_READWRITE, VirtualAlloc,
    VirtualFree, VirtualProtect,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

use crate::OutOfMemory;

/// Bytes in a page.
pub fn page_size() -> usize {
    let mut info = MaybeUninit::<SYSTEM_INFO>::uninit();
    // SAFETY: the function fills the struct in and cannot fail.
    let info = unsafe {
        GetSystemInfo(info.as_mut_ptr());
        info.assume_init()
    };
    info.dwPageSize as usize
}

/// `VirtualAlloc` at an address, or anywhere for null.
///
/// # Safety
/// An address lies in a reservation of the caller's, as do `len` bytes from there.
unsafe fn allocate(at: *const c_void, len: usize, kind: u32, protection: u32) -> Result<NonNull<u8>, OutOfMemory> {
    // SAFETY: promised by the caller; at an address that the system chooses nothing existed.
    let at = unsafe { VirtualAlloc(at, len, kind, protection) };
    NonNull::new(at.cast()).ok_or(OutOfMemory)
}

/// # Safety
/// As for [`commit`].
unsafe fn protect(at: NonNull<u8>, len: usize, protection: u32) -> Result<(), OutOfMemory> {
    let mut previous = 0;
    // SAFETY: promised by the caller.
    match unsafe { VirtualProtect(at.as_ptr().cast(), len, protection, &mut previous) } {
        0 => Err(OutOfMemory),
        _ => Ok(()),
    }
}

/// Reserves address space without memory behind it. Accesses fault.
pub fn reserve(len: usize) -> Result<NonNull<u8>, OutOfMemory> {
    // SAFETY: at an address that the system chooses.
    unsafe { allocate(ptr::null(), len, MEM_RESERVE, PAGE_NOACCESS) }
}

/// Maps zeroed pages, readable and writable.
pub fn map(len: usize) -> Result<NonNull<u8>, OutOfMemory> {
    // SAFETY: at an address that the system chooses.
    unsafe { allocate(ptr::null(), len, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) }
}

/// Makes reserved pages readable and writable; they are zero.
///
/// # Safety
/// The pages belong to one mapping of the caller's.
pub unsafe fn commit(at: NonNull<u8>, len: usize) -> Result<(), OutOfMemory> {
    if len == 0 {
        return Ok(());
    }
    // SAFETY: promised by the caller.
    unsafe {
        allocate(at.as_ptr().cast(), len, MEM_COMMIT, PAGE_READWRITE)?;
        // Pages that were committed before keep what they hold, but need not have got the protection.
        protect(at, len, PAGE_READWRITE)
    }
}

/// Gives the memory of pages back; they read as zero afterwards. When false is returned, the pages may hold what they
/// held.
///
/// # Safety
/// As for [`commit`], and nothing refers to their contents.
pub unsafe fn decommit(at: NonNull<u8>, len: usize) -> bool {
    if len == 0 {
        return true;
    }
    // SAFETY: promised by the caller.
    if unsafe { VirtualFree(at.as_ptr().cast(), len, MEM_DECOMMIT) } == 0 {
        return false;
    }
    // SAFETY: promised by the caller.
    if unsafe { commit(at, len) }.is_err() {
        // Another process took the pages in between. Whoever uses these next could not even report a fault.
        std::process::abort();
    }
    true
}

/// Makes pages readable and executable, and no longer writable.
///
/// # Safety
/// As for [`commit`].
pub unsafe fn make_executable(at: NonNull<u8>, len: usize) -> Result<(), OutOfMemory> {
    // SAFETY: promised by the caller.
    unsafe { protect(at, len, PAGE_EXECUTE_READ) }?;
    super::super::arch::flush_instruction_cache(at.as_ptr(), len);
    Ok(())
}

/// Makes pages inaccessible; they keep their contents.
///
/// # Safety
/// As for [`commit`].
pub unsafe fn make_inaccessible(at: NonNull<u8>, len: usize) -> Result<(), OutOfMemory> {
    // SAFETY: promised by the caller.
    unsafe { protect(at, len, PAGE_NOACCESS) }
}

/// Not here, where nobody counts mappings.
///
/// # Safety
/// As for [`commit`].
pub unsafe fn guard(_at: NonNull<u8>, _len: usize) -> bool {
    false
}

/// No limit.
pub fn max_mappings() -> Option<usize> {
    None
}

/// Reads a file of this length, which is not 0, into pages of its own.
pub fn map_file(file: &File, len: usize) -> io::Result<NonNull<u8>> {
    let at = map(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // SAFETY: freshly mapped with this length.
    let bytes = unsafe { std::slice::from_raw_parts_mut(at.as_ptr(), len) };
    let mut reader = file;
    reader.read_exact(bytes).inspect_err(|_| {
        // SAFETY: mapped above; the slice is not used any more.
        unsafe { unmap(at, len) }
    })?;
    Ok(at)
}

/// Committed pages come when they are touched.
///
/// # Safety
/// As for [`commit`].
pub unsafe fn populate(_at: NonNull<u8>, _len: usize) {}

/// There are no large pages without privileges.
pub fn prefer_large_pages(_memory: &mut [std::mem::MaybeUninit<u8>]) {}

/// Ends a mapping.
///
/// # Safety
/// It is the caller's, and nothing refers to it any more.
pub unsafe fn unmap(at: NonNull<u8>, _len: usize) {
    // SAFETY: promised by the caller. A reservation is released whole, which is what length 0 says.
    let released = unsafe { VirtualFree(at.as_ptr().cast(), 0, MEM_RELEASE) };
    debug_assert!(released != 0);
}

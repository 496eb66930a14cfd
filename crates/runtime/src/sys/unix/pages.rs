//! Pages: reserving, committing, making executable.

use std::ffi::c_void;
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};

use crate::OutOfMemory;

#[cfg(target_os = "linux")]
const DONT_NEED: Advice = Advice::LinuxDontNeed;
#[cfg(not(target_os = "linux"))]
const DONT_NEED: Advice = Advice::DontNeed;

/// Bytes in a page.
pub fn page_size() -> usize {
    rustix::param::page_size()
}

fn map_with(len: usize, prot: ProtFlags, flags: MapFlags) -> Result<NonNull<u8>, OutOfMemory> {
    // SAFETY: an anonymous mapping at an address that the kernel chooses touches nothing that exists.
    let at = unsafe { mm::mmap_anonymous(ptr::null_mut(), len, prot, flags) };
    at.ok().and_then(|at| NonNull::new(at.cast())).ok_or(OutOfMemory)
}

/// Reserves address space without memory behind it. Accesses fault.
pub fn reserve(len: usize) -> Result<NonNull<u8>, OutOfMemory> {
    map_with(len, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE)
}

/// Maps zeroed pages, readable and writable.
pub fn map(len: usize) -> Result<NonNull<u8>, OutOfMemory> {
    map_with(len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
}

/// Makes reserved pages readable and writable; they are zero.
///
/// # Safety
/// The pages belong to one mapping of the caller's.
pub unsafe fn commit(at: NonNull<u8>, len: usize) -> Result<(), OutOfMemory> {
    // SAFETY: promised by the caller.
    unsafe { mm::mprotect(at.as_ptr().cast(), len, MprotectFlags::READ | MprotectFlags::WRITE) }
        .map_err(|_| OutOfMemory)
}

/// Gives the memory of pages back; they read as zero afterwards. False if that could not be done.
///
/// # Safety
/// As for [`commit`], and nothing refers to their contents.
pub unsafe fn decommit(at: NonNull<u8>, len: usize) -> bool {
    // Elsewhere the advice may leave the contents.
    // SAFETY: promised by the caller.
    unsafe { mm::madvise(at.as_ptr().cast(), len, DONT_NEED) }.is_ok() && cfg!(target_os = "linux")
}

/// Has accessible pages be there before they are touched, which one by one takes longer. Where the system cannot do that, they come then.
///
/// # Safety
/// As for [`commit`].
pub unsafe fn populate(at: NonNull<u8>, len: usize) {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: promised by the caller; what is in the pages does not change.
        let _ = unsafe { mm::madvise(at.as_ptr().cast(), len, Advice::LinuxPopulateWrite) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (at, len);
}

/// Says that this memory will be filled soon, all of it.
pub fn prefer_large_pages(memory: &mut [MaybeUninit<u8>]) {
    // Elsewhere there is no such advice, or no need for it.
    #[cfg(target_os = "linux")]
    {
        let skipped = memory.as_ptr().align_offset(page_size()).min(memory.len());
        let whole = &mut memory[skipped..];
        // SAFETY: the memory is the caller's, and what is in it does not change. Without large pages it stays as it is.
        let _ = unsafe { mm::madvise(whole.as_mut_ptr().cast(), whole.len(), Advice::LinuxHugepage) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// Makes pages readable and executable, and no longer writable.
///
/// # Safety
/// As for [`commit`].
pub unsafe fn make_executable(at: NonNull<u8>, len: usize) -> Result<(), OutOfMemory> {
    // SAFETY: promised by the caller.
    unsafe { mm::mprotect(at.as_ptr().cast(), len, MprotectFlags::READ | MprotectFlags::EXEC) }
        .map_err(|_| OutOfMemory)?;
    super::super::arch::flush_instruction_cache(at.as_ptr(), len);
    Ok(())
}

/// Makes pages inaccessible; they keep their contents.
///
/// # Safety
/// As for [`commit`].
pub unsafe fn make_inaccessible(at: NonNull<u8>, len: usize) -> Result<(), OutOfMemory> {
    // SAFETY: promised by the caller.
    unsafe { mm::mprotect(at.as_ptr().cast(), len, MprotectFlags::empty()) }.map_err(|_| OutOfMemory)
}

/// Has accesses to pages fault without making a mapping of their own of them, of which a process may not have many. False where the system
/// cannot (Linux before 6.13).
///
/// # Safety
/// As for [`commit`], and the pages hold nothing.
pub unsafe fn guard(at: NonNull<u8>, len: usize) -> bool {
    #[cfg(target_os = "linux")]
    {
        /// `MADV_GUARD_INSTALL`
        const GUARD_INSTALL: libc::c_int = 102;
        // SAFETY: promised by the caller; a kernel that does not know the advice refuses it.
        unsafe { libc::madvise(at.as_ptr().cast(), len, GUARD_INSTALL) == 0 }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (at, len);
        false
    }
}

/// How many mappings a process may have, where the system has such a limit.
pub fn max_mappings() -> Option<usize> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()
}

/// Where a mapped file stays as it is when another machine removes it. Elsewhere touching its pages would be a fault.
#[cfg(target_os = "linux")]
fn is_local(file: &File) -> bool {
    /// ext2 to ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, overlayfs, as statfs(2) has them.
    const LOCAL: [u32; 8] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0xca45_1a4e, 0x0102_1994, 0x794c_7630];
    rustix::fs::fstatfs(file).is_ok_and(|fs| LOCAL.contains(&(fs.f_type as u32)))
}

#[cfg(target_os = "macos")]
fn is_local(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|fs| fs.f_flags & libc::MNT_LOCAL as u32 != 0)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn is_local(_file: &File) -> bool {
    false
}

/// Maps a file of this length, which is not 0, readable and private; or copies it.
pub fn map_file(file: &File, len: usize) -> io::Result<NonNull<u8>> {
    if !is_local(file) {
        return copy_file(file, len);
    }
    // SAFETY: a mapping at an address that the kernel chooses touches nothing that exists.
    let at = unsafe { mm::mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::PRIVATE, file, 0)? };
    NonNull::new(at.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// A copy of a file of this length, which is not 0, readable and private.
fn copy_file(mut file: &File, len: usize) -> io::Result<NonNull<u8>> {
    let at = map(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // SAFETY: freshly mapped with this length.
    let bytes = unsafe { std::slice::from_raw_parts_mut(at.as_ptr(), len) };
    // SAFETY: mapped above, whole pages, to which nothing more is written.
    let protect = || unsafe { mm::mprotect(at.as_ptr().cast(), len, MprotectFlags::READ) };
    let copied = file.read_exact(bytes).and_then(|()| Ok(protect()?));
    match copied {
        Ok(()) => Ok(at),
        Err(error) => {
            // SAFETY: mapped above; the slice is not used any more.
            unsafe { unmap(at, len) };
            Err(error)
        }
    }
}

/// Ends a mapping.
///
/// # Safety
/// It is the caller's, and nothing refers to it any more.
pub unsafe fn unmap(at: NonNull<u8>, len: usize) {
    // SAFETY: promised by the caller.
    let result = unsafe { mm::munmap(at.as_ptr().cast::<c_void>(), len) };
    debug_assert!(result.is_ok());
}

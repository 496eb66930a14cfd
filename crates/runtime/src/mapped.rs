//! Files that are mapped: artifacts are read, and their code run, as they lie on the disk.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use crate::{OutOfMemory, sys};

/// A file's contents, read-only. The file must not be changed as long as it is mapped: replace it, do not write to it.
#[derive(Debug)]
pub struct MappedFile {
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: memory that nobody writes to.
unsafe impl Send for MappedFile {}
// SAFETY: as above.
unsafe impl Sync for MappedFile {}

impl MappedFile {
    /// Maps a file.
    ///
    /// # Errors
    /// Those of the operating system; also if the file is empty.
    pub fn new(file: &File) -> io::Result<MappedFile> {
        let len = usize::try_from(file.metadata()?.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(MappedFile { at: sys::map_file(file, len)?, len })
    }

    /// Makes a part executable, if it has pages of its own. Returns where it is, and its length in whole pages.
    pub(crate) fn make_executable(&self, part: Range<usize>) -> Option<Result<(NonNull<u8>, usize), OutOfMemory>> {
        let page = sys::page_size();
        let end = part.end.next_multiple_of(page).min(self.len.next_multiple_of(page));
        if part.is_empty() || part.end > self.len || !part.start.is_multiple_of(page) {
            return None;
        }
        // SAFETY: inside the mapping, which the caller keeps.
        let at = unsafe { self.at.add(part.start) };
        // SAFETY: whole pages of the mapping, which nothing writes to.
        let outcome = unsafe { sys::make_executable(at, end - part.start) };
        Some(outcome.map(|()| (at, end - part.start)))
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: mapped, readable, and not written to.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`; who has an address in it has this as well.
        unsafe { sys::unmap(self.at, self.len) };
    }
}

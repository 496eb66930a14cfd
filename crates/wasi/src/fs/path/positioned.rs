//! Files that keep their position themselves, over handles that only read and write at offsets.

use std::io::{IoSlice, IoSliceMut};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use crate::fs::{File, Interest, Readiness, Result};
use crate::sync::Lock;
use crate::{Advice, Errno, FdFlags, FileStat, FileType, SetTime, Whence};

/// What is open, without a position.
pub trait Handle: Send + Sync {
    /// Its attributes.
    fn stat(&self) -> Result<FileStat>;

    /// Reads at an offset, or if it has no offsets (as pipes and devices) what comes next. `BADF` if it is not for reading.
    fn read(&self, buffer: &mut [u8], offset: Option<u64>) -> Result<usize>;

    /// Writes at an offset, or if it has no offsets what comes next. `BADF` if it is not for writing.
    fn write(&self, buffer: &[u8], offset: Option<u64>) -> Result<usize>;

    /// Cuts it off or fills it up with zeros. `INVAL` if it is not for writing.
    fn set_size(&self, size: u64) -> Result<()>;

    /// Sets its times.
    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()>;

    /// Brings it to the disk.
    fn sync(&self, data_only: bool) -> Result<()> {
        let _ = data_only;
        Ok(())
    }

    /// Whether it is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }
}

/// The largest offset that files can have.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// A file with a position.
pub struct Positioned<H> {
    handle: H,
    file_type: FileType,
    /// Locked while data is moved from or to it, so that threads do not get the same.
    position: Lock<u64>,
    flags: AtomicU16,
}

impl<H: Handle> Positioned<H> {
    /// A file whose position is its start. `APPEND` among the flags is seen to here; the handle must not append by itself.
    ///
    /// # Errors
    ///
    /// Those of asking for the attributes.
    pub fn new(handle: H, flags: FdFlags) -> Result<Positioned<H>> {
        let file_type = handle.stat()?.file_type;
        Ok(Positioned { handle, file_type, position: Lock::new(0), flags: AtomicU16::new(flags.bits()) })
    }

    fn seekable(&self) -> bool {
        matches!(self.file_type, FileType::RegularFile | FileType::BlockDevice)
    }

    fn offset(&self, offset: u64) -> Result<Option<u64>> {
        if !self.seekable() {
            return Ok(None);
        }
        if offset > MAX_OFFSET { Err(Errno::INVAL) } else { Ok(Some(offset)) }
    }

    fn read_from(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        let mut total = 0;
        for buffer in buffers.iter_mut().filter(|buffer| !buffer.is_empty()) {
            match self.handle.read(buffer, self.offset(offset + total as u64)?) {
                Ok(bytes) => {
                    total += bytes;
                    if bytes < buffer.len() {
                        break;
                    }
                }
                Err(_) if total > 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(total)
    }

    fn write_from(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        let mut total = 0;
        for buffer in buffers.iter().filter(|buffer| !buffer.is_empty()) {
            match self.handle.write(buffer, self.offset(offset + total as u64)?) {
                Ok(bytes) => {
                    total += bytes;
                    if bytes < buffer.len() {
                        break;
                    }
                }
                Err(_) if total > 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        if total > 0 && self.flags().intersects(FdFlags::SYNC | FdFlags::DSYNC | FdFlags::RSYNC) {
            self.handle.sync(!self.flags().contains(FdFlags::SYNC))?;
        }
        Ok(total)
    }
}

impl<H: Handle> File for Positioned<H> {
    fn file_type(&self) -> FileType {
        self.file_type
    }

    fn stat(&self) -> Result<FileStat> {
        self.handle.stat()
    }

    fn is_terminal(&self) -> bool {
        self.handle.is_terminal()
    }

    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        let mut position = self.position.lock();
        let bytes = self.read_from(buffers, *position)?;
        *position += bytes as u64;
        Ok(bytes)
    }

    fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        let mut position = self.position.lock();
        let append = self.seekable() && self.flags().contains(FdFlags::APPEND);
        let start = if append { self.handle.stat()?.size } else { *position };
        let bytes = self.write_from(buffers, start)?;
        *position = start + bytes as u64;
        Ok(bytes)
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        if !self.seekable() {
            return Err(Errno::SPIPE);
        }
        self.read_from(buffers, offset)
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        if !self.seekable() {
            return Err(Errno::SPIPE);
        }
        self.write_from(buffers, offset)
    }

    fn seek(&self, offset: i64, whence: Whence) -> Result<u64> {
        if !self.seekable() {
            return Err(Errno::SPIPE);
        }
        let mut position = self.position.lock();
        let start = match whence {
            Whence::Set => 0,
            Whence::Current => *position,
            Whence::End => self.handle.stat()?.size,
        };
        *position = start.checked_add_signed(offset).filter(|&new| new <= MAX_OFFSET).ok_or(Errno::INVAL)?;
        Ok(*position)
    }

    fn flags(&self) -> FdFlags {
        FdFlags::from_bits_truncate(self.flags.load(Relaxed))
    }

    fn set_flags(&self, flags: FdFlags) -> Result<()> {
        if !FdFlags::APPEND.contains(flags.symmetric_difference(self.flags())) {
            return Err(Errno::NOTSUP);
        }
        self.flags.store(flags.bits(), Relaxed);
        Ok(())
    }

    fn set_size(&self, size: u64) -> Result<()> {
        if self.file_type != FileType::RegularFile || size > MAX_OFFSET {
            return Err(Errno::INVAL);
        }
        self.handle.set_size(size)
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        if self.file_type != FileType::RegularFile {
            return Err(if self.seekable() { Errno::NODEV } else { Errno::SPIPE });
        }
        if length == 0 {
            return Err(Errno::INVAL);
        }
        let end = offset.checked_add(length).filter(|&end| end <= MAX_OFFSET).ok_or(Errno::FBIG)?;
        if end > self.handle.stat()?.size { self.handle.set_size(end) } else { Ok(()) }
    }

    fn advise(&self, _offset: u64, _length: u64, _advice: Advice) -> Result<()> {
        if self.seekable() { Ok(()) } else { Err(Errno::SPIPE) }
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        self.handle.sync(data_only)
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.handle.set_times(atim, mtim)
    }

    fn readiness(&self, interest: Interest) -> Result<Option<Readiness>> {
        let bytes = match interest {
            Interest::Read if self.seekable() => self.handle.stat()?.size.saturating_sub(*self.position.lock()),
            _ => 1,
        };
        Ok(Some(Readiness { bytes, hangup: false }))
    }
}

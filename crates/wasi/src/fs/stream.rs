//! Files that are no files: nothing, bytes to read, and functions to write to.

use std::io::{IoSlice, IoSliceMut, Read};
use std::sync::Arc;

use super::{File, Result};
use crate::sync::Lock;
use crate::{Errno, FileStat, FileType};

fn nothing(file_type: FileType) -> FileStat {
    FileStat { dev: 0, ino: 0, file_type, nlink: 1, size: 0, atim: 0, mtim: 0, ctim: 0 }
}

/// As `/dev/null`: empty, and takes everything.
pub struct Null;

impl File for Null {
    fn file_type(&self) -> FileType {
        FileType::CharacterDevice
    }

    fn stat(&self) -> Result<FileStat> {
        Ok(nothing(FileType::CharacterDevice))
    }

    fn read(&self, _: &mut [IoSliceMut<'_>]) -> Result<usize> {
        Ok(0)
    }

    fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        Ok(buffers.iter().map(|buffer| buffer.len()).sum())
    }
}

/// Reads from any reader, such as bytes in memory. While it waits, so does the program's thread.
pub struct Input<R>(Lock<R>);

impl<R: Read + Send> Input<R> {
    /// Programs read what `reader` gives.
    pub fn new(reader: R) -> Input<R> {
        Input(Lock::new(reader))
    }
}

impl<R: Read + Send> File for Input<R> {
    fn file_type(&self) -> FileType {
        FileType::Unknown
    }

    fn stat(&self) -> Result<FileStat> {
        Ok(nothing(FileType::Unknown))
    }

    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        Ok(self.0.lock().read_vectored(buffers)?)
    }
}

/// Gives what programs write to a function.
pub struct Output<F>(Lock<F>);

impl<F: FnMut(&[u8]) -> Result<()> + Send> Output<F> {
    /// `write` is called with each piece; what one call writes stays together.
    pub fn new(write: F) -> Output<F> {
        Output(Lock::new(write))
    }
}

impl<F: FnMut(&[u8]) -> Result<()> + Send> File for Output<F> {
    fn file_type(&self) -> FileType {
        FileType::Unknown
    }

    fn stat(&self) -> Result<FileStat> {
        Ok(nothing(FileType::Unknown))
    }

    fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        let mut written = 0;
        let write = &mut *self.0.lock();
        for buffer in buffers {
            match write(buffer) {
                Ok(()) => written += buffer.len(),
                Err(_) if written > 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(written)
    }
}

struct Kept {
    bytes: Vec<u8>,
    left: usize,
}

/// Keeps what programs write, up to a limit; beyond it they get `NOSPC`.
#[derive(Clone)]
pub struct Capture {
    kept: Arc<Lock<Kept>>,
}

impl Capture {
    /// Keeps up to `limit` bytes.
    pub fn new(limit: usize) -> Capture {
        Capture { kept: Arc::new(Lock::new(Kept { bytes: Vec::new(), left: limit })) }
    }

    /// What was written; it is gone from here.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.kept.lock().bytes)
    }

    /// The file that keeps what is written to it here.
    pub fn file(&self) -> Box<dyn File> {
        let this = self.clone();
        Box::new(Output::new(move |bytes: &[u8]| {
            let Kept { bytes: kept, left } = &mut *this.kept.lock();
            *left = left.checked_sub(bytes.len()).ok_or(Errno::NOSPC)?;
            kept.extend_from_slice(bytes);
            Ok(())
        }))
    }
}

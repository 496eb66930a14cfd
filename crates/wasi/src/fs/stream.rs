//! Files that are no files: nothing, bytes to read, and functions to write to.

use std::cell::{Cell, RefCell};
use std::io::{IoSlice, IoSliceMut, Read};
use std::rc::Rc;

use super::{File, Result};
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
pub struct Input<R>(RefCell<R>);

impl<R: Read> Input<R> {
    /// Programs read what `reader` gives.
    pub fn new(reader: R) -> Input<R> {
        Input(RefCell::new(reader))
    }
}

impl<R: Read> File for Input<R> {
    fn file_type(&self) -> FileType {
        FileType::Unknown
    }

    fn stat(&self) -> Result<FileStat> {
        Ok(nothing(FileType::Unknown))
    }

    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        Ok(self.0.borrow_mut().read_vectored(buffers)?)
    }
}

/// Gives what programs write to a function.
pub struct Output<F>(RefCell<F>);

impl<F: FnMut(&[u8]) -> Result<()>> Output<F> {
    /// `write` is called with each piece.
    pub fn new(write: F) -> Output<F> {
        Output(RefCell::new(write))
    }
}

impl<F: FnMut(&[u8]) -> Result<()>> File for Output<F> {
    fn file_type(&self) -> FileType {
        FileType::Unknown
    }

    fn stat(&self) -> Result<FileStat> {
        Ok(nothing(FileType::Unknown))
    }

    fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        let mut written = 0;
        for buffer in buffers {
            match (self.0.borrow_mut())(buffer) {
                Ok(()) => written += buffer.len(),
                Err(_) if written > 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(written)
    }
}

/// Keeps what programs write, up to a limit; beyond it they get `NOSPC`.
#[derive(Clone)]
pub struct Capture {
    bytes: Rc<RefCell<Vec<u8>>>,
    left: Rc<Cell<usize>>,
}

impl Capture {
    /// Keeps up to `limit` bytes.
    pub fn new(limit: usize) -> Capture {
        Capture { bytes: Rc::default(), left: Rc::new(Cell::new(limit)) }
    }

    /// What was written; it is gone from here.
    pub fn take(&self) -> Vec<u8> {
        self.bytes.take()
    }

    /// The file that keeps what is written to it here.
    pub fn file(&self) -> Box<dyn File> {
        let this = self.clone();
        Box::new(Output::new(move |bytes: &[u8]| {
            this.left.set(this.left.get().checked_sub(bytes.len()).ok_or(Errno::NOSPC)?);
            this.bytes.borrow_mut().extend_from_slice(bytes);
            Ok(())
        }))
    }
}

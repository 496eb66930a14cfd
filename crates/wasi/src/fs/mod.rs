//! What files and directories can do, whatever they are made of. Every method says which errors it gives beside those of
//! the medium (`IO`, `NOMEM`, `NOSPC`, …); programs see them as they are.
//!
//! The threads of a program use the same ones at the same time.
//!
//! Must not know: descriptors, rights, memories of programs.

pub mod memory;
pub mod native;
pub mod path;
pub mod stream;

use std::any::Any;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

pub use crate::types::{RiFlags, SdFlags};
use crate::{Advice, Errno, FdFlags, FileStat, FileType, OFlags, SetTime, Whence};

/// What operations on files give.
pub type Result<T> = std::result::Result<T, Errno>;

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Data, or the end of it.
    Read,
    /// Room.
    Write,
}

/// What became of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// How many bytes there are to read, as far as known.
    pub bytes: u64,
    /// Whether the other side has gone.
    pub hangup: bool,
}

/// An open file, pipe, terminal or socket. Everything but `file_type` and `stat` has an implementation that refuses.
pub trait File: Send + Sync {
    /// What it is; never changes.
    fn file_type(&self) -> FileType;

    /// Its attributes.
    fn stat(&self) -> Result<FileStat>;

    /// Whether it is a terminal.
    fn is_terminal(&self) -> bool {
        false
    }

    /// Whether reading and writing may have to wait. Then they never do so themselves but give `AGAIN`, and
    /// [`File::readiness`] says when to try again.
    fn may_block(&self) -> bool {
        false
    }

    /// Reads from the present position; 0 is the end of the file.
    ///
    /// `AGAIN` if it would have to wait, `BADF` if it is not for reading.
    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        let _ = buffers;
        Err(Errno::BADF)
    }

    /// Writes at the present position, or at the end with `APPEND`.
    ///
    /// `AGAIN` if it would have to wait, `BADF` if it is not for writing, `PIPE` if nobody reads any more.
    fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        let _ = buffers;
        Err(Errno::BADF)
    }

    /// Reads from an offset and leaves the position alone.
    ///
    /// `SPIPE` if it has no positions, `BADF` if it is not for reading, `INVAL` if the offset is too large.
    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        let _ = (buffers, offset);
        Err(Errno::SPIPE)
    }

    /// Writes at an offset, with `APPEND` too, and leaves the position alone.
    ///
    /// `SPIPE` if it has no positions, `BADF` if it is not for writing, `INVAL` or `FBIG` if the offset is too large.
    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        let _ = (buffers, offset);
        Err(Errno::SPIPE)
    }

    /// Moves the position and gives the new one.
    ///
    /// `SPIPE` if it has none, `INVAL` if it would be negative.
    fn seek(&self, offset: i64, whence: Whence) -> Result<u64> {
        let _ = (offset, whence);
        Err(Errno::SPIPE)
    }

    /// How it behaves.
    fn flags(&self) -> FdFlags {
        FdFlags::empty()
    }

    /// Changes how it behaves. `NONBLOCK` needs nothing of the file: the functions wait, or do not.
    ///
    /// `NOTSUP` for what cannot be changed.
    fn set_flags(&self, flags: FdFlags) -> Result<()> {
        if flags == self.flags() { Ok(()) } else { Err(Errno::NOTSUP) }
    }

    /// Cuts it off or fills it up with zeros.
    ///
    /// `INVAL` if it is no regular file, or not for writing; `FBIG` if that is too large.
    fn set_size(&self, size: u64) -> Result<()> {
        let _ = size;
        Err(Errno::INVAL)
    }

    /// Makes sure that this part is there, so that writing to it does not fail for want of space.
    ///
    /// `SPIPE` or `NODEV` if it is no regular file, `INVAL` if `length` is 0, `NOTSUP` where the file system cannot.
    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        let _ = (offset, length);
        Err(Errno::SPIPE)
    }

    /// Says how this part will be used. `SPIPE` if it is a pipe or a socket.
    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        let _ = (offset, length, advice);
        Err(Errno::SPIPE)
    }

    /// Brings data to the disk, and attributes unless `data_only`. `INVAL` if there is nothing to bring.
    fn sync(&self, data_only: bool) -> Result<()> {
        let _ = data_only;
        Err(Errno::INVAL)
    }

    /// Sets its times. `NOTSUP` if it has none.
    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        let _ = (atim, mtim);
        Err(Errno::NOTSUP)
    }

    /// Whether it is ready now. What never blocks always is.
    fn readiness(&self, interest: Interest) -> Result<Option<Readiness>> {
        let _ = interest;
        Ok(Some(Readiness { bytes: 1, hangup: false }))
    }

    /// What the operating system can wait for; without it, waiting asks for the readiness again and again.
    fn wait_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Takes a connection. `AGAIN` if there is none, `INVAL` if the socket does not listen, `NOTSOCK`.
    fn accept(&self) -> Result<Box<dyn File>> {
        Err(Errno::NOTSOCK)
    }

    /// Receives, and says whether a message was cut off. `AGAIN` if there is nothing, `NOTCONN`, `NOTSOCK`.
    fn receive(&self, buffers: &mut [IoSliceMut<'_>], flags: RiFlags) -> Result<(usize, bool)> {
        let _ = (buffers, flags);
        Err(Errno::NOTSOCK)
    }

    /// Sends. `AGAIN` if there is no room, `PIPE` if the other side is gone, `NOTCONN`, `NOTSOCK`.
    fn send(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        let _ = buffers;
        Err(Errno::NOTSOCK)
    }

    /// Ends one or both directions. `NOTCONN`, `NOTSOCK`.
    fn shutdown(&self, how: SdFlags) -> Result<()> {
        let _ = how;
        Err(Errno::NOTSOCK)
    }
}

/// How to open.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// For reading. Directories are opened for reading whatever this says.
    pub read: bool,
    /// For writing; directories refuse it with `ISDIR`.
    pub write: bool,
    /// What to create, truncate and expect.
    pub oflags: OFlags,
    /// How it shall behave.
    pub flags: FdFlags,
    /// Whether to follow a symbolic link in the last place; otherwise it gives `LOOP`.
    pub follow: bool,
}

/// What was opened.
pub enum Opened {
    /// A directory.
    Dir(Arc<dyn Dir>),
    /// Anything else.
    File(Box<dyn File>),
}

/// A directory and what is beneath it.
///
/// Paths are UTF-8 without NUL, neither empty nor absolute, at most [`MAX_PATH`] bytes long. They are resolved from this directory:
/// through `..` and symbolic links, but never out of it, not even to come back. What leads out, as well as a link
/// with an absolute target, gives `NOTCAPABLE`. A path that ends in a slash means a directory.
///
/// All methods with a path may give `NOENT`, `NOTDIR`, `LOOP`, `NAMETOOLONG`, `ACCES` and `NOTCAPABLE` for it.
pub trait Dir: Any + Send + Sync {
    /// The attributes of the directory itself.
    fn stat(&self) -> Result<FileStat>;

    /// Opens a file or directory.
    ///
    /// `EXIST` with `EXCL`, `ISDIR` for a directory to write to, `NOTDIR` with `DIRECTORY`, `LOOP` for a symbolic link that is
    /// not to be followed. `CREAT` and `DIRECTORY` never come together.
    fn open(&self, path: &str, options: &OpenOptions) -> Result<Opened>;

    /// A reader of its entries, `.` and `..` among them.
    fn read_dir(&self) -> Result<Box<dyn ReadDir>>;

    /// The attributes of what a path leads to.
    fn stat_at(&self, path: &str, follow: bool) -> Result<FileStat>;

    /// Sets the times of the directory itself.
    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()>;

    /// Sets the times of what a path leads to.
    fn set_times_at(&self, path: &str, follow: bool, atim: SetTime, mtim: SetTime) -> Result<()>;

    /// Makes a directory. `EXIST`.
    fn create_dir(&self, path: &str) -> Result<()>;

    /// Removes an empty directory. `NOTEMPTY`, `NOTDIR`; `INVAL` or `BUSY` for `.`.
    fn remove_dir(&self, path: &str) -> Result<()>;

    /// Removes the name of anything but a directory. `ISDIR`.
    fn unlink(&self, path: &str) -> Result<()>;

    /// Makes a symbolic link at `path` whose content is `target`. `EXIST`; `NOTCAPABLE` for an absolute target.
    fn symlink(&self, target: &str, path: &str) -> Result<()>;

    /// The content of a symbolic link. `INVAL` if it is none.
    fn read_link(&self, path: &str) -> Result<Vec<u8>>;

    /// Gives a file another name in `to`. `EXIST`, `PERM` for a directory, `XDEV` if `to` is of another file system.
    fn link(&self, path: &str, follow: bool, to: &dyn Dir, new_path: &str) -> Result<()>;

    /// Renames, and replaces what has the new name. `ISDIR`, `NOTDIR` and `NOTEMPTY` if that does not go; `INVAL` for a
    /// directory into itself; `XDEV` if `to` is of another file system.
    fn rename(&self, path: &str, to: &dyn Dir, new_path: &str) -> Result<()>;

    /// Brings it to the disk.
    fn sync(&self, data_only: bool) -> Result<()>;

    /// Says how it will be used.
    fn advise(&self, _advice: Advice) -> Result<()> {
        Ok(())
    }
}

/// The length of a path in bytes at most.
pub const MAX_PATH: usize = 4095;

/// An entry of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its name; bytes, because the host's names need not be UTF-8.
    pub name: &'a [u8],
    /// Its number.
    pub ino: u64,
    /// What it is.
    pub file_type: FileType,
    /// Where the entry behind it is.
    pub next: u64,
}

/// Reads a directory.
pub trait ReadDir: Send {
    /// Goes to a place that an entry's `next` gave; 0 is the beginning, where everything is read anew.
    ///
    /// `INVAL` for what no entry gave, as far as that can be told.
    fn seek(&mut self, place: u64) -> Result<()>;

    /// The entry at the present place, and on to the next.
    fn next(&mut self) -> Result<Option<Entry<'_>>>;
}

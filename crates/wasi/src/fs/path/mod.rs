//! File systems that can only be asked by path: no descriptors of directories, and symbolic links are followed on the way.
//!
//! [`open_dir`] makes a directory of such a system that programs can have. It never gives the system a path with a symbolic
//! link, a `.` or a `..` in it: it looks at each component itself, from the outermost directory on and for every call
//! anew. Whoever else changes the file system between looking and doing can still lead such a path astray; only a file
//! system that resolves beneath a directory by itself can rule that out, as [`super::native`] does.
//!
//! Must not know: programs, descriptors, rights.

mod dir;
mod listing;
mod positioned;
mod resolve;

use super::{File, Result};
use crate::{FdFlags, FileStat, FileType, SetTime};

pub use dir::open_dir;
pub use positioned::{Handle, Positioned};

/// How to open a file by path.
#[derive(Clone, Copy, Debug)]
pub struct PathOpen {
    /// For reading. Neither this nor `write` is for asking for attributes only.
    pub read: bool,
    /// For writing.
    pub write: bool,
    /// Create it if there is none.
    pub create: bool,
    /// Fail with `EXIST` if there is one.
    pub exclusive: bool,
    /// Truncate it, even if it is not opened for writing.
    pub truncate: bool,
    /// How it shall behave.
    pub flags: FdFlags,
}

/// An entry of a directory.
#[derive(Clone, Debug)]
pub struct PathEntry {
    /// Its name.
    pub name: Vec<u8>,
    /// Its number; without it, the entry's attributes are asked for when a program reads it.
    pub ino: Option<u64>,
    /// What it is; `Unknown` has the same effect.
    pub file_type: FileType,
}

/// A file system that is asked by path.
///
/// Paths begin with the path given to [`open_dir`] and go on with names; none of the components behind it was a symbolic
/// link when it was looked at, except for the last one. No method may follow a symbolic link in the last place.
///
/// All methods may give `NOENT`, `NOTDIR`, `NAMETOOLONG`, `ACCES`, `ROFS`, and what else befalls the medium.
pub trait PathFs: Send + Sync {
    /// The attributes of what is there.
    fn lstat(&self, path: &str) -> Result<FileStat>;

    /// Opens anything but a directory. `EXIST`, `ISDIR`, `LOOP` for a symbolic link.
    fn open(&self, path: &str, options: &PathOpen) -> Result<Box<dyn File>>;

    /// The entries of a directory, without `.` and `..`.
    fn read_dir(&self, path: &str) -> Result<Vec<PathEntry>>;

    /// The content of a symbolic link. `INVAL` if it is none.
    fn read_link(&self, path: &str) -> Result<Vec<u8>>;

    /// Makes a directory. `EXIST`.
    fn create_dir(&self, path: &str) -> Result<()>;

    /// Removes an empty directory. `NOTEMPTY`.
    fn remove_dir(&self, path: &str) -> Result<()>;

    /// Removes the name of anything but a directory.
    fn unlink(&self, path: &str) -> Result<()>;

    /// Makes a symbolic link at `path`. `EXIST`.
    fn symlink(&self, target: &str, path: &str) -> Result<()>;

    /// Gives a file another name. `EXIST`.
    fn link(&self, path: &str, new_path: &str) -> Result<()>;

    /// Renames, and replaces what has the new name: a file by a file, an empty directory by a directory.
    fn rename(&self, path: &str, new_path: &str) -> Result<()>;

    /// Sets times.
    fn set_times(&self, path: &str, atim: SetTime, mtim: SetTime) -> Result<()>;

    /// Brings a directory to the disk.
    fn sync_dir(&self, path: &str, data_only: bool) -> Result<()> {
        let _ = (path, data_only);
        Ok(())
    }
}

//! What the resolver asks of a file system.

use std::io;
use std::path::{Path, PathBuf};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or anything else that is no folder.
    File,
    /// A folder.
    Folder,
    /// Nothing, or nothing that may be seen.
    Nothing,
}

/// A file system to resolve in.
pub trait Files {
    /// What is at `path`, links followed.
    fn kind(&self, path: &Path) -> Kind;
    /// The contents of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The path without links.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;
}

/// The files of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn kind(&self, path: &Path) -> Kind {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Kind::Folder,
            Ok(_) => Kind::File,
            Err(_) => Kind::Nothing,
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }
}

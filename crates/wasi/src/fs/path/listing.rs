//! Reads a directory that gives all of its entries at once.

use std::sync::Arc;

use super::{PathEntry, PathFs};
use crate::fs::{Entry, ReadDir, Result};
use crate::{Errno, FileType};

/// What a directory had when reading began. A place is the number of an entry.
pub(super) struct Listing {
    fs: Arc<dyn PathFs>,
    /// Gives the directory's path as it is now.
    locate: Box<dyn Fn() -> Result<Location> + Send>,
    path: String,
    entries: Option<Vec<PathEntry>>,
    position: usize,
}

/// Where a directory is.
pub(super) struct Location {
    pub(super) path: String,
    /// The path of the directory above, unless that is none of the program's.
    pub(super) above: Option<String>,
}

impl Listing {
    pub(super) fn new(fs: Arc<dyn PathFs>, locate: Box<dyn Fn() -> Result<Location> + Send>) -> Listing {
        Listing { fs, locate, path: String::new(), entries: None, position: 0 }
    }

    fn read(&mut self) -> Result<()> {
        let location = (self.locate)()?;
        let own = self.fs.lstat(&location.path)?.ino;
        let above = match &location.above {
            Some(above) => self.fs.lstat(above)?.ino,
            None => own,
        };
        let directory =
            |name: &[u8], ino| PathEntry { name: name.to_vec(), ino: Some(ino), file_type: FileType::Directory };
        let mut entries = vec![directory(b".", own), directory(b"..", above)];
        entries.extend(self.fs.read_dir(&location.path)?);
        self.path = location.path;
        self.entries = Some(entries);
        Ok(())
    }
}

impl ReadDir for Listing {
    fn seek(&mut self, place: u64) -> Result<()> {
        if place == 0 || self.entries.is_none() {
            self.read()?;
        }
        let position = usize::try_from(place).map_err(|_| Errno::INVAL)?;
        if position > self.entries.as_ref().map_or(0, Vec::len) {
            return Err(Errno::INVAL);
        }
        self.position = position;
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Entry<'_>>> {
        if self.entries.is_none() {
            self.read()?;
        }
        let entries = self.entries.as_mut().map_or(&mut [][..], Vec::as_mut_slice);
        let Some(entry) = entries.get_mut(self.position) else { return Ok(None) };
        if entry.ino.is_none() || entry.file_type == FileType::Unknown {
            // Gone meanwhile, or a name that cannot be asked for: then it stays unknown.
            let path = std::str::from_utf8(&entry.name).map(|name| format!("{}/{name}", self.path));
            if let Some(stat) = path.ok().and_then(|path| self.fs.lstat(&path).ok()) {
                (entry.ino, entry.file_type) = (Some(stat.ino), stat.file_type);
            }
        }
        self.position += 1;
        Ok(Some(Entry {
            name: &entry.name,
            ino: entry.ino.unwrap_or(0),
            file_type: entry.file_type,
            next: self.position as u64,
        }))
    }
}

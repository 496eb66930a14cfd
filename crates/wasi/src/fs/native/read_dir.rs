//! Reads directories of the host, a window at a time. Places are the kernel's, so that they stay good when entries come
//! and go.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType as HostType, RawDir, SeekFrom, seek, statat};

use super::file_type;
use crate::FileType;
use crate::fs::{Entry, ReadDir, Result};

/// How many bytes of entries the kernel gives at once.
const WINDOW: usize = 32 << 10;

/// Reads a directory.
pub(super) struct NativeReadDir {
    fd: OwnedFd,
    /// What `..` shall have as its number.
    above: Option<u64>,
    /// For the kernel.
    raw: Box<[MaybeUninit<u8>]>,
    /// The entries of the window, and their names one behind the other.
    records: Vec<Record>,
    names: Vec<u8>,
    /// The place of the window's first entry.
    start: u64,
    /// Which of the window's entries comes next.
    position: usize,
}

struct Record {
    name: (u32, u32),
    ino: u64,
    file_type: FileType,
    next: u64,
}

impl NativeReadDir {
    pub(super) fn new(fd: OwnedFd, above: Option<u64>) -> NativeReadDir {
        let raw = vec![MaybeUninit::uninit(); WINDOW].into_boxed_slice();
        NativeReadDir { fd, above, raw, records: Vec::new(), names: Vec::new(), start: 0, position: 0 }
    }

    /// The place in front of an entry of the window.
    fn place(&self, position: usize) -> u64 {
        position.checked_sub(1).map_or(self.start, |before| self.records[before].next)
    }

    fn refill(&mut self) -> Result<()> {
        self.start = self.place(self.position);
        self.records.clear();
        self.names.clear();
        self.position = 0;
        let mut entries = RawDir::new(&self.fd, &mut self.raw);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            let kind = match entry.file_type() {
                // Some file systems do not say.
                HostType::Unknown => statat(&self.fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| file_type(stat.st_mode)),
                kind => file_type(kind.as_raw_mode()),
            };
            let ino = if name == b".." { self.above.unwrap_or(entry.ino()) } else { entry.ino() };
            let start = self.names.len() as u32;
            self.names.extend_from_slice(name);
            self.records.push(Record {
                name: (start, name.len() as u32),
                ino,
                file_type: kind,
                next: entry.next_entry_cookie(),
            });
            if entries.is_buffer_empty() {
                break;
            }
        }
        Ok(())
    }
}

impl ReadDir for NativeReadDir {
    fn seek(&mut self, place: u64) -> Result<()> {
        if place != 0 {
            // Where it is, or a few entries back because they did not fit.
            let near = (0..=self.position).rev().chain(self.position + 1..=self.records.len());
            for position in near {
                if self.place(position) == place {
                    self.position = position;
                    return Ok(());
                }
            }
        }
        seek(&self.fd, SeekFrom::Start(place))?;
        self.records.clear();
        (self.start, self.position) = (place, 0);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Entry<'_>>> {
        if self.position == self.records.len() {
            self.refill()?;
        }
        let Some(record) = self.records.get(self.position) else { return Ok(None) };
        self.position += 1;
        let (start, length) = record.name;
        Ok(Some(Entry {
            name: &self.names[start as usize..][..length as usize],
            ino: record.ino,
            file_type: record.file_type,
            next: record.next,
        }))
    }
}

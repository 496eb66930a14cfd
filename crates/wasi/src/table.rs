//! The descriptor table.

use std::rc::Rc;

use crate::fs::{Dir, File, ReadDir};
use crate::{Errno, FdFlags, FileType, Rights};

/// What a number of the program stands for.
pub(crate) struct Descriptor {
    pub(crate) object: Object,
    /// What may be done with it.
    pub(crate) base: Rights,
    /// What may be done with descriptors opened through it.
    pub(crate) inheriting: Rights,
    /// Whether the program wants `AGAIN` instead of waiting.
    pub(crate) nonblock: bool,
    /// Where it belongs.
    pub(crate) mount: Mount,
}

pub(crate) enum Object {
    File(Box<dyn File>),
    Dir(Directory),
}

pub(crate) struct Directory {
    pub(crate) dir: Rc<dyn Dir>,
    /// Made by the first `fd_readdir`.
    pub(crate) reader: Option<Box<dyn ReadDir>>,
    /// The name that the program knows it by, if it was there from the start.
    pub(crate) preopened_as: Option<Rc<str>>,
}

/// A preopened directory with everything beneath it. Names do not move from one to another, as between mounts of a system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) number: u32,
    pub(crate) read_only: bool,
}

impl Mount {
    /// For what has no path.
    pub(crate) const NONE: Mount = Mount { number: u32::MAX, read_only: false };
}

impl Descriptor {
    pub(crate) fn file(file: Box<dyn File>, rights: Rights, mount: Mount) -> Descriptor {
        let base = rights & Rights::applicable(file.file_type(), file.is_terminal());
        Descriptor { object: Object::File(file), base, inheriting: Rights::empty(), nonblock: false, mount }
    }

    pub(crate) fn dir(dir: Rc<dyn Dir>, base: Rights, inheriting: Rights, mount: Mount) -> Descriptor {
        let directory = Directory { dir, reader: None, preopened_as: None };
        Descriptor {
            object: Object::Dir(directory),
            base: base & Rights::DIRECTORY,
            inheriting,
            nonblock: false,
            mount,
        }
    }

    pub(crate) fn file_type(&self) -> FileType {
        match &self.object {
            Object::File(file) => file.file_type(),
            Object::Dir(_) => FileType::Directory,
        }
    }

    pub(crate) fn flags(&self) -> FdFlags {
        let own = match &self.object {
            Object::File(file) => file.flags(),
            Object::Dir(_) => FdFlags::empty(),
        };
        if self.nonblock { own | FdFlags::NONBLOCK } else { own }
    }

    pub(crate) fn need(&self, rights: Rights) -> Result<(), Errno> {
        if self.base.contains(rights) { Ok(()) } else { Err(Errno::NOTCAPABLE) }
    }

    /// The file, which must have these rights. Directories are `ISDIR`, as in POSIX.
    pub(crate) fn as_file(&self, rights: Rights) -> Result<&dyn File, Errno> {
        match &self.object {
            Object::File(file) => self.need(rights).map(|()| &**file),
            Object::Dir(_) => Err(Errno::ISDIR),
        }
    }

    /// The directory, which must have these rights. Anything else is `NOTDIR`.
    pub(crate) fn as_dir(&self, rights: Rights) -> Result<&Directory, Errno> {
        match &self.object {
            Object::Dir(dir) => self.need(rights).map(|()| dir),
            Object::File(_) => Err(Errno::NOTDIR),
        }
    }

    /// As [`Descriptor::as_dir`], for what changes something.
    pub(crate) fn as_writable_dir(&self, rights: Rights) -> Result<&Directory, Errno> {
        let dir = self.as_dir(rights)?;
        if self.mount.read_only { Err(Errno::ROFS) } else { Ok(dir) }
    }
}

/// Descriptors by number; new ones get the lowest that is free, as in POSIX.
pub(crate) struct Table {
    slots: Vec<Option<Descriptor>>,
    /// No lower number is free.
    free: usize,
    limit: usize,
}

impl Table {
    pub(crate) fn new(limit: usize) -> Table {
        Table { slots: Vec::new(), free: 0, limit }
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::BADF)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    /// Whether there is room for one more.
    pub(crate) fn room(&self) -> Result<(), Errno> {
        if self.free < self.limit { Ok(()) } else { Err(Errno::MFILE) }
    }

    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        self.room()?;
        let fd = self.free;
        if fd == self.slots.len() {
            self.slots.push(Some(descriptor));
        } else {
            self.slots[fd] = Some(descriptor);
        }
        self.free = (fd + 1..self.slots.len()).find(|&fd| self.slots[fd].is_none()).unwrap_or(self.slots.len());
        Ok(fd as u32)
    }

    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let removed = self.slots.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::BADF)?;
        self.free = self.free.min(fd as usize);
        Ok(removed)
    }

    /// Moves a descriptor to the number of another, which is closed.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let moved = self.remove(from)?;
            self.slots[to as usize] = Some(moved);
        }
        Ok(())
    }
}

//! The descriptor table, which the threads of a program share. What a call works with is its own copy of the entry, so that the
//! table is locked for looking up and changing only; a file is closed when the last call on it has ended.

use std::sync::Arc;

use crate::context::Preopen;
use crate::fs::{Dir, File, ReadDir};
use crate::sync::Lock;
use crate::{Errno, FdFlags, FileType, Rights};

/// What a number of the program stands for.
#[derive(Clone)]
pub(crate) struct Descriptor {
    pub(crate) object: Arc<Object>,
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
    pub(crate) dir: Arc<dyn Dir>,
    /// Made by the first `fd_readdir`.
    pub(crate) reader: Lock<Option<Box<dyn ReadDir>>>,
    /// The name that the program knows it by, if it was there from the start.
    pub(crate) preopened_as: Option<Arc<str>>,
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
        Descriptor { object: Arc::new(Object::File(file)), base, inheriting: Rights::empty(), nonblock: false, mount }
    }

    pub(crate) fn dir(dir: Arc<dyn Dir>, base: Rights, inheriting: Rights, mount: Mount) -> Descriptor {
        Descriptor::directory(Directory { dir, reader: Lock::default(), preopened_as: None }, base, inheriting, mount)
    }

    pub(crate) fn preopened(preopen: Preopen, mount: Mount) -> Descriptor {
        let Preopen { guest_path, dir, base, inheriting, .. } = preopen;
        let directory = Directory { dir, reader: Lock::default(), preopened_as: Some(guest_path.into()) };
        Descriptor::directory(directory, base, inheriting, mount)
    }

    fn directory(directory: Directory, base: Rights, inheriting: Rights, mount: Mount) -> Descriptor {
        Descriptor {
            object: Arc::new(Object::Dir(directory)),
            base: base & Rights::DIRECTORY,
            inheriting,
            nonblock: false,
            mount,
        }
    }

    pub(crate) fn file_type(&self) -> FileType {
        match &*self.object {
            Object::File(file) => file.file_type(),
            Object::Dir(_) => FileType::Directory,
        }
    }

    pub(crate) fn flags(&self) -> FdFlags {
        let own = match &*self.object {
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
        match &*self.object {
            Object::File(file) => self.need(rights).map(|()| &**file),
            Object::Dir(_) => Err(Errno::ISDIR),
        }
    }

    /// The directory, which must have these rights. Anything else is `NOTDIR`.
    pub(crate) fn as_dir(&self, rights: Rights) -> Result<&Directory, Errno> {
        match &*self.object {
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
    numbers: Lock<Numbers>,
    limit: usize,
}

#[derive(Default)]
struct Numbers {
    slots: Vec<Option<Descriptor>>,
    /// No lower number is free.
    free: usize,
}

impl Numbers {
    fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let removed = self.slots.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::BADF)?;
        self.free = self.free.min(fd as usize);
        Ok(removed)
    }
}

impl Table {
    pub(crate) fn new(limit: usize) -> Table {
        Table { numbers: Lock::default(), limit }
    }

    #[inline(always)]
    pub(crate) fn get(&self, fd: u32) -> Result<Descriptor, Errno> {
        self.numbers.lock().slots.get(fd as usize).and_then(Clone::clone).ok_or(Errno::BADF)
    }

    /// Changes an entry.
    pub(crate) fn update(
        &self,
        fd: u32,
        change: impl FnOnce(&mut Descriptor) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        change(self.numbers.lock().get_mut(fd)?)
    }

    /// Whether there is room for one more.
    pub(crate) fn room(&self) -> Result<(), Errno> {
        if self.numbers.lock().free < self.limit { Ok(()) } else { Err(Errno::MFILE) }
    }

    pub(crate) fn insert(&self, descriptor: Descriptor) -> Result<u32, Errno> {
        let Numbers { slots, free } = &mut *self.numbers.lock();
        let fd = *free;
        if fd >= self.limit {
            return Err(Errno::MFILE);
        }
        if fd == slots.len() {
            slots.push(Some(descriptor));
        } else {
            slots[fd] = Some(descriptor);
        }
        *free = (fd + 1..slots.len()).find(|&fd| slots[fd].is_none()).unwrap_or(slots.len());
        Ok(fd as u32)
    }

    pub(crate) fn remove(&self, fd: u32) -> Result<Descriptor, Errno> {
        self.numbers.lock().remove(fd)
    }

    /// Moves a descriptor to the number of another, which is returned.
    pub(crate) fn renumber(&self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        let mut numbers = self.numbers.lock();
        numbers.get_mut(from)?;
        numbers.get_mut(to)?;
        if from == to {
            return Ok(None);
        }
        let moved = numbers.remove(from)?;
        Ok(numbers.slots[to as usize].replace(moved))
    }

    /// Takes everything out.
    pub(crate) fn clear(&self) {
        let numbers = std::mem::take(&mut *self.numbers.lock());
        // Closing may take long.
        drop(numbers);
    }
}

//! What a tree consists of, and what it may take.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::fs::Result;
use crate::{Errno, FileStat, FileType, SetTime, Timestamp};

/// What a name, an entry and its attributes count for, beside the bytes of names and files.
const OVERHEAD: u64 = 256;

/// How much a tree holds, and how much it may.
pub(super) struct Quota {
    pub(super) used: Cell<u64>,
    pub(super) limit: u64,
    next_ino: Cell<u64>,
    /// The time of the last change, if times shall not be those of the host.
    counted_time: Option<Cell<Timestamp>>,
}

/// What each change adds to a counted time, in nanoseconds.
const TICK: u64 = 1000;

impl Quota {
    pub(super) fn new(limit: u64, start: Option<Timestamp>) -> Quota {
        Quota { used: Cell::new(0), limit, next_ino: Cell::new(1), counted_time: start.map(Cell::new) }
    }

    fn now(&self) -> Timestamp {
        match &self.counted_time {
            Some(time) => {
                time.set(time.get().saturating_add(TICK));
                time.get()
            }
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64),
        }
    }

    /// Counts bytes more and less; `NOSPC` if they do not fit.
    pub(super) fn replace(&self, less: u64, more: u64) -> Result<()> {
        let used = self.used.get().saturating_sub(less).checked_add(more).ok_or(Errno::NOSPC)?;
        if used > self.limit && more > less {
            return Err(Errno::NOSPC);
        }
        self.used.set(used);
        Ok(())
    }
}

pub(super) enum Content {
    File(RefCell<Vec<u8>>),
    Directory(RefCell<BTreeMap<String, Rc<Node>>>),
    Link(String),
}

impl Content {
    fn weight(&self) -> u64 {
        OVERHEAD
            + match self {
                Content::File(bytes) => bytes.borrow().len() as u64,
                Content::Directory(_) => 0,
                Content::Link(target) => target.len() as u64,
            }
    }
}

/// A file, directory or symbolic link.
pub(super) struct Node {
    pub(super) content: Content,
    quota: Rc<Quota>,
    ino: u64,
    pub(super) nlink: Cell<u64>,
    atim: Cell<Timestamp>,
    mtim: Cell<Timestamp>,
    ctim: Cell<Timestamp>,
}

impl Node {
    /// A node that counts, if it fits: `NOSPC`.
    pub(super) fn new(quota: &Rc<Quota>, content: Content) -> Result<Rc<Node>> {
        quota.replace(0, content.weight())?;
        Ok(Node::counted(quota, content))
    }

    /// The outermost directory, which always fits.
    pub(super) fn root(quota: &Rc<Quota>) -> Rc<Node> {
        let content = Content::Directory(RefCell::default());
        quota.used.set(content.weight());
        Node::counted(quota, content)
    }

    /// A node that has been counted. What it takes is given back when the last name and descriptor of it are gone.
    fn counted(quota: &Rc<Quota>, content: Content) -> Rc<Node> {
        let ino = quota.next_ino.get();
        quota.next_ino.set(ino + 1);
        let now = quota.now();
        Rc::new(Node {
            content,
            quota: quota.clone(),
            ino,
            nlink: Cell::new(1),
            atim: Cell::new(now),
            mtim: Cell::new(now),
            ctim: Cell::new(now),
        })
    }

    pub(super) fn directory(quota: &Rc<Quota>) -> Result<Rc<Node>> {
        Node::new(quota, Content::Directory(RefCell::default()))
    }

    pub(super) fn file(quota: &Rc<Quota>, bytes: Vec<u8>) -> Result<Rc<Node>> {
        Node::new(quota, Content::File(RefCell::new(bytes)))
    }

    pub(super) fn file_type(&self) -> FileType {
        match self.content {
            Content::File(_) => FileType::RegularFile,
            Content::Directory(_) => FileType::Directory,
            Content::Link(_) => FileType::SymbolicLink,
        }
    }

    pub(super) fn ino(&self) -> u64 {
        self.ino
    }

    pub(super) fn entries(&self) -> Result<&RefCell<BTreeMap<String, Rc<Node>>>> {
        match &self.content {
            Content::Directory(entries) => Ok(entries),
            _ => Err(Errno::NOTDIR),
        }
    }

    pub(super) fn bytes(&self) -> Result<&RefCell<Vec<u8>>> {
        match &self.content {
            Content::File(bytes) => Ok(bytes),
            Content::Directory(_) => Err(Errno::ISDIR),
            Content::Link(_) => Err(Errno::LOOP),
        }
    }

    /// Changes a file's length.
    pub(super) fn resize(&self, size: u64) -> Result<()> {
        let mut bytes = self.bytes()?.borrow_mut();
        let old = bytes.len();
        self.quota.replace(old as u64, size)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > old && bytes.try_reserve(size - old).is_err() {
            self.quota.replace(size as u64, old as u64)?;
            return Err(Errno::NOSPC);
        }
        bytes.resize(size, 0);
        if size < old / 4 {
            bytes.shrink_to_fit();
        }
        Ok(())
    }

    pub(super) fn stat(&self) -> FileStat {
        let size = match &self.content {
            Content::File(bytes) => bytes.borrow().len() as u64,
            Content::Directory(entries) => entries.borrow().len() as u64,
            Content::Link(target) => target.len() as u64,
        };
        FileStat {
            dev: 1,
            ino: self.ino,
            file_type: self.file_type(),
            nlink: self.nlink.get(),
            size,
            atim: self.atim.get(),
            mtim: self.mtim.get(),
            ctim: self.ctim.get(),
        }
    }

    /// Notes that the content is another.
    pub(super) fn modified(&self) {
        let now = self.quota.now();
        self.mtim.set(now);
        self.ctim.set(now);
    }

    /// Notes that the attributes are others.
    pub(super) fn changed(&self) {
        self.ctim.set(self.quota.now());
    }

    pub(super) fn set_times(&self, atim: SetTime, mtim: SetTime) {
        for (time, cell) in [(atim, &self.atim), (mtim, &self.mtim)] {
            match time {
                SetTime::Keep => {}
                SetTime::Now => cell.set(self.quota.now()),
                SetTime::To(time) => cell.set(time),
            }
        }
        self.changed();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.quota.used.set(self.quota.used.get().saturating_sub(self.content.weight()));
        // Deep trees must not take the stack along.
        if let Content::Directory(entries) = &mut self.content {
            let mut rest: Vec<Rc<Node>> = std::mem::take(entries.get_mut()).into_values().collect();
            while let Some(node) = rest.pop() {
                if let Some(mut node) = Rc::into_inner(node)
                    && let Content::Directory(entries) = &mut node.content
                {
                    rest.extend(std::mem::take(entries.get_mut()).into_values());
                }
            }
        }
    }
}

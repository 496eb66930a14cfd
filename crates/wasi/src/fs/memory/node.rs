//! What a tree consists of, and what it may take.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::fs::Result;
use crate::sync::Lock;
use crate::{Errno, FileStat, FileType, SetTime, Timestamp};

/// What a name, an entry and its attributes count for, beside the bytes of names and files.
const OVERHEAD: u64 = 256;

/// How much a tree holds, and how much it may.
pub(super) struct Quota {
    used: AtomicU64,
    pub(super) limit: u64,
    next_ino: AtomicU64,
    /// The time of the last change, if times shall not be those of the host.
    counted_time: Option<AtomicU64>,
}

/// What each change adds to a counted time, in nanoseconds.
const TICK: u64 = 1000;

impl Quota {
    pub(super) fn new(limit: u64, start: Option<Timestamp>) -> Quota {
        Quota { used: AtomicU64::new(0), limit, next_ino: AtomicU64::new(1), counted_time: start.map(AtomicU64::new) }
    }

    fn now(&self) -> Timestamp {
        match &self.counted_time {
            Some(time) => time.fetch_add(TICK, Relaxed).saturating_add(TICK),
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64),
        }
    }

    /// Counts bytes more and less; `NOSPC` if they do not fit.
    pub(super) fn replace(&self, less: u64, more: u64) -> Result<()> {
        let replaced = self.used.fetch_update(Relaxed, Relaxed, |used| {
            let used = used.saturating_sub(less).checked_add(more)?;
            (used <= self.limit || more <= less).then_some(used)
        });
        replaced.map(|_| ()).map_err(|_| Errno::NOSPC)
    }
}

pub(super) enum Content {
    File(Lock<Vec<u8>>),
    Directory(Lock<BTreeMap<String, Arc<Node>>>),
    Link(String),
}

impl Content {
    fn weight(&self) -> u64 {
        OVERHEAD
            + match self {
                Content::File(bytes) => bytes.lock().len() as u64,
                Content::Directory(_) => 0,
                Content::Link(target) => target.len() as u64,
            }
    }
}

/// A file, directory or symbolic link.
pub(super) struct Node {
    pub(super) content: Content,
    quota: Arc<Quota>,
    ino: u64,
    pub(super) nlink: AtomicU64,
    atim: AtomicU64,
    mtim: AtomicU64,
    ctim: AtomicU64,
}

impl Node {
    /// A node that counts, if it fits: `NOSPC`.
    pub(super) fn new(quota: &Arc<Quota>, content: Content) -> Result<Arc<Node>> {
        quota.replace(0, content.weight())?;
        Ok(Node::counted(quota, content))
    }

    /// The outermost directory, which always fits.
    pub(super) fn root(quota: &Arc<Quota>) -> Arc<Node> {
        let content = Content::Directory(Lock::default());
        quota.used.store(content.weight(), Relaxed);
        Node::counted(quota, content)
    }

    /// A node that has been counted. What it takes is given back when the last name and descriptor of it are gone.
    fn counted(quota: &Arc<Quota>, content: Content) -> Arc<Node> {
        let ino = quota.next_ino.fetch_add(1, Relaxed);
        let now = quota.now();
        Arc::new(Node {
            content,
            quota: quota.clone(),
            ino,
            nlink: AtomicU64::new(1),
            atim: AtomicU64::new(now),
            mtim: AtomicU64::new(now),
            ctim: AtomicU64::new(now),
        })
    }

    pub(super) fn directory(quota: &Arc<Quota>) -> Result<Arc<Node>> {
        Node::new(quota, Content::Directory(Lock::default()))
    }

    pub(super) fn file(quota: &Arc<Quota>, bytes: Vec<u8>) -> Result<Arc<Node>> {
        Node::new(quota, Content::File(Lock::new(bytes)))
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

    pub(super) fn entries(&self) -> Result<&Lock<BTreeMap<String, Arc<Node>>>> {
        match &self.content {
            Content::Directory(entries) => Ok(entries),
            _ => Err(Errno::NOTDIR),
        }
    }

    pub(super) fn bytes(&self) -> Result<&Lock<Vec<u8>>> {
        match &self.content {
            Content::File(bytes) => Ok(bytes),
            Content::Directory(_) => Err(Errno::ISDIR),
            Content::Link(_) => Err(Errno::LOOP),
        }
    }

    /// Changes a file's length.
    pub(super) fn resize(&self, size: u64) -> Result<()> {
        self.resize_locked(&mut self.bytes()?.lock(), size)
    }

    /// Stores bytes in a file, which becomes longer as needed.
    pub(super) fn write(&self, start: u64, new: &[u8]) -> Result<()> {
        let end = start.checked_add(new.len() as u64).ok_or(Errno::FBIG)?;
        let mut bytes = self.bytes()?.lock();
        if end > bytes.len() as u64 {
            self.resize_locked(&mut bytes, end)?;
        }
        bytes[start as usize..end as usize].copy_from_slice(new);
        Ok(())
    }

    fn resize_locked(&self, bytes: &mut Vec<u8>, size: u64) -> Result<()> {
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
            Content::File(bytes) => bytes.lock().len() as u64,
            Content::Directory(entries) => entries.lock().len() as u64,
            Content::Link(target) => target.len() as u64,
        };
        FileStat {
            dev: 1,
            ino: self.ino,
            file_type: self.file_type(),
            nlink: self.nlink.load(Relaxed),
            size,
            atim: self.atim.load(Relaxed),
            mtim: self.mtim.load(Relaxed),
            ctim: self.ctim.load(Relaxed),
        }
    }

    /// Notes that the content is another.
    pub(super) fn modified(&self) {
        let now = self.quota.now();
        self.mtim.store(now, Relaxed);
        self.ctim.store(now, Relaxed);
    }

    /// Notes that the attributes are others.
    pub(super) fn changed(&self) {
        self.ctim.store(self.quota.now(), Relaxed);
    }

    pub(super) fn set_times(&self, atim: SetTime, mtim: SetTime) {
        for (time, cell) in [(atim, &self.atim), (mtim, &self.mtim)] {
            match time {
                SetTime::Keep => {}
                SetTime::Now => cell.store(self.quota.now(), Relaxed),
                SetTime::To(time) => cell.store(time, Relaxed),
            }
        }
        self.changed();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // What was counted is there to be taken off.
        self.quota.used.fetch_sub(self.content.weight(), Relaxed);
        // Deep trees must not take the stack along.
        if let Content::Directory(entries) = &mut self.content {
            let mut rest: Vec<Arc<Node>> = std::mem::take(entries.get_mut()).into_values().collect();
            while let Some(node) = rest.pop() {
                if let Some(mut node) = Arc::into_inner(node)
                    && let Content::Directory(entries) = &mut node.content
                {
                    rest.extend(std::mem::take(entries.get_mut()).into_values());
                }
            }
        }
    }
}

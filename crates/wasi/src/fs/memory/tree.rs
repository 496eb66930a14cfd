//! A tree of directories and files, asked by path like other file systems.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::DEFAULT_LIMIT;
use super::handle::MemoryHandle;
use super::node::{Content, Node, Quota};
use crate::fs::path::{PathEntry, PathFs, PathOpen, Positioned, open_dir};
use crate::fs::{Dir, File, Result};
use crate::sync::Lock;
use crate::{Errno, FileStat, FileType, SetTime, Timestamp};

/// A file system in memory. Clones are the same file system.
#[derive(Clone)]
pub struct Tree(Arc<Inner>);

struct Inner {
    root: Arc<Node>,
    quota: Arc<Quota>,
    /// Held while entries come and go.
    changing: Lock<()>,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree::new()
    }
}

impl Tree {
    /// An empty tree that holds up to one gibibyte.
    pub fn new() -> Tree {
        Tree::with_limit(DEFAULT_LIMIT)
    }

    /// An empty tree whose times depend on nothing but what is done with it: they begin at `start` and go on with each change.
    pub fn repeatable(start: Timestamp) -> Tree {
        Tree::with_quota(Quota::new(DEFAULT_LIMIT, Some(start)))
    }

    /// An empty tree that holds up to `limit` bytes, what it needs for names and attributes included. When it is full, programs
    /// get `NOSPC`.
    pub fn with_limit(limit: u64) -> Tree {
        Tree::with_quota(Quota::new(limit, None))
    }

    fn with_quota(quota: Quota) -> Tree {
        let quota = Arc::new(quota);
        let root = Node::root(&quota);
        Tree(Arc::new(Inner { root, quota, changing: Lock::default() }))
    }

    /// The tree's outermost directory, for programs.
    pub fn root(&self) -> Arc<dyn Dir> {
        open_dir(self.0.clone(), "").expect("the root of a tree is a directory")
    }

    /// Adds a directory and those that it is in, as far as they are not there.
    ///
    /// # Errors
    ///
    /// `NOTDIR` if a file is in the way, `INVAL` for `..`.
    pub fn add_dir(&self, path: &str) -> Result<()> {
        let _changing = self.0.changing.lock();
        self.0.make_dirs(path).map(|_| ())
    }

    /// Adds a file and the directories that it is in, or replaces it.
    ///
    /// # Errors
    ///
    /// `NOTDIR` and `ISDIR` if something else is in the way, `INVAL` for `..`, `NOSPC`.
    pub fn add_file(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if matches!(name, "" | "." | "..") {
            return Err(Errno::INVAL);
        }
        let _changing = self.0.changing.lock();
        let parent = self.0.make_dirs(parent)?;
        if matches!(parent.entries()?.lock().get(name), Some(node) if node.file_type() == FileType::Directory) {
            return Err(Errno::ISDIR);
        }
        parent.entries()?.lock().insert(name.to_owned(), Node::file(&self.0.quota, bytes)?);
        parent.modified();
        Ok(())
    }

    /// The bytes of a file. Symbolic links are not followed.
    ///
    /// # Errors
    ///
    /// `NOENT`, `NOTDIR`, `ISDIR`, and `LOOP` for a symbolic link.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.0.node(path)?.bytes()?.lock().clone())
    }
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

impl Inner {
    fn node(&self, path: &str) -> Result<Arc<Node>> {
        let mut node = self.root.clone();
        for name in components(path) {
            let next = node.entries()?.lock().get(name).cloned().ok_or(Errno::NOENT)?;
            node = next;
        }
        Ok(node)
    }

    fn make_dirs(&self, path: &str) -> Result<Arc<Node>> {
        let mut node = self.root.clone();
        for name in components(path).filter(|&name| name != ".") {
            if name == ".." {
                return Err(Errno::INVAL);
            }
            let known = node.entries()?.lock().get(name).cloned();
            node = match known {
                Some(next) => next,
                None => {
                    let next = Node::directory(&self.quota)?;
                    node.entries()?.lock().insert(name.to_owned(), next.clone());
                    next
                }
            };
        }
        node.entries()?;
        Ok(node)
    }

    /// The directory that a path's last component is in, and that component.
    fn parent<'a>(&self, path: &'a str) -> Result<(Arc<Node>, &'a str)> {
        let (parent, name) = path.rsplit_once('/').ok_or(Errno::NOENT)?;
        let parent = self.node(parent)?;
        parent.entries()?;
        Ok((parent, name))
    }

    /// Adds a new entry.
    fn add(&self, path: &str, make: impl FnOnce() -> Result<Arc<Node>>) -> Result<Arc<Node>> {
        let (parent, name) = self.parent(path)?;
        if parent.entries()?.lock().contains_key(name) {
            return Err(Errno::EXIST);
        }
        let node = make()?;
        parent.entries()?.lock().insert(name.to_owned(), node.clone());
        parent.modified();
        Ok(node)
    }

    /// Removes an entry.
    fn remove(&self, path: &str) -> Result<Arc<Node>> {
        let (parent, name) = self.parent(path)?;
        let node = parent.entries()?.lock().remove(name).ok_or(Errno::NOENT)?;
        parent.modified();
        Ok(node)
    }

    fn erase_dir(&self, path: &str) -> Result<()> {
        if !self.node(path)?.entries()?.lock().is_empty() {
            return Err(Errno::NOTEMPTY);
        }
        self.remove(path).map(|_| ())
    }

    fn erase(&self, path: &str) -> Result<()> {
        if self.node(path)?.file_type() == FileType::Directory {
            return Err(Errno::ISDIR);
        }
        let node = self.remove(path)?;
        node.nlink.fetch_sub(1, Relaxed);
        node.changed();
        Ok(())
    }
}

impl PathFs for Inner {
    fn lstat(&self, path: &str) -> Result<FileStat> {
        Ok(self.node(path)?.stat())
    }

    fn open(&self, path: &str, options: &PathOpen) -> Result<Box<dyn File>> {
        let changing = options.create.then(|| self.changing.lock());
        let node = match self.node(path) {
            Ok(_) if options.exclusive => return Err(Errno::EXIST),
            Err(Errno::NOENT) if options.create => self.add(path, || Node::file(&self.quota, Vec::new()))?,
            node => node?,
        };
        drop(changing);
        node.bytes()?;
        if options.truncate {
            node.resize(0)?;
            node.modified();
        }
        let handle = MemoryHandle { node, read: options.read, write: options.write };
        Ok(Box::new(Positioned::new(handle, options.flags)?))
    }

    fn read_dir(&self, path: &str) -> Result<Vec<PathEntry>> {
        let node = self.node(path)?;
        let entries = node.entries()?.lock();
        Ok(entries
            .iter()
            .map(|(name, node)| PathEntry {
                name: name.clone().into_bytes(),
                ino: Some(node.ino()),
                file_type: node.file_type(),
            })
            .collect())
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        match &self.node(path)?.content {
            Content::Link(target) => Ok(target.clone().into_bytes()),
            _ => Err(Errno::INVAL),
        }
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        let _changing = self.changing.lock();
        self.add(path, || Node::directory(&self.quota)).map(|_| ())
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let _changing = self.changing.lock();
        self.erase_dir(path)
    }

    fn unlink(&self, path: &str) -> Result<()> {
        let _changing = self.changing.lock();
        self.erase(path)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        let _changing = self.changing.lock();
        self.add(path, || Node::new(&self.quota, Content::Link(target.to_owned()))).map(|_| ())
    }

    fn link(&self, path: &str, new_path: &str) -> Result<()> {
        let _changing = self.changing.lock();
        let node = self.node(path)?;
        if node.file_type() == FileType::Directory {
            return Err(Errno::PERM);
        }
        self.add(new_path, || Ok(node.clone()))?;
        node.nlink.fetch_add(1, Relaxed);
        node.changed();
        Ok(())
    }

    fn rename(&self, path: &str, new_path: &str) -> Result<()> {
        let _changing = self.changing.lock();
        let node = self.node(path)?;
        match self.node(new_path) {
            // Two names of one file both stay.
            Ok(replaced) if Arc::ptr_eq(&replaced, &node) => return Ok(()),
            Ok(replaced) if replaced.file_type() == FileType::Directory => self.erase_dir(new_path)?,
            Ok(_) => self.erase(new_path)?,
            Err(Errno::NOENT) => {
                self.parent(new_path)?;
            }
            Err(errno) => return Err(errno),
        }
        self.remove(path)?;
        self.add(new_path, || Ok(node.clone()))?;
        node.changed();
        Ok(())
    }

    fn set_times(&self, path: &str, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.node(path)?.set_times(atim, mtim);
        Ok(())
    }
}

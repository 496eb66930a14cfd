//! Directories of file systems that are asked by path.

use std::any::Any;
use std::sync::Arc;

use super::listing::{Listing, Location};
use super::resolve::{Last, Place, Target, Walk, join};
use super::{PathFs, PathOpen};
use crate::fs::{Dir, OpenOptions, Opened, ReadDir, Result};
use crate::{Errno, FdFlags, FileStat, FileType, OFlags, SetTime};

/// A directory of `fs` that programs can have. `root` is its path there, which they never see.
///
/// # Errors
///
/// `NOTDIR` if it is none, and those of the file system.
pub fn open_dir(fs: Arc<dyn PathFs>, root: &str) -> Result<Arc<dyn Dir>> {
    let root = root.trim_end_matches('/');
    let dir = PathDir { fs, root: root.into(), names: Arc::new([]) };
    // A symbolic link in the last place is the host's way to say which directory.
    match dir.fs.lstat(&join(root, &[]))?.file_type {
        FileType::Directory | FileType::SymbolicLink => Ok(Arc::new(dir)),
        _ => Err(Errno::NOTDIR),
    }
}

/// A directory by its path.
struct PathDir {
    fs: Arc<dyn PathFs>,
    root: Arc<str>,
    /// The components from the root on. They are looked at anew for each call: the program may have put a link there.
    names: Arc<[String]>,
}

impl PathDir {
    /// The path of this directory, provided that it still is one.
    fn base(&self) -> Result<String> {
        for depth in 1..=self.names.len() {
            let path = join(&self.root, &self.names[..depth]);
            match self.fs.lstat(&path)?.file_type {
                FileType::Directory => {}
                _ => return Err(Errno::NOTDIR),
            }
        }
        let path = join(&self.root, &self.names);
        Ok(path.trim_end_matches('/').to_owned())
    }

    fn target(&self, path: &str, follow: bool) -> Result<(String, Target)> {
        let base = self.base()?;
        let target = Walk { fs: &*self.fs, base: &base }.target(path, follow)?;
        Ok((join(&base, &target.names), target))
    }

    /// Where a name is that something is to be done with; `dots` is what `.` and `..` give.
    fn place(&self, path: &str, dots: (Errno, Errno)) -> Result<Named> {
        let base = self.base()?;
        let Place { mut parent, last, slash } = Walk { fs: &*self.fs, base: &base }.place(path)?;
        match last {
            Last::Name(name) => parent.push(name),
            Last::Dot => return Err(dots.0),
            Last::DotDot => return Err(dots.1),
        }
        Ok(Named { path: join(&base, &parent), slash })
    }

    fn exists(&self, path: &str) -> Result<Option<FileStat>> {
        match self.fs.lstat(path) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn same_fs<'a>(&self, dir: &'a dyn Dir) -> Result<&'a PathDir> {
        let other = (dir as &dyn Any).downcast_ref::<PathDir>().ok_or(Errno::XDEV)?;
        if Arc::ptr_eq(&self.fs, &other.fs) { Ok(other) } else { Err(Errno::XDEV) }
    }

    fn open_dir(&self, target: Target) -> Opened {
        let names = self.names.iter().cloned().chain(target.names).collect();
        Opened::Dir(Arc::new(PathDir { fs: self.fs.clone(), root: self.root.clone(), names }))
    }
}

/// A name's path, and whether the program said that it is a directory's.
struct Named {
    path: String,
    slash: bool,
}

const EXISTS: (Errno, Errno) = (Errno::EXIST, Errno::EXIST);

/// Whether something of this type can be opened like that.
fn check_open(kind: FileType, options: &OpenOptions, slash: bool) -> Result<()> {
    let oflags = options.oflags;
    if oflags.contains(OFlags::CREAT | OFlags::EXCL) {
        return Err(Errno::EXIST);
    }
    match kind {
        FileType::Directory if options.write || oflags.intersects(OFlags::CREAT | OFlags::TRUNC) => Err(Errno::ISDIR),
        FileType::Directory => Ok(()),
        _ if slash || oflags.contains(OFlags::DIRECTORY) => Err(Errno::NOTDIR),
        FileType::SymbolicLink => Err(Errno::LOOP),
        _ => Ok(()),
    }
}

impl Dir for PathDir {
    fn stat(&self) -> Result<FileStat> {
        self.stat_at(".", true)
    }

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Opened> {
        let oflags = options.oflags;
        let create = oflags.contains(OFlags::CREAT);
        let exclusive = create && oflags.contains(OFlags::EXCL);
        let (path, target) = self.target(path, options.follow && !exclusive)?;
        match target.stat {
            Some(stat) => check_open(stat.file_type, options, target.slash)?,
            None if !create => return Err(Errno::NOENT),
            None if target.slash => return Err(Errno::ISDIR),
            None => {}
        }
        if target.stat.is_some_and(|stat| stat.file_type == FileType::Directory) {
            return Ok(self.open_dir(target));
        }
        let how = PathOpen {
            read: options.read,
            write: options.write,
            create,
            exclusive,
            truncate: oflags.contains(OFlags::TRUNC),
            flags: options.flags - FdFlags::NONBLOCK,
        };
        Ok(Opened::File(self.fs.open(&path, &how)?))
    }

    fn read_dir(&self) -> Result<Box<dyn ReadDir>> {
        let this = PathDir { fs: self.fs.clone(), root: self.root.clone(), names: self.names.clone() };
        let locate = move || {
            let path = join(&this.base()?, &[]);
            let above = this.names.split_last().map(|(_, above)| join(&this.root, above));
            Ok(Location { path, above })
        };
        Ok(Box::new(Listing::new(self.fs.clone(), Box::new(locate))))
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<FileStat> {
        self.target(path, follow)?.1.stat.ok_or(Errno::NOENT)
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.set_times_at(".", true, atim, mtim)
    }

    fn set_times_at(&self, path: &str, follow: bool, atim: SetTime, mtim: SetTime) -> Result<()> {
        let (path, target) = self.target(path, follow)?;
        target.stat.ok_or(Errno::NOENT)?;
        self.fs.set_times(&path, atim, mtim)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        let named = self.place(path, EXISTS)?;
        // Some file systems take an existing directory for a success.
        if self.exists(&named.path)?.is_some() {
            return Err(Errno::EXIST);
        }
        self.fs.create_dir(&named.path)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let named = self.place(path, (Errno::INVAL, Errno::NOTEMPTY))?;
        match self.fs.lstat(&named.path)?.file_type {
            FileType::Directory => self.fs.remove_dir(&named.path),
            _ => Err(Errno::NOTDIR),
        }
    }

    fn unlink(&self, path: &str) -> Result<()> {
        let named = self.place(path, (Errno::ISDIR, Errno::ISDIR))?;
        match self.fs.lstat(&named.path)?.file_type {
            FileType::Directory => Err(Errno::ISDIR),
            _ if named.slash => Err(Errno::NOTDIR),
            _ => self.fs.unlink(&named.path),
        }
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        if target.starts_with('/') {
            return Err(Errno::NOTCAPABLE);
        }
        let named = self.place(path, EXISTS)?;
        match self.exists(&named.path)? {
            Some(stat) if named.slash && stat.file_type != FileType::Directory => Err(Errno::NOTDIR),
            Some(_) => Err(Errno::EXIST),
            None if named.slash => Err(Errno::NOENT),
            None => self.fs.symlink(target, &named.path),
        }
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        if path.ends_with('/') {
            self.stat_at(path, true)?;
            return Err(Errno::INVAL);
        }
        let named = self.place(path, (Errno::INVAL, Errno::INVAL))?;
        match self.fs.lstat(&named.path)?.file_type {
            FileType::SymbolicLink => self.fs.read_link(&named.path),
            _ => Err(Errno::INVAL),
        }
    }

    fn link(&self, path: &str, follow: bool, to: &dyn Dir, new_path: &str) -> Result<()> {
        let to = self.same_fs(to)?;
        let (path, target) = self.target(path, follow)?;
        let new = to.place(new_path, EXISTS)?;
        let kind = target.stat.ok_or(Errno::NOENT)?.file_type;
        if to.exists(&new.path)?.is_some() {
            return Err(Errno::EXIST);
        }
        match kind {
            FileType::Directory => Err(Errno::PERM),
            _ if new.slash => Err(Errno::NOENT),
            _ => self.fs.link(&path, &new.path),
        }
    }

    fn rename(&self, path: &str, to: &dyn Dir, new_path: &str) -> Result<()> {
        let to = self.same_fs(to)?;
        let busy = (Errno::BUSY, Errno::BUSY);
        let (old, new) = (self.place(path, busy)?, to.place(new_path, busy)?);
        let directory = self.fs.lstat(&old.path)?.file_type == FileType::Directory;
        let replaced = to.exists(&new.path)?.map(|stat| stat.file_type == FileType::Directory);
        let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        match (directory, replaced) {
            (false, _) if old.slash || new.slash => Err(Errno::NOTDIR),
            (true, _) if inside(&old.path, &new.path) => Err(Errno::INVAL),
            (_, Some(true)) if inside(&new.path, &old.path) => Err(Errno::NOTEMPTY),
            (true, Some(false)) => Err(Errno::NOTDIR),
            (false, Some(true)) => Err(Errno::ISDIR),
            (true, Some(true)) if old.path != new.path && !self.fs.read_dir(&new.path)?.is_empty() => {
                Err(Errno::NOTEMPTY)
            }
            _ if old.path == new.path => Ok(()),
            _ => self.fs.rename(&old.path, &new.path),
        }
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        self.fs.sync_dir(&join(&self.base()?, &[]), data_only)
    }
}

//! Directories of the host.

use std::any::Any;
use std::fs::File as HostFile;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use cap_fs_ext::OpenOptionsFollowExt;
use cap_primitives::fs::{FollowSymlinks, OpenOptions as HostOptions, OpenOptionsExt};
use rustix::fs::{self as host, AtFlags, Mode, OFlags as HostFlags};

use super::file::NativeFile;
use super::read_dir::NativeReadDir;
use super::{file_stat, file_type, timestamps};
use crate::fs::{Dir, OpenOptions, Opened, ReadDir, Result};
use crate::{Errno, FdFlags, FileStat, FileType, OFlags, SetTime};

/// How many symbolic links a path may lead through, as in Linux.
const MAX_LINKS: usize = 40;

/// A directory of the host.
pub(super) struct NativeDir {
    file: HostFile,
    /// The device and number of the outermost directory: what is above it has no number for programs.
    root: (u64, u64),
}

/// Where the last component of a path is to be found.
struct Place<'a> {
    parent: Parent<'a>,
    /// The component with the slashes behind it.
    last: &'a str,
}

enum Parent<'a> {
    Here(BorrowedFd<'a>),
    Opened(HostFile),
}

impl Place<'_> {
    fn fd(&self) -> BorrowedFd<'_> {
        match &self.parent {
            Parent::Here(fd) => *fd,
            Parent::Opened(file) => file.as_fd(),
        }
    }

    fn has_slash(&self) -> bool {
        self.last.ends_with('/')
    }

    /// Whether the last component is no name in its parent.
    fn is_dots(&self) -> bool {
        matches!(self.last.trim_end_matches('/'), "." | "..")
    }
}

/// Cuts a path in front of its last component.
fn split(path: &str) -> (&str, &str) {
    match path.trim_end_matches('/').rfind('/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => ("", path),
    }
}

impl NativeDir {
    pub(super) fn root(fd: OwnedFd) -> std::io::Result<NativeDir> {
        let stat = file_stat(&host::fstat(&fd)?);
        Ok(NativeDir { file: fd.into(), root: (stat.dev, stat.ino) })
    }

    /// Opens a name in this directory, which is no symbolic link: `LOOP`. Nothing is to be resolved then.
    fn open_name(&self, name: &str, options: &OpenOptions, flags: HostFlags) -> Result<HostFile> {
        let access = match (options.read, options.write) {
            (_, false) => HostFlags::RDONLY,
            (false, true) => HostFlags::WRONLY,
            (true, true) => HostFlags::RDWR,
        };
        let flags = flags | access | HostFlags::NOFOLLOW | HostFlags::CLOEXEC;
        Ok(host::openat(&self.file, name, flags, Mode::from_raw_mode(0o666))?.into())
    }

    /// Opens what a path leads to.
    fn open_path(&self, path: &str, options: &OpenOptions, flags: HostFlags) -> Result<HostFile> {
        let mut how = HostOptions::new();
        how.read(options.read || !options.write).write(options.write);
        how.custom_flags(flags.bits().cast_signed());
        if !options.follow {
            how.follow(FollowSymlinks::No);
        }
        self.resolve(path, &how)
    }

    /// Resolves a path beneath this directory and opens what is there.
    fn resolve(&self, path: &str, options: &HostOptions) -> Result<HostFile> {
        Ok(cap_primitives::fs::open(&self.file, Path::new(path), options)?)
    }

    /// Opens without any access, for asking for attributes and as a parent.
    fn locate(&self, path: &str, follow: bool) -> Result<HostFile> {
        let mut options = HostOptions::new();
        options.read(true).custom_flags(HostFlags::PATH.bits().cast_signed());
        if !follow {
            options.follow(FollowSymlinks::No);
        }
        self.resolve(path, &options)
    }

    fn place<'a>(&'a self, path: &'a str) -> Result<Place<'a>> {
        let (parent, last) = split(path);
        let parent = match parent {
            "" => Parent::Here(self.file.as_fd()),
            parent => Parent::Opened(self.locate(parent, true)?),
        };
        Ok(Place { parent, last })
    }

    /// Replaces symbolic links in the last place by what they lead to. The result is resolved from this directory again, so
    /// that it does not matter who changes what meanwhile.
    fn follow_links(&self, path: &str) -> Result<String> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            if self.stat_at(&path, false)?.file_type != FileType::SymbolicLink {
                return Ok(path);
            }
            let target = String::from_utf8(self.read_link(&path)?).map_err(|_| Errno::ILSEQ)?;
            if target.starts_with('/') {
                return Err(Errno::NOTCAPABLE);
            }
            path = match split(&path).0 {
                "" => target,
                parent => format!("{parent}/{target}"),
            };
        }
        Err(Errno::LOOP)
    }
}

/// Whether it is a name in the directory itself.
fn is_name(path: &str) -> bool {
    !path.contains('/') && path != "." && path != ".."
}

fn same_kind(dir: &dyn Dir) -> Result<&NativeDir> {
    (dir as &dyn Any).downcast_ref().ok_or(Errno::XDEV)
}

impl Dir for NativeDir {
    fn stat(&self) -> Result<FileStat> {
        Ok(file_stat(&host::fstat(&self.file)?))
    }

    fn open(&self, path: &str, options: &OpenOptions) -> Result<Opened> {
        let directory = options.oflags.contains(OFlags::DIRECTORY);
        let create = options.oflags.contains(OFlags::CREAT);
        if create && path.ends_with('/') {
            self.place(path)?;
            return Err(Errno::ISDIR);
        }
        // Whatever it is, opening it must not wait. The kernel is not told that it shall be a directory, because that makes it
        // hide from those who walk by themselves that something is a symbolic link.
        let mut flags = HostFlags::NONBLOCK | HostFlags::NOCTTY;
        flags.set(HostFlags::CREATE, create);
        flags.set(HostFlags::EXCL, create && options.oflags.contains(OFlags::EXCL));
        flags.set(HostFlags::TRUNC, options.oflags.contains(OFlags::TRUNC) && !directory);
        flags.set(HostFlags::APPEND, options.flags.contains(FdFlags::APPEND));
        flags.set(HostFlags::DSYNC, options.flags.contains(FdFlags::DSYNC));
        if options.flags.intersects(FdFlags::SYNC | FdFlags::RSYNC) {
            flags |= HostFlags::SYNC;
        }
        let opened = match is_name(path).then(|| self.open_name(path, options, flags)) {
            Some(Err(Errno::LOOP)) if options.follow => self.open_path(path, options, flags),
            Some(opened) => opened,
            None => self.open_path(path, options, flags),
        };
        let file = match opened {
            Err(Errno::LOOP) if directory && !options.follow => {
                let kind = self.stat_at(path, false)?.file_type;
                return Err(if kind == FileType::SymbolicLink { Errno::NOTDIR } else { Errno::LOOP });
            }
            file => file?,
        };
        let stat = host::fstat(&file)?;
        Ok(match file_type(stat.st_mode) {
            FileType::Directory if options.oflags.contains(OFlags::TRUNC) => return Err(Errno::ISDIR),
            FileType::Directory => Opened::Dir(Arc::new(NativeDir { file, root: self.root })),
            _ if directory => return Err(Errno::NOTDIR),
            kind => Opened::File(Box::new(NativeFile::opened(file.into(), kind, options.flags)?)),
        })
    }

    fn read_dir(&self) -> Result<Box<dyn ReadDir>> {
        let flags = HostFlags::RDONLY | HostFlags::DIRECTORY | HostFlags::CLOEXEC;
        let fd = host::openat(&self.file, ".", flags, Mode::empty())?;
        let stat = self.stat()?;
        let above = ((stat.dev, stat.ino) == self.root).then_some(stat.ino);
        Ok(Box::new(NativeReadDir::new(fd, above)))
    }

    fn stat_at(&self, path: &str, follow: bool) -> Result<FileStat> {
        if is_name(path) {
            let stat = file_stat(&host::statat(&self.file, path, AtFlags::SYMLINK_NOFOLLOW)?);
            if !follow || stat.file_type != FileType::SymbolicLink {
                return Ok(stat);
            }
        }
        Ok(file_stat(&host::fstat(self.locate(path, follow)?)?))
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        Ok(host::utimensat(&self.file, ".", &timestamps(atim, mtim), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn set_times_at(&self, path: &str, follow: bool, atim: SetTime, mtim: SetTime) -> Result<()> {
        let followed;
        let path = if follow || path.ends_with('/') {
            followed = self.follow_links(path)?;
            &followed
        } else {
            path
        };
        let place = self.place(path)?;
        if place.is_dots() || place.has_slash() {
            let directory = self.locate(path, true)?;
            return Ok(host::utimensat(&directory, ".", &timestamps(atim, mtim), AtFlags::SYMLINK_NOFOLLOW)?);
        }
        Ok(host::utimensat(place.fd(), place.last, &timestamps(atim, mtim), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        let place = self.place(path)?;
        Ok(host::mkdirat(place.fd(), place.last, Mode::from_raw_mode(0o777))?)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        let place = self.place(path)?;
        Ok(host::unlinkat(place.fd(), place.last, AtFlags::REMOVEDIR)?)
    }

    fn unlink(&self, path: &str) -> Result<()> {
        let place = self.place(path)?;
        Ok(host::unlinkat(place.fd(), place.last, AtFlags::empty())?)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        if target.starts_with('/') {
            return Err(Errno::NOTCAPABLE);
        }
        let place = self.place(path)?;
        match host::symlinkat(target, place.fd(), place.last) {
            // The slash says that a directory is meant.
            Err(rustix::io::Errno::EXIST) if place.has_slash() => {
                let name = place.last.trim_end_matches('/');
                let stat = host::statat(place.fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
                Err(if file_type(stat.st_mode) == FileType::Directory { Errno::EXIST } else { Errno::NOTDIR })
            }
            result => Ok(result?),
        }
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        let place = self.place(path)?;
        if place.has_slash() || place.is_dots() {
            self.locate(path, true)?;
            return Err(Errno::INVAL);
        }
        Ok(host::readlinkat(place.fd(), place.last, Vec::new())?.into_bytes())
    }

    fn link(&self, path: &str, follow: bool, to: &dyn Dir, new_path: &str) -> Result<()> {
        let to = same_kind(to)?;
        let followed;
        let path = if follow {
            followed = self.follow_links(path)?;
            &followed
        } else {
            path
        };
        let (from, to) = (self.place(path)?, to.place(new_path)?);
        if from.has_slash() || from.is_dots() {
            self.locate(path, true)?;
            return Err(Errno::PERM);
        }
        Ok(host::linkat(from.fd(), from.last, to.fd(), to.last, AtFlags::empty())?)
    }

    fn rename(&self, path: &str, to: &dyn Dir, new_path: &str) -> Result<()> {
        let to = same_kind(to)?;
        let (from, to) = (self.place(path)?, to.place(new_path)?);
        Ok(host::renameat(from.fd(), from.last, to.fd(), to.last)?)
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        let synced = if data_only { host::fdatasync(&self.file) } else { host::fsync(&self.file) };
        Ok(synced?)
    }
}

//! The host's file system asked by path, as Node.js can: what `fs::path` is to be made safe of.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::time::{Duration, UNIX_EPOCH};

use gantry_wasi::fs::path::{Handle, PathEntry, PathFs, PathOpen, Positioned};
use gantry_wasi::fs::{File as GuestFile, Result};
use gantry_wasi::{Errno, FileStat, FileType, SetTime};

pub struct HostFs;

fn file_type(kind: fs::FileType) -> FileType {
    if kind.is_dir() {
        FileType::Directory
    } else if kind.is_symlink() {
        FileType::SymbolicLink
    } else if kind.is_file() {
        FileType::RegularFile
    } else {
        FileType::Unknown
    }
}

fn file_stat(metadata: &fs::Metadata) -> FileStat {
    let time = |seconds: i64, nanoseconds: i64| (seconds * 1_000_000_000 + nanoseconds) as u64;
    FileStat {
        dev: metadata.dev(),
        ino: metadata.ino(),
        file_type: file_type(metadata.file_type()),
        nlink: metadata.nlink(),
        size: metadata.len(),
        atim: time(metadata.atime(), metadata.atime_nsec()),
        mtim: time(metadata.mtime(), metadata.mtime_nsec()),
        ctim: time(metadata.ctime(), metadata.ctime_nsec()),
    }
}

impl PathFs for HostFs {
    fn lstat(&self, path: &str) -> Result<FileStat> {
        Ok(file_stat(&fs::symlink_metadata(path)?))
    }

    fn open(&self, path: &str, options: &PathOpen) -> Result<Box<dyn GuestFile>> {
        let mut flags = rustix::fs::OFlags::NOFOLLOW;
        flags.set(rustix::fs::OFlags::CREATE, options.create);
        flags.set(rustix::fs::OFlags::EXCL, options.exclusive);
        flags.set(rustix::fs::OFlags::TRUNC, options.truncate);
        let mut how = OpenOptions::new();
        how.read(options.read || !options.write).write(options.write);
        how.custom_flags(flags.bits() as i32).mode(0o666);
        let file = how.open(path)?;
        Ok(Box::new(Positioned::new(HostHandle(file), options.flags)?))
    }

    fn read_dir(&self, path: &str) -> Result<Vec<PathEntry>> {
        fs::read_dir(path)?
            .map(|entry| {
                let entry = entry?;
                // As Node.js, which does not give the number.
                Ok(PathEntry {
                    name: entry.file_name().into_vec(),
                    ino: None,
                    file_type: file_type(entry.file_type()?),
                })
            })
            .collect()
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        Ok(fs::read_link(path)?.into_os_string().into_vec())
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        fs::create_dir(path)?;
        Ok(fs::set_permissions(path, Permissions::from_mode(0o755))?)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        Ok(fs::remove_dir(path)?)
    }

    fn unlink(&self, path: &str) -> Result<()> {
        Ok(fs::remove_file(path)?)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        Ok(std::os::unix::fs::symlink(OsStr::from_bytes(target.as_bytes()), path)?)
    }

    fn link(&self, path: &str, new_path: &str) -> Result<()> {
        Ok(fs::hard_link(path, new_path)?)
    }

    fn rename(&self, path: &str, new_path: &str) -> Result<()> {
        Ok(fs::rename(path, new_path)?)
    }

    fn set_times(&self, path: &str, atim: SetTime, mtim: SetTime) -> Result<()> {
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        Ok(rustix::fs::utimensat(rustix::fs::CWD, path, &timestamps(atim, mtim), flags)?)
    }
}

fn timestamps(atim: SetTime, mtim: SetTime) -> rustix::fs::Timestamps {
    let time = |time| match time {
        SetTime::Keep => rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT as _ },
        SetTime::Now => rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW as _ },
        SetTime::To(time) => {
            let since = (UNIX_EPOCH + Duration::from_nanos(time)).duration_since(UNIX_EPOCH).unwrap();
            rustix::fs::Timespec { tv_sec: since.as_secs() as i64, tv_nsec: since.subsec_nanos() as _ }
        }
    };
    rustix::fs::Timestamps { last_access: time(atim), last_modification: time(mtim) }
}

struct HostHandle(File);

impl Handle for HostHandle {
    fn stat(&self) -> Result<FileStat> {
        Ok(file_stat(&self.0.metadata()?))
    }

    fn read(&self, buffer: &mut [u8], offset: Option<u64>) -> Result<usize> {
        Ok(self.0.read_at(buffer, offset.ok_or(Errno::SPIPE)?)?)
    }

    fn write(&self, buffer: &[u8], offset: Option<u64>) -> Result<usize> {
        Ok(self.0.write_at(buffer, offset.ok_or(Errno::SPIPE)?)?)
    }

    fn set_size(&self, size: u64) -> Result<()> {
        Ok(self.0.set_len(size)?)
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        Ok(rustix::fs::futimens(&self.0, &timestamps(atim, mtim))?)
    }

    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(self.0.sync_all()?)
    }
}

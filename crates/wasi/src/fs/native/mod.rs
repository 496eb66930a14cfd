//! Real directories and files of the operating system.
//!
//! Paths are resolved by `cap-primitives`, which leaves it to the kernel where that can keep a path beneath a directory
//! (`openat2` with `RESOLVE_BENEATH`) and otherwise walks component by component. What is then done with the last
//! component is a single system call that follows nothing.
//!
//! Must not know: programs, descriptors, rights.

mod dir;
mod file;
mod read_dir;
mod socket;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Stat, Timestamps};

use super::{Dir, File};
use crate::{FileStat, FileType, SetTime, Timestamp};

/// Opens a directory of the host.
///
/// # Errors
///
/// Those of the operating system, for example if it is no directory.
pub fn open_dir(path: impl AsRef<Path>) -> io::Result<Arc<dyn Dir>> {
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
    let fd = rustix::fs::open(path.as_ref(), flags, rustix::fs::Mode::empty())?;
    Ok(Arc::new(dir::NativeDir::root(fd)?))
}

/// Makes a file of a descriptor of the host, such as its standard input, which stays open whatever becomes of the file. The
/// program gets a position of its own only if the descriptor has one.
///
/// # Errors
///
/// Those of the operating system, for example if the host has no descriptors left.
pub fn share(fd: impl AsFd) -> io::Result<Box<dyn File>> {
    Ok(Box::new(file::NativeFile::inherited(fd.as_fd().try_clone_to_owned()?)?))
}

/// As [`share`], for standard streams. If it is a socket, programs see a pipe: they may read and write, but a connection of the
/// host is not theirs to shut down. Node.js connects its child processes by sockets.
///
/// # Errors
///
/// Those of the operating system.
pub fn standard_stream(fd: impl AsFd) -> io::Result<Box<dyn File>> {
    Ok(Box::new(file::NativeFile::inherited(fd.as_fd().try_clone_to_owned()?)?.without_socket_calls()))
}

/// Makes a file of a descriptor of the host that nobody else uses, such as a socket.
///
/// # Errors
///
/// Those of the operating system.
pub fn adopt(fd: OwnedFd) -> io::Result<Box<dyn File>> {
    Ok(Box::new(file::NativeFile::inherited(fd)?))
}

fn file_type(mode: rustix::fs::RawMode) -> FileType {
    use rustix::fs::FileType as Host;
    match Host::from_raw_mode(mode) {
        Host::RegularFile => FileType::RegularFile,
        Host::Directory => FileType::Directory,
        Host::Symlink => FileType::SymbolicLink,
        Host::CharacterDevice => FileType::CharacterDevice,
        Host::BlockDevice => FileType::BlockDevice,
        Host::Socket => FileType::SocketStream,
        _ => FileType::Unknown,
    }
}

#[allow(clippy::unnecessary_cast, reason = "the fields have other types on other systems")]
fn file_stat(stat: &Stat) -> FileStat {
    FileStat {
        dev: stat.st_dev as u64,
        ino: stat.st_ino as u64,
        file_type: file_type(stat.st_mode),
        nlink: stat.st_nlink as u64,
        size: stat.st_size as u64,
        atim: timestamp(stat.st_atime as i64, stat.st_atime_nsec as u64),
        mtim: timestamp(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
        ctim: timestamp(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
    }
}

fn timestamp(seconds: i64, nanoseconds: u64) -> Timestamp {
    u64::try_from(seconds).map_or(0, |seconds| seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
}

fn timestamps(atim: SetTime, mtim: SetTime) -> Timestamps {
    let time = |time| match time {
        SetTime::Keep => rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT as _ },
        SetTime::Now => rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW as _ },
        SetTime::To(time) => {
            rustix::fs::Timespec { tv_sec: (time / 1_000_000_000) as _, tv_nsec: (time % 1_000_000_000) as _ }
        }
    };
    Timestamps { last_access: time(atim), last_modification: time(mtim) }
}

//! Files, pipes and terminals of the host.

use std::cell::RefCell;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{self as host, Advice as HostAdvice, FallocateFlags, OFlags as HostFlags, SeekFrom};
use rustix::io::{self, Errno as HostErrno, ReadWriteFlags};

use super::{file_stat, file_type, socket, timestamps};
use crate::fs::{File, Interest, Readiness, Result, RiFlags, SdFlags};
use crate::sync::Lock;
use crate::{Advice, Errno, FdFlags, FileStat, FileType, SetTime, Whence};

/// What the kernel accepts at once from a pipe that says it has room.
const PIPE_BUF: usize = 4096;

/// The offset that stands for the present position.
const PRESENT: u64 = u64::MAX;

/// An open file of the host.
pub(super) struct NativeFile {
    fd: OwnedFd,
    file_type: FileType,
    terminal: bool,
    /// Whether it may have to wait.
    waits: bool,
    /// Whether it is a socket, even if programs see something else.
    socket: bool,
    /// Whether the description is this program's alone.
    own: bool,
    flags: AtomicU16,
    /// Held while the kernel is told for a moment not to append, and while something is appended.
    appending: Lock<()>,
    /// Whether the kernel can be told for each call not to wait.
    nowait: AtomicBool,
}

impl NativeFile {
    /// A file that was opened for the program.
    pub(super) fn opened(fd: OwnedFd, file_type: FileType, flags: FdFlags) -> Result<NativeFile> {
        let terminal = file_type == FileType::CharacterDevice && rustix::termios::isatty(&fd);
        let file = NativeFile::new(fd, file_type, terminal, true, flags);
        if matches!(file_type, FileType::CharacterDevice | FileType::BlockDevice) && !terminal {
            // Opening must not wait, but reading shall.
            host::fcntl_setfl(&file.fd, host::fcntl_getfl(&file.fd)? - HostFlags::NONBLOCK)?;
        }
        Ok(file)
    }

    /// A file that the host had already.
    pub(super) fn inherited(fd: OwnedFd) -> std::io::Result<NativeFile> {
        let file_type = match file_type(host::fstat(&fd)?.st_mode) {
            FileType::SocketStream => socket::socket_type(&fd)?,
            other => other,
        };
        let host_flags = host::fcntl_getfl(&fd)?;
        let mut flags = FdFlags::empty();
        flags.set(FdFlags::APPEND, host_flags.contains(HostFlags::APPEND));
        flags.set(FdFlags::DSYNC, host_flags.contains(HostFlags::DSYNC));
        flags.set(FdFlags::SYNC, host_flags.contains(HostFlags::SYNC));
        let terminal = rustix::termios::isatty(&fd);
        Ok(NativeFile::new(fd, file_type, terminal, false, flags))
    }

    fn new(fd: OwnedFd, file_type: FileType, terminal: bool, own: bool, flags: FdFlags) -> NativeFile {
        let socket = matches!(file_type, FileType::SocketStream | FileType::SocketDgram);
        let waits = terminal || socket || file_type == FileType::Unknown;
        let (flags, appending, nowait) = (AtomicU16::new(flags.bits()), Lock::default(), AtomicBool::new(true));
        NativeFile { fd, file_type, terminal, waits, socket, own, flags, appending, nowait }
    }

    /// The same file, only for reading and writing.
    pub(super) fn without_socket_calls(self) -> NativeFile {
        let file_type = if self.socket { FileType::Unknown } else { self.file_type };
        NativeFile { file_type, ..self }
    }

    fn set_append(&self, append: bool) -> Result<()> {
        let mut flags = host::fcntl_getfl(&self.fd)?;
        flags.set(HostFlags::APPEND, append);
        Ok(host::fcntl_setfl(&self.fd, flags)?)
    }

    fn read_stream(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        if self.socket {
            return Ok(socket::receive(&self.fd, buffers, RiFlags::empty())?.0);
        }
        let buffers = RefCell::new(buffers);
        self.without_waiting(
            Interest::Read,
            || io::preadv2(&self.fd, &mut buffers.borrow_mut(), PRESENT, ReadWriteFlags::NOWAIT),
            || io::readv(&self.fd, &mut buffers.borrow_mut()),
        )
    }

    fn write_stream(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        if self.socket {
            return socket::send(&self.fd, buffers);
        }
        self.without_waiting(
            Interest::Write,
            || io::pwritev2(&self.fd, buffers, PRESENT, ReadWriteFlags::NOWAIT),
            || io::write(&self.fd, piece(buffers)),
        )
    }

    /// Reads or writes a stream without waiting: by telling the kernel, or else by asking it first.
    fn without_waiting(
        &self,
        interest: Interest,
        direct: impl FnOnce() -> io::Result<usize>,
        asked: impl FnOnce() -> io::Result<usize>,
    ) -> Result<usize> {
        if self.nowait.load(Relaxed) {
            match direct() {
                Err(HostErrno::OPNOTSUPP | HostErrno::NOSYS | HostErrno::INVAL) => self.nowait.store(false, Relaxed),
                result => return Ok(result?),
            }
        }
        match self.readiness(interest)? {
            Some(_) => Ok(asked()?),
            None => Err(Errno::AGAIN),
        }
    }
}

/// The first buffer that is not empty, as far as a pipe with room takes it.
fn piece<'a>(buffers: &'a [IoSlice<'_>]) -> &'a [u8] {
    let buffer = buffers.iter().find(|buffer| !buffer.is_empty()).map_or(&[][..], |buffer| buffer);
    &buffer[..buffer.len().min(PIPE_BUF)]
}

impl File for NativeFile {
    fn file_type(&self) -> FileType {
        self.file_type
    }

    fn stat(&self) -> Result<FileStat> {
        Ok(FileStat { file_type: self.file_type, ..file_stat(&host::fstat(&self.fd)?) })
    }

    fn is_terminal(&self) -> bool {
        self.terminal
    }

    fn may_block(&self) -> bool {
        self.waits
    }

    fn read(&self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        if self.waits {
            return self.read_stream(buffers);
        }
        Ok(match buffers {
            [buffer] => io::read(&self.fd, &mut **buffer)?,
            buffers => io::readv(&self.fd, buffers)?,
        })
    }

    fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        if self.waits {
            return self.write_stream(buffers);
        }
        let _appending = self.flags().contains(FdFlags::APPEND).then(|| self.appending.lock());
        Ok(match buffers {
            [buffer] => io::write(&self.fd, buffer)?,
            buffers => io::writev(&self.fd, buffers)?,
        })
    }

    fn read_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        Ok(match buffers {
            [buffer] => io::pread(&self.fd, &mut **buffer, offset)?,
            buffers => io::preadv(&self.fd, buffers, offset)?,
        })
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> Result<usize> {
        // Linux appends, whatever the offset. Only the host could write at the same time, and to a file that it gave away.
        let append = self.flags().contains(FdFlags::APPEND);
        let _appending = append.then(|| self.appending.lock());
        if append {
            self.set_append(false)?;
        }
        let written = match buffers {
            [buffer] => io::pwrite(&self.fd, buffer, offset),
            buffers => io::pwritev(&self.fd, buffers, offset),
        };
        if append {
            self.set_append(true)?;
        }
        Ok(written?)
    }

    fn seek(&self, offset: i64, whence: Whence) -> Result<u64> {
        let position = match whence {
            Whence::Set => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::INVAL)?),
            Whence::Current => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        };
        Ok(host::seek(&self.fd, position)?)
    }

    fn flags(&self) -> FdFlags {
        FdFlags::from_bits_truncate(self.flags.load(Relaxed))
    }

    fn set_flags(&self, flags: FdFlags) -> Result<()> {
        let changed = flags.symmetric_difference(self.flags());
        if changed.is_empty() {
            return Ok(());
        }
        if changed != FdFlags::APPEND || !self.own {
            return Err(Errno::NOTSUP);
        }
        self.set_append(flags.contains(FdFlags::APPEND))?;
        self.flags.store(flags.bits(), Relaxed);
        Ok(())
    }

    fn set_size(&self, size: u64) -> Result<()> {
        Ok(host::ftruncate(&self.fd, size)?)
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        Ok(host::fallocate(&self.fd, FallocateFlags::empty(), offset, length)?)
    }

    fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<()> {
        let advice = match advice {
            Advice::Normal => HostAdvice::Normal,
            Advice::Sequential => HostAdvice::Sequential,
            Advice::Random => HostAdvice::Random,
            Advice::WillNeed => HostAdvice::WillNeed,
            Advice::DontNeed => HostAdvice::DontNeed,
            Advice::NoReuse => HostAdvice::NoReuse,
        };
        Ok(host::fadvise(&self.fd, offset, length.try_into().ok(), advice)?)
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        let synced = if data_only { host::fdatasync(&self.fd) } else { host::fsync(&self.fd) };
        Ok(synced?)
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        Ok(host::futimens(&self.fd, &timestamps(atim, mtim))?)
    }

    fn readiness(&self, interest: Interest) -> Result<Option<Readiness>> {
        if self.file_type == FileType::RegularFile {
            let left = match interest {
                Interest::Read => self.stat()?.size.saturating_sub(self.seek(0, Whence::Current)?),
                Interest::Write => 1,
            };
            return Ok(Some(Readiness { bytes: left, hangup: false }));
        }
        let wanted = match interest {
            Interest::Read => PollFlags::IN,
            Interest::Write => PollFlags::OUT,
        };
        let mut poll_fd = [PollFd::from_borrowed_fd(self.fd.as_fd(), wanted)];
        poll(&mut poll_fd, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        let happened = poll_fd[0].revents();
        if happened.is_empty() {
            return Ok(None);
        }
        let bytes = match interest {
            Interest::Read => io::ioctl_fionread(&self.fd).unwrap_or(1),
            Interest::Write => PIPE_BUF as u64,
        };
        Ok(Some(Readiness { bytes, hangup: happened.intersects(PollFlags::HUP | PollFlags::ERR) }))
    }

    fn wait_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }

    fn accept(&self) -> Result<Box<dyn File>> {
        // The socket may be one that waits.
        if self.readiness(Interest::Read)?.is_none() {
            return Err(Errno::AGAIN);
        }
        Ok(Box::new(NativeFile::inherited(socket::accept(&self.fd)?)?))
    }

    fn receive(&self, buffers: &mut [IoSliceMut<'_>], flags: RiFlags) -> Result<(usize, bool)> {
        socket::receive(&self.fd, buffers, flags)
    }

    fn send(&self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        socket::send(&self.fd, buffers)
    }

    fn shutdown(&self, how: SdFlags) -> Result<()> {
        socket::shutdown(&self.fd, how)
    }
}

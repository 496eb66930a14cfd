//! `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`.

use std::io::{IoSlice, IoSliceMut};

use super::wait::wait;
use crate::context::Outcome;
use crate::exit::Stop;
use crate::fs::{self, File, Interest};
use crate::{Context, Errno, Guest, Rights};

pub(crate) fn fd_read(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    buffers: u32,
    count: u32,
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let file = descriptor.as_file(Rights::FD_READ)?;
    let source = Transfer { context, file, waits: file.may_block() && !descriptor.nonblock };
    let read = source.read(guest, (buffers, count), |slices, _| file.read(slices))?;
    Ok(guest.write_u32(out, read)?)
}

pub(crate) fn fd_pread(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    buffers: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let file = descriptor.as_file(Rights::FD_READ | Rights::FD_SEEK)?;
    let source = Transfer { context, file, waits: false };
    let read = source.read(guest, (buffers, count), |slices, done| {
        file.read_at(slices, offset.checked_add(done).ok_or(Errno::INVAL)?)
    })?;
    Ok(guest.write_u32(out, read)?)
}

pub(crate) fn fd_write(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    buffers: u32,
    count: u32,
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let file = descriptor.as_file(Rights::FD_WRITE)?;
    let target = Transfer { context, file, waits: file.may_block() && !descriptor.nonblock };
    let written = target.write(guest, (buffers, count), |slices, _| file.write(slices))?;
    Ok(guest.write_u32(out, written)?)
}

pub(crate) fn fd_pwrite(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    buffers: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let file = descriptor.as_file(Rights::FD_WRITE | Rights::FD_SEEK)?;
    let target = Transfer { context, file, waits: false };
    let written = target.write(guest, (buffers, count), |slices, done| {
        file.write_at(slices, offset.checked_add(done).ok_or(Errno::INVAL)?)
    })?;
    Ok(guest.write_u32(out, written)?)
}

/// Moves data between a file and the program, and waits for the file if that is wanted.
pub(crate) struct Transfer<'a> {
    pub(crate) context: &'a Context,
    pub(crate) file: &'a dyn File,
    pub(crate) waits: bool,
}

impl Transfer<'_> {
    /// Fills the buffers as far as there is data. `read` gets a part of them, and how many bytes there were before.
    #[inline(always)]
    pub(crate) fn read(
        &self,
        guest: &mut Guest<'_>,
        (array, count): (u32, u32),
        read: impl Fn(&mut [IoSliceMut<'_>], u64) -> fs::Result<usize>,
    ) -> Result<u32, Stop> {
        // What most calls have. Everything is in one function: returning is slow after a system call, because the kernel makes
        // the processor forget where to.
        if count == 1 && !guest.is_shared() {
            match guest.scatter_one(array, |slice| read(&mut [slice], 0)) {
                Ok(bytes) => return Ok(bytes as u32),
                Err(errno) => self.check_again(errno, Interest::Read)?,
            }
        }
        self.read_many(guest, (array, count), read)
    }

    #[inline(never)]
    fn read_many(
        &self,
        guest: &mut Guest<'_>,
        (array, count): (u32, u32),
        read: impl Fn(&mut [IoSliceMut<'_>], u64) -> fs::Result<usize>,
    ) -> Result<u32, Stop> {
        let mut buffers = guest.buffers(array, count)?;
        let mut total = 0_u32;
        loop {
            let offered = guest.offered(&buffers);
            match guest.scatter(&buffers, |slices| read(slices, u64::from(total))) {
                Ok(bytes) => {
                    total = total.saturating_add(bytes as u32);
                    // What may have to wait gives what it has.
                    if bytes < offered || self.file.may_block() {
                        return Ok(total);
                    }
                    if !guest.go_on(&mut buffers, bytes)? {
                        return Ok(total);
                    }
                }
                Err(errno) if self.goes_on(errno, Interest::Read)? => {}
                Err(_) if total > 0 => return Ok(total),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Writes the buffers. `write` gets what is left of a part of them, and how many bytes there were before.
    #[inline(always)]
    pub(crate) fn write(
        &self,
        guest: &Guest<'_>,
        (array, count): (u32, u32),
        write: impl Fn(&[IoSlice<'_>], u64) -> fs::Result<usize>,
    ) -> Result<u32, Stop> {
        let mut written = 0;
        if count == 1 && !guest.is_shared() {
            match guest.gather_one(array, |slice| write(&[slice], 0)) {
                Ok((bytes, all)) if all || !self.waits => return Ok(bytes as u32),
                Ok((bytes, _)) => written = bytes,
                Err(errno) => self.check_again(errno, Interest::Write)?,
            }
        }
        self.write_many(guest, (array, count), written, write)
    }

    #[inline(never)]
    fn write_many(
        &self,
        guest: &Guest<'_>,
        (array, count): (u32, u32),
        written: usize,
        write: impl Fn(&[IoSlice<'_>], u64) -> fs::Result<usize>,
    ) -> Result<u32, Stop> {
        let mut buffers = guest.buffers(array, count)?;
        buffers.advance(written);
        let mut total = written as u32;
        loop {
            let offered = guest.offered(&buffers);
            match guest.gather(&buffers, |slices| write(slices, u64::from(total))) {
                // Nothing is written of something: trying again would be for ever.
                Ok(0) if buffers.len() > 0 => return Ok(total),
                Ok(bytes) => {
                    total = total.saturating_add(bytes as u32);
                    let short = bytes < offered && !self.waits;
                    if short || !guest.go_on(&mut buffers, bytes)? {
                        return Ok(total);
                    }
                }
                Err(errno) if self.goes_on(errno, Interest::Write)? => {}
                Err(_) if total > 0 => return Ok(total),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Returns if it is to be tried again.
    #[cold]
    fn check_again(&self, errno: Errno, interest: Interest) -> Outcome {
        if self.goes_on(errno, interest)? { Ok(()) } else { Err(errno.into()) }
    }

    /// Whether to try again after this error; waits before.
    pub(crate) fn goes_on(&self, errno: Errno, interest: Interest) -> Result<bool, Stop> {
        if errno == Errno::AGAIN && self.waits {
            wait(self.context, self.file, interest)?;
            return Ok(true);
        }
        if errno == Errno::INTR {
            self.context.check_interrupt()?;
        }
        Ok(errno == Errno::INTR)
    }
}

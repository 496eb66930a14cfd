//! Attributes of files: `fd_filestat_*` and `path_filestat_*`.

use super::path::{guest_path, lookup};
use crate::clock::Id;
use crate::context::Outcome;
use crate::table::Object;
use crate::types::FstFlags;
use crate::{Clock, Context, Errno, FileStat, Guest, Rights, SetTime, Timestamp, Version};

pub(crate) fn fd_filestat_get(
    version: Version,
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    descriptor.need(Rights::FD_FILESTAT_GET)?;
    let stat = match &*descriptor.object {
        Object::File(file) => file.stat()?,
        Object::Dir(directory) => directory.dir.stat()?,
    };
    store(version, guest, out, &stat)
}

pub(crate) fn path_filestat_get(
    version: Version,
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: (u32, u32),
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_dir(Rights::PATH_FILESTAT_GET)?;
    let stat = directory.dir.stat_at(&guest_path(guest, path)?, lookup(flags)?)?;
    store(version, guest, out, &stat)
}

fn store(version: Version, guest: &mut Guest<'_>, out: u32, stat: &FileStat) -> Outcome {
    let mut bytes = [0; 64];
    let mut put = |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    put(0, stat.dev);
    put(8, stat.ino);
    let size = match version {
        Version::Preview1 => {
            put(16, stat.file_type as u64);
            put(24, stat.nlink);
            32
        }
        // Here the number of links has 32 bits, and comes right behind the type.
        Version::Unstable => {
            let nlink = u32::try_from(stat.nlink).unwrap_or(u32::MAX);
            put(16, stat.file_type as u64 | u64::from(nlink) << 32);
            24
        }
    };
    put(size, stat.size);
    put(size + 8, stat.atim);
    put(size + 16, stat.mtim);
    put(size + 24, stat.ctim);
    Ok(guest.write(out, &bytes[..size + 32])?)
}

pub(crate) fn fd_filestat_set_size(context: &Context, _guest: &mut Guest<'_>, fd: u32, size: u64) -> Outcome {
    Ok(context.table.get(fd)?.as_file(Rights::FD_FILESTAT_SET_SIZE)?.set_size(size)?)
}

pub(crate) fn fd_filestat_set_times(
    context: &Context,
    _guest: &mut Guest<'_>,
    fd: u32,
    atim: Timestamp,
    mtim: Timestamp,
    flags: u32,
) -> Outcome {
    let (atim, mtim) = times(&context.clock, atim, mtim, flags)?;
    let descriptor = context.table.get(fd)?;
    descriptor.need(Rights::FD_FILESTAT_SET_TIMES)?;
    if descriptor.mount.read_only {
        return Err(Errno::ROFS.into());
    }
    match &*descriptor.object {
        Object::File(file) => file.set_times(atim, mtim)?,
        Object::Dir(directory) => directory.dir.set_times(atim, mtim)?,
    }
    Ok(())
}

pub(crate) fn path_filestat_set_times(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: (u32, u32),
    (atim, mtim, fst_flags): (Timestamp, Timestamp, u32),
) -> Outcome {
    let (atim, mtim) = times(&context.clock, atim, mtim, fst_flags)?;
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_writable_dir(Rights::PATH_FILESTAT_SET_TIMES)?;
    Ok(directory.dir.set_times_at(&guest_path(guest, path)?, lookup(flags)?, atim, mtim)?)
}

/// What to set the times to.
fn times(clock: &Clock, atim: Timestamp, mtim: Timestamp, flags: u32) -> Result<(SetTime, SetTime), Errno> {
    let flags = u16::try_from(flags).ok().and_then(FstFlags::from_bits).ok_or(Errno::INVAL)?;
    let time = |given, now, value| match (flags.contains(given), flags.contains(now)) {
        (true, true) => Err(Errno::INVAL),
        (true, false) => Ok(SetTime::To(value)),
        (false, true) => Ok(match clock {
            Clock::System => SetTime::Now,
            Clock::Fixed { .. } => SetTime::To(clock.now(Id::Realtime)),
        }),
        (false, false) => Ok(SetTime::Keep),
    };
    Ok((time(FstFlags::ATIM, FstFlags::ATIM_NOW, atim)?, time(FstFlags::MTIM, FstFlags::MTIM_NOW, mtim)?))
}

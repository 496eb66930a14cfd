//! Functions on descriptors that neither move data nor ask for attributes of files.

use crate::context::Outcome;
use crate::table::Object;
use crate::{Advice, Context, Errno, FdFlags, Guest, Rights, Version, Whence};

pub(crate) fn fd_advise(
    context: &Context,
    _guest: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    length: u64,
    advice: u32,
) -> Outcome {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::INVAL.into()),
    };
    let descriptor = context.table.get(fd)?;
    descriptor.need(Rights::FD_ADVISE)?;
    match &*descriptor.object {
        Object::File(file) => file.advise(offset, length, advice)?,
        Object::Dir(directory) => directory.dir.advise(advice)?,
    }
    Ok(())
}

pub(crate) fn fd_allocate(context: &Context, _guest: &mut Guest<'_>, fd: u32, offset: u64, length: u64) -> Outcome {
    Ok(context.table.get(fd)?.as_file(Rights::FD_ALLOCATE)?.allocate(offset, length)?)
}

pub(crate) fn fd_close(context: &Context, _guest: &mut Guest<'_>, fd: u32) -> Outcome {
    context.table.remove(fd)?;
    Ok(())
}

pub(crate) fn fd_datasync(context: &Context, _guest: &mut Guest<'_>, fd: u32) -> Outcome {
    sync(context, fd, Rights::FD_DATASYNC, true)
}

pub(crate) fn fd_sync(context: &Context, _guest: &mut Guest<'_>, fd: u32) -> Outcome {
    sync(context, fd, Rights::FD_SYNC, false)
}

fn sync(context: &Context, fd: u32, right: Rights, data_only: bool) -> Outcome {
    let descriptor = context.table.get(fd)?;
    descriptor.need(right)?;
    match &*descriptor.object {
        Object::File(file) => file.sync(data_only)?,
        Object::Dir(directory) => directory.dir.sync(data_only)?,
    }
    Ok(())
}

pub(crate) fn fd_fdstat_get(context: &Context, guest: &mut Guest<'_>, fd: u32, out: u32) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let mut fdstat = [0; 24];
    fdstat[0] = descriptor.file_type() as u8;
    fdstat[2..4].copy_from_slice(&descriptor.flags().bits().to_le_bytes());
    fdstat[8..16].copy_from_slice(&descriptor.base.bits().to_le_bytes());
    fdstat[16..24].copy_from_slice(&descriptor.inheriting.bits().to_le_bytes());
    Ok(guest.write(out, &fdstat)?)
}

pub(crate) fn fd_fdstat_set_flags(context: &Context, _guest: &mut Guest<'_>, fd: u32, flags: u32) -> Outcome {
    let flags = u16::try_from(flags).ok().and_then(FdFlags::from_bits).ok_or(Errno::INVAL)?;
    let descriptor = context.table.get(fd)?;
    descriptor.need(Rights::FD_FDSTAT_SET_FLAGS)?;
    let others = flags - FdFlags::NONBLOCK;
    match &*descriptor.object {
        Object::File(file) => file.set_flags(others)?,
        Object::Dir(_) if others.is_empty() => {}
        Object::Dir(_) => return Err(Errno::INVAL.into()),
    }
    Ok(context.table.update(fd, |descriptor| {
        descriptor.nonblock = flags.contains(FdFlags::NONBLOCK);
        Ok(())
    })?)
}

pub(crate) fn fd_fdstat_set_rights(
    context: &Context,
    _guest: &mut Guest<'_>,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Outcome {
    let (base, inheriting) = (Rights::from_bits_retain(base), Rights::from_bits_retain(inheriting));
    Ok(context.table.update(fd, |descriptor| {
        if !descriptor.base.contains(base) || !descriptor.inheriting.contains(inheriting) {
            return Err(Errno::NOTCAPABLE);
        }
        (descriptor.base, descriptor.inheriting) = (base, inheriting);
        Ok(())
    })?)
}

pub(crate) fn fd_renumber(context: &Context, _guest: &mut Guest<'_>, fd: u32, to: u32) -> Outcome {
    context.table.renumber(fd, to)?;
    Ok(())
}

pub(crate) fn fd_seek(
    version: Version,
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    out: u32,
) -> Outcome {
    let whence = match (version, whence) {
        (Version::Preview1, 0) | (Version::Unstable, 2) => Whence::Set,
        (Version::Preview1, 1) | (Version::Unstable, 0) => Whence::Current,
        (Version::Preview1, 2) | (Version::Unstable, 1) => Whence::End,
        _ => return Err(Errno::INVAL.into()),
    };
    let offset = offset.cast_signed();
    let descriptor = context.table.get(fd)?;
    let stays = offset == 0 && whence == Whence::Current && descriptor.base.contains(Rights::FD_TELL);
    let file = descriptor.as_file(if stays { Rights::empty() } else { Rights::FD_SEEK })?;
    Ok(guest.write_u64(out, file.seek(offset, whence)?)?)
}

pub(crate) fn fd_tell(context: &Context, guest: &mut Guest<'_>, fd: u32, out: u32) -> Outcome {
    let descriptor = context.table.get(fd)?;
    // The right to seek implies it.
    let seeks = descriptor.base.contains(Rights::FD_SEEK);
    let file = descriptor.as_file(if seeks { Rights::empty() } else { Rights::FD_TELL })?;
    Ok(guest.write_u64(out, file.seek(0, Whence::Current)?)?)
}

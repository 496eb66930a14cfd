//! `path_*`, but for those about attributes.

use std::borrow::Cow;

use crate::context::Outcome;
use crate::fs::{self, MAX_PATH, OpenOptions, Opened};
use crate::table::Descriptor;
use crate::types::LookupFlags;
use crate::{Context, Errno, FdFlags, Guest, OFlags, Rights};

/// The path at an address.
///
/// # Errors
///
/// `ILSEQ` if it is not UTF-8, `INVAL` with a NUL, `NOENT` if it is empty, `NAMETOOLONG`, and `NOTCAPABLE` if it is
/// absolute: there is nothing above the directories that a program has.
pub(crate) fn guest_path<'a>(guest: &'a Guest<'_>, (address, length): (u32, u32)) -> Result<Cow<'a, str>, Errno> {
    guest.check_range(address, length)?;
    if length as usize > MAX_PATH {
        return Err(Errno::NAMETOOLONG);
    }
    let path = guest.string(address, length)?;
    match path.as_bytes() {
        [] => Err(Errno::NOENT),
        bytes if bytes.contains(&0) => Err(Errno::INVAL),
        [b'/', ..] => Err(Errno::NOTCAPABLE),
        _ => Ok(path),
    }
}

/// Whether a symbolic link in the last place is to be followed.
pub(crate) fn lookup(flags: u32) -> Result<bool, Errno> {
    LookupFlags::from_bits(flags).map(|flags| flags.contains(LookupFlags::SYMLINK_FOLLOW)).ok_or(Errno::INVAL)
}

pub(crate) fn path_create_directory(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    length: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_writable_dir(Rights::PATH_CREATE_DIRECTORY)?;
    Ok(directory.dir.create_dir(&guest_path(guest, (path, length))?)?)
}

pub(crate) fn path_remove_directory(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    length: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_writable_dir(Rights::PATH_REMOVE_DIRECTORY)?;
    Ok(directory.dir.remove_dir(&guest_path(guest, (path, length))?)?)
}

pub(crate) fn path_unlink_file(context: &Context, guest: &mut Guest<'_>, fd: u32, path: u32, length: u32) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_writable_dir(Rights::PATH_UNLINK_FILE)?;
    Ok(directory.dir.unlink(&guest_path(guest, (path, length))?)?)
}

pub(crate) fn path_readlink(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    path: (u32, u32),
    (buffer, length): (u32, u32),
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_dir(Rights::PATH_READLINK)?;
    let content = directory.dir.read_link(&guest_path(guest, path)?)?;
    guest.check_range(buffer, length)?;
    let used = content.len().min(length as usize);
    guest.write(buffer, &content[..used])?;
    Ok(guest.write_u32(out, used as u32)?)
}

pub(crate) fn path_symlink(
    context: &Context,
    guest: &mut Guest<'_>,
    target: (u32, u32),
    fd: u32,
    path: (u32, u32),
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_writable_dir(Rights::PATH_SYMLINK)?;
    let target = guest_path(guest, target)?;
    Ok(directory.dir.symlink(&target, &guest_path(guest, path)?)?)
}

pub(crate) fn path_link(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: (u32, u32),
    new_fd: u32,
    new_path: (u32, u32),
) -> Outcome {
    let (from, to) = (context.table.get(fd)?, context.table.get(new_fd)?);
    let directory = from.as_writable_dir(Rights::PATH_LINK_SOURCE)?;
    let new_directory = to.as_writable_dir(Rights::PATH_LINK_TARGET)?;
    let (path, new_path) = (guest_path(guest, path)?, guest_path(guest, new_path)?);
    let follow = lookup(flags)?;
    same_mount(&from, &to)?;
    Ok(directory.dir.link(&path, follow, &*new_directory.dir, &new_path)?)
}

pub(crate) fn path_rename(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    path: (u32, u32),
    new_fd: u32,
    new_path: (u32, u32),
) -> Outcome {
    let (from, to) = (context.table.get(fd)?, context.table.get(new_fd)?);
    let directory = from.as_writable_dir(Rights::PATH_RENAME_SOURCE)?;
    let new_directory = to.as_writable_dir(Rights::PATH_RENAME_TARGET)?;
    let (path, new_path) = (guest_path(guest, path)?, guest_path(guest, new_path)?);
    same_mount(&from, &to)?;
    Ok(directory.dir.rename(&path, &*new_directory.dir, &new_path)?)
}

fn same_mount(one: &Descriptor, other: &Descriptor) -> Result<(), Errno> {
    if one.mount == other.mount { Ok(()) } else { Err(Errno::XDEV) }
}

/// The numbers that `path_open` gets.
pub(crate) struct OpenRequest {
    pub(crate) flags: u32,
    pub(crate) oflags: u32,
    pub(crate) base: u64,
    pub(crate) inheriting: u64,
    pub(crate) fdflags: u32,
}

pub(crate) fn path_open(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    path: (u32, u32),
    request: &OpenRequest,
    out: u32,
) -> Outcome {
    let follow = lookup(request.flags)?;
    let oflags = u16::try_from(request.oflags).ok().and_then(OFlags::from_bits).ok_or(Errno::INVAL)?;
    let flags = u16::try_from(request.fdflags).ok().and_then(FdFlags::from_bits).ok_or(Errno::INVAL)?;
    if oflags.contains(OFlags::CREAT | OFlags::DIRECTORY) {
        return Err(Errno::INVAL.into());
    }
    // Programs ask for all 64 bits.
    let base = Rights::from_bits_truncate(request.base);
    let inheriting = Rights::from_bits_truncate(request.inheriting);

    let from = context.table.get(fd)?;
    let directory = from.as_dir(needed(oflags))?;
    may_inherit(&from, oflags, flags, base)?;
    let path = guest_path(guest, path)?;
    guest.check_range(out, 4)?;
    context.table.room()?;

    let options = OpenOptions {
        read: base.intersects(Rights::FD_READ | Rights::FD_READDIR),
        write: base.intersects(Rights::MODIFY),
        oflags,
        flags: flags - FdFlags::NONBLOCK,
        follow,
    };
    let mount = from.mount;
    let opened = if mount.read_only {
        open_read_only(&*directory.dir, &path, &options)?
    } else {
        directory.dir.open(&path, &options)?
    };
    let mut descriptor = match opened {
        Opened::File(file) => Descriptor::file(file, base, mount),
        Opened::Dir(dir) => {
            granted(&from, inheriting)?;
            Descriptor::dir(dir, base, inheriting, mount)
        }
    };
    granted(&from, descriptor.base)?;
    descriptor.nonblock = flags.contains(FdFlags::NONBLOCK);
    let new = context.table.insert(descriptor)?;
    drop(path);
    Ok(guest.write_u32(out, new)?)
}

/// The rights that a directory must have for opening something in it.
fn needed(oflags: OFlags) -> Rights {
    let mut rights = Rights::PATH_OPEN;
    rights.set(Rights::PATH_CREATE_FILE, oflags.contains(OFlags::CREAT));
    rights.set(Rights::PATH_FILESTAT_SET_SIZE, oflags.contains(OFlags::TRUNC));
    rights
}

/// Checks before opening what can be checked then, so that nothing is created or truncated in vain. Rights that make no sense
/// for what is opened are never refused; they are left out.
fn may_inherit(from: &Descriptor, oflags: OFlags, flags: FdFlags, base: Rights) -> Result<(), Errno> {
    let mut rights = base & if oflags.contains(OFlags::DIRECTORY) { Rights::DIRECTORY } else { Rights::MODIFY };
    if oflags.intersects(OFlags::CREAT | OFlags::TRUNC) {
        rights |= base & Rights::REGULAR_FILE;
    }
    rights.set(Rights::FD_SYNC, rights.contains(Rights::FD_SYNC) || flags.intersects(FdFlags::SYNC | FdFlags::RSYNC));
    if flags.contains(FdFlags::DSYNC) && !from.inheriting.contains(Rights::FD_SYNC) {
        rights |= Rights::FD_DATASYNC;
    }
    granted(from, rights)
}

fn granted(from: &Descriptor, rights: Rights) -> Result<(), Errno> {
    if from.inheriting.contains(rights) { Ok(()) } else { Err(Errno::NOTCAPABLE) }
}

/// Opens where nothing may be changed: as on a file system that is mounted for reading.
fn open_read_only(dir: &dyn fs::Dir, path: &str, options: &OpenOptions) -> Result<Opened, Errno> {
    let oflags = options.oflags;
    if oflags.contains(OFlags::CREAT) {
        match dir.stat_at(path, options.follow) {
            Ok(_) if oflags.contains(OFlags::EXCL) => return Err(Errno::EXIST),
            Err(Errno::NOENT) => return Err(Errno::ROFS),
            _ => {}
        }
    }
    if options.write || oflags.contains(OFlags::TRUNC) {
        return Err(Errno::ROFS);
    }
    dir.open(path, &OpenOptions { oflags: oflags & OFlags::DIRECTORY, ..*options })
}

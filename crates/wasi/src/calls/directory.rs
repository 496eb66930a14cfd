//! `fd_readdir` and `fd_prestat_*`.

use std::sync::Arc;

use crate::context::Outcome;
use crate::fs::{Entry, ReadDir};
use crate::table::Object;
use crate::{Context, Errno, Guest, Rights};

/// The bytes of an entry without its name.
const DIRENT: usize = 24;

/// The tag of a preopened directory.
const PREOPENTYPE_DIR: u32 = 0;

pub(crate) fn fd_readdir(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    buffer: u32,
    length: u32,
    cookie: u64,
    out: u32,
) -> Outcome {
    let descriptor = context.table.get(fd)?;
    let directory = descriptor.as_dir(Rights::FD_READDIR)?;
    let reader = &mut *directory.reader.lock();
    let reader = match reader {
        Some(reader) => reader,
        reader => reader.insert(directory.dir.read_dir()?),
    };
    let used = guest.fill(buffer, length, |bytes| {
        reader.seek(cookie)?;
        entries(&mut **reader, bytes)
    })?;
    Ok(guest.write_u32(out, used as u32)?)
}

/// Stores entries until the buffer is full; the last may be cut off.
fn entries(reader: &mut dyn ReadDir, bytes: &mut [u8]) -> Result<usize, Errno> {
    let mut used = 0;
    while used < bytes.len() {
        match reader.next() {
            Ok(Some(entry)) => used += store(&entry, &mut bytes[used..]),
            Ok(None) => break,
            // What has been read is good; the error will come again.
            Err(_) if used > 0 => return Ok(used),
            Err(errno) => return Err(errno),
        }
    }
    Ok(used)
}

fn store(entry: &Entry<'_>, bytes: &mut [u8]) -> usize {
    let mut dirent = [0; DIRENT];
    dirent[0..8].copy_from_slice(&entry.next.to_le_bytes());
    dirent[8..16].copy_from_slice(&entry.ino.to_le_bytes());
    dirent[16..20].copy_from_slice(&(entry.name.len() as u32).to_le_bytes());
    dirent[20] = entry.file_type as u8;
    let head = DIRENT.min(bytes.len());
    bytes[..head].copy_from_slice(&dirent[..head]);
    let name = entry.name.len().min(bytes.len() - head);
    bytes[head..head + name].copy_from_slice(&entry.name[..name]);
    head + name
}

pub(crate) fn fd_prestat_get(context: &Context, guest: &mut Guest<'_>, fd: u32, out: u32) -> Outcome {
    let length = preopen(context, fd)?.len() as u32;
    let prestat = u64::from(PREOPENTYPE_DIR) | u64::from(length) << 32;
    Ok(guest.write_u64(out, prestat)?)
}

pub(crate) fn fd_prestat_dir_name(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    length: u32,
) -> Outcome {
    let name = preopen(context, fd)?;
    if (length as usize) < name.len() {
        return Err(Errno::NAMETOOLONG.into());
    }
    Ok(guest.write(path, name.as_bytes())?)
}

fn preopen(context: &Context, fd: u32) -> Result<Arc<str>, Errno> {
    match &*context.table.get(fd)?.object {
        Object::Dir(directory) => directory.preopened_as.clone().ok_or(Errno::BADF),
        Object::File(_) => Err(Errno::BADF),
    }
}

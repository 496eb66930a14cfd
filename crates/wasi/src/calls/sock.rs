//! `sock_*`, on sockets that the host preopens and those that they accept.

use super::io::Transfer;
use super::wait::wait;
use crate::context::Outcome;
use crate::fs::Interest;
use crate::table::{Descriptor, Mount, Object};
use crate::types::{RiFlags, SdFlags};
use crate::{Context, Errno, FdFlags, FileType, Guest, Rights};

/// What was received is a part of a message.
const DATA_TRUNCATED: u16 = 1;

/// The socket; what is none says so, whatever its rights.
fn socket(context: &Context, fd: u32, rights: Rights) -> Result<Descriptor, Errno> {
    let descriptor = context.table.get(fd)?;
    let Object::File(file) = &*descriptor.object else { return Err(Errno::NOTSOCK) };
    if !matches!(file.file_type(), FileType::SocketStream | FileType::SocketDgram) {
        return Err(Errno::NOTSOCK);
    }
    descriptor.need(rights)?;
    Ok(descriptor)
}

/// Moves data of a socket, whose rights were looked at.
fn transfer<'a>(context: &'a Context, socket: &'a Descriptor) -> Result<Transfer<'a>, Errno> {
    Ok(Transfer { context, file: socket.as_file(Rights::empty())?, waits: !socket.nonblock })
}

pub(crate) fn sock_accept(context: &Context, guest: &mut Guest<'_>, fd: u32, flags: u32, out: u32) -> Outcome {
    let flags = u16::try_from(flags).ok().and_then(FdFlags::from_bits).ok_or(Errno::INVAL)?;
    if !FdFlags::NONBLOCK.contains(flags) {
        return Err(Errno::INVAL.into());
    }
    guest.check_range(out, 4)?;
    let socket = socket(context, fd, Rights::SOCK_ACCEPT)?;
    let socket = transfer(context, &socket)?;
    context.table.room()?;
    let connection = loop {
        match socket.file.accept() {
            Ok(connection) => break connection,
            Err(errno) if socket.goes_on(errno, Interest::Read)? => {}
            Err(errno) => return Err(errno.into()),
        }
    };
    let mut descriptor = Descriptor::file(connection, Rights::all(), Mount::NONE);
    descriptor.nonblock = flags.contains(FdFlags::NONBLOCK);
    let new = context.table.insert(descriptor)?;
    Ok(guest.write_u32(out, new)?)
}

pub(crate) fn sock_recv(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    (array, count): (u32, u32),
    flags: u32,
    out: u32,
    out_flags: u32,
) -> Outcome {
    let flags = u16::try_from(flags).ok().and_then(RiFlags::from_bits).ok_or(Errno::INVAL)?;
    let socket = socket(context, fd, Rights::FD_READ)?;
    let socket = transfer(context, &socket)?;
    let mut buffers = guest.buffers(array, count)?;
    // What is only looked at stays, so that nobody could tell when more has come.
    let all = flags.contains(RiFlags::WAITALL)
        && !flags.contains(RiFlags::PEEK)
        && socket.file.file_type() == FileType::SocketStream
        && socket.waits;
    let (mut total, mut truncated) = (0, false);
    loop {
        match guest.scatter(&buffers, |slices| {
            socket.file.receive(slices, flags - RiFlags::WAITALL).map(|(bytes, cut)| {
                truncated = cut;
                bytes
            })
        }) {
            Ok(bytes) => {
                total += bytes as u32;
                buffers.advance(bytes);
                if !all || bytes == 0 || buffers.len() == 0 {
                    break;
                }
                wait(context, socket.file, Interest::Read)?;
            }
            Err(errno) if socket.goes_on(errno, Interest::Read)? => {}
            Err(_) if total > 0 => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    guest.write_u32(out, total)?;
    let roflags = if truncated { DATA_TRUNCATED } else { 0 };
    Ok(guest.write(out_flags, &roflags.to_le_bytes())?)
}

pub(crate) fn sock_send(
    context: &Context,
    guest: &mut Guest<'_>,
    fd: u32,
    array: u32,
    count: u32,
    flags: u32,
    out: u32,
) -> Outcome {
    if flags != 0 {
        return Err(Errno::INVAL.into());
    }
    let socket = socket(context, fd, Rights::FD_WRITE)?;
    let socket = transfer(context, &socket)?;
    let sent = socket.write(guest, (array, count), |slices, _| socket.file.send(slices))?;
    Ok(guest.write_u32(out, sent)?)
}

pub(crate) fn sock_shutdown(context: &Context, _guest: &mut Guest<'_>, fd: u32, how: u32) -> Outcome {
    let socket = socket(context, fd, Rights::SOCK_SHUTDOWN)?;
    let socket = transfer(context, &socket)?;
    let how = u8::try_from(how).ok().and_then(SdFlags::from_bits).ok_or(Errno::INVAL)?;
    if how.is_empty() {
        return Err(Errno::INVAL.into());
    }
    Ok(socket.file.shutdown(how)?)
}

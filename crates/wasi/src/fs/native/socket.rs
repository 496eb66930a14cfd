//! What only sockets do.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::OwnedFd;

use rustix::net::{
    self, RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags,
    SocketType,
};

use crate::fs::{Result, RiFlags, SdFlags};
use crate::{Errno, FileType};

pub(super) fn socket_type(fd: &OwnedFd) -> std::io::Result<FileType> {
    Ok(match net::sockopt::socket_type(fd)? {
        SocketType::DGRAM => FileType::SocketDgram,
        _ => FileType::SocketStream,
    })
}

pub(super) fn accept(fd: &OwnedFd) -> Result<OwnedFd> {
    Ok(net::accept_with(fd, SocketFlags::CLOEXEC)?)
}

pub(super) fn receive(fd: &OwnedFd, buffers: &mut [IoSliceMut<'_>], flags: RiFlags) -> Result<(usize, bool)> {
    let mut how = RecvFlags::DONTWAIT;
    how.set(RecvFlags::PEEK, flags.contains(RiFlags::PEEK));
    let received = net::recvmsg(fd, buffers, &mut RecvAncillaryBuffer::default(), how)?;
    Ok((received.bytes, received.flags.contains(ReturnFlags::TRUNC)))
}

pub(super) fn send(fd: &OwnedFd, buffers: &[IoSlice<'_>]) -> Result<usize> {
    let how = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    Ok(net::sendmsg(fd, buffers, &mut SendAncillaryBuffer::default(), how)?)
}

pub(super) fn shutdown(fd: &OwnedFd, how: SdFlags) -> Result<()> {
    let how = match (how.contains(SdFlags::RD), how.contains(SdFlags::WR)) {
        (true, true) => Shutdown::Both,
        (true, false) => Shutdown::Read,
        (false, true) => Shutdown::Write,
        (false, false) => return Err(Errno::INVAL),
    };
    Ok(net::shutdown(fd, how)?)
}

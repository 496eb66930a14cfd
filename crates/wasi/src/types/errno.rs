//! Error numbers, and how the operating system's map to them.

use std::fmt;
use std::io;

/// What a function returns: an [error number](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#errno).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(u16);

macro_rules! errnos {
    ($($number:literal $name:ident $text:literal)*) => {
        impl Errno {
            $(#[doc = $text] pub const $name: Errno = Errno($number);)*
        }

        const NAMES: &[(&str, &str)] = &[$((stringify!($name), $text)),*];
    };
}

errnos! {
    0 SUCCESS "No error."
    1 TOOBIG "Argument list too long."
    2 ACCES "Permission denied."
    3 ADDRINUSE "Address in use."
    4 ADDRNOTAVAIL "Address not available."
    5 AFNOSUPPORT "Address family not supported."
    6 AGAIN "Resource unavailable, or the operation would block."
    7 ALREADY "Connection already in progress."
    8 BADF "Bad file descriptor."
    9 BADMSG "Bad message."
    10 BUSY "Device or resource busy."
    11 CANCELED "Operation cancelled."
    12 CHILD "No child processes."
    13 CONNABORTED "Connection aborted."
    14 CONNREFUSED "Connection refused."
    15 CONNRESET "Connection reset."
    16 DEADLK "Resource deadlock would occur."
    17 DESTADDRREQ "Destination address required."
    18 DOM "Argument out of the function's domain."
    19 DQUOT "Reserved."
    20 EXIST "File exists."
    21 FAULT "Bad address."
    22 FBIG "File too large."
    23 HOSTUNREACH "Host is unreachable."
    24 IDRM "Identifier removed."
    25 ILSEQ "Illegal byte sequence."
    26 INPROGRESS "Operation in progress."
    27 INTR "Interrupted function."
    28 INVAL "Invalid argument."
    29 IO "Input or output error."
    30 ISCONN "Socket is connected."
    31 ISDIR "Is a directory."
    32 LOOP "Too many levels of symbolic links."
    33 MFILE "Too many open descriptors."
    34 MLINK "Too many links."
    35 MSGSIZE "Message too large."
    36 MULTIHOP "Reserved."
    37 NAMETOOLONG "File name too long."
    38 NETDOWN "Network is down."
    39 NETRESET "Connection aborted by the network."
    40 NETUNREACH "Network unreachable."
    41 NFILE "Too many files open in the system."
    42 NOBUFS "No buffer space available."
    43 NODEV "No such device."
    44 NOENT "No such file or directory."
    45 NOEXEC "Executable format error."
    46 NOLCK "No locks available."
    47 NOLINK "Reserved."
    48 NOMEM "Not enough memory."
    49 NOMSG "No message of the desired type."
    50 NOPROTOOPT "Protocol not available."
    51 NOSPC "No space left on the device."
    52 NOSYS "Function not supported."
    53 NOTCONN "The socket is not connected."
    54 NOTDIR "Not a directory, nor a symbolic link to one."
    55 NOTEMPTY "Directory not empty."
    56 NOTRECOVERABLE "State not recoverable."
    57 NOTSOCK "Not a socket."
    58 NOTSUP "Not supported."
    59 NOTTY "Inappropriate control operation."
    60 NXIO "No such device or address."
    61 OVERFLOW "Value too large for its type."
    62 OWNERDEAD "Previous owner died."
    63 PERM "Operation not permitted."
    64 PIPE "Broken pipe."
    65 PROTO "Protocol error."
    66 PROTONOSUPPORT "Protocol not supported."
    67 PROTOTYPE "Wrong type of protocol for the socket."
    68 RANGE "Result too large."
    69 ROFS "Read-only file system."
    70 SPIPE "Invalid seek."
    71 SRCH "No such process."
    72 STALE "Reserved."
    73 TIMEDOUT "Connection timed out."
    74 TXTBSY "Text file busy."
    75 XDEV "Link across file systems."
    76 NOTCAPABLE "The descriptor lacks a right, or a path would leave its directory."
}

impl Errno {
    /// The number that programs see.
    pub fn raw(self) -> u16 {
        self.0
    }

    /// The errno of this number, if there is one.
    pub fn from_raw(number: u16) -> Option<Errno> {
        (usize::from(number) < NAMES.len()).then_some(Errno(number))
    }

    /// The name as in POSIX without its `E`, for example `NOENT`.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0)].0
    }

    /// The errno of a POSIX name with its `E`, for example `ENOENT`: what `error.code` of Node.js has.
    pub fn from_posix_name(name: &str) -> Option<Errno> {
        let name = match name.strip_prefix('E')? {
            "2BIG" => "TOOBIG",
            "WOULDBLOCK" => "AGAIN",
            "OPNOTSUPP" => "NOTSUP",
            name => name,
        };
        let number = NAMES.iter().position(|&(known, _)| known == name)?;
        (number != 0).then_some(Errno(number as u16))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES[usize::from(self.0)].1)
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Errno {}

impl From<rustix::io::Errno> for Errno {
    fn from(errno: rustix::io::Errno) -> Errno {
        type Host = rustix::io::Errno;
        // Not a `match`: some systems give two names the same number.
        const TABLE: &[(Host, Errno)] = &[
            (Host::NOENT, Errno::NOENT),
            (Host::AGAIN, Errno::AGAIN),
            (Host::WOULDBLOCK, Errno::AGAIN),
            (Host::TOOBIG, Errno::TOOBIG),
            (Host::DQUOT, Errno::DQUOT),
            (Host::STALE, Errno::STALE),
            (Host::OPNOTSUPP, Errno::NOTSUP),
            (Host::NOTSUP, Errno::NOTSUP),
            (Host::ACCESS, Errno::ACCES),
            (Host::ADDRINUSE, Errno::ADDRINUSE),
            (Host::ADDRNOTAVAIL, Errno::ADDRNOTAVAIL),
            (Host::AFNOSUPPORT, Errno::AFNOSUPPORT),
            (Host::ALREADY, Errno::ALREADY),
            (Host::BADF, Errno::BADF),
            (Host::BADMSG, Errno::BADMSG),
            (Host::BUSY, Errno::BUSY),
            (Host::CANCELED, Errno::CANCELED),
            (Host::CHILD, Errno::CHILD),
            (Host::CONNABORTED, Errno::CONNABORTED),
            (Host::CONNREFUSED, Errno::CONNREFUSED),
            (Host::CONNRESET, Errno::CONNRESET),
            (Host::DEADLK, Errno::DEADLK),
            (Host::DESTADDRREQ, Errno::DESTADDRREQ),
            (Host::DOM, Errno::DOM),
            (Host::EXIST, Errno::EXIST),
            (Host::FAULT, Errno::FAULT),
            (Host::FBIG, Errno::FBIG),
            (Host::HOSTUNREACH, Errno::HOSTUNREACH),
            (Host::IDRM, Errno::IDRM),
            (Host::ILSEQ, Errno::ILSEQ),
            (Host::INPROGRESS, Errno::INPROGRESS),
            (Host::INTR, Errno::INTR),
            (Host::INVAL, Errno::INVAL),
            (Host::IO, Errno::IO),
            (Host::ISCONN, Errno::ISCONN),
            (Host::ISDIR, Errno::ISDIR),
            (Host::LOOP, Errno::LOOP),
            (Host::MFILE, Errno::MFILE),
            (Host::MLINK, Errno::MLINK),
            (Host::MSGSIZE, Errno::MSGSIZE),
            (Host::NAMETOOLONG, Errno::NAMETOOLONG),
            (Host::NETDOWN, Errno::NETDOWN),
            (Host::NETRESET, Errno::NETRESET),
            (Host::NETUNREACH, Errno::NETUNREACH),
            (Host::NFILE, Errno::NFILE),
            (Host::NOBUFS, Errno::NOBUFS),
            (Host::NODEV, Errno::NODEV),
            (Host::NOEXEC, Errno::NOEXEC),
            (Host::NOLCK, Errno::NOLCK),
            (Host::NOMEM, Errno::NOMEM),
            (Host::NOMSG, Errno::NOMSG),
            (Host::NOPROTOOPT, Errno::NOPROTOOPT),
            (Host::NOSPC, Errno::NOSPC),
            (Host::NOSYS, Errno::NOSYS),
            (Host::NOTCONN, Errno::NOTCONN),
            (Host::NOTDIR, Errno::NOTDIR),
            (Host::NOTEMPTY, Errno::NOTEMPTY),
            (Host::NOTRECOVERABLE, Errno::NOTRECOVERABLE),
            (Host::NOTSOCK, Errno::NOTSOCK),
            (Host::NOTTY, Errno::NOTTY),
            (Host::NXIO, Errno::NXIO),
            (Host::OVERFLOW, Errno::OVERFLOW),
            (Host::OWNERDEAD, Errno::OWNERDEAD),
            (Host::PERM, Errno::PERM),
            (Host::PIPE, Errno::PIPE),
            (Host::PROTO, Errno::PROTO),
            (Host::PROTONOSUPPORT, Errno::PROTONOSUPPORT),
            (Host::PROTOTYPE, Errno::PROTOTYPE),
            (Host::RANGE, Errno::RANGE),
            (Host::ROFS, Errno::ROFS),
            (Host::SPIPE, Errno::SPIPE),
            (Host::SRCH, Errno::SRCH),
            (Host::TIMEDOUT, Errno::TIMEDOUT),
            (Host::TXTBSY, Errno::TXTBSY),
            (Host::XDEV, Errno::XDEV),
        ];
        TABLE.iter().find(|&&(host, _)| host == errno).map_or(Errno::IO, |&(_, errno)| errno)
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        if let Some(number) = error.raw_os_error() {
            return rustix::io::Errno::from_raw_os_error(number).into();
        }
        match error.kind() {
            io::ErrorKind::NotFound => Errno::NOENT,
            // Errors without a number are made by libraries: this one says that a path leads out of its directory.
            io::ErrorKind::PermissionDenied => Errno::NOTCAPABLE,
            io::ErrorKind::AlreadyExists => Errno::EXIST,
            io::ErrorKind::InvalidInput => Errno::INVAL,
            io::ErrorKind::WouldBlock => Errno::AGAIN,
            io::ErrorKind::BrokenPipe => Errno::PIPE,
            io::ErrorKind::Interrupted => Errno::INTR,
            io::ErrorKind::Unsupported => Errno::NOTSUP,
            io::ErrorKind::OutOfMemory => Errno::NOMEM,
            _ => Errno::IO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        assert_eq!(Errno::SUCCESS.raw(), 0);
        assert_eq!(Errno::BADF.raw(), 8);
        assert_eq!(Errno::NOENT.raw(), 44);
        assert_eq!(Errno::PIPE.raw(), 64);
        assert_eq!(Errno::NOTCAPABLE.raw(), 76);
        assert_eq!(Errno::from_raw(77), None);
    }

    #[test]
    fn errors_of_the_system_and_of_node_have_their_number() {
        assert_eq!(Errno::from(rustix::io::Errno::LOOP), Errno::LOOP);
        assert_eq!(Errno::from(io::Error::from(rustix::io::Errno::NOTEMPTY)), Errno::NOTEMPTY);
        assert_eq!(Errno::from_posix_name("ENOTDIR"), Some(Errno::NOTDIR));
        assert_eq!(Errno::from_posix_name("E2BIG"), Some(Errno::TOOBIG));
        assert_eq!(Errno::from_posix_name("ESUCCESS"), None);
        assert_eq!(Errno::from_posix_name("ERR_INVALID_ARG_TYPE"), None);
    }
}

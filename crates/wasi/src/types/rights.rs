//! Rights of descriptors: which functions may be called on them, and which sets belong to which type of file.

use super::FileType;

bitflags::bitflags! {
    /// What may be done with a descriptor; the [numbers](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#rights)
    /// are those of the specification.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rights: u64 {
        /// `fd_datasync`, and opening with `DSYNC`.
        const FD_DATASYNC = 1 << 0;
        /// `fd_read`, `sock_recv`, and with `FD_SEEK` `fd_pread`.
        const FD_READ = 1 << 1;
        /// `fd_seek`; implies `FD_TELL`.
        const FD_SEEK = 1 << 2;
        /// `fd_fdstat_set_flags`.
        const FD_FDSTAT_SET_FLAGS = 1 << 3;
        /// `fd_sync`, and opening with `SYNC`, `RSYNC` or `DSYNC`.
        const FD_SYNC = 1 << 4;
        /// `fd_tell`, and `fd_seek` that moves nothing.
        const FD_TELL = 1 << 5;
        /// `fd_write`, `sock_send`, and with `FD_SEEK` `fd_pwrite`.
        const FD_WRITE = 1 << 6;
        /// `fd_advise`.
        const FD_ADVISE = 1 << 7;
        /// `fd_allocate`.
        const FD_ALLOCATE = 1 << 8;
        /// `path_create_directory`.
        const PATH_CREATE_DIRECTORY = 1 << 9;
        /// Opening with `CREAT`.
        const PATH_CREATE_FILE = 1 << 10;
        /// `path_link` from here.
        const PATH_LINK_SOURCE = 1 << 11;
        /// `path_link` to here.
        const PATH_LINK_TARGET = 1 << 12;
        /// `path_open`.
        const PATH_OPEN = 1 << 13;
        /// `fd_readdir`.
        const FD_READDIR = 1 << 14;
        /// `path_readlink`.
        const PATH_READLINK = 1 << 15;
        /// `path_rename` from here.
        const PATH_RENAME_SOURCE = 1 << 16;
        /// `path_rename` to here.
        const PATH_RENAME_TARGET = 1 << 17;
        /// `path_filestat_get`.
        const PATH_FILESTAT_GET = 1 << 18;
        /// Opening with `TRUNC`.
        const PATH_FILESTAT_SET_SIZE = 1 << 19;
        /// `path_filestat_set_times`.
        const PATH_FILESTAT_SET_TIMES = 1 << 20;
        /// `fd_filestat_get`.
        const FD_FILESTAT_GET = 1 << 21;
        /// `fd_filestat_set_size`.
        const FD_FILESTAT_SET_SIZE = 1 << 22;
        /// `fd_filestat_set_times`.
        const FD_FILESTAT_SET_TIMES = 1 << 23;
        /// `path_symlink`.
        const PATH_SYMLINK = 1 << 24;
        /// `path_remove_directory`.
        const PATH_REMOVE_DIRECTORY = 1 << 25;
        /// `path_unlink_file`.
        const PATH_UNLINK_FILE = 1 << 26;
        /// `poll_oneoff` on this descriptor.
        const POLL_FD_READWRITE = 1 << 27;
        /// `sock_shutdown`.
        const SOCK_SHUTDOWN = 1 << 28;
        /// `sock_accept`.
        const SOCK_ACCEPT = 1 << 29;
    }
}

impl Rights {
    /// What makes sense for a directory itself.
    pub const DIRECTORY: Rights = Rights::FD_FDSTAT_SET_FLAGS
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_ADVISE)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::FD_READDIR)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE)
        .union(Rights::POLL_FD_READWRITE);

    /// What makes sense for a regular file.
    pub const REGULAR_FILE: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_READ)
        .union(Rights::FD_SEEK)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_TELL)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);

    /// What makes sense for a terminal. Without the rights to seek, C libraries take it for one.
    pub const TERMINAL: Rights = Rights::FD_READ
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE);

    /// What makes sense for a socket.
    pub const SOCKET: Rights = Rights::TERMINAL.union(Rights::SOCK_SHUTDOWN).union(Rights::SOCK_ACCEPT);

    /// What a program needs in order to change anything.
    pub const MODIFY: Rights = Rights::FD_WRITE.union(Rights::FD_ALLOCATE).union(Rights::FD_FILESTAT_SET_SIZE);

    /// What may be asked for a file of this type; `terminal` is for character devices.
    pub fn applicable(file_type: FileType, terminal: bool) -> Rights {
        match file_type {
            FileType::Directory => Rights::DIRECTORY,
            FileType::CharacterDevice if terminal => Rights::TERMINAL,
            FileType::SocketStream | FileType::SocketDgram => Rights::SOCKET,
            _ => Rights::REGULAR_FILE,
        }
    }
}

//! Flags of descriptors, of opening, looking up, setting times, and of sockets.

bitflags::bitflags! {
    /// How a descriptor behaves.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct FdFlags: u16 {
        /// Every write goes to the end of the file.
        const APPEND = 1;
        /// A write returns when its data is on the disk.
        const DSYNC = 2;
        /// What would have to wait fails with `AGAIN`.
        const NONBLOCK = 4;
        /// A read returns what is on the disk.
        const RSYNC = 8;
        /// A write returns when data and attributes are on the disk.
        const SYNC = 16;
    }

    /// How to open.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct OFlags: u16 {
        /// Create the file if there is none.
        const CREAT = 1;
        /// Fail if it is no directory.
        const DIRECTORY = 2;
        /// Fail if it exists.
        const EXCL = 4;
        /// Truncate it.
        const TRUNC = 8;
    }

    /// Which times to set.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FstFlags: u16 {
        /// The time of the last access, to the value given.
        const ATIM = 1;
        /// The time of the last access, to now.
        const ATIM_NOW = 2;
        /// The time of the last modification, to the value given.
        const MTIM = 4;
        /// The time of the last modification, to now.
        const MTIM_NOW = 8;
    }

    /// How to resolve a path.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LookupFlags: u32 {
        /// Follow a symbolic link in the last place.
        const SYMLINK_FOLLOW = 1;
    }

    /// How to receive.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RiFlags: u16 {
        /// Leave the data in the socket.
        const PEEK = 1;
        /// Wait for as much as fits.
        const WAITALL = 2;
    }

    /// Which directions to shut down.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SdFlags: u8 {
        /// No more receiving.
        const RD = 1;
        /// No more sending.
        const WR = 2;
    }
}

//! What files are and have.

/// Nanoseconds; of the real-time clock, since 1970.
pub type Timestamp = u64;

/// The type of a file or descriptor, with the numbers of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FileType {
    /// Something else, such as a pipe.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device, such as a terminal.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// The attributes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// The device that the file is on.
    pub dev: u64,
    /// Its number there.
    pub ino: u64,
    /// Its type.
    pub file_type: FileType,
    /// How many names it has.
    pub nlink: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The last access.
    pub atim: Timestamp,
    /// The last modification.
    pub mtim: Timestamp,
    /// The last change of attributes.
    pub ctim: Timestamp,
}

/// What to do to a time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// Leave it.
    Keep,
    /// Set it to the present.
    Now,
    /// Set it to this.
    To(Timestamp),
}

/// What an offset is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// The start of the file.
    Set,
    /// The present position.
    Current,
    /// The end of the file.
    End,
}

/// How a program expects to use a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// In no special way.
    Normal,
    /// From low offsets to high ones.
    Sequential,
    /// In random order.
    Random,
    /// Soon.
    WillNeed,
    /// Not soon.
    DontNeed,
    /// Once.
    NoReuse,
}

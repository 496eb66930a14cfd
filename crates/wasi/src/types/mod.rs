//! The types of the witx files: values that programs and functions exchange.

mod errno;
mod file;
mod flags;
mod rights;

pub use errno::Errno;
pub use file::{Advice, FileStat, FileType, SetTime, Timestamp, Whence};
pub use flags::{FdFlags, FstFlags, LookupFlags, OFlags, RiFlags, SdFlags};
pub use rights::Rights;

//! WASI preview1 for programs that run in a Gantry store: the functions, the descriptor table, and file systems.
//!
//! A [`Context`] is what one program sees of the system. [`functions`] lists the functions of a [`Version`]; each is
//! called with the context, the program's memory and its arguments:
//!
//! ```
//! use gantry_wasi::{Context, Errno, Guest, Version, function};
//!
//! let context = Context::builder().args(["tool", "--help"]).build();
//! let mut memory = vec![0; 65536];
//! let sizes = function(Version::Preview1, "args_sizes_get").unwrap();
//! let done = (sizes.call)(&context, &mut Guest::new(&mut memory), &[0, 4]).unwrap();
//! assert_eq!(done, Errno::SUCCESS);
//! assert_eq!(memory[..8], [2, 0, 0, 0, 12, 0, 0, 0]);
//! ```
//!
//! File systems are behind two traits, [`fs::Dir`] and [`fs::File`]: real directories ([`fs::native`]), trees in memory
//! ([`fs::memory`]), and whatever can be reached by path only ([`fs::path`]). No path leaves the directory that it is
//! resolved in, whichever of them it is.
//!
//! Must not know: the engine, Node.js, where a program's memory comes from.

mod calls;
mod clock;
mod context;
mod exit;
pub mod fs;
mod function;
mod guest;
mod random;
mod sync;
mod table;
mod types;

pub use clock::Clock;
pub use context::{Builder, Context, Preopen};
pub use exit::{Exit, Signal};
pub use function::{Function, Type, Version, function, functions};
pub use guest::Guest;
pub use random::Random;
pub use types::{Advice, Errno, FdFlags, FileStat, FileType, OFlags, Rights, SetTime, Timestamp, Whence};

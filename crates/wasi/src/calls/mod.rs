//! The functions of WASI, one file a group. Each takes the context, the program's memory and its arguments, and stores
//! results where the program wants them.
//!
//! Must not know: what files and directories are made of.

pub(crate) mod args;
pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod directory;
pub(crate) mod io;
pub(crate) mod path;
pub(crate) mod poll;
pub(crate) mod proc;
pub(crate) mod random;
pub(crate) mod sock;
pub(crate) mod stat;
mod wait;

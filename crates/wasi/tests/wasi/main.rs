//! Calls every function as a program would, over all kinds of file systems.

mod backends;
mod host_fs;
mod program;

mod descriptors;
mod directories;
mod files;
mod links;
mod opening;
mod polling;
mod process;
mod renaming;
mod rights;
mod sandbox;
mod sockets;
mod streams;
mod threads;
mod unstable;

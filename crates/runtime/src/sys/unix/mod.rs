//! Linux and macOS.

pub mod pages;
pub mod traps;

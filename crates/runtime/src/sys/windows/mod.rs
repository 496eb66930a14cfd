//! Windows. Written from Microsoft's documentation and type-checked; not yet run on Windows.

pub mod pages;
pub mod traps;

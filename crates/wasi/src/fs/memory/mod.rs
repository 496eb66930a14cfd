//! Files and directories in memory.
//!
//! ```
//! use gantry_wasi::{Context, Preopen, fs::memory::Tree};
//!
//! let tree = Tree::new();
//! tree.add_file("config/a.txt", b"hello".to_vec()).unwrap();
//! let context = Context::builder().preopen(Preopen::new("/data", tree.root()).read_only()).build();
//! ```
//!
//! Must not know: programs, descriptors, rights.

mod handle;
mod node;
mod tree;

pub use tree::Tree;

/// How many bytes a tree holds at most unless its maker says otherwise.
const DEFAULT_LIMIT: u64 = 1 << 30;

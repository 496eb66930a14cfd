//! The contract between compiled code and the runtime, as data.
//!
//! Both sides derive from what is said here once: the layout of what compiled code reads and writes ([`vmctx`]),
//! objects ([`object`]), the functions that it may call ([`Libcall`]), why it traps ([`TrapCode`]), what it counts ([`profile`]), the
//! forms in which it is stored ([`artifact`]) and handed over ([`Piece`], [`Partial`]), and what it was made for ([`Target`]).
//!
//! Must not know: Cranelift, how any of it is implemented.

pub mod artifact;
mod libcall;
pub mod object;
mod partial;
mod piece;
pub mod profile;
mod target;
mod trap;
pub mod vmctx;

pub use libcall::{AbiType, Libcall, LibcallSignature};
pub use partial::Partial;
pub use piece::Piece;
pub use profile::Profile;
pub use target::{Mismatch, Target};
pub use trap::TrapCode;

//! The contract between compiled code and the runtime, as data.
//!
//! Both sides derive from what is said here once: the layout of what compiled code reads and writes ([`vmctx`]),
//! objects ([`object`]), the functions that it may call ([`Libcall`]), why it traps ([`TrapCode`]), and the form in which it is stored
//! ([`artifact`]).
//!
//! Must not know: Cranelift, how any of it is implemented.

pub mod artifact;
mod libcall;
pub mod object;
mod trap;
pub mod vmctx;

pub use libcall::{AbiType, Libcall, LibcallSignature};
pub use trap::TrapCode;

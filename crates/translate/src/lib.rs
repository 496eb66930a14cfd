//! WebAssembly operators to Cranelift IR.
//!
//! [`translate_function`] validates a function body and translates it, in one pass. One file an operator family;
//! [`translator`] holds what they share, [`trampoline`] makes the code between conventions. Behind the pass, [`exits`] and [`index`] bring
//! the whole function into the form of which Cranelift makes better code.
//!
//! Must not know: how code is compiled, stored or run.

mod atomic;
mod br_table;
mod call;
mod cast;
mod control;
mod env;
mod exception;
mod exits;
mod index;
mod inline;
mod leaving;
mod memory;
mod numeric;
mod object;
mod reference;
mod simd;
mod simd_memory;
mod switch;
mod table;
pub mod trampoline;
mod translator;
mod unroll;
mod variable;
mod wide;

pub use env::{Calls, ModuleEnv, func_name, trap};
pub use inline::Inlinable;
pub use translator::{StackCheck, Translated, Translator, translate_function};

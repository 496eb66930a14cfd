//! The Node.js addon: Node-API only. Convert, call, convert back.
//!
//! JavaScript makes one [`host::Host`] for each environment: it owns the store of that thread and everything that
//! JavaScript objects stand for. The objects themselves, with the behaviour that the WebAssembly JS API asks for, are
//! written in JavaScript (`js/`), which also drives running code; see [`enter`] for how calls cross.
//!
//! Must not know: how the JS API behaves, how code is compiled.

mod ahead;
mod buffer;
mod debug;
mod describe;
mod enter;
mod exception;
mod fast;
mod global;
mod host;
mod instance;
mod keys;
mod memory;
mod module;
mod resolve;
mod responses;
mod roots;
mod scripts;
mod settings;
mod stack;
mod stream;
mod table;
mod ticker;
mod tools;
#[cfg(unix)]
mod wasi;
#[cfg(not(unix))]
#[path = "no_wasi.rs"]
mod wasi;

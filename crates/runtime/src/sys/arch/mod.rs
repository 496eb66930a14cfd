//! Entering wasm with its registers saved, and leaving it from anywhere.

#[cfg(all(target_arch = "x86_64", unix))]
mod x86_64_sysv;
#[cfg(all(target_arch = "x86_64", unix))]
pub use x86_64_sysv::{enter, flush_instruction_cache, interruption, landing, leave, raise, saved_registers};

#[cfg(all(target_arch = "x86_64", windows))]
mod x86_64_windows;
#[cfg(all(target_arch = "x86_64", windows))]
pub use x86_64_windows::{enter, flush_instruction_cache, interruption, landing, leave, raise, saved_registers};

#[cfg(all(target_arch = "aarch64", unix))]
mod aarch64;
#[cfg(all(target_arch = "aarch64", unix))]
pub use aarch64::{enter, flush_instruction_cache, interruption, landing, leave, raise, saved_registers};

//! Entering wasm with its registers saved, leaving it from anywhere, and switching stacks.

#[cfg(all(target_arch = "x86_64", unix))]
mod x86_64_sysv;
#[cfg(all(target_arch = "x86_64", unix))]
pub use x86_64_sysv::{
    STUB_END_LEN, STUB_LEN, call_on, called, called_behind_results, enter, flush_instruction_cache,
    has_context_behind_results, interruption, landing, leave, new_stack, raise, saved_registers, stub, stub_end,
    switch, through, throw,
};

#[cfg(all(target_arch = "x86_64", windows))]
mod x86_64_windows;
#[cfg(all(target_arch = "x86_64", windows))]
pub use x86_64_windows::{
    STUB_END_LEN, STUB_LEN, call_on, called, called_behind_results, enter, flush_instruction_cache,
    has_context_behind_results, interruption, landing, leave, new_stack, raise, saved_registers, stub, stub_end,
    switch, through, throw,
};

#[cfg(all(target_arch = "aarch64", unix))]
mod aarch64;
#[cfg(all(target_arch = "aarch64", unix))]
pub use aarch64::{
    STUB_END_LEN, STUB_LEN, call_on, called, called_behind_results, enter, flush_instruction_cache,
    has_context_behind_results, interruption, landing, leave, new_stack, raise, saved_registers, stub, stub_end,
    switch, through, throw,
};

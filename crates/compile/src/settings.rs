//! What decides how code is generated, and the identity that follows from it.

use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use gantry_abi::vmctx::MemoryStyle;
use target_lexicon::{Architecture, OperatingSystem};

use crate::error::CompileError;

/// How much work code is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Code soon: no optimisation. Functions call each other through the code table, so that
    /// each can be replaced while others run.
    Quick,
    /// Fast code.
    Optimized,
}

/// Compilation settings. Artifacts of different settings do not mix.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How accesses to memories are checked.
    pub memory_style: MemoryStyle,
    /// How much work code is worth.
    pub tier: Tier,
    /// Threads to compile on, at least 1.
    pub threads: usize,
    /// Whether results are the same on every processor: NaNs are canonical, relaxed vector operators have fixed results.
    pub deterministic: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        Settings { memory_style: MemoryStyle::Reserved, tier: Tier::Optimized, threads, deterministic: false }
    }
}

/// The code generator for the machine that this runs on.
pub(crate) fn host_isa(tier: Tier, deterministic: bool) -> Result<OwnedTargetIsa, CompileError> {
    let target = |e: &dyn std::fmt::Display| CompileError::Target(e.to_string());
    let mut flags = settings::builder();
    let opt_level = match tier {
        Tier::Quick => "none",
        Tier::Optimized => "speed",
    };
    let values = [
        ("opt_level", opt_level),
        // The single pass is quicker and makes frames so large that recursion ends early.
        ("regalloc_algorithm", "backtracking"),
        ("preserve_frame_pointers", "true"),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
        // More results than fit in registers go through memory.
        ("enable_multi_ret_implicit_sret", "true"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
        ("log2_min_function_alignment", "4"),
        ("enable_nan_canonicalization", if deterministic { "true" } else { "false" }),
    ];
    for (name, value) in values {
        flags.set(name, value).map_err(|e| target(&e))?;
    }
    let isa = cranelift_native::builder().map_err(|e| target(&e))?;
    // Windows keeps the bounds of the stack elsewhere too; other processors lack the instruction.
    if isa.triple().architecture == Architecture::X86_64 && isa.triple().operating_system != OperatingSystem::Windows {
        flags.set("stack_switch_model", "basic").map_err(|e| target(&e))?;
    }
    isa.finish(settings::Flags::new(flags)).map_err(|e| target(&e))
}

/// A digest of all that machine code depends on besides the module.
pub(crate) fn identity(isa: &OwnedTargetIsa, memory_style: MemoryStyle) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(b"\0");
    };
    add(env!("CARGO_PKG_VERSION"));
    add(cranelift_codegen::VERSION);
    add(&isa.triple().to_string());
    for flag in isa.flags().iter().chain(isa.isa_flags()) {
        add(&flag.to_string());
    }
    add(match memory_style {
        MemoryStyle::Reserved => "reserved",
        MemoryStyle::Checked => "checked",
    });
    *hasher.finalize().as_bytes()
}

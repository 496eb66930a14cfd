//! What decides how code is generated, and the description that follows from it.

use std::sync::LazyLock;

use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use gantry_abi::Target;
use gantry_abi::vmctx::MemoryStyle;
use target_lexicon::{Architecture, OperatingSystem};

use crate::error::CompileError;
use crate::machine;

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
    /// The machine that code is for.
    pub machine: Machine,
}

impl Default for Settings {
    fn default() -> Self {
        // The system is asked through files.
        static THREADS: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
        Settings {
            memory_style: MemoryStyle::Reserved,
            tier: Tier::Optimized,
            threads: *THREADS,
            deterministic: false,
            machine: Machine::default(),
        }
    }
}

/// The machine that code is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// A target triple; without one, the machine that this runs on.
    pub triple: Option<String>,
    /// The least processor.
    pub cpu: Cpu,
}

/// What a processor has that not all of its architecture have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cpu {
    /// What the processor that this runs on has.
    #[default]
    Native,
    /// Nothing.
    Baseline,
    /// These features, named as in [`Target::features`].
    Features(Vec<String>),
}

/// The code generator for a machine.
pub(crate) fn isa(settings: &Settings) -> Result<OwnedTargetIsa, CompileError> {
    let target = |e: &dyn std::fmt::Display| CompileError::Target(e.to_string());
    let mut flags = settings::builder();
    let opt_level = match settings.tier {
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
        ("machine_code_cfg_info", if settings.tier == Tier::Optimized { "true" } else { "false" }),
        ("enable_nan_canonicalization", if settings.deterministic { "true" } else { "false" }),
    ];
    for (name, value) in values {
        flags.set(name, value).map_err(|e| target(&e))?;
    }
    let isa = machine::builder(&settings.machine)?;
    // Windows keeps the bounds of the stack elsewhere too; other processors lack the instruction.
    if isa.triple().architecture == Architecture::X86_64 && isa.triple().operating_system != OperatingSystem::Windows {
        flags.set("stack_switch_model", "basic").map_err(|e| target(&e))?;
    }
    isa.finish(settings::Flags::new(flags)).map_err(|e| target(&e))
}

/// All that machine code depends on besides the module.
pub(crate) fn target(isa: &OwnedTargetIsa, settings: &Settings) -> Target {
    let (arch, os) = machine::names(isa.triple());
    let mut words = vec![format!("cranelift={}", cranelift_codegen::VERSION)];
    words.extend(isa.flags().iter().chain(isa.isa_flags()).map(|flag| flag.to_string().replace(' ', "")));
    let features = machine::features(isa);
    let here = Target::here(settings.memory_style, settings.deterministic);
    Target { arch, os, features, settings: words.join(" "), ..here }
}

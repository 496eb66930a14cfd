//! The quick tier's own compiler: where there is one, and what it makes in the form of the other's.

use cranelift_codegen::isa::{CallConv, TargetIsa};
use gantry_baseline::{Features, ModuleEnv};
use gantry_module::{FunctionBody, Module};

use crate::function::CompiledFunction;
use crate::settings::{Settings, Tier};

/// A module whose functions get quick code.
pub(crate) struct Quick<'m> {
    pub env: ModuleEnv<'m>,
    /// Whether all functions are known to be valid.
    pub is_valid: bool,
}

/// A module for the compiler of quick code, if code is to be quick and there is one for the target.
pub(crate) fn of<'m>(module: &'m Module, isa: &dyn TargetIsa, settings: &Settings) -> Option<Quick<'m>> {
    let is_target = isa.name() == "x64" && isa.default_call_conv() == CallConv::SystemV;
    let wanted = is_target && settings.tier == Tier::Quick;
    wanted.then(|| {
        let mut env = ModuleEnv::new(module, settings.memory_style, features(isa));
        env.deterministic = settings.deterministic;
        Quick { env, is_valid: false }
    })
}

fn features(isa: &dyn TargetIsa) -> Features {
    let has = |name: &str| isa.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(true));
    Features {
        sse4: has("has_ssse3") && has("has_sse41") && has("has_sse42"),
        popcnt: has("has_popcnt"),
        lzcnt: has("has_lzcnt"),
        bmi1: has("has_bmi1"),
        bmi2: has("has_bmi2"),
    }
}

/// Compiles a function, or gives `None` where the other compiler has to.
pub(crate) fn compile(
    compiler: &mut gantry_baseline::Compiler,
    quick: &Quick<'_>,
    body: &FunctionBody,
) -> gantry_module::Result<Option<CompiledFunction>> {
    let compiled = compiler.compile(&quick.env, body, quick.is_valid)?;
    Ok(compiled.map(|f| CompiledFunction {
        code: f.code,
        calls: Vec::new(),
        traps: f.traps,
        positions: f.positions,
        inlined: Vec::new(),
        handlers: f.handlers,
        writes_tables: f.writes_tables,
        is_checked: f.is_checked,
        frame: f.frame,
    }))
}

//! The quick tier's own compiler: where there is one, and what it makes in the form of the other's.

use cranelift_codegen::isa::{CallConv, TargetIsa};
use gantry_baseline::{Features, ModuleEnv};
use gantry_module::{FunctionBody, Module};

use crate::function::CompiledFunction;
use crate::settings::{Settings, Tier};

/// What the compiler for quick code needs to know of a module, if code is to be quick and there is one for the target.
/// `counts` says whether functions count how often they are entered.
pub(crate) fn env<'m>(
    module: &'m Module,
    isa: &dyn TargetIsa,
    settings: &Settings,
    counts: bool,
) -> Option<ModuleEnv<'m>> {
    let is_target = isa.name() == "x64" && isa.default_call_conv() == CallConv::SystemV;
    let wanted = is_target && settings.tier == Tier::Quick;
    wanted.then(|| ModuleEnv {
        counts,
        deterministic: settings.deterministic,
        ..ModuleEnv::new(module, settings.memory_style, features(isa))
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
    env: &ModuleEnv<'_>,
    body: &FunctionBody,
) -> gantry_module::Result<Option<CompiledFunction>> {
    let compiled = compiler.compile(env, body, false)?;
    Ok(compiled.map(|f| CompiledFunction {
        code: f.code,
        calls: Vec::new(),
        traps: f.traps,
        positions: f.positions,
        inlined: Vec::new(),
        handlers: Vec::new(),
        writes_tables: f.writes_tables,
        is_checked: f.is_checked,
        frame: f.frame,
    }))
}

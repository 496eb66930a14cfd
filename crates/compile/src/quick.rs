//! The quick tier's own compiler: where there is one, and what it makes in the form of the other's.

use cranelift_codegen::isa::{CallConv, TargetIsa};
use gantry_baseline::{Features, ModuleEnv, Signatures};
use gantry_module::{FunctionBody, Module};

use crate::compiler::Compiler;
use crate::function::CompiledFunction;
use crate::placement::Places;
use crate::settings::{Settings, Tier};

/// A module whose functions get quick code.
pub(crate) struct Quick<'m> {
    pub env: ModuleEnv<'m>,
    /// Whether all functions are known to be valid.
    pub is_valid: bool,
}

/// What the pieces of a module have in common, so that it is found out once.
#[derive(Clone)]
pub struct Prepared {
    signatures: Option<Signatures>,
}

impl Compiler {
    /// Whether there is a compiler of its own for quick code, which is many times as fast as the other.
    pub fn is_quick(&self) -> bool {
        self.quick.is_some()
    }

    /// What the pieces of a module will have in common.
    pub fn prepare(&self, module: &Module) -> Prepared {
        Prepared { signatures: self.quick.map(|_| Signatures::of(module)) }
    }

    /// A module for the compiler of quick code, if code is to be quick and there is one for the target.
    pub(crate) fn quick<'m>(&self, module: &'m Module, prepared: &Prepared) -> Option<Quick<'m>> {
        let (features, signatures) = (self.quick?, prepared.signatures.clone()?);
        let mut env = ModuleEnv::new(module, signatures, self.settings.memory_style, features);
        env.deterministic = self.settings.deterministic;
        Some(Quick { env, is_valid: false })
    }
}

/// What the compiler of quick code may use, if code is to be quick and there is one for the target.
pub(crate) fn of(isa: &dyn TargetIsa, settings: &Settings) -> Option<Features> {
    let is_target = isa.name() == "x64" && isa.default_call_conv() == CallConv::SystemV;
    (is_target && settings.tier == Tier::Quick).then(|| features(isa))
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
        callees: f.callees,
        places: Places::ANY,
        writes_tables: f.writes_tables,
        is_checked: f.is_checked,
        frame: f.frame,
    }))
}

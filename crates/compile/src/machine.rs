//! Machines that code can be made for: triples, and the names of what processors have.
//!
//! Must not know: how code is generated.

use cranelift_codegen::isa::{self, Builder, OwnedTargetIsa};
use cranelift_codegen::settings::Configurable;
use target_lexicon::{Architecture, OperatingSystem, Triple};

use crate::error::CompileError;
use crate::settings::{Cpu, Machine};

/// Features and the code generator's names of them.
type Features = &'static [(&'static str, &'static str)];

const X86_64: Features = &[
    ("avx", "has_avx"),
    ("avx2", "has_avx2"),
    ("avx512bitalg", "has_avx512bitalg"),
    ("avx512dq", "has_avx512dq"),
    ("avx512f", "has_avx512f"),
    ("avx512vbmi", "has_avx512vbmi"),
    ("avx512vl", "has_avx512vl"),
    ("avx512vnni", "has_avx512vnni"),
    ("avxvnni", "has_avx_vnni"),
    ("bmi1", "has_bmi1"),
    ("bmi2", "has_bmi2"),
    ("cmpxchg16b", "has_cmpxchg16b"),
    ("fma", "has_fma"),
    ("lzcnt", "has_lzcnt"),
    ("popcnt", "has_popcnt"),
    ("sse3", "has_sse3"),
    ("sse4.1", "has_sse41"),
    ("sse4.2", "has_sse42"),
    ("ssse3", "has_ssse3"),
];

const AARCH64: Features = &[
    ("dotprod", "has_dotprod"),
    ("fp16", "has_fp16"),
    ("i8mm", "has_i8mm"),
    ("lse", "has_lse"),
    ("paca", "has_pauth"),
];

/// The triples of machines that the runtime is made for.
const TRIPLES: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

fn known(architecture: Architecture) -> Features {
    match architecture {
        Architecture::X86_64 => X86_64,
        Architecture::Aarch64(_) => AARCH64,
        _ => &[],
    }
}

/// Architecture and operating system, as `std::env::consts` has them.
pub(crate) fn names(triple: &Triple) -> (String, String) {
    let os = match triple.operating_system {
        OperatingSystem::Darwin(_) | OperatingSystem::MacOSX(_) => "macos".into(),
        other => other.to_string(),
    };
    (triple.architecture.to_string(), os)
}

/// What code of a generator may use, sorted.
pub(crate) fn features(isa: &OwnedTargetIsa) -> Vec<String> {
    let enabled = |flag: &str| isa.isa_flags().iter().any(|value| value.name == flag && value.as_bool() == Some(true));
    let known = known(isa.triple().architecture).iter();
    known.filter(|(_, flag)| enabled(flag)).map(|(name, _)| (*name).to_owned()).collect()
}

fn parse(triple: &str) -> Result<Triple, CompileError> {
    let wanted = triple.parse::<Triple>().ok().map(|triple| names(&triple));
    let mut supported = TRIPLES.iter().map(|name| name.parse::<Triple>().expect("a triple"));
    supported.find(|known| wanted == Some(names(known))).ok_or_else(|| {
        let targets = TRIPLES.join(", ");
        CompileError::Target(format!("there is no target \"{triple}\"; the targets are {targets}"))
    })
}

/// Starts a code generator for a machine.
pub(crate) fn builder(machine: &Machine) -> Result<Builder, CompileError> {
    let target = |message: String| CompileError::Target(message);
    let host = Triple::host();
    let triple = machine.triple.as_deref().map_or(Ok(host.clone()), parse)?;
    let is_host = names(&triple) == names(&host);
    let mut builder = isa::lookup(if is_host { host } else { triple }).map_err(|e| target(e.to_string()))?;
    match &machine.cpu {
        Cpu::Native if is_host => {
            cranelift_native::infer_native_flags(&mut builder).map_err(|e| target(e.to_owned()))?
        }
        Cpu::Native if machine.triple.is_some() => {
            let message =
                "the native processor is this machine's; for another target it is baseline or a list of features";
            return Err(target(message.to_owned()));
        }
        Cpu::Native | Cpu::Baseline => {}
        Cpu::Features(names) => {
            let known = known(builder.triple().architecture);
            for name in names {
                let Some((_, flag)) = known.iter().find(|(feature, _)| feature == name) else {
                    let all: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                    return Err(target(format!(
                        "there is no processor feature \"{name}\"; there are {}",
                        all.join(", ")
                    )));
                };
                builder.enable(flag).expect("the code generator has it");
            }
        }
    }
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(triple: Option<&str>, cpu: Cpu) -> Result<(String, String), String> {
        builder(&Machine { triple: triple.map(str::to_owned), cpu })
            .map(|b| names(b.triple()))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn all_targets_and_features() {
        for triple in TRIPLES {
            let architecture = triple.parse::<Triple>().unwrap().architecture;
            let all = known(architecture).iter().map(|(name, _)| (*name).to_owned()).collect();
            assert!(known(architecture).is_sorted());
            assert!(of(Some(triple), Cpu::Features(all)).is_ok());
            assert!(of(Some(triple), Cpu::Baseline).is_ok());
        }
    }

    #[test]
    fn names_are_those_of_the_standard_library() {
        let expected = (std::env::consts::ARCH.to_owned(), std::env::consts::OS.to_owned());
        assert_eq!(of(None, Cpu::Native), Ok(expected));
        assert_eq!(of(Some("arm64-apple-macosx"), Cpu::Baseline).unwrap(), ("aarch64".into(), "macos".into()));
        assert_eq!(of(Some("x86_64-unknown-linux-musl"), Cpu::Baseline).unwrap(), ("x86_64".into(), "linux".into()));
    }

    #[test]
    fn what_there_is_not() {
        for triple in
            ["riscv64gc-unknown-linux-gnu", "x86_64-unknown-freebsd", "aarch64-pc-windows-msvc", "nonsense", ""]
        {
            assert!(of(Some(triple), Cpu::Baseline).unwrap_err().contains("the targets are x86_64-unknown-linux-gnu"));
        }
        let features = Cpu::Features(vec!["sse4.1".into(), "sse99".into()]);
        assert!(of(Some("x86_64-apple-darwin"), features).unwrap_err().contains("no processor feature \"sse99\""));
        let other = if cfg!(target_arch = "aarch64") { "x86_64-apple-darwin" } else { "aarch64-apple-darwin" };
        assert!(of(Some(other), Cpu::Native).unwrap_err().contains("the native processor is this machine's"));
    }
}

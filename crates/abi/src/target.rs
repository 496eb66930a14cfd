//! What machine code was made by and for, in words: kept in artifacts, compared when they are loaded.
//!
//! Must not know: how code is made, what processor this is.

use std::fmt::{self, Write};

use crate::vmctx::MemoryStyle;

/// What code was made by, for which machine, and how. As text it is a line for each field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The version of Gantry, and with it of the contract between code and runtime.
    pub version: String,
    /// The processor's architecture, as in `std::env::consts::ARCH`.
    pub arch: String,
    /// The operating system, as in `std::env::consts::OS`: it decides how functions of the host are called.
    pub os: String,
    /// How memories are laid out.
    pub memory_style: MemoryStyle,
    /// Whether results are the same on every processor.
    pub deterministic: bool,
    /// What code may use that not all processors of the architecture have, sorted, named as by
    /// `std::arch::is_x86_feature_detected` and its like.
    pub features: Vec<String>,
    /// All else that decides what code looks like, but not where it runs.
    pub settings: String,
}

/// What keeps code from running here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The contract may be another one.
    #[error("it was compiled by version {0} of Gantry, and this is {1}: compile it again")]
    Version(String, String),
    /// Another machine.
    #[error("it was compiled for {0}, and this is {1}")]
    Machine(String, String),
    /// A lesser machine.
    #[error("it needs what this processor lacks: {0}")]
    Features(String),
    /// Memories that the other side does not have.
    #[error("it was compiled for {} memories, and here they are {}", style_name(*.0), style_name(*.1))]
    MemoryStyle(MemoryStyle, MemoryStyle),
    /// Results that depend on the processor, where they must not.
    #[error("it was compiled without the option deterministic, which is on here")]
    Deterministic,
    /// Code that looks different.
    #[error("it was compiled with other settings")]
    Settings,
}

fn style_name(style: MemoryStyle) -> &'static str {
    match style {
        MemoryStyle::Reserved => "reserved",
        MemoryStyle::Checked => "checked",
    }
}

impl Target {
    /// Code for the machine that this is built for, with nothing that not all of its processors have.
    pub fn here(memory_style: MemoryStyle, deterministic: bool) -> Target {
        Target {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            os: std::env::consts::OS.to_owned(),
            memory_style,
            deterministic,
            features: Vec::new(),
            settings: String::new(),
        }
    }

    /// Whether code that was made for this runs where `host` is made for, on a processor that `has` features.
    pub fn runs_on(&self, host: &Target, has: impl Fn(&str) -> bool) -> Result<(), Mismatch> {
        if self.version != host.version {
            return Err(Mismatch::Version(self.version.clone(), host.version.clone()));
        }
        if (&self.arch, &self.os) != (&host.arch, &host.os) {
            return Err(Mismatch::Machine(self.machine(), host.machine()));
        }
        let lacking: Vec<&str> = self.features.iter().map(String::as_str).filter(|feature| !has(feature)).collect();
        if !lacking.is_empty() {
            return Err(Mismatch::Features(lacking.join(", ")));
        }
        if self.memory_style != host.memory_style {
            return Err(Mismatch::MemoryStyle(self.memory_style, host.memory_style));
        }
        if host.deterministic && !self.deterministic {
            return Err(Mismatch::Deterministic);
        }
        Ok(())
    }

    /// Architecture and system.
    pub fn machine(&self) -> String {
        format!("{}-{}", self.arch, self.os)
    }

    /// Reads what [`Target`] is as text.
    pub fn parse(text: &str) -> Option<Target> {
        let mut lines = text.split('\n');
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let yes = |text: &str| match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        let target = Target {
            version: field("gantry")?.into(),
            arch: field("arch")?.into(),
            os: field("os")?.into(),
            memory_style: match field("memories")? {
                "reserved" => MemoryStyle::Reserved,
                "checked" => MemoryStyle::Checked,
                _ => return None,
            },
            deterministic: yes(field("deterministic")?)?,
            features: field("features")?.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            settings: field("settings")?.into(),
        };
        (lines.next() == Some("") && lines.next().is_none()).then_some(target)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &str| {
            f.write_str(name)?;
            f.write_char(' ')?;
            // A value is what is left of its line.
            value.chars().filter(|c| *c != '\n').try_for_each(|c| f.write_char(c))?;
            f.write_char('\n')
        };
        line("gantry", &self.version)?;
        line("arch", &self.arch)?;
        line("os", &self.os)?;
        line("memories", style_name(self.memory_style))?;
        line("deterministic", if self.deterministic { "yes" } else { "no" })?;
        line("features", &self.features.join(" "))?;
        line("settings", &self.settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Target {
        Target {
            version: "1.2.3".into(),
            arch: "x86_64".into(),
            os: "linux".into(),
            memory_style: MemoryStyle::Reserved,
            deterministic: false,
            features: vec!["avx2".into(), "sse4.1".into()],
            settings: "a=1 b=2".into(),
        }
    }

    #[test]
    fn text_and_back() {
        let plain = Target { features: vec![], settings: String::new(), deterministic: true, ..sample() };
        for target in [sample(), plain] {
            assert_eq!(Target::parse(&target.to_string()), Some(target));
        }
        let text = sample().to_string();
        for at in 0..text.len() {
            assert_eq!(Target::parse(&text[..at]), None, "{at}");
        }
        assert_eq!(Target::parse(&(text + "more\n")), None);
    }

    #[test]
    fn says_what_is_different() {
        let host = sample();
        let has = |name: &str| name != "avx512f" && name != "avx512vl";
        let refused = |target: Target| target.runs_on(&host, has).unwrap_err().to_string();
        assert_eq!(host.runs_on(&host, has), Ok(()));
        assert_eq!(Target { deterministic: true, ..sample() }.runs_on(&host, has), Ok(()));
        let features = ["avx2", "avx512f", "avx512vl"].map(str::to_owned).to_vec();
        assert_eq!(refused(Target { features, ..sample() }), "it needs what this processor lacks: avx512f, avx512vl");
        let other = Target { arch: "aarch64".into(), os: "macos".into(), ..sample() };
        assert_eq!(refused(other), "it was compiled for aarch64-macos, and this is x86_64-linux");
        let old = Target { version: "1.2.2".into(), ..sample() };
        assert_eq!(refused(old), "it was compiled by version 1.2.2 of Gantry, and this is 1.2.3: compile it again");
        let checked = Target { memory_style: MemoryStyle::Checked, ..sample() };
        assert_eq!(refused(checked), "it was compiled for checked memories, and here they are reserved");
        let host = Target { deterministic: true, ..sample() };
        assert_eq!(sample().runs_on(&host, has), Err(Mismatch::Deterministic));
    }
}

//! Cases: what a seed and a number stand for.

use std::fmt;
use std::io;
use std::path::Path;

use crate::differential::Engines;
use crate::plan::Plan;
use crate::reduce::reduce;
use crate::rng::Rng;
use crate::{artifact, chunks};

/// What went on in a case that passed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub modules: u64,
    /// Steps that ended with values.
    pub returned: u64,
    /// Steps that ended with a trap.
    pub trapped: u64,
    /// Steps that ended with an exception.
    pub threw: u64,
    /// Steps that were refused.
    pub refused: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.modules += other.modules;
        self.returned += other.returned;
        self.trapped += other.trapped;
        self.threw += other.threw;
        self.refused += other.refused;
    }
}

/// How a case ended.
#[derive(Debug)]
pub enum Outcome {
    Passed(Counts),
    /// Passed as far as it went: an engine came to this limit.
    Limited(String),
    /// The oracle does not compile it, and says this; Gantry's variants agree.
    Unsupported(String),
    /// There is no module for these numbers.
    Nothing,
    Finding(String),
}

/// What cases are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Engines against each other.
    Differential,
    /// Modules that arrive in chunks.
    Chunks,
    /// Damaged artifacts.
    Artifact,
}

impl Target {
    /// What a case is about: most are about what code does.
    fn of(number: u64) -> Target {
        match number % 16 {
            0 => Target::Chunks,
            8 => Target::Artifact,
            _ => Target::Differential,
        }
    }
}

/// A case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub seed: u64,
    pub number: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seed, self.number)
    }
}

impl Case {
    fn rng(self) -> Rng {
        Rng::new(self.seed, self.number)
    }

    /// Runs it.
    pub fn run(self, engines: &mut Engines) -> Outcome {
        match Target::of(self.number) {
            Target::Differential => match Plan::generate(self.rng()) {
                Some(plan) => engines.compare(&plan),
                None => Outcome::Nothing,
            },
            Target::Chunks => chunks::run(self.rng()),
            Target::Artifact => artifact::run(self.rng()),
        }
    }

    /// Makes what was found smaller, in this process, and writes it to files.
    pub fn reduce(self, directory: &Path) -> io::Result<()> {
        let (Target::Differential, Some(plan)) = (Target::of(self.number), Plan::generate(self.rng())) else {
            return Ok(());
        };
        let mut engines = Engines::default();
        let plan = reduce(&mut engines, plan);
        write_modules(directory, &format!("{self}.small"), &plan.modules)?;
        println!("{:#?}", engines.compare(&plan));
        Ok(())
    }

    /// Writes what was found to files: the modules, and what is to say about them.
    pub fn write(self, directory: &Path, text: &str) -> io::Result<()> {
        let modules = match Target::of(self.number) {
            Target::Differential => Plan::generate(self.rng()).map(|plan| plan.modules),
            Target::Chunks => chunks::module(&mut self.rng()).map(|wasm| vec![wasm]),
            Target::Artifact => artifact::module(&mut self.rng()).map(|wasm| vec![wasm]),
        };
        write_modules(directory, &self.to_string(), &modules.unwrap_or_default())?;
        std::fs::write(directory.join(format!("{self}.txt")), format!("{text}\n{}\n", self.repeat()))
    }

    /// How to run it again.
    pub fn repeat(self) -> String {
        let Case { seed, number } = self;
        format!("cargo run --release --manifest-path fuzz/Cargo.toml -- --seed {seed} --case {number}")
    }
}

fn write_modules(directory: &Path, name: &str, modules: &[Vec<u8>]) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    for (number, wasm) in modules.iter().enumerate() {
        std::fs::write(directory.join(format!("{name}.{number}.wasm")), wasm)?;
        if let Ok(text) = wasmprinter::print_bytes(wasm) {
            std::fs::write(directory.join(format!("{name}.{number}.wat")), text)?;
        }
    }
    Ok(())
}

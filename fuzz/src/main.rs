//! The fuzzer: `cargo run --release --manifest-path fuzz/Cargo.toml -- --seconds 600`.
//!
//! Options: `--seconds N` to run, `--seed S` of all cases, `--jobs N` children at a time, `--from N` the first case, `--case N` that
//! case alone, `--findings DIR` for what is found. Files of modules instead are run as one case, with what else is
//! random from the seed.

mod artifact;
mod body;
mod case;
mod chunks;
mod dense;
mod differential;
mod drive;
mod generate;
mod host;
mod isolate;
mod operators;
mod oracle;
mod ours;
mod plan;
mod reduce;
mod rewrite;
mod rng;
mod shape;
mod trace;
mod value;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::differential::Engines;
use crate::isolate::Session;
use crate::plan::Plan;
use crate::rng::Rng;

struct Options {
    seconds: u64,
    seed: u64,
    jobs: usize,
    from: u64,
    case: Option<u64>,
    reduce: Option<u64>,
    isolated: Option<(u64, u64)>,
    findings: PathBuf,
    files: Vec<PathBuf>,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        seconds: 60,
        seed: 1,
        jobs: 1,
        from: 0,
        case: None,
        reduce: None,
        isolated: None,
        findings: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/findings")),
        files: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut text = || args.next().ok_or(format!("{arg} needs a value"));
        let mut number = || text()?.parse::<u64>().map_err(|error| format!("{arg}: {error}"));
        match arg.as_str() {
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()?,
            "--jobs" => options.jobs = number()? as usize,
            "--from" => options.from = number()?,
            "--case" => options.case = Some(number()?),
            "--reduce" => options.reduce = Some(number()?),
            isolate::FLAG => options.isolated = Some((number()?, number()?)),
            "--findings" => options.findings = text()?.into(),
            _ if arg.starts_with('-') => return Err(format!("there is no option {arg}")),
            _ => options.files.push(arg.into()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    if let Some((first, count)) = options.isolated {
        isolate::run_child(options.seed, first, count, &options.findings);
        return ExitCode::SUCCESS;
    }
    if let Some(number) = options.reduce {
        return on_large_stack(|| reduce(&options, number));
    }
    if !options.files.is_empty() {
        return on_large_stack(|| run_files(&options));
    }
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let (first, cases) = options.case.map_or((options.from, u64::MAX), |case| (case, 1));
    let Options { seed, jobs, findings, .. } = options;
    println!("seed {seed}, from case {first}");
    let session = Session { seed, jobs, first, cases, until, findings };
    if session.run() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The oracle needs more than the first thread has.
fn on_large_stack(run: impl FnOnce() -> ExitCode + Send) -> ExitCode {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 * oracle::STACK).spawn_scoped(scope, run);
        thread.expect("a thread").join().unwrap_or(ExitCode::FAILURE)
    })
}

/// Makes a finding smaller, in this process: for those that do not crash.
fn reduce(options: &Options, number: u64) -> ExitCode {
    match (Case { seed: options.seed, number }).reduce(&options.findings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", options.findings.display());
            ExitCode::FAILURE
        }
    }
}

/// Runs modules from files, in this process: for a debugger, and for what was made smaller by hand.
fn run_files(options: &Options) -> ExitCode {
    let read = |file: &PathBuf| std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let modules: Vec<Vec<u8>> = options.files.iter().map(read).collect();
    let case = Case { seed: options.seed, number: options.case.unwrap_or(0) };
    for deterministic in [true, false] {
        let Some(plan) = Plan::of(modules.clone(), deterministic, Rng::new(case.seed, case.number)) else {
            eprintln!("not a module");
            return ExitCode::FAILURE;
        };
        println!("{:?}", Engines::default().compare(&plan));
    }
    ExitCode::SUCCESS
}

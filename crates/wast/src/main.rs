//! `gantry-wast PATH…`: runs spec scripts and folders of them, each in a process of its own.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use gantry_wast::isolate::{self, Isolation};
use gantry_wast::{Counts, Report};

const HELP: &str = "\
Runs WebAssembly spec scripts on the Gantry engine.

Usage: gantry-wast [OPTIONS] PATH...

A PATH is a .wast file, or a folder whose .wast files are run, those of its folders too.
Prints one line a file and last `N passed, N failed, N skipped`.
Exits with 1 if anything failed or crashed, with 2 if the arguments make no sense.

Options:
  -v, --verbose        List every failure and what was skipped (otherwise the first ten failures a file)
  -j, --jobs N         Run N files at a time (default: one a core)
      --timeout SECS   Give each file SECS seconds (default: 300)
  -h, --help           Print this";

/// Failures listed for a file without `--verbose`.
const LISTED: usize = 10;

struct Options {
    paths: Vec<PathBuf>,
    verbose: bool,
    jobs: usize,
    timeout: Duration,
}

enum Request {
    Help,
    Run(Options),
    Child(Duration),
}

fn main() -> ExitCode {
    let result = match parse(env::args_os().skip(1)) {
        Ok(Request::Help) => print(HELP).map(|()| true),
        Ok(Request::Run(options)) => run(&options),
        Ok(Request::Child(timeout)) => isolate::run_child(timeout).map(|()| true),
        Err(message) => {
            eprintln!("gantry-wast: {message}\nTry gantry-wast --help.");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gantry-wast: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Request, String> {
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let mut options = Options { paths: Vec::new(), verbose: false, jobs, timeout: Duration::from_secs(300) };
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("-h" | "--help") => return Ok(Request::Help),
            Some("-v" | "--verbose") => options.verbose = true,
            Some("-j" | "--jobs") => options.jobs = number("--jobs", args.next())? as usize,
            Some("--timeout") => options.timeout = Duration::from_secs(number("--timeout", args.next())?),
            Some(isolate::FLAG) => {
                return number(isolate::FLAG, args.next()).map(|seconds| Request::Child(Duration::from_secs(seconds)));
            }
            Some("--") => options.paths.extend(args.by_ref().map(PathBuf::from)),
            Some(flag) if flag.starts_with('-') => return Err(format!("there is no option {flag}")),
            _ => options.paths.push(arg.into()),
        }
    }
    if options.paths.is_empty() {
        return Err("no files given".into());
    }
    Ok(Request::Run(options))
}

fn number(option: &str, value: Option<OsString>) -> Result<u64, String> {
    let value = value.and_then(|value| value.to_str()?.parse().ok()).filter(|value| *value > 0);
    value.ok_or_else(|| format!("{option} needs a number above 0"))
}

/// Whether nothing failed.
fn run(options: &Options) -> io::Result<bool> {
    let mut scripts = Vec::new();
    for path in &options.paths {
        collect(path, &mut scripts)?;
    }
    if scripts.is_empty() {
        return Err(io::Error::other("there are no .wast files in the given folders"));
    }
    let program = env::current_exe()?;
    let isolation = Isolation { program: &program, jobs: options.jobs, timeout: options.timeout, tier: None };
    let mut total = Counts::default();
    let mut written = Ok(());
    let read = |index: usize| fs::read_to_string(&scripts[index]).map(Cow::Owned).map_err(|error| error.to_string());
    isolation.run_all(scripts.len(), read, |index, report| {
        total += report.counts;
        if written.is_ok() {
            written = print(&summary(&scripts[index], &report, options.verbose));
        }
    });
    written?;
    print(&total.to_string())?;
    Ok(total.failed == 0)
}

/// Adds the file, or what is below the folder in the order of names. A path that is neither is reported as it is read.
fn collect(path: &Path, scripts: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        scripts.push(path.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|extension| extension == "wast") {
            collect(&entry, scripts)?;
        }
    }
    Ok(())
}

fn summary(path: &Path, report: &Report, verbose: bool) -> String {
    let mut text = format!("{}: {}", path.display(), report.counts);
    let listed = if verbose { report.failures.len() } else { LISTED };
    for failure in report.failures.iter().take(listed) {
        text += &format!("\n  {failure}");
    }
    if report.failures.len() > listed {
        text += &format!("\n  and {} more", report.failures.len() - listed);
    }
    if verbose {
        for (reason, count) in &report.skips {
            text += &format!("\n  skipped {count}: {reason}");
        }
    }
    text
}

fn print(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

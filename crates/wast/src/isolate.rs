//! Scripts in child processes: a crash, an abort or a hang is a failure of that script and the others still run.
//!
//! The child is the `gantry-wast` program with [`FLAG`]. It reads the script from its standard input and writes each
//! [`Event`] as a line.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::event::Event;
use crate::report::Report;
use crate::script::run_script;

/// The argument that makes the program a child; the next one is its time limit in seconds.
pub const FLAG: &str = "--isolated";

/// The exit code of a child that ran out of time.
const TIMED_OUT: i32 = 124;

/// How children are run.
#[derive(Debug, Clone)]
pub struct Isolation<'a> {
    /// The `gantry-wast` program.
    pub program: &'a Path,
    /// How many run at a time.
    pub jobs: usize,
    /// How long each may take.
    pub timeout: Duration,
    /// The tier of their code, if it is not that of `GANTRY_TIER`.
    pub tier: Option<&'a str>,
}

impl Isolation<'_> {
    /// Runs `count` scripts and hands over their reports in order. `script` gives the text of each, or why there is none.
    pub fn run_all<'s, F>(&self, count: usize, script: F, mut done: impl FnMut(usize, Report))
    where
        F: Fn(usize) -> Result<std::borrow::Cow<'s, str>, String> + Sync,
    {
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        let work = |sender: mpsc::Sender<(usize, Report)>| {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return;
                }
                let report = match script(index) {
                    Ok(source) => self.run(&source),
                    Err(message) => Report::failure(message),
                };
                if sender.send((index, report)).is_err() {
                    return;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, count.max(1)) {
                let sender = sender.clone();
                scope.spawn(|| work(sender));
            }
            drop(sender);
            let mut early = BTreeMap::new();
            let mut expected = 0;
            for (index, report) in receiver {
                early.insert(index, report);
                while let Some(report) = early.remove(&expected) {
                    done(expected, report);
                    expected += 1;
                }
            }
        });
    }

    /// Runs one script.
    pub fn run(&self, source: &str) -> Report {
        let child = Command::new(self.program)
            .envs(self.tier.map(|tier| ("GANTRY_TIER", tier)))
            .args([FLAG, &self.timeout.as_secs().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        child
            .and_then(|child| observe(child, source))
            .unwrap_or_else(|error| Report::failure(format_args!("cannot run {}: {error}", self.program.display())))
    }
}

fn observe(mut child: Child, source: &str) -> io::Result<Report> {
    // The child reads all of its input before it writes, so that neither waits for the other. If it dies first, its
    // exit status says more than our broken pipe.
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(source.as_bytes());
    }
    let output = child.wait_with_output()?;
    let mut report = Report::default();
    for event in String::from_utf8_lossy(&output.stdout).lines().filter_map(Event::parse) {
        report.record(event);
    }
    if !output.status.success() {
        report.record_crash(describe(output.status, &String::from_utf8_lossy(&output.stderr)));
    }
    Ok(report)
}

fn describe(status: ExitStatus, stderr: &str) -> String {
    if status.code() == Some(TIMED_OUT) {
        return "ran out of time".into();
    }
    match stderr.lines().rfind(|line| !line.trim().is_empty()) {
        Some(line) => format!("crashed with {status}: {line}"),
        None => format!("crashed with {status}"),
    }
}

/// What the child does: the script from standard input, the events to standard output, and an end after `timeout`.
pub fn run_child(timeout: Duration) -> io::Result<()> {
    let mut source = String::new();
    io::stdin().read_to_string(&mut source)?;
    thread::spawn(move || {
        thread::sleep(timeout);
        process::exit(TIMED_OUT);
    });
    // Line by line and unlocked: what was written before a crash must have reached the parent.
    let mut broken = Ok(());
    run_script(&source, |event| {
        if let Err(error) = writeln!(io::stdout(), "{event}") {
            broken = Err(error);
        }
    });
    broken
}

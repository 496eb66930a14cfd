//! Cases in child processes: a crash, an abort or a hang is a finding, and the others still run.
//!
//! A child is this program with [`FLAG`]. It runs consecutive cases and writes a line when one begins and when it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Counts, Outcome};
use crate::differential::Engines;
use crate::oracle::STACK;

/// The argument that makes the program a child; the next ones are the first case and the number of cases.
pub const FLAG: &str = "--isolated";

/// Cases of one child: what engines never free ends with it.
const BATCH: u64 = 200;

/// A case that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(180);

/// Time between lines of progress.
const INTERVAL: Duration = Duration::from_secs(10);

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Session {
    pub seed: u64,
    pub jobs: usize,
    pub first: u64,
    /// Cases at the most.
    pub cases: u64,
    pub until: Instant,
    pub findings: PathBuf,
}

/// What came of all cases so far.
#[derive(Debug, Default)]
struct Totals {
    cases: u64,
    limited: u64,
    unsupported: u64,
    nothing: u64,
    findings: u64,
    counts: Counts,
    /// Why cases were limited or without the oracle, and how many.
    reasons: BTreeMap<String, u64>,
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Totals { cases, limited, unsupported, nothing, findings, counts, .. } = self;
        let Counts { modules, returned, trapped, threw, refused } = counts;
        write!(f, "{cases} cases ({limited} up to a limit, {unsupported} without the oracle, {nothing} empty), ")?;
        write!(f, "{modules} modules, {returned} steps returned, {trapped} trapped, {threw} threw, ")?;
        write!(f, "{refused} refused; {findings} findings")
    }
}

impl Session {
    /// Runs cases until there are no more or the time is over. Whether nothing was found.
    pub fn run(&self) -> bool {
        let totals = Mutex::new(Totals::default());
        let next = AtomicU64::new(self.first);
        let end = self.first.saturating_add(self.cases);
        let start = Instant::now();
        let report = || println!("{:>6} s: {}", start.elapsed().as_secs(), lock(&totals));
        thread::scope(|scope| {
            let (sender, ended) = mpsc::channel::<()>();
            for _ in 0..self.jobs.max(1) {
                let (sender, next, totals) = (sender.clone(), &next, &totals);
                scope.spawn(move || {
                    let _sender = sender;
                    loop {
                        let first = next.fetch_add(BATCH, Ordering::Relaxed);
                        if first >= end || Instant::now() >= self.until {
                            return;
                        }
                        self.batch(first, end.min(first + BATCH), totals);
                    }
                });
            }
            drop(sender);
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                report();
            }
        });
        report();
        lock(&totals).reasons.iter().for_each(|(reason, count)| println!("{count:>8} × {reason}"));
        lock(&totals).findings == 0
    }

    /// Runs cases in as many children as crashes make necessary.
    fn batch(&self, mut first: u64, end: u64, totals: &Mutex<Totals>) {
        while first < end && Instant::now() < self.until {
            match self.child(first, end, totals) {
                Ok(None) => return,
                Ok(Some((number, what))) => {
                    self.found(number, &what, totals);
                    first = number + 1;
                }
                Err(error) => panic!("cannot run children: {error}"),
            }
        }
    }

    /// Runs cases in one child. The case at which it ended before it should have, and how.
    fn child(&self, first: u64, end: u64, totals: &Mutex<Totals>) -> std::io::Result<Option<(u64, String)>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--seed", &self.seed.to_string(), FLAG, &first.to_string(), &(end - first).to_string()])
            .arg("--findings")
            .arg(&self.findings)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().map(|stderr| thread::spawn(move || last_lines(stderr)));
        let running = self.observe(&mut child, totals)?;
        let status = child.wait()?;
        let words = stderr.and_then(|thread| thread.join().ok()).unwrap_or_default();
        Ok(match running {
            Running::Nothing if status.success() => None,
            Running::Stopped => None,
            Running::Nothing => Some((end, format!("crashed with {status} at its end\n{words}"))),
            Running::Hanging(number) => Some((number, format!("hangs\n{words}"))),
            Running::Case(number) => Some((number, format!("crashed with {status}\n{words}"))),
        })
    }

    /// Reads what a child writes until it ends, or has to be ended.
    fn observe(&self, child: &mut Child, totals: &Mutex<Totals>) -> std::io::Result<Running> {
        let stdout = child.stdout.take().expect("it is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut running = Running::Nothing;
        loop {
            match lines.recv_timeout(LONGEST) {
                Ok(line) => running = note(&line, running, totals),
                Err(RecvTimeoutError::Disconnected) => return Ok(running),
                Err(RecvTimeoutError::Timeout) => {
                    child.kill()?;
                    return Ok(match running {
                        Running::Case(number) => Running::Hanging(number),
                        other => other,
                    });
                }
            }
            if matches!(running, Running::Nothing) && Instant::now() >= self.until {
                child.kill()?;
                return Ok(Running::Stopped);
            }
        }
    }

    fn found(&self, number: u64, what: &str, totals: &Mutex<Totals>) {
        let case = Case { seed: self.seed, number };
        lock(totals).findings += 1;
        announce(case, what, &self.findings);
    }
}

/// What a child is at.
#[derive(Debug, Clone, Copy)]
enum Running {
    Nothing,
    Case(u64),
    Hanging(u64),
    /// Ended because the time is over.
    Stopped,
}

fn lock(totals: &Mutex<Totals>) -> std::sync::MutexGuard<'_, Totals> {
    totals.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes in a line of a child.
fn note(line: &str, running: Running, totals: &Mutex<Totals>) -> Running {
    let mut words = line.split(' ');
    let (word, number) = (words.next().unwrap_or_default(), words.next().and_then(|number| number.parse().ok()));
    let mut totals = lock(totals);
    match (word, number) {
        ("begin", Some(number)) => return Running::Case(number),
        ("passed", _) => {
            let mut next = || words.next().and_then(|count| count.parse().ok()).unwrap_or_default();
            let (modules, returned, trapped) = (next(), next(), next());
            totals.counts += Counts { modules, returned, trapped, threw: next(), refused: next() };
        }
        ("limited", _) => {
            totals.limited += 1;
            *totals.reasons.entry(words.collect::<Vec<_>>().join(" ")).or_default() += 1;
        }
        ("unsupported", _) => {
            totals.unsupported += 1;
            *totals.reasons.entry(words.collect::<Vec<_>>().join(" ")).or_default() += 1;
        }
        ("nothing", _) => totals.nothing += 1,
        ("finding", _) => totals.findings += 1,
        // What engines print is for people.
        _ => {
            println!("{line}");
            return running;
        }
    }
    totals.cases += 1;
    Running::Nothing
}

/// What a child said last: from its panic on, if it had one.
fn last_lines(stderr: impl std::io::Read) -> String {
    let lines: Vec<String> = BufReader::new(stderr).lines().map_while(Result::ok).collect();
    let panic = lines.iter().rposition(|line| line.contains("panicked at"));
    lines[panic.unwrap_or(lines.len().saturating_sub(30))..].join("\n")
}

/// Says what was found, and writes it to files.
fn announce(case: Case, what: &str, directory: &Path) {
    println!("FOUND {case}: {}", what.lines().take(3).collect::<Vec<_>>().join(" |"));
    println!("  {}", case.repeat());
    if let Err(error) = case.write(directory, what) {
        eprintln!("cannot write to {}: {error}", directory.display());
    }
}

/// What the child does, on a thread whose stack is large enough for the oracle.
pub fn run_child(seed: u64, first: u64, count: u64, findings: &Path) {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(2 * STACK);
        let run = move || run_cases(seed, first, count, findings);
        // A panic is a crash.
        let thread = builder.spawn_scoped(scope, run).expect("a thread");
        if thread.join().is_err() {
            std::process::abort();
        }
    });
}

fn run_cases(seed: u64, first: u64, count: u64, findings: &Path) {
    let mut engines = Engines::default();
    // Line by line and unlocked: what was written before a crash must have reached the parent.
    let say = |line: String| {
        let mut out = std::io::stdout();
        writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent reads");
    };
    for number in first..first + count {
        let case = Case { seed, number };
        say(format!("begin {number}"));
        say(match case.run(&mut engines) {
            Outcome::Passed(Counts { modules, returned, trapped, threw, refused }) => {
                format!("passed {number} {modules} {returned} {trapped} {threw} {refused}")
            }
            Outcome::Limited(what) => format!("limited {number} {}", what.lines().next().unwrap_or_default()),
            Outcome::Unsupported(what) => format!("unsupported {number} {}", what.lines().next().unwrap_or_default()),
            Outcome::Nothing => format!("nothing {number}"),
            Outcome::Finding(what) => {
                announce(case, &what, findings);
                format!("finding {number}")
            }
        });
    }
}

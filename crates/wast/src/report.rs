//! What is left of a script's events when it is done: counts and failures.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use crate::event::{Event, Miss};

/// How many directives passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Did what the script expects.
    pub passed: usize,
    /// Did something else, or crashed.
    pub failed: usize,
    /// Not tried.
    pub skipped: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// A directive that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Line number in the script, from 1; 0 where the script as a whole failed.
    pub line: usize,
    /// What was expected and what happened.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// The result of one script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The directives by outcome.
    pub counts: Counts,
    /// The failed ones, in the order of the script.
    pub failures: Vec<Failure>,
    /// How many directives were skipped for each reason.
    pub skips: BTreeMap<String, usize>,
    started: Option<usize>,
}

impl Report {
    /// The report of a script that could not be run at all.
    pub fn failure(message: impl fmt::Display) -> Report {
        let mut report = Report::default();
        report.fail(0, message);
        report
    }

    /// Adds one step of the script.
    pub fn record(&mut self, event: Event) {
        match event {
            Event::Start { line } => self.started = Some(line),
            Event::End { line, outcome } => {
                self.started = None;
                match outcome {
                    Ok(()) => self.counts.passed += 1,
                    Err(Miss::Failed(message)) => self.fail(line, message),
                    Err(Miss::Skipped(reason)) => {
                        self.counts.skipped += 1;
                        *self.skips.entry(reason).or_default() += 1;
                    }
                }
            }
        }
    }

    /// Adds that the process ended, for this reason, in the directive that was running.
    pub fn record_crash(&mut self, reason: impl fmt::Display) {
        self.fail(self.started.unwrap_or(0), reason);
    }

    fn fail(&mut self, line: usize, message: impl fmt::Display) {
        self.counts.failed += 1;
        self.failures.push(Failure { line, message: message.to_string() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_belongs_to_the_directive_that_was_running() {
        let mut report = Report::default();
        report.record(Event::Start { line: 3 });
        report.record(Event::End { line: 3, outcome: Ok(()) });
        report.record(Event::Start { line: 5 });
        report.record_crash("signal 11");
        assert_eq!(report.counts, Counts { passed: 1, failed: 1, skipped: 0 });
        assert_eq!(report.failures[0].to_string(), "line 5: signal 11");
    }
}

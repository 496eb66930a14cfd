//! What a running script tells its observer, and the one-line form in which that crosses from a child process.

use std::fmt;

/// The result of one directive.
pub type Outcome = Result<(), Miss>;

/// Why a directive did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// The engine did something else than the script expects.
    Failed(String),
    /// The directive was not tried, for this reason.
    Skipped(String),
}

impl Miss {
    /// A failure with this message.
    pub fn failed(message: impl fmt::Display) -> Miss {
        Miss::Failed(message.to_string())
    }

    /// The same, with the line where it happened in front.
    pub fn at(self, line: usize) -> Miss {
        match self {
            Miss::Failed(message) => Miss::Failed(format!("line {line}: {message}")),
            Miss::Skipped(reason) => Miss::Skipped(reason),
        }
    }
}

/// A step of a running script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The directive on this line is about to run.
    Start {
        /// Line number in the script, from 1.
        line: usize,
    },
    /// The directive on this line is done.
    End {
        /// Line number in the script, from 1.
        line: usize,
        /// How it went.
        outcome: Outcome,
    },
}

impl Event {
    /// Reads what `Display` wrote; `None` for any other text.
    pub fn parse(text: &str) -> Option<Event> {
        let mut parts = text.splitn(3, ' ');
        let mark = parts.next()?;
        let line = parts.next()?.parse().ok()?;
        let message = parts.next().unwrap_or_default().to_owned();
        Some(match mark {
            ">" => Event::Start { line },
            "+" => Event::End { line, outcome: Ok(()) },
            "-" => Event::End { line, outcome: Err(Miss::Failed(message)) },
            "?" => Event::End { line, outcome: Err(Miss::Skipped(message)) },
            _ => return None,
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Start { line } => write!(f, "> {line}"),
            Event::End { line, outcome: Ok(()) } => write!(f, "+ {line}"),
            Event::End { line, outcome: Err(Miss::Failed(message)) } => write!(f, "- {line} {}", one_line(message)),
            Event::End { line, outcome: Err(Miss::Skipped(reason)) } => write!(f, "? {line} {}", one_line(reason)),
        }
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_the_pipe() {
        let outcomes = [Ok(()), Err(Miss::failed("expected 1 - got 2")), Err(Miss::Skipped("threads".into()))];
        let ends = outcomes.into_iter().map(|outcome| Event::End { line: 12, outcome });
        for event in ends.chain([Event::Start { line: 7 }]) {
            assert_eq!(Event::parse(&event.to_string()), Some(event));
        }
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let event = Event::End { line: 1, outcome: Err(Miss::failed("a\n + 2\r\n")) };
        assert_eq!(event.to_string(), "- 1 a + 2");
    }

    #[test]
    fn foreign_output_is_no_event() {
        for text in ["", "hello", "> x", "thread 'main' panicked", "1 2 3"] {
            assert_eq!(Event::parse(text), None, "{text}");
        }
    }
}

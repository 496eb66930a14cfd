//! What happened, in words that do not depend on the engine, and where two engines disagree.

use std::fmt;

/// How a call, an instantiation, or another step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With these values.
    Values(String),
    /// With a trap of this class.
    Trap(&'static str),
    /// With an exception.
    Exception(String),
    /// With the error of a host function.
    Host,
    /// The engine did not do it: wrong types, limits.
    Refused(Why),
    /// At a limit of the engine, where others may go on: nothing that follows can be compared.
    Limit(String),
}

/// Words of an engine's own, in which engines may differ.
#[derive(Clone)]
pub struct Why(String);

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Why {
    fn eq(&self, _: &Why) -> bool {
        true
    }
}

impl Eq for Why {}

impl End {
    pub fn refused(why: impl ToString) -> End {
        End::Refused(Why(why.to_string()))
    }

    /// There is no value of the right type.
    pub fn no_value() -> End {
        End::refused("no value")
    }

    /// An item is not of the sort that it was taken for.
    pub fn other_sort() -> End {
        End::refused("another sort")
    }
}

/// One thing that was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// How a step ended.
    Ended(End),
    /// How a function ended that a host function called.
    CalledBack(End),
    /// Anything else, as text.
    Saw(String),
}

/// Everything that was observed, each with the step that it belongs to.
#[derive(Debug, Clone, Default)]
pub struct Trace(pub Vec<(usize, Event)>);

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    Same,
    /// The same up to a limit of one of the engines.
    SameUpTo(String),
    /// Different at this position.
    Different(usize),
}

impl Trace {
    /// The first difference, if there is one.
    pub fn compare(&self, other: &Trace) -> Comparison {
        for (position, (own, others)) in self.0.iter().zip(&other.0).enumerate() {
            for event in [own, others] {
                if let Event::Ended(End::Limit(limit)) | Event::CalledBack(End::Limit(limit)) = &event.1 {
                    return Comparison::SameUpTo(limit.clone());
                }
            }
            if own != others {
                return Comparison::Different(position);
            }
        }
        match self.0.len() == other.0.len() {
            true => Comparison::Same,
            false => Comparison::Different(self.0.len().min(other.0.len())),
        }
    }

    /// The event at a position, for people.
    pub fn describe(&self, position: usize) -> String {
        match self.0.get(position) {
            Some((step, event)) => format!("step {step}: {event:?}"),
            None => "nothing more".to_owned(),
        }
    }
}

/// A digest of bytes: equal bytes have equal ones. Of long ones the middle is left out.
pub fn digest(bytes: &[u8]) -> u64 {
    const PART: usize = 1 << 18;
    if bytes.len() > 2 * PART {
        return digest(&bytes[..PART]) ^ digest(&bytes[bytes.len() - PART..]).rotate_left(1);
    }
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let mut chunks = bytes.chunks_exact(8);
    let hash = (&mut chunks)
        .fold(bytes.len() as u64, |hash, chunk| step(hash, u64::from_le_bytes(chunk.try_into().expect("eight bytes"))));
    chunks.remainder().iter().fold(hash, |hash, byte| step(hash, u64::from(*byte)))
}

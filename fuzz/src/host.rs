//! What host functions do, the same for both engines: they note their calls and answer from random numbers.

use crate::rng::mix;
use crate::trace::{End, Event};

/// Host functions called inside each other at the most.
const MAX_DEPTH: u32 = 2;

/// What a call of a host function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Fails.
    Fail,
    /// Throws an exception with one of the host's tags.
    Throw(u64),
    /// Calls one of the functions that instances exported, then returns.
    CallBack(u64),
    Return,
}

/// What all host functions of a store share.
#[derive(Debug, Default)]
pub struct Host {
    seed: u64,
    calls: u64,
    depth: u32,
    events: Vec<Event>,
}

impl Host {
    pub fn new(seed: u64) -> Host {
        Host { seed, ..Host::default() }
    }

    /// Notes a call of the function `name` and says what it does, and with what its results are chosen.
    pub fn enter(&mut self, name: u64, args: &str) -> (Deed, u64) {
        self.calls += 1;
        self.depth += 1;
        self.events.push(Event::Saw(format!("host {name:x}({args})")));
        let pick = mix(self.seed, mix(name, self.calls));
        let deed = match pick % 16 {
            0 => Deed::Fail,
            1..=2 => Deed::Throw(pick >> 8),
            3..=6 if self.depth <= MAX_DEPTH => Deed::CallBack(pick >> 8),
            _ => Deed::Return,
        };
        (deed, pick)
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Notes how a function ended that a host function called.
    pub fn note(&mut self, end: End) {
        self.events.push(Event::CalledBack(end));
    }

    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

//! Clocks: those of the system, or one that only moves when the program waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

use crate::{Errno, Timestamp};

/// Where a program's time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The clocks of the operating system.
    #[default]
    System,
    /// A time that depends on nothing but what the program does: each reading adds `step`, and waiting adds what was
    /// waited for without taking any time.
    Fixed {
        /// The real time at the beginning.
        start: Timestamp,
        /// What each reading adds, in nanoseconds.
        step: u64,
        /// How much time has passed; begin with 0. Clones share it.
        passed: Arc<AtomicU64>,
    },
}

/// The clocks that programs can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Realtime,
    Monotonic,
    ProcessCpuTime,
    ThreadCpuTime,
}

impl Id {
    pub(crate) fn from_raw(number: u32) -> Result<Id, Errno> {
        Ok(match number {
            0 => Id::Realtime,
            1 => Id::Monotonic,
            2 => Id::ProcessCpuTime,
            3 => Id::ThreadCpuTime,
            _ => return Err(Errno::INVAL),
        })
    }

    fn host(self) -> ClockId {
        match self {
            Id::Realtime => ClockId::Realtime,
            Id::Monotonic => ClockId::Monotonic,
            Id::ProcessCpuTime => ClockId::ProcessCPUTime,
            Id::ThreadCpuTime => ClockId::ThreadCPUTime,
        }
    }
}

impl Clock {
    /// A clock that starts at `start` and goes on by `step` nanoseconds with each reading.
    pub fn fixed(start: Timestamp, step: u64) -> Clock {
        Clock::Fixed { start, step, passed: Arc::default() }
    }

    pub(crate) fn now(&self, id: Id) -> Timestamp {
        match self {
            Clock::System => nanoseconds(clock_gettime(id.host())),
            Clock::Fixed { start, step, passed } => {
                let now = advance(passed, *step);
                if id == Id::Realtime { start.saturating_add(now) } else { now }
            }
        }
    }

    pub(crate) fn resolution(&self, id: Id) -> Timestamp {
        match self {
            Clock::System => nanoseconds(clock_getres(id.host())).max(1),
            Clock::Fixed { step, .. } => (*step).max(1),
        }
    }

    /// Whether waiting takes no time, and if so, lets it pass.
    pub(crate) fn skip(&self, duration: u64) -> bool {
        match self {
            Clock::System => false,
            Clock::Fixed { passed, .. } => {
                advance(passed, duration);
                true
            }
        }
    }
}

/// Adds to a time; returns what it was.
fn advance(time: &AtomicU64, by: u64) -> u64 {
    time.fetch_update(Relaxed, Relaxed, |now| Some(now.saturating_add(by))).unwrap_or(u64::MAX)
}

fn nanoseconds(time: Timespec) -> u64 {
    let nanoseconds = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    u64::try_from(nanoseconds).unwrap_or(0)
}

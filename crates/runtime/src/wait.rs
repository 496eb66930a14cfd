//! Threads that wait at addresses of shared memories, but for those of the embedder, which waits there itself.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::Lazy;

use crate::shared::lock;

/// Those who wait, by address, the longest first.
static WAITING: Lazy<Mutex<HashMap<usize, Vec<Arc<Waiter>>>>> = Lazy::new(Mutex::default);

#[derive(Default)]
struct Waiter {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    woken: bool,
    /// Whether the thread is to call in before it waits on.
    interrupted: bool,
}

/// How waiting ended, as `memory.atomic.wait` returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Woken {
    Ok = 0,
    NotEqual = 1,
    TimedOut = 2,
}

/// A place among those who wait, which is given up when this is dropped.
pub(crate) struct Waiting {
    address: usize,
    waiter: Arc<Waiter>,
    until: Option<Instant>,
}

impl Waiting {
    /// Takes a place if `is_expected` says so once nobody can notify in between. A negative timeout is none.
    pub fn begin(address: usize, timeout_ns: i64, is_expected: impl FnOnce() -> bool) -> Option<Waiting> {
        // What does not fit is longer than anybody lives.
        let timeout = u64::try_from(timeout_ns).ok().map(Duration::from_nanos);
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let waiter = Arc::<Waiter>::default();
        let mut waiting = lock(&WAITING);
        if !is_expected() {
            return None;
        }
        waiting.entry(address).or_default().push(waiter.clone());
        Some(Waiting { address, waiter, until })
    }

    /// Waits. `None` when the thread is to call in: it was interrupted, or `slice` is over.
    pub fn sleep(&self, slice: Option<Duration>) -> Option<Woken> {
        let slice_end = slice.and_then(|slice| Instant::now().checked_add(slice));
        let end = [self.until, slice_end].into_iter().flatten().min();
        let mut state = lock(&self.waiter.state);
        loop {
            if state.woken {
                return Some(Woken::Ok);
            }
            if std::mem::take(&mut state.interrupted) {
                return None;
            }
            state = match end {
                None => self.waiter.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        let is_over = self.until.is_some_and(|until| until <= end);
                        drop(state);
                        return if is_over { Some(self.time_out()) } else { None };
                    }
                    self.waiter.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Gives the place up, unless it was woken at the last moment.
    fn time_out(&self) -> Woken {
        self.leave();
        if lock(&self.waiter.state).woken { Woken::Ok } else { Woken::TimedOut }
    }

    fn leave(&self) {
        let mut waiting = lock(&WAITING);
        if let Some(list) = waiting.get_mut(&self.address) {
            list.retain(|other| !Arc::ptr_eq(other, &self.waiter));
            if list.is_empty() {
                waiting.remove(&self.address);
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Whoever woke it has taken it off the list.
        if !lock(&self.waiter.state).woken {
            self.leave();
        }
    }
}

/// Wakes the threads that have waited longest at an address; returns how many.
pub(crate) fn notify(address: usize, count: u32) -> u32 {
    let mut waiting = lock(&WAITING);
    let Some(list) = waiting.get_mut(&address) else { return 0 };
    let woken: Vec<_> = list.drain(..list.len().min(count as usize)).collect();
    if list.is_empty() {
        waiting.remove(&address);
    }
    for waiter in &woken {
        lock(&waiter.state).woken = true;
        waiter.wake.notify_one();
    }
    woken.len() as u32
}

/// Has all who wait at these addresses call in.
pub(crate) fn interrupt(addresses: Range<usize>) {
    let waiting = lock(&WAITING);
    for (_, list) in waiting.iter().filter(|(address, _)| addresses.contains(address)) {
        for waiter in list {
            lock(&waiter.state).interrupted = true;
            waiter.wake.notify_one();
        }
    }
}

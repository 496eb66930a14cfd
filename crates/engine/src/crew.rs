//! How many threads an engine has at work at once, however many modules are asked for.
//!
//! Threads that somebody waits for share one bound. In the background one kind of work goes before the other: those who do the
//! other wait between two functions.
//!
//! Must not know: what is done.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The threads that somebody waits for.
#[derive(Debug)]
pub(crate) struct Crew {
    max: usize,
    at_work: AtomicUsize,
}

/// A thread at work, until this is dropped.
#[derive(Debug)]
pub(crate) struct Member(Arc<Crew>);

impl Crew {
    pub fn new(max: usize) -> Arc<Crew> {
        Arc::new(Crew { max, at_work: AtomicUsize::new(0) })
    }

    /// Counts a thread that works in any case.
    pub fn join(self: &Arc<Self>) -> Member {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        Member(self.clone())
    }

    /// Places for a thread that works in any case and for others as far as there are some, so many in all at most.
    pub fn assemble(self: &Arc<Self>, most: usize) -> Vec<Member> {
        let mut members = vec![self.join()];
        members.extend((1..most).map_while(|_| self.hire()));
        members
    }

    /// A place for one thread more, if there is one.
    pub fn hire(self: &Arc<Self>) -> Option<Member> {
        let more = |at_work| (at_work < self.max).then_some(at_work + 1);
        self.at_work.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Member(self.clone()))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Work that goes before other work.
#[derive(Debug, Default)]
pub(crate) struct Precedence {
    urgent: Mutex<usize>,
    changed: Condvar,
}

/// How long is waited before it is asked again whether there is anything left to wait for.
const ASK: Duration = Duration::from_millis(100);

impl Precedence {
    /// Does what goes before.
    pub fn urgently(&self, work: impl FnOnce()) {
        /// Also when it panics, nobody waits for ever.
        struct Done<'p>(&'p Precedence);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                *self.0.urgent.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
                self.0.changed.notify_all();
            }
        }
        *self.urgent.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let _done = Done(self);
        work();
    }

    /// Waits while there is something that goes before, as long as `go_on` says so.
    pub fn give_way(&self, go_on: impl Fn() -> bool) {
        let mut urgent = self.urgent.lock().unwrap_or_else(PoisonError::into_inner);
        while *urgent > 0 && go_on() {
            urgent = self.changed.wait_timeout(urgent, ASK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let crew = Crew::new(3);
        let caller = crew.join();
        let hired: Vec<Member> = std::iter::from_fn(|| crew.hire()).collect();
        assert_eq!(hired.len(), 2);
        let another = crew.join();
        drop(hired);
        assert!(crew.hire().is_some());
        drop((caller, another));
        let first = crew.assemble(2);
        assert_eq!([first.len(), crew.assemble(9).len(), crew.assemble(1).len()], [2, 1, 1]);
        drop(first);
        assert_eq!(crew.assemble(9).len(), 3);
        assert_eq!(std::iter::from_fn(|| crew.hire()).take(9).collect::<Vec<_>>().len(), 3);
    }

    #[test]
    fn what_is_urgent_goes_first() {
        let precedence = Precedence::default();
        let order = Mutex::new(Vec::new());
        precedence.give_way(|| true);
        std::thread::scope(|scope| {
            precedence.urgently(|| {
                scope.spawn(|| {
                    precedence.give_way(|| true);
                    order.lock().unwrap().push("other");
                });
                std::thread::sleep(Duration::from_millis(20));
                precedence.give_way(|| false);
                order.lock().unwrap().push("urgent");
            });
        });
        assert_eq!(*order.lock().unwrap(), ["urgent", "other"]);
    }
}

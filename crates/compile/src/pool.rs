//! Work spread over threads: items in, results in the same order out.
//!
//! Items are taken from their beginning, by one thread also from their end.

use std::collections::VecDeque;
use std::sync::Mutex;

/// Where items are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    First,
    /// One thread begins at the end.
    Both,
}

/// What is left to do, with its place among the results.
type Queue<I> = VecDeque<(usize, I)>;

/// Maps `items` on up to `threads` threads, each with a state of its own. When `work` fails, what follows is not begun; the error
/// returned is that of the first failing item in order, so that results do not depend on timing.
pub(crate) fn map<I: Send, S, T: Send, E: Send>(
    threads: usize,
    ends: Ends,
    items: Vec<I>,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let count = items.len();
    if threads <= 1 || count <= 1 {
        let mut state = state();
        return items.into_iter().map(|item| work(&mut state, item)).collect();
    }
    let queue = Mutex::new(items.into_iter().enumerate().collect::<Queue<I>>());
    let done: Mutex<Vec<(usize, Result<T, E>)>> = Mutex::new(Vec::with_capacity(count));
    let run = |next: fn(&mut Queue<I>) -> Option<(usize, I)>| {
        let mut state = state();
        let mut mine = Vec::new();
        loop {
            // The guard must not live longer than this statement.
            let item = next(&mut queue.lock().expect("no panic while locked"));
            let Some((index, item)) = item else { break };
            let result = work(&mut state, item);
            let failed = result.is_err();
            mine.push((index, result));
            if failed {
                // Those before this one may fail as well.
                queue.lock().expect("no panic while locked").retain(|(other, _)| *other < index);
            }
        }
        done.lock().expect("no panic while locked").append(&mut mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            // Fewer threads than wanted is slower, not wrong.
            let _ = std::thread::Builder::new()
                .name("gantry-compile".into())
                .spawn_scoped(scope, || run(VecDeque::pop_front));
        }
        run(match ends {
            Ends::First => VecDeque::pop_front,
            Ends::Both => VecDeque::pop_back,
        });
    });
    let mut done = done.into_inner().expect("no panic while locked");
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn keeps_order_and_reports_the_first_error() {
        for ends in [super::Ends::First, super::Ends::Both] {
            let doubled = super::map(4, ends, (0..1000).collect(), || (), |(), i: i32| Ok::<_, i32>(i * 2)).unwrap();
            assert!(doubled.iter().enumerate().all(|(i, v)| *v == i as i32 * 2));
            for _ in 0..50 {
                let fail = |(): &mut (), i: i32| if i % 7 == 6 { Err(i) } else { Ok(i) };
                assert_eq!(super::map(4, ends, (0..1000).collect(), || (), fail), Err(6));
            }
        }
    }
}

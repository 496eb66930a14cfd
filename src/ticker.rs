//! Lets JavaScript in while wasm runs.
//!
//! Every few milliseconds a thread interrupts the loops of all stores; they return to JavaScript for a moment, where
//! termination, timeouts and the inspector take effect. Stores whose last interruption no loop has met yet cost
//! nothing. Before that the thread looks at the processor, and makes the first pages of a memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_engine::{Config, Engine};
use gantry_runtime::{PollPage, prepare_memory};

const INTERVAL: Duration = Duration::from_millis(5);
/// The interval while no loops run: the thread has nothing to do, but someone may start one.
const IDLE_INTERVAL: Duration = Duration::from_millis(50);
/// Rounds without loops after which the interval becomes longer.
const IDLE_ROUNDS: u32 = 20;

struct Ticker {
    pages: Vec<Arc<PollPage>>,
    running: bool,
}

static TICKER: Mutex<Ticker> = Mutex::new(Ticker { pages: Vec::new(), running: false });

fn ticker() -> MutexGuard<'static, Ticker> {
    TICKER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a store's loops interrupted from time to time.
pub(crate) fn register(page: &Arc<PollPage>) {
    let mut ticker = ticker();
    ticker.pages.push(page.clone());
    if !ticker.running {
        // Without the thread, wasm cannot be terminated, but runs.
        let spawned = std::thread::Builder::new().name("gantry-ticker".into()).spawn(run);
        ticker.running = spawned.is_ok();
    }
}

/// Forgets a store.
pub(crate) fn unregister(page: &Arc<PollPage>) {
    ticker().pages.retain(|other| !Arc::ptr_eq(other, page));
}

fn run() {
    // Looking at the processor, which is done once, takes a fifth of what a first module does, and there is nothing to interrupt yet. The engine
    // itself is made by whoever needs it first: its environment variables may not be set before that.
    drop(Engine::new(&Config::default()));
    prepare_memory();
    let mut idle = 0;
    loop {
        let mut busy = false;
        for page in &ticker().pages {
            busy |= page.interrupt();
        }
        idle = if busy { 0 } else { idle + 1 };
        std::thread::sleep(if idle < IDLE_ROUNDS { INTERVAL } else { IDLE_INTERVAL });
    }
}

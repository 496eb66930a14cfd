//! Lets JavaScript in while wasm runs.
//!
//! Every few milliseconds a thread sets the interrupt flags of all stores; running loops then return to JavaScript for
//! a moment, where termination, timeouts and the inspector take effect. While no one takes the flags back, the thread
//! sleeps.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_millis(5);
/// Rounds without anyone running wasm after which the thread sleeps.
const IDLE_ROUNDS: u32 = 20;

/// A store's flag, as long as it is registered.
pub(crate) struct Ticked(*const AtomicU32);

// SAFETY: the flag is atomic, and the store that has it unregisters before it goes away.
unsafe impl Send for Ticked {}
// SAFETY: as above.
unsafe impl Sync for Ticked {}

#[derive(Default)]
struct Stores {
    flags: Vec<Arc<Ticked>>,
    running: bool,
}

static STORES: Mutex<Stores> = Mutex::new(Stores { flags: Vec::new(), running: false });
static WAKE: Condvar = Condvar::new();
static ASLEEP: AtomicBool = AtomicBool::new(false);

fn stores() -> MutexGuard<'static, Stores> {
    STORES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a store's flag set from time to time.
pub(crate) fn register(flag: &AtomicU32) -> Arc<Ticked> {
    let ticked = Arc::new(Ticked(flag));
    let mut stores = stores();
    stores.flags.push(ticked.clone());
    if !stores.running {
        // Without the thread, wasm cannot be terminated, but runs.
        let spawned = std::thread::Builder::new().name("gantry-ticker".into()).spawn(run);
        stores.running = spawned.is_ok();
    }
    ticked
}

/// Must be called before the flag goes away.
pub(crate) fn unregister(ticked: &Arc<Ticked>) {
    stores().flags.retain(|other| !Arc::ptr_eq(other, ticked));
}

/// Called when wasm is entered. A flag that is still set was not needed; it is taken back, which keeps the thread going.
pub(crate) fn on_start(flag: &AtomicU32) {
    if flag.load(Ordering::Relaxed) != 0 {
        flag.store(0, Ordering::Relaxed);
        if ASLEEP.load(Ordering::Relaxed) {
            WAKE.notify_one();
        }
    }
}

fn run() {
    let mut idle = 0;
    let mut stores = stores();
    loop {
        let mut taken = false;
        for ticked in &stores.flags {
            // SAFETY: registered, and the lock is held.
            let flag = unsafe { &*ticked.0 };
            taken |= flag.swap(1, Ordering::Relaxed) == 0;
        }
        idle = if taken { 0 } else { idle + 1 };
        let wait = if idle < IDLE_ROUNDS { INTERVAL } else { Duration::MAX };
        ASLEEP.store(idle >= IDLE_ROUNDS, Ordering::Relaxed);
        stores = if wait == Duration::MAX {
            WAKE.wait(stores).unwrap_or_else(PoisonError::into_inner)
        } else {
            WAKE.wait_timeout(stores, wait).unwrap_or_else(PoisonError::into_inner).0
        };
        if ASLEEP.swap(false, Ordering::Relaxed) {
            idle = 0;
        }
    }
}

//! Work in the background: modules that run are optimised, what is hot first.
//!
//! Two threads of low priority take modules, one the large ones, so that small ones do not wait for those. They are started by the first
//! module and sleep when there is nothing to do. Work on large modules stops while there is a small one, so that no more threads are at
//! work than the engine may have. No process waits for them when it ends.
//!
//! Must not know: how code is made or entered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use gantry_abi::Profile;
use gantry_runtime::{CodeLevel, LoadedModule};

use crate::crew::Precedence;
use crate::program::{Program, Watcher};

/// Bytes of bodies from which a module is large. Of smaller ones all functions get quick code before any is optimised.
const LARGE: usize = 256 << 10;
/// For how long the first small program of a process is left alone once it has quick code. Many are done by then, and JavaScript is slower beside
/// threads that compile.
const PAUSE: Duration = Duration::from_millis(10);
/// Bytes of bodies from which hot functions do not wait for the others.
const HOT_FIRST: usize = 32 << 10;
/// What a counter has to say for a function to be optimised before others.
const HOT: u32 = 2000;
/// How often counters are looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Hot functions that are optimised after each look.
const AT_A_TIME: usize = 32;
/// The part of all counts that a function has to have for being compiled once more in the end, with others like it in the place of calls.
const PART: u64 = 1000;

/// Where programs wait.
#[derive(Default)]
pub(crate) struct Background {
    small: Lane,
    large: Lane,
    precedence: Arc<Precedence>,
}

/// A thread and what it has to do.
#[derive(Default)]
struct Lane(Mutex<Option<Sender<Job>>>);

/// A program that is to be optimised, if its module is still there then.
struct Job(Weak<Program>);

impl Drop for Job {
    /// However the work ended, or if it was never begun: nobody waits for it any more.
    fn drop(&mut self) {
        if let Some(program) = self.0.upgrade() {
            program.settle();
        }
    }
}

impl Background {
    /// Has a program optimised some time.
    pub fn optimize(&self, program: &Arc<Program>) {
        let precedence = self.precedence.clone();
        let job = Job(Arc::downgrade(program));
        if program.size < LARGE {
            let is_first = AtomicBool::new(true);
            let work = move |program: &Program| {
                let pause = if is_first.swap(false, Ordering::Relaxed) { PAUSE } else { Duration::ZERO };
                precedence.urgently(|| optimize(program, pause, &|| ()));
            };
            self.small.push(job, "gantry-small", work);
        } else {
            let wait = move |program: &Program| precedence.give_way(|| !program.is_cancelled());
            self.large.push(job, "gantry-large", move |program| optimize(program, Duration::ZERO, &|| wait(program)));
        }
    }
}

impl Lane {
    /// Has a job done by the lane's thread, which is started if there is none and does all jobs as the first is to be done.
    fn push(&self, job: Job, name: &str, work: impl Fn(&Program) + Send + 'static) {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a thread the module stays as it is, which the end of the job tells it.
        let job = match &*sender {
            None => job,
            Some(sender) => match sender.send(job) {
                Ok(()) => return,
                Err(unsent) => unsent.0,
            },
        };
        let (new, receiver) = mpsc::channel::<Job>();
        let run = move || {
            for job in receiver {
                if let Some(program) = job.0.upgrade() {
                    work(&program);
                }
            }
        };
        if thread::Builder::new().name(name.into()).spawn(run).is_ok() && new.send(job).is_ok() {
            *sender = Some(new);
        }
    }
}

/// Optimises a program: functions that turn out to be hot one by one, in the end all. Begins after a pause. Threads do `between` before each
/// function.
fn optimize(program: &Program, pause: Duration, between: &(dyn Fn() + Sync)) {
    if program.is_cancelled() {
        return;
    }
    let start = Instant::now();
    let hot = Mutex::new(Hot { looked: start, tried: vec![false; program.module.defined_funcs()] });
    program.optimize_while_it_runs(&Watch { program, pause, between, hot });
    if let Some(loaded) = program.loaded() {
        loaded.add_background_time(start.elapsed());
    }
}

/// A program that is watched while it is optimised.
struct Watch<'p> {
    program: &'p Program,
    pause: Duration,
    between: &'p (dyn Fn() + Sync),
    hot: Mutex<Hot>,
}

impl Watcher for Watch<'_> {
    fn begun(&self) {
        lower_priority();
        self.program.make_trampolines();
        if self.program.size < LARGE {
            self.program.make_quick();
            thread::sleep(self.pause);
        }
    }

    fn between(&self) {
        (self.between)();
        // One thread looks, the others go on.
        if self.program.size >= HOT_FIRST
            && let Ok(mut hot) = self.hot.try_lock()
            && hot.looked.elapsed() >= LOOK
        {
            hot.optimize(self.program);
            hot.looked = Instant::now();
        }
    }

    fn profile(&self) -> Profile {
        let Some(loaded) = self.program.loaded() else { return Profile::default() };
        let all: u64 = counts(&loaded).map(u64::from).sum();
        let hot = hottest(&loaded, HOT.max(u32::try_from(all / PART).unwrap_or(u32::MAX))).collect();
        let counters = loaded.counters().iter().map(|counter| counter.load(Ordering::Relaxed)).collect();
        Profile::new(self.program.module.defined_funcs(), counters, hot)
    }
}

/// What is known of a program's hot functions.
struct Hot {
    /// When counters were looked at.
    looked: Instant,
    /// Which functions were optimised, or exceed a limit.
    tried: Vec<bool>,
}

impl Hot {
    /// Optimises the functions that are the hottest now.
    fn optimize(&mut self, program: &Program) {
        for index in self.untried(program) {
            if program.is_cancelled() {
                return;
            }
            self.tried[index as usize] = true;
            if let Some(piece) = program.function(index, CodeLevel::Optimized)
                && let Some(loaded) = program.loaded()
            {
                // Without memory for it, the code stays that there is.
                let _ = loaded.publish(piece, CodeLevel::Optimized);
            }
        }
    }

    /// The hottest functions that nothing was done about yet.
    fn untried(&self, program: &Program) -> Vec<u32> {
        let Some(loaded) = program.loaded() else { return Vec::new() };
        let is_new = |index: &u32| !self.tried[*index as usize] && !loaded.is_optimized(*index);
        hottest(&loaded, HOT).filter(is_new).take(AT_A_TIME).collect()
    }
}

/// How often each function was entered and its loops went round.
fn counts(loaded: &LoadedModule) -> impl Iterator<Item = u32> {
    let functions = loaded.module().defined_funcs();
    loaded.counters().iter().take(functions).map(|counter| counter.load(Ordering::Relaxed))
}

/// Functions whose counters say `least` or more, the hottest first.
fn hottest(loaded: &LoadedModule, least: u32) -> impl Iterator<Item = u32> {
    let mut hot: Vec<(u32, u32)> = counts(loaded).zip(0..).filter(|(count, _)| *count >= least).collect();
    hot.sort_unstable_by(|a, b| b.cmp(a));
    hot.into_iter().map(|(_, index)| index)
}

/// Lets whoever waits for results go first. Threads that this one starts are the same. The first module of a process is an exception as
/// long as it only takes up what an earlier process has left: that is little work, and the sooner it is done the more it helps.
fn lower_priority() {
    // Elsewhere priorities are those of whole processes, or the scheduler's own matter.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

//! Times and sizes, for people who want to know.

use std::fmt;
use std::time::{Duration, Instant};

pub struct Stats {
    started: Instant,
    loaded: Duration,
    instantiated: Duration,
    finished: Duration,
}

impl Stats {
    pub fn new(started: Instant) -> Stats {
        Stats { started, loaded: Duration::ZERO, instantiated: Duration::ZERO, finished: Duration::ZERO }
    }

    pub fn loaded(&mut self) {
        self.loaded = self.started.elapsed();
    }

    pub fn instantiated(&mut self) {
        self.instantiated = self.started.elapsed();
    }

    pub fn finished(&mut self) {
        self.finished = self.started.elapsed();
    }
}

/// Of a line of `/proc/self/status`, in KiB.
fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        writeln!(f, "loaded after       {:8.3} ms", milliseconds(self.loaded))?;
        writeln!(f, "instantiated after {:8.3} ms", milliseconds(self.instantiated))?;
        writeln!(f, "finished after     {:8.3} ms", milliseconds(self.finished))?;
        if let Some(size) = std::env::current_exe().ok().and_then(|exe| exe.metadata().ok()) {
            writeln!(f, "this program       {:8} KiB", size.len() / 1024)?;
        }
        // Of the second, pages of files may be shared with other processes.
        for (what, name) in
            [("memory of its own  ", "RssAnon"), ("mapped from files  ", "RssFile"), ("memory at most     ", "VmHWM")]
        {
            if let Some(size) = status(name) {
                writeln!(f, "{what}{size:8} KiB")?;
            }
        }
        Ok(())
    }
}

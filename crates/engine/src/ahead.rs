//! Compilation ahead of time, for this machine or another one.
//!
//! Must not know: where the code is loaded.

use std::sync::atomic::{AtomicUsize, Ordering};

use gantry_abi::Target;
use gantry_compile::{Compiler, Machine, Settings};
use gantry_module::Decoder;

use crate::{Config, Error};

/// Compiles modules for a machine. The result is what [`Module::serialize`](crate::Module::serialize) gives on that machine.
///
/// ```
/// use gantry_engine::{AheadOfTime, Config, Cpu, Machine};
///
/// let machine = Machine { triple: Some("aarch64-unknown-linux-gnu".into()), cpu: Cpu::Baseline };
/// let compiler = AheadOfTime::new(&Config::default(), machine)?;
/// let bytes = compiler.compile(b"\0asm\x01\0\0\0")?;
/// assert_eq!(compiler.target().machine(), "aarch64-linux");
/// assert!(bytes.starts_with(b"\0gantry"));
/// # Ok::<(), gantry_engine::Error>(())
/// ```
pub struct AheadOfTime {
    compiler: Compiler,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl std::fmt::Debug for AheadOfTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AheadOfTime").field(self.target()).finish()
    }
}

impl AheadOfTime {
    /// A compiler for a machine. Of the options, those that decide how code looks count, and the number of threads.
    ///
    /// # Errors
    /// When there is no such target or no such feature of a processor; the message lists those that there are.
    pub fn new(config: &Config, machine: Machine) -> Result<AheadOfTime, Error> {
        let Config { memory_style, deterministic, .. } = *config;
        let threads = config.threads.max(1);
        let settings = Settings { memory_style, deterministic, threads, machine, ..Settings::default() };
        let compiler = Compiler::new(settings)?;
        Ok(AheadOfTime { compiler, done: AtomicUsize::new(0), total: AtomicUsize::new(0) })
    }

    /// What the code is made for.
    pub fn target(&self) -> &Target {
        self.compiler.target()
    }

    /// Validates and compiles a binary module.
    ///
    /// # Errors
    /// [`Error::is_compile`], with [`Error::offset`], when it is malformed or invalid.
    pub fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, Error> {
        let mut decoder = Decoder::new();
        let mut bodies = Vec::new();
        decoder.push(wasm, &mut |_, body| bodies.push(body))?;
        let module = decoder.finish(&mut |_, body| bodies.push(body))?.module;
        self.done.store(0, Ordering::Relaxed);
        self.total.store(bodies.len(), Ordering::Relaxed);
        let count = || {
            self.done.fetch_add(1, Ordering::Relaxed);
            true
        };
        Ok(self.compiler.compile_while(&module, &bodies, &count)?.to_bytes())
    }

    /// How many functions have been begun, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

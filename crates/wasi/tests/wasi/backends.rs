//! The file systems that all tests of files run on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gantry_wasi::fs::{Dir, memory, native, path};
use gantry_wasi::{Context, Preopen};

use crate::host_fs::HostFs;
use crate::program::Program;

/// A directory of the host that goes away with it.
pub struct Scratch(PathBuf);

impl Scratch {
    /// On the disk that the build is on.
    pub fn on_disk() -> Scratch {
        Scratch::new(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    /// In memory, where the system has that.
    pub fn on_tmpfs() -> Scratch {
        let tmpfs = Path::new("/dev/shm");
        Scratch::new(if tmpfs.is_dir() { tmpfs } else { Path::new(env!("CARGO_TARGET_TMPDIR")) })
    }

    fn new(parent: &Path) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("gantry-wasi-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Native,
    NativeOnTmpfs,
    Path,
    Memory,
}

pub const ALL: [Backend; 4] = [Backend::Native, Backend::NativeOnTmpfs, Backend::Path, Backend::Memory];

impl Backend {
    /// An empty directory, and what keeps it.
    pub fn dir(self) -> (Arc<dyn Dir>, Option<Scratch>) {
        match self {
            Backend::Native => {
                let scratch = Scratch::on_disk();
                (native::open_dir(scratch.path()).unwrap(), Some(scratch))
            }
            Backend::NativeOnTmpfs => {
                let scratch = Scratch::on_tmpfs();
                (native::open_dir(scratch.path()).unwrap(), Some(scratch))
            }
            Backend::Path => {
                let scratch = Scratch::on_disk();
                (path::open_dir(Arc::new(HostFs), scratch.path().to_str().unwrap()).unwrap(), Some(scratch))
            }
            Backend::Memory => (memory::Tree::new().root(), None),
        }
    }
}

/// Runs a test on each of them, with an empty directory as descriptor 3.
pub fn on_all(test: impl Fn(&mut Program, Backend)) {
    for backend in ALL {
        println!("on {backend:?}");
        let (dir, _scratch) = backend.dir();
        let context = Context::builder().preopen(Preopen::new("/", dir)).build();
        test(&mut Program::new(context), backend);
    }
}

/// As [`on_all`], but nothing may be changed; `prepare` does so before.
pub fn on_all_read_only(prepare: impl Fn(&mut Program), test: impl Fn(&mut Program)) {
    for backend in ALL {
        println!("on {backend:?}, for reading");
        let (dir, _scratch) = backend.dir();
        let context = Context::builder().preopen(Preopen::new("/", dir.clone())).build();
        prepare(&mut Program::new(context));
        let context = Context::builder().preopen(Preopen::new("/", dir).read_only()).build();
        test(&mut Program::new(context));
    }
}

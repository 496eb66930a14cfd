//! Options of a program as the JavaScript layer gives them, already checked.

use std::io::{self, Cursor};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use gantry_wasi::fs::memory::Tree;
use gantry_wasi::fs::stream::Input;
use gantry_wasi::fs::{self, Dir, File, native};
use gantry_wasi::{Builder, Clock, Context, Errno, Preopen, Random, Rights, Version};
use napi::Env;
use napi::bindgen_prelude::{BigInt, Uint8Array};
use napi_derive::napi;

use super::backend::{Backend, BackendFs, BackendFunction, BackendStream};

/// What a program is given.
#[napi(object, object_to_js = false)]
pub struct ProgramOptions {
    /// `preview1` or `unstable`.
    pub version: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Names and values.
    pub env: Vec<(String, String)>,
    /// Its directories.
    pub preopens: Vec<PreopenOptions>,
    /// Standard input, output and error output.
    pub stdio: Vec<StdioOptions>,
    /// Sockets: descriptors of this process.
    pub sockets: Vec<i32>,
    /// A clock that depends on the program only.
    pub clock: Option<ClockOptions>,
    /// Makes random bytes repeatable.
    pub seed: Option<BigInt>,
    /// How many threads it may have beside the first; without it, it has no threads.
    pub max_threads: Option<u32>,
}

/// A directory that a program is given.
#[napi(object, object_to_js = false)]
pub struct PreopenOptions {
    /// Its name for the program.
    pub guest: String,
    /// Where it is; or else
    pub path: Option<String>,
    /// what is in it; or else where it is in
    pub files: Option<Vec<FileOptions>>,
    /// a file system of JavaScript.
    pub backend: Option<BackendFunction>,
    /// Whether nothing in it can be changed.
    pub read_only: bool,
    /// What may be done with it and with what is opened through it, in bits; without it, everything.
    pub rights: Option<BigInt>,
}

/// A file or directory in memory. Directories come before what is in them.
#[napi(object, object_to_js = false)]
pub struct FileOptions {
    /// From the root of the tree.
    pub path: String,
    /// What is in it; nothing for directories.
    pub bytes: Option<Uint8Array>,
}

/// One of the three standard descriptors.
#[napi(object, object_to_js = false)]
pub struct StdioOptions {
    /// A descriptor of this process; or else
    pub fd: Option<i32>,
    /// all there is to read; or else
    pub bytes: Option<Uint8Array>,
    /// a stream of JavaScript.
    pub backend: Option<BackendFunction>,
}

/// In nanoseconds.
#[napi(object, object_to_js = false)]
pub struct ClockOptions {
    /// The real time at the beginning.
    pub start: BigInt,
    /// What each reading adds.
    pub step: BigInt,
}

/// Something of the system that a program should get cannot be had.
#[napi(object)]
pub struct Refusal {
    /// The system's number for the reason.
    pub errno: i32,
    /// What cannot be had.
    pub message: String,
}

impl Refusal {
    fn new(message: String, error: &io::Error) -> Refusal {
        Refusal { errno: error.raw_os_error().unwrap_or(libc::EINVAL), message }
    }
}

impl ProgramOptions {
    pub(super) fn version(&self) -> Version {
        if self.version == "unstable" { Version::Unstable } else { Version::Preview1 }
    }

    pub(super) fn context(self, env: Env) -> Result<Builder, Refusal> {
        let mut builder = Context::builder().args(&self.args);
        for (name, value) in &self.env {
            builder = builder.env(name, value);
        }
        let start = self.clock.as_ref().map(|clock| clock.start.get_u64().1);
        for preopen in self.preopens {
            builder = builder.preopen(directory(env, preopen, start)?);
        }
        let mut stdio = self.stdio.into_iter().map(|options| stdio(env, options));
        let mut next = || stdio.next().transpose();
        if let Some(file) = next()? {
            builder = builder.stdin(file);
        }
        if let Some(file) = next()? {
            builder = builder.stdout(file);
        }
        if let Some(file) = next()? {
            builder = builder.stderr(file);
        }
        for fd in self.sockets {
            builder = builder.socket(shared(fd, |fd| native::share(fd))?);
        }
        if let Some(ClockOptions { start, step }) = self.clock {
            builder = builder.clock(Clock::fixed(start.get_u64().1, step.get_u64().1));
        }
        if let Some(seed) = self.seed {
            builder = builder.random(Random::seeded(seed.get_u64().1));
        }
        Ok(builder)
    }
}

/// `start` is when a clock begins that depends on nothing but the program; then so do the times of files in memory.
fn directory(env: Env, options: PreopenOptions, start: Option<u64>) -> Result<Preopen, Refusal> {
    let PreopenOptions { guest, path, files, backend, read_only, rights } = options;
    let refuse =
        |error: io::Error| Refusal::new(format!("the directory {path:?} for {guest:?} cannot be opened"), &error);
    let dir = match (backend, &path, files) {
        (Some(backend), Some(path), _) => {
            let fs = Arc::new(BackendFs(Backend::new(env, backend)));
            fs::path::open_dir(fs, path).map_err(|errno| refuse(system_error(errno)))?
        }
        (None, Some(path), _) => native::open_dir(path).map_err(refuse)?,
        (_, None, files) => tree(&guest, files.unwrap_or_default(), start)?,
    };
    let mut preopen = Preopen::new(guest, dir);
    if let Some(rights) = rights {
        let rights = Rights::from_bits_truncate(rights.get_u64().1);
        (preopen.base, preopen.inheriting) = (rights, rights);
    }
    Ok(if read_only { preopen.read_only() } else { preopen })
}

fn tree(guest: &str, files: Vec<FileOptions>, start: Option<u64>) -> Result<Arc<dyn Dir>, Refusal> {
    let tree = start.map_or_else(Tree::new, Tree::repeatable);
    for FileOptions { path, bytes } in files {
        let added = match bytes {
            Some(bytes) => tree.add_file(&path, bytes.to_vec()),
            None => tree.add_dir(&path),
        };
        added.map_err(|errno| {
            Refusal::new(format!("the file {path:?} for {guest:?} cannot be made"), &system_error(errno))
        })?;
    }
    Ok(tree.root())
}

/// The system's error for one that programs would see.
fn system_error(errno: Errno) -> io::Error {
    let number = match errno {
        Errno::NOENT => libc::ENOENT,
        Errno::NOTDIR => libc::ENOTDIR,
        Errno::ACCES => libc::EACCES,
        Errno::PERM => libc::EPERM,
        Errno::LOOP => libc::ELOOP,
        Errno::NAMETOOLONG => libc::ENAMETOOLONG,
        Errno::NOSPC => libc::ENOSPC,
        Errno::EXIST => libc::EEXIST,
        Errno::INVAL => libc::EINVAL,
        _ => libc::EIO,
    };
    io::Error::from_raw_os_error(number)
}

fn stdio(env: Env, options: StdioOptions) -> Result<Box<dyn File>, Refusal> {
    match (options.bytes, options.backend) {
        (Some(bytes), _) => Ok(Box::new(Input::new(Cursor::new(bytes.to_vec())))),
        (None, Some(backend)) => BackendStream(Backend::new(env, backend))
            .file()
            .map_err(|errno| Refusal::new("a standard stream cannot be used".to_owned(), &system_error(errno))),
        (None, None) => shared(options.fd.unwrap_or(-1), |fd| native::standard_stream(fd)),
    }
}

fn shared(fd: i32, share: fn(BorrowedFd<'_>) -> io::Result<Box<dyn File>>) -> Result<Box<dyn File>, Refusal> {
    let refuse = |error: &io::Error| Refusal::new(format!("descriptor {fd} cannot be used"), error);
    if fd < 0 {
        return Err(refuse(&io::ErrorKind::InvalidInput.into()));
    }
    // SAFETY: borrowed for the time of the call, which duplicates it or says that it is not open.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    share(fd).map_err(|error| refuse(&error))
}

//! What programs get from JavaScript: file systems with the interface of `node:fs`, and standard streams.
//!
//! Each is one function, `(operation, path, other, a, b, bytes) => answer`, that does one operation and never throws.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use gantry_wasi::fs::path::{Handle, PathEntry, PathFs, PathOpen, Positioned};
use gantry_wasi::fs::{File, Result};
use gantry_wasi::{Errno, FdFlags, FileStat, FileType, SetTime};
use napi::Env;
use napi::bindgen_prelude::{BigInt, Buffer, FnArgs, FromNapiValue, Function, FunctionRef};
use napi_derive::napi;

type Arguments = FnArgs<(String, String, String, f64, f64, Option<Buffer>)>;

/// The function as options have it.
pub struct BackendFunction(FunctionRef<Arguments, Answer>);

impl FromNapiValue for BackendFunction {
    unsafe fn from_napi_value(env: napi::sys::napi_env, value: napi::sys::napi_value) -> napi::Result<Self> {
        // SAFETY: promised by the caller.
        let function = unsafe { Function::<Arguments, Answer>::from_napi_value(env, value)? };
        function.create_ref().map(BackendFunction)
    }
}

/// What an operation gives.
#[napi(object, object_to_js = false)]
pub struct Answer {
    /// Why there is nothing, as `error.code` has it.
    pub error: Option<String>,
    /// A descriptor, or how many bytes were written.
    pub number: Option<f64>,
    /// What was read.
    pub bytes: Option<Buffer>,
    /// Attributes.
    pub stat: Option<Attributes>,
    /// Names with their types.
    pub entries: Option<Vec<(String, u32)>>,
}

/// Attributes of a file; types are numbers of the specification, times nanoseconds.
#[napi(object, object_to_js = false)]
pub struct Attributes {
    /// As in `stat`.
    pub dev: BigInt,
    /// As in `stat`.
    pub ino: BigInt,
    /// As in `stat`.
    pub nlink: BigInt,
    /// As in `stat`.
    pub size: BigInt,
    /// The file type.
    pub file_type: u32,
    /// Last access.
    pub atim: BigInt,
    /// Last modification.
    pub mtim: BigInt,
    /// Last change of attributes.
    pub ctim: BigInt,
}

impl From<Attributes> for FileStat {
    fn from(attributes: Attributes) -> FileStat {
        let number = |value: &BigInt| value.get_u64().1;
        FileStat {
            dev: number(&attributes.dev),
            ino: number(&attributes.ino),
            nlink: number(&attributes.nlink),
            size: number(&attributes.size),
            file_type: file_type(attributes.file_type),
            atim: number(&attributes.atim),
            mtim: number(&attributes.mtim),
            ctim: number(&attributes.ctim),
        }
    }
}

fn file_type(number: u32) -> FileType {
    match number {
        1 => FileType::BlockDevice,
        2 => FileType::CharacterDevice,
        3 => FileType::Directory,
        4 => FileType::RegularFile,
        6 => FileType::SocketStream,
        7 => FileType::SymbolicLink,
        _ => FileType::Unknown,
    }
}

/// A function of JavaScript that does operations. Programs with threads get none.
pub(super) struct Backend {
    /// The thread that it belongs to: on any other it does nothing.
    thread: ThreadId,
    env: Env,
    function: ManuallyDrop<FunctionRef<Arguments, Answer>>,
}

// SAFETY: the function is used and dropped on the thread that it belongs to only.
unsafe impl Send for Backend {}
// SAFETY: as above.
unsafe impl Sync for Backend {}

impl Drop for Backend {
    fn drop(&mut self) {
        if thread::current().id() == self.thread {
            // SAFETY: it is not used any more.
            unsafe { ManuallyDrop::drop(&mut self.function) };
        }
    }
}

impl Backend {
    pub fn new(env: Env, BackendFunction(function): BackendFunction) -> Arc<Backend> {
        Arc::new(Backend { thread: thread::current().id(), env, function: ManuallyDrop::new(function) })
    }

    fn ask(&self, op: &str, path: &str, other: &str, a: f64, b: f64, bytes: Option<&[u8]>) -> Result<Answer> {
        if thread::current().id() != self.thread {
            return Err(Errno::IO);
        }
        let arguments = (op.to_owned(), path.to_owned(), other.to_owned(), a, b, bytes.map(Buffer::from));
        // The function does not throw unless JavaScript is being terminated.
        let answer = self.function.borrow_back(&self.env).and_then(|function| function.call(arguments.into()));
        let answer = answer.map_err(|_| Errno::IO)?;
        match answer.error {
            Some(code) => Err(Errno::from_posix_name(&code).unwrap_or(Errno::IO)),
            None => Ok(answer),
        }
    }

    fn path(&self, op: &str, path: &str) -> Result<Answer> {
        self.ask(op, path, "", 0.0, 0.0, None)
    }

    fn paths(&self, op: &str, path: &str, other: &str) -> Result<()> {
        self.ask(op, path, other, 0.0, 0.0, None).map(|_| ())
    }
}

/// A time in the form of [`Backend::ask`]: seconds; negative to leave it, infinite for the present.
fn seconds(time: SetTime) -> f64 {
    match time {
        SetTime::Keep => -1.0,
        SetTime::Now => f64::INFINITY,
        SetTime::To(nanoseconds) => nanoseconds as f64 / 1e9,
    }
}

/// A file system.
pub(super) struct BackendFs(pub Arc<Backend>);

impl PathFs for BackendFs {
    fn lstat(&self, path: &str) -> Result<FileStat> {
        let attributes = self.0.path("lstat", path)?.stat.ok_or(Errno::IO)?;
        Ok(attributes.into())
    }

    fn open(&self, path: &str, options: &PathOpen) -> Result<Box<dyn File>> {
        let bits = [options.read, options.write, options.create, options.exclusive, options.truncate];
        let flags = bits.iter().enumerate().map(|(i, set)| u32::from(*set) << i).sum::<u32>();
        let answer = self.0.ask("open", path, "", f64::from(flags), 0.0, None)?;
        let fd = answer.number.ok_or(Errno::IO)?;
        let handle = BackendHandle { backend: self.0.clone(), fd };
        Ok(Box::new(Positioned::new(handle, options.flags)?))
    }

    fn read_dir(&self, path: &str) -> Result<Vec<PathEntry>> {
        let entries = self.0.path("readdir", path)?.entries.ok_or(Errno::IO)?;
        let entry =
            |(name, ty): (String, u32)| PathEntry { name: name.into_bytes(), ino: None, file_type: file_type(ty) };
        Ok(entries.into_iter().map(entry).collect())
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.0.path("readlink", path)?.bytes.map(Vec::from).ok_or(Errno::IO)
    }

    fn create_dir(&self, path: &str) -> Result<()> {
        self.paths("mkdir", path)
    }

    fn remove_dir(&self, path: &str) -> Result<()> {
        self.paths("rmdir", path)
    }

    fn unlink(&self, path: &str) -> Result<()> {
        self.paths("unlink", path)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<()> {
        self.0.paths("symlink", path, target)
    }

    fn link(&self, path: &str, new_path: &str) -> Result<()> {
        self.0.paths("link", path, new_path)
    }

    fn rename(&self, path: &str, new_path: &str) -> Result<()> {
        self.0.paths("rename", path, new_path)
    }

    fn set_times(&self, path: &str, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.0.ask("utimes", path, "", seconds(atim), seconds(mtim), None).map(|_| ())
    }
}

impl BackendFs {
    fn paths(&self, op: &str, path: &str) -> Result<()> {
        self.0.paths(op, path, "")
    }
}

/// An open file of a [`BackendFs`], by the number that JavaScript knows it by.
struct BackendHandle {
    backend: Arc<Backend>,
    fd: f64,
}

impl BackendHandle {
    fn ask(&self, op: &str, a: f64, bytes: Option<&[u8]>, b: f64) -> Result<Answer> {
        // The descriptor goes in the place of the path.
        self.backend.ask(op, &self.fd.to_string(), "", a, b, bytes)
    }
}

/// -1 for files without offsets.
fn position(offset: Option<u64>) -> f64 {
    offset.map_or(-1.0, |offset| offset as f64)
}

/// What was read, moved to where it is wanted.
fn take(answer: Answer, buffer: &mut [u8]) -> Result<usize> {
    let bytes = answer.bytes.ok_or(Errno::IO)?;
    let target = buffer.get_mut(..bytes.len()).ok_or(Errno::IO)?;
    target.copy_from_slice(&bytes);
    Ok(bytes.len())
}

/// How much was written of so many bytes.
fn written(answer: Answer, len: usize) -> Result<usize> {
    let count = answer.number.ok_or(Errno::IO)? as usize;
    if count <= len { Ok(count) } else { Err(Errno::IO) }
}

impl Handle for BackendHandle {
    fn stat(&self) -> Result<FileStat> {
        let attributes = self.ask("fstat", 0.0, None, 0.0)?.stat.ok_or(Errno::IO)?;
        Ok(attributes.into())
    }

    fn read(&self, buffer: &mut [u8], offset: Option<u64>) -> Result<usize> {
        let answer = self.ask("read", buffer.len() as f64, None, position(offset))?;
        take(answer, buffer)
    }

    fn write(&self, buffer: &[u8], offset: Option<u64>) -> Result<usize> {
        let answer = self.ask("write", 0.0, Some(buffer), position(offset))?;
        written(answer, buffer.len())
    }

    fn set_size(&self, size: u64) -> Result<()> {
        self.ask("ftruncate", size as f64, None, 0.0).map(|_| ())
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.ask("futimes", seconds(atim), None, seconds(mtim)).map(|_| ())
    }

    fn sync(&self, data_only: bool) -> Result<()> {
        self.ask(if data_only { "fdatasync" } else { "fsync" }, 0.0, None, 0.0).map(|_| ())
    }
}

impl Drop for BackendHandle {
    fn drop(&mut self) {
        // Nobody is left who could be told that it failed.
        let _ = self.ask("close", 0.0, None, 0.0);
    }
}

/// A standard stream.
pub(super) struct BackendStream(pub Arc<Backend>);

impl Handle for BackendStream {
    fn stat(&self) -> Result<FileStat> {
        let file_type = FileType::Unknown;
        Ok(FileStat { dev: 0, ino: 0, file_type, nlink: 1, size: 0, atim: 0, mtim: 0, ctim: 0 })
    }

    fn read(&self, buffer: &mut [u8], _: Option<u64>) -> Result<usize> {
        take(self.0.ask("read", "", "", buffer.len() as f64, 0.0, None)?, buffer)
    }

    fn write(&self, buffer: &[u8], _: Option<u64>) -> Result<usize> {
        written(self.0.ask("write", "", "", 0.0, 0.0, Some(buffer))?, buffer.len())
    }

    fn set_size(&self, _: u64) -> Result<()> {
        Err(Errno::INVAL)
    }

    fn set_times(&self, _: SetTime, _: SetTime) -> Result<()> {
        Err(Errno::NOTSUP)
    }
}

impl BackendStream {
    /// The stream as a file.
    pub fn file(self) -> Result<Box<dyn File>> {
        Ok(Box::new(Positioned::new(self, FdFlags::empty())?))
    }
}

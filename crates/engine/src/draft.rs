//! What was compiled of a module before its process ended: a file of the cache from which a later process goes on.
//!
//! ```text
//! magic and format version, key of the module
//! records: number of the function, length, checksum, code that is not linked yet
//! ```
//!
//! The one process that has the lock appends records, a few milliseconds' work at a time; so nothing has to be done when it ends,
//! however that is. Any process reads, up to the first record that is not as it was written. When all is compiled, the
//! artifact takes the file's place.
//!
//! Must not know: what is in a function's code.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gantry_abi::Profile;
use gantry_compile::Observer;
use twox_hash::XxHash3_64;

use crate::cache::Cache;
use crate::folder::{is_private, open_own, private_file};
use crate::key::Key;
use crate::tiers::Client;

pub(crate) const EXTENSION: &str = "gtd";

const MAGIC: [u8; 8] = *b"\0gantryd";
const HEADER: usize = MAGIC.len() + blake3::OUT_LEN;
/// Bytes of a record before the code.
const RECORD: usize = 16;
/// What a process loses at most when it ends, beside the functions that are being compiled. Writing takes some microseconds.
const INTERVAL: Duration = Duration::from_millis(2);
/// The part of the cache that one draft may take.
const PART: u64 = 4;

/// A compilation that may have begun in another process.
pub(crate) struct Draft<'c> {
    /// What the file had.
    bytes: Vec<u8>,
    known: HashMap<u32, Range<usize>>,
    writer: Mutex<Writer<'c>>,
}

struct Writer<'c> {
    cache: &'c Cache,
    key: Key,
    /// None until there is something to write.
    file: Option<File>,
    /// Whether there is nothing to be written any more.
    is_done: bool,
    /// Bytes in the file, and those that are still to be written.
    len: u64,
    buffer: Vec<u8>,
    flushed: Instant,
}

impl Cache {
    fn draft_path(&self, key: &Key) -> PathBuf {
        self.path(key).with_extension(EXTENSION)
    }

    /// Goes on with the compilation of a module, or begins it.
    pub fn draft(&self, key: &Key) -> Draft<'_> {
        let mut writer = Writer {
            cache: self,
            key: *key,
            file: None,
            is_done: false,
            len: 0,
            buffer: header(key),
            flushed: Instant::now(),
        };
        let (bytes, known) = writer.open();
        Draft { bytes, known, writer: Mutex::new(writer) }
    }
}

fn header(key: &Key) -> Vec<u8> {
    [&MAGIC[..], key.bytes()].concat()
}

impl Writer<'_> {
    /// Reads the file, if there is one, and keeps it open if nobody else writes to it.
    fn open(&mut self) -> (Vec<u8>, HashMap<u32, Range<usize>>) {
        let path = self.cache.draft_path(&self.key);
        let mut bytes = Vec::new();
        // If it is not there yet, it is made when there is something to write.
        if !is_private(self.cache.dir()) {
            return (bytes, HashMap::new());
        }
        let writable = open_own(File::options().read(true).append(true), &path);
        let is_writable = writable.is_ok();
        let readable = writable.or_else(|_| open_own(File::options().read(true), &path));
        let Ok(mut file) = readable else { return (bytes, HashMap::new()) };
        let is_ours = is_writable && file.try_lock().is_ok();
        self.is_done = !is_ours;
        if (&mut file).take(self.cache.max_bytes() / PART).read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
        let (known, len) = read(&bytes, &self.key);
        bytes.truncate(len);
        if is_ours {
            // What follows was not finished, or is damaged.
            self.is_done = file.set_len(len as u64).is_err();
            self.len = len as u64;
            if len > 0 {
                self.buffer.clear();
            }
            self.file = Some(file);
        }
        (bytes, known)
    }

    fn push(&mut self, index: u32, code: &[u8]) {
        if self.is_done {
            return;
        }
        let at = self.len + self.buffer.len() as u64;
        self.buffer.extend_from_slice(&index.to_le_bytes());
        self.buffer.extend_from_slice(&(code.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(&checksum(at, index, code).to_le_bytes());
        self.buffer.extend_from_slice(code);
        if self.flushed.elapsed() >= INTERVAL {
            self.flush();
        }
    }

    /// Appends what is in the buffer. When that is not possible, nothing is kept from here on.
    fn flush(&mut self) {
        if self.is_done || self.buffer.len() <= HEADER && self.file.is_none() {
            return;
        }
        if self.file.is_none() {
            self.file = self.create();
        }
        let len = self.len + self.buffer.len() as u64;
        let is_room = len <= self.cache.max_bytes() / PART;
        let written = self.file.as_mut().filter(|_| is_room).is_some_and(|file| file.write_all(&self.buffer).is_ok());
        (self.is_done, self.len) = (!written, len);
        self.buffer.clear();
        self.flushed = Instant::now();
    }

    /// A new file, unless another process has begun one.
    fn create(&self) -> Option<File> {
        self.cache.prepare().ok()?;
        let file = private_file().append(true).open(self.cache.draft_path(&self.key)).ok()?;
        file.try_lock().is_ok().then_some(file)
    }
}

/// Tells damage, also that a record is at another place than it was.
fn checksum(at: u64, index: u32, code: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(at << 32 ^ u64::from(index), code)
}

/// The functions in a file, and how many bytes of it are as they were written.
fn read(bytes: &[u8], key: &Key) -> (HashMap<u32, Range<usize>>, usize) {
    let mut known = HashMap::new();
    if !bytes.starts_with(&header(key)) {
        return (known, 0);
    }
    let mut at = HEADER;
    while let Some((index, code)) = record(bytes, at) {
        at = code.end;
        known.insert(index, code);
    }
    (known, at)
}

fn record(bytes: &[u8], at: usize) -> Option<(u32, Range<usize>)> {
    let (record, rest) = bytes.get(at..)?.split_first_chunk::<RECORD>()?;
    let [a, b, c, d, e, f, g, h, sum @ ..] = *record;
    let (index, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]) as usize);
    let code = rest.get(..len)?;
    let start = at + RECORD;
    (checksum(at as u64, index, code) == u64::from_le_bytes(sum)).then_some((index, start..start + len))
}

impl<'c> Draft<'c> {
    fn writer(&self) -> MutexGuard<'_, Writer<'c>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The artifact is there: nobody needs the draft any more.
    pub fn remove(self) {
        let mut writer = self.writer();
        writer.is_done = true;
        if is_private(writer.cache.dir()) {
            // It may be gone already, or be in a folder that cannot be written to.
            let _ = fs::remove_file(writer.cache.draft_path(&writer.key));
        }
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        self.writer().flush();
    }
}

/// A compilation, with a draft if it is kept.
pub(crate) struct Drafting<'a, 'c> {
    pub draft: Option<&'a Draft<'c>>,
    pub client: &'a dyn Client,
    pub threads: usize,
}

impl Observer for Drafting<'_, '_> {
    fn go_on(&self) -> bool {
        self.client.go_on()
    }

    fn is_waited_for(&self) -> bool {
        self.client.is_waited_for()
    }

    fn threads(&self, most: usize) -> usize {
        self.threads.min(most)
    }

    fn known(&self, index: u32) -> Option<&[u8]> {
        let draft = self.draft?;
        draft.known.get(&index).map(|range| &draft.bytes[range.clone()])
    }

    fn profile(&self) -> Profile {
        self.client.profile()
    }

    fn compiled(&self, index: u32, bytes: &dyn Fn() -> Vec<u8>) {
        if let Some(draft) = self.draft {
            let bytes = bytes();
            draft.writer().push(index, &bytes);
        }
    }
}

//! Compiled modules on the disk, found again by content.
//!
//! An entry is an artifact under the hash of its module and of what its code is made for. It appears by renaming, is never
//! changed, and goes when it was not used for longest. As long as it is being made, a draft (`draft`) is in its place. Whatever is wrong with an entry, or with the folder, the module is compiled as
//! if there were no cache.
//!
//! Must not know: what is in an artifact.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use gantry_abi::artifact::Artifact;
use gantry_abi::{Mismatch, Target};
use gantry_runtime::{LoadError, LoadedModule, MappedFile};

use crate::draft;
use crate::folder::{self, is_private, make_private, open_own, private_file};
use crate::key::{self, Key, KeyHasher};
use crate::notes;

/// How often an entry's time is renewed.
const RENEW: Duration = Duration::from_secs(3600);
/// What is still being written after this long, will not be finished.
const ABANDONED: Duration = Duration::from_secs(3600);
/// A process looks whether the folder is too large with its first entry, and when it has written this part of the bound since.
const CLEAN_PART: u64 = 16;

const EXTENSION: &str = "gtx";
/// Of what is still being written.
const TEMPORARY: &str = "gtt";
/// Bytes on the disk of even the smallest file.
const LEAST_SIZE: u64 = 4096;

/// Where compiled modules are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// The folder. It is made if it is not there, accessible to this user only; one that belongs to others, or that others may
    /// write to, is not used.
    pub dir: PathBuf,
    /// Bytes in all entries at most, by and large.
    pub max_bytes: u64,
}

impl CacheConfig {
    /// Bytes of a cache unless something else is said.
    pub const MAX_BYTES: u64 = 1 << 30;

    /// A cache in a folder.
    pub fn new(dir: impl Into<PathBuf>) -> CacheConfig {
        CacheConfig { dir: dir.into(), max_bytes: CacheConfig::MAX_BYTES }
    }

    /// The folder that the platform has for such things: `$XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`,
    /// `%LOCALAPPDATA%`. None if there is no home.
    pub fn platform() -> Option<CacheConfig> {
        let base = folder::of_caches(std::env::consts::OS, &|name| std::env::var_os(name));
        base.map(|base| CacheConfig::new(base.join("gantry-wasm")))
    }
}

pub(crate) struct Cache {
    config: CacheConfig,
    target: Target,
    /// Threads that look for modules.
    threads: usize,
    /// Bytes written since the folder was looked at; all of them at first.
    written: AtomicU64,
}

impl Cache {
    /// The cache of a compiler that makes code for a target.
    pub fn new(config: CacheConfig, target: Target, threads: usize) -> Cache {
        Cache { config, target, threads, written: AtomicU64::new(u64::MAX / 2) }
    }

    /// What makes the key of a module.
    pub fn hasher(&self) -> KeyHasher {
        KeyHasher::new(&self.target.to_string())
    }

    /// The key of a module, if it is worth keeping.
    pub fn key(&self, wasm: &[u8]) -> Option<Key> {
        key::key(&self.target.to_string(), wasm, self.threads)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.config.dir
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.config.max_bytes
    }

    pub(crate) fn path(&self, key: &Key) -> PathBuf {
        self.config.dir.join(key.name()).with_extension(EXTENSION)
    }

    /// A module that was compiled before. What cannot be used is removed.
    pub fn load(&self, key: &Key) -> Option<Arc<LoadedModule>> {
        if !is_private(&self.config.dir) {
            return None;
        }
        let path = self.path(key);
        match self.open(&path) {
            Ok(loaded) => {
                loaded.set_label(*key.bytes());
                Some(loaded)
            }
            Err(error) => {
                use io::ErrorKind::{InvalidData, PermissionDenied, UnexpectedEof};
                // That there is no memory, or no more files may be opened, is not the entry's fault.
                if matches!(error.kind(), InvalidData | PermissionDenied | UnexpectedEof) {
                    // It may be gone already, or be in a folder that cannot be written to.
                    let _ = fs::remove_file(&path);
                }
                None
            }
        }
    }

    fn open(&self, path: &Path) -> io::Result<Arc<LoadedModule>> {
        let file = open_own(File::options().read(true), path)?;
        let accept = |target: &Target| if *target == self.target { Ok(()) } else { Err(Mismatch::Settings) };
        let loaded = LoadedModule::load_file(MappedFile::new(&file)?, self.threads, accept);
        let loaded = loaded.map_err(|error| match error {
            LoadError::OutOfMemory(_) => io::Error::from(io::ErrorKind::OutOfMemory),
            error => io::Error::new(io::ErrorKind::InvalidData, error),
        })?;
        renew(&file);
        Ok(loaded)
    }

    /// Keeps a module. Takes about a hundredth of the time that compiling took. Without a cache, or with one that is full or
    /// cannot be written to, everything works as before.
    pub fn store(&self, key: &Key, artifact: &Artifact) {
        let path = self.path(key);
        // Many processes that began at once are done at once: what the first of them has written is the same.
        if !path.exists() {
            let _ = self.publish(&path, &artifact.to_bytes());
        }
    }

    /// Makes the folder if it is not there.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        make_private(&self.config.dir)?;
        if is_private(&self.config.dir) { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    pub(crate) fn publish(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.prepare()?;
        let len = (bytes.len() as u64).max(LEAST_SIZE);
        if self.written.fetch_add(len, Ordering::Relaxed) >= self.config.max_bytes / CLEAN_PART {
            self.written.store(len, Ordering::Relaxed);
            self.clean(len, path)?;
        }
        let temporary = self.config.dir.join(temporary_name());
        let written = private_file().write(true).open(&temporary).and_then(|mut file| file.write_all(bytes));
        let published = written.and_then(|()| fs::rename(&temporary, path));
        published.inspect_err(|_| drop(fs::remove_file(&temporary)))
    }

    /// Removes what was not used for longest, until there is room for an entry, and what nobody will finish.
    fn clean(&self, room: u64, new: &Path) -> io::Result<()> {
        let now = SystemTime::now();
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.config.dir)? {
            let entry = entry?;
            // Others may remove entries meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().unwrap_or(now);
            let path = entry.path();
            if path.file_stem() == new.file_stem() {
                // The draft that it takes the place of.
                continue;
            }
            match kind(&path) {
                Some(Kind::Entry) => entries.push((used, metadata.len().max(LEAST_SIZE), path)),
                Some(Kind::Temporary { writer }) => {
                    let is_old = now.duration_since(used).is_ok_and(|age| age > ABANDONED);
                    // Who is not seen from here, because it runs elsewhere, only loses what it writes.
                    if is_old || !folder::is_running(writer) {
                        let _ = fs::remove_file(&path);
                    }
                }
                // Another's files are not touched, whatever they are doing here.
                None => {}
            }
        }
        let mut total = room + entries.iter().map(|(_, len, _)| len).sum::<u64>();
        entries.sort();
        for (_, len, path) in entries {
            if total <= self.config.max_bytes {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                total -= len;
            }
        }
        Ok(())
    }
}

/// A file of the cache.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Entry,
    /// What a process is writing, or was.
    Temporary {
        writer: u32,
    },
}

/// What a file of the folder is, by its name; none if it is not the cache's.
fn kind(path: &Path) -> Option<Kind> {
    let (stem, extension) = (path.file_stem()?.to_str()?, path.extension().and_then(OsStr::to_str)?);
    let is_key = stem.len() == 2 * blake3::OUT_LEN && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    match extension {
        EXTENSION | notes::EXTENSION | draft::EXTENSION if is_key => Some(Kind::Entry),
        TEMPORARY => Some(Kind::Temporary { writer: stem.split('-').next()?.parse().ok()? }),
        _ => None,
    }
}

/// Unique among processes and threads.
fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    format!("{}-{count}-{time}.{TEMPORARY}", std::process::id())
}

/// Marks an entry as used.
pub(crate) fn renew(file: &File) {
    let Ok(used) = file.metadata().and_then(|metadata| metadata.modified()) else { return };
    let now = SystemTime::now();
    if now.duration_since(used).is_ok_and(|age| age > RENEW) {
        // It is only about which entry goes first.
        let _ = file.set_modified(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_files_are_the_caches() {
        let key = Key::from([7; 32]);
        for extension in [EXTENSION, notes::EXTENSION, draft::EXTENSION] {
            assert_eq!(kind(&Path::new(&key.name()).with_extension(extension)), Some(Kind::Entry));
        }
        assert_eq!(kind(Path::new(&temporary_name())), Some(Kind::Temporary { writer: std::process::id() }));
        for name in ["program.gtx", "notes.tmp", "a.gtd", "b.gtt", ".profile", &key.name()] {
            assert_eq!(kind(Path::new(name)), None, "{name}");
        }
    }
}

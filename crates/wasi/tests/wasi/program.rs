//! A program without code: its memory, and its calls.

use gantry_wasi::{Context, Errno, Exit, FdFlags, Guest, OFlags, Rights, Version, function};

/// Where things are in the memory.
const OUT: u32 = 64;
const IOVECS: u32 = 128;
const PATH: u32 = 16 << 10;
const OTHER_PATH: u32 = 32 << 10;
pub const BUFFER: u32 = 64 << 10;
const SIZE: usize = 1 << 20;

/// The preopened directory.
pub const DIR: u32 = 3;

pub type Result<T> = std::result::Result<T, Errno>;

pub struct Program {
    pub context: Context,
    pub memory: Vec<u8>,
    pub version: Version,
}

/// How to open; by default as a program that wants everything.
#[derive(Clone, Copy)]
pub struct Open {
    pub follow: bool,
    pub oflags: OFlags,
    pub base: Rights,
    pub inheriting: Rights,
    pub flags: FdFlags,
}

pub const READ: Open = Open {
    follow: false,
    oflags: OFlags::empty(),
    base: Rights::FD_READ.union(Rights::FD_SEEK).union(Rights::FD_TELL).union(Rights::FD_FILESTAT_GET),
    inheriting: Rights::empty(),
    flags: FdFlags::empty(),
};
pub const WRITE: Open = Open { base: Rights::REGULAR_FILE, ..READ };
pub const CREATE: Open = Open { oflags: OFlags::CREAT, ..WRITE };
pub const DIRECTORY: Open =
    Open { oflags: OFlags::DIRECTORY, base: Rights::DIRECTORY, inheriting: Rights::all(), ..READ };
/// No rights, no flags.
pub const NOTHING: Open = Open { base: Rights::empty(), ..READ };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub dev: u64,
    pub ino: u64,
    pub file_type: u8,
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
    pub ctim: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FdStat {
    pub file_type: u8,
    pub flags: FdFlags,
    pub base: Rights,
    pub inheriting: Rights,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirent {
    pub next: u64,
    pub ino: u64,
    pub file_type: u8,
    pub name: String,
}

impl Program {
    pub fn new(context: Context) -> Program {
        Program { context, memory: vec![0; SIZE], version: Version::Preview1 }
    }

    pub fn exit(&mut self, name: &str, arguments: &[u64]) -> std::result::Result<Errno, Exit> {
        let function = function(self.version, name).unwrap_or_else(|| panic!("there is no {name}"));
        assert_eq!(function.params.len(), arguments.len(), "{name}");
        (function.call)(&mut self.context, &mut Guest::new(&mut self.memory), arguments)
    }

    pub fn call(&mut self, name: &str, arguments: &[u64]) -> Result<()> {
        match self.exit(name, arguments).expect("the program goes on") {
            Errno::SUCCESS => Ok(()),
            errno => Err(errno),
        }
    }

    pub fn u32_at(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.memory[address as usize..][..4].try_into().unwrap())
    }

    pub fn u64_at(&self, address: u32) -> u64 {
        u64::from_le_bytes(self.memory[address as usize..][..8].try_into().unwrap())
    }

    pub fn put(&mut self, address: u32, bytes: &[u8]) {
        self.memory[address as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    fn path(&mut self, path: impl AsRef<[u8]>) -> [u64; 2] {
        self.put(PATH, path.as_ref());
        [PATH.into(), path.as_ref().len() as u64]
    }

    fn other_path(&mut self, path: impl AsRef<[u8]>) -> [u64; 2] {
        self.put(OTHER_PATH, path.as_ref());
        [OTHER_PATH.into(), path.as_ref().len() as u64]
    }

    pub fn open(&mut self, fd: u32, path: impl AsRef<[u8]>, how: Open) -> Result<u32> {
        let [path, length] = self.path(path);
        let numbers = [how.oflags.bits().into(), how.base.bits(), how.inheriting.bits(), how.flags.bits().into()];
        let [oflags, base, inheriting, flags] = numbers;
        let arguments = [fd.into(), how.follow.into(), path, length, oflags, base, inheriting, flags, OUT.into()];
        self.call("path_open", &arguments)?;
        Ok(self.u32_at(OUT))
    }

    /// Makes an empty file.
    pub fn touch(&mut self, path: &str) {
        let fd = self.open(DIR, path, CREATE).unwrap();
        self.close(fd).unwrap();
    }

    /// Makes a file with these bytes.
    pub fn create(&mut self, path: &str, bytes: &[u8]) {
        let fd = self.open(DIR, path, CREATE).unwrap();
        assert_eq!(self.write(fd, bytes), Ok(bytes.len()));
        self.close(fd).unwrap();
    }

    /// All bytes of a file.
    pub fn contents(&mut self, path: &str) -> Vec<u8> {
        let fd = self.open(DIR, path, READ).unwrap();
        let bytes = self.read(fd, 4096).unwrap();
        self.close(fd).unwrap();
        bytes
    }

    pub fn close(&mut self, fd: u32) -> Result<()> {
        self.call("fd_close", &[fd.into()])
    }

    pub fn iovecs(&mut self, lengths: &[usize]) -> [u64; 2] {
        let mut start = BUFFER;
        for (index, &length) in lengths.iter().enumerate() {
            let iovec = [start.to_le_bytes(), (length as u32).to_le_bytes()].concat();
            self.put(IOVECS + 8 * index as u32, &iovec);
            start += length as u32;
        }
        [IOVECS.into(), lengths.len() as u64]
    }

    fn received(&self) -> Vec<u8> {
        self.memory[BUFFER as usize..][..self.u32_at(OUT) as usize].to_vec()
    }

    pub fn read(&mut self, fd: u32, length: usize) -> Result<Vec<u8>> {
        self.read_vectored(fd, &[length])
    }

    pub fn read_vectored(&mut self, fd: u32, lengths: &[usize]) -> Result<Vec<u8>> {
        let [iovecs, count] = self.iovecs(lengths);
        self.call("fd_read", &[fd.into(), iovecs, count, OUT.into()])?;
        Ok(self.received())
    }

    pub fn pread(&mut self, fd: u32, length: usize, offset: u64) -> Result<Vec<u8>> {
        let [iovecs, count] = self.iovecs(&[length]);
        self.call("fd_pread", &[fd.into(), iovecs, count, offset, OUT.into()])?;
        Ok(self.received())
    }

    pub fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<usize> {
        self.write_vectored(fd, &[bytes])
    }

    pub fn write_vectored(&mut self, fd: u32, parts: &[&[u8]]) -> Result<usize> {
        self.put(BUFFER, &parts.concat());
        let [iovecs, count] = self.iovecs(&parts.iter().map(|part| part.len()).collect::<Vec<_>>());
        self.call("fd_write", &[fd.into(), iovecs, count, OUT.into()])?;
        Ok(self.u32_at(OUT) as usize)
    }

    pub fn pwrite(&mut self, fd: u32, bytes: &[u8], offset: u64) -> Result<usize> {
        self.put(BUFFER, bytes);
        let [iovecs, count] = self.iovecs(&[bytes.len()]);
        self.call("fd_pwrite", &[fd.into(), iovecs, count, offset, OUT.into()])?;
        Ok(self.u32_at(OUT) as usize)
    }

    /// `whence` as in preview1: 0 from the start, 1 from here, 2 from the end.
    pub fn seek(&mut self, fd: u32, offset: i64, whence: u64) -> Result<u64> {
        self.call("fd_seek", &[fd.into(), offset.cast_unsigned(), whence, OUT.into()])?;
        Ok(self.u64_at(OUT))
    }

    pub fn tell(&mut self, fd: u32) -> Result<u64> {
        self.call("fd_tell", &[fd.into(), OUT.into()])?;
        Ok(self.u64_at(OUT))
    }

    pub fn fdstat(&mut self, fd: u32) -> Result<FdStat> {
        self.call("fd_fdstat_get", &[fd.into(), BUFFER.into()])?;
        Ok(FdStat {
            file_type: self.memory[BUFFER as usize],
            flags: FdFlags::from_bits_retain(self.u32_at(BUFFER).wrapping_shr(16) as u16),
            base: Rights::from_bits_retain(self.u64_at(BUFFER + 8)),
            inheriting: Rights::from_bits_retain(self.u64_at(BUFFER + 16)),
        })
    }

    pub fn set_flags(&mut self, fd: u32, flags: FdFlags) -> Result<()> {
        self.call("fd_fdstat_set_flags", &[fd.into(), flags.bits().into()])
    }

    pub fn set_rights(&mut self, fd: u32, base: Rights, inheriting: Rights) -> Result<()> {
        self.call("fd_fdstat_set_rights", &[fd.into(), base.bits(), inheriting.bits()])
    }

    fn stat_at_buffer(&self) -> Stat {
        let at = |offset| self.u64_at(BUFFER + offset);
        Stat {
            dev: at(0),
            ino: at(8),
            file_type: self.memory[BUFFER as usize + 16],
            nlink: at(24),
            size: at(32),
            atim: at(40),
            mtim: at(48),
            ctim: at(56),
        }
    }

    pub fn fd_stat(&mut self, fd: u32) -> Result<Stat> {
        self.call("fd_filestat_get", &[fd.into(), BUFFER.into()])?;
        Ok(self.stat_at_buffer())
    }

    pub fn stat(&mut self, fd: u32, path: impl AsRef<[u8]>, follow: bool) -> Result<Stat> {
        let [path, length] = self.path(path);
        self.call("path_filestat_get", &[fd.into(), follow.into(), path, length, BUFFER.into()])?;
        Ok(self.stat_at_buffer())
    }

    pub fn set_times(&mut self, fd: u32, path: &str, follow: bool, times: (u64, u64), flags: u64) -> Result<()> {
        let [path, length] = self.path(path);
        self.call("path_filestat_set_times", &[fd.into(), follow.into(), path, length, times.0, times.1, flags])
    }

    pub fn create_dir(&mut self, fd: u32, path: impl AsRef<[u8]>) -> Result<()> {
        let [path, length] = self.path(path);
        self.call("path_create_directory", &[fd.into(), path, length])
    }

    pub fn remove_dir(&mut self, fd: u32, path: impl AsRef<[u8]>) -> Result<()> {
        let [path, length] = self.path(path);
        self.call("path_remove_directory", &[fd.into(), path, length])
    }

    pub fn unlink(&mut self, fd: u32, path: impl AsRef<[u8]>) -> Result<()> {
        let [path, length] = self.path(path);
        self.call("path_unlink_file", &[fd.into(), path, length])
    }

    pub fn symlink(&mut self, target: impl AsRef<[u8]>, fd: u32, path: impl AsRef<[u8]>) -> Result<()> {
        let ([target, target_length], [path, length]) = (self.other_path(target), self.path(path));
        self.call("path_symlink", &[target, target_length, fd.into(), path, length])
    }

    pub fn readlink(&mut self, fd: u32, path: impl AsRef<[u8]>, size: u64) -> Result<Vec<u8>> {
        let [path, length] = self.path(path);
        self.call("path_readlink", &[fd.into(), path, length, BUFFER.into(), size, OUT.into()])?;
        Ok(self.received())
    }

    pub fn link(
        &mut self,
        fd: u32,
        follow: bool,
        path: impl AsRef<[u8]>,
        new_fd: u32,
        new: impl AsRef<[u8]>,
    ) -> Result<()> {
        let ([path, length], [new, new_length]) = (self.path(path), self.other_path(new));
        self.call("path_link", &[fd.into(), follow.into(), path, length, new_fd.into(), new, new_length])
    }

    pub fn rename(&mut self, fd: u32, path: impl AsRef<[u8]>, new_fd: u32, new: impl AsRef<[u8]>) -> Result<()> {
        let ([path, length], [new, new_length]) = (self.path(path), self.other_path(new));
        self.call("path_rename", &[fd.into(), path, length, new_fd.into(), new, new_length])
    }

    /// Reads entries into a buffer of this size. The second result says whether the end was reached.
    pub fn readdir(&mut self, fd: u32, size: u32, cookie: u64) -> Result<(Vec<Dirent>, bool)> {
        self.call("fd_readdir", &[fd.into(), BUFFER.into(), size.into(), cookie, OUT.into()])?;
        let used = self.u32_at(OUT);
        assert!(used <= size, "no more than there is room for");
        let (mut at, mut entries) = (0, Vec::new());
        while at + 24 <= used {
            let length = self.u32_at(BUFFER + at + 16);
            if at + 24 + length > used {
                break;
            }
            let name = self.memory[(BUFFER + at + 24) as usize..][..length as usize].to_vec();
            entries.push(Dirent {
                next: self.u64_at(BUFFER + at),
                ino: self.u64_at(BUFFER + at + 8),
                file_type: self.memory[(BUFFER + at + 20) as usize],
                name: String::from_utf8(name).unwrap(),
            });
            at += 24 + length;
        }
        Ok((entries, used < size))
    }

    /// The names in a directory, sorted, without `.` and `..`.
    pub fn names(&mut self, path: &str) -> Vec<String> {
        let fd = self.open(DIR, path, DIRECTORY).unwrap();
        let (entries, end) = self.readdir(fd, 60_000, 0).unwrap();
        assert!(end);
        self.close(fd).unwrap();
        let mut names: Vec<_> = entries.into_iter().map(|entry| entry.name).collect();
        names.retain(|name| name != "." && name != "..");
        names.sort();
        names
    }
}

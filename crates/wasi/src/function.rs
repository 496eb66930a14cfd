//! The functions of each version by name, with their types.

use crate::calls::{args, clock, descriptor, directory, io, path, poll, proc, random, sock, stat};
use crate::context::finish;
use crate::{Context, Errno, Exit, Guest};

/// Which interface a program was built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Imports from `wasi_snapshot_preview1`.
    Preview1,
    /// Imports from `wasi_unstable`: other numbers for `whence`, other layouts of file attributes and subscriptions.
    Unstable,
}

impl Version {
    /// The name of the module that programs import from.
    pub fn module(self) -> &'static str {
        match self {
            Version::Preview1 => "wasi_snapshot_preview1",
            Version::Unstable => "wasi_unstable",
        }
    }
}

/// The type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `i32`
    I32,
    /// `i64`
    I64,
}

/// A function that programs import.
pub struct Function {
    /// Its name in the module.
    pub name: &'static str,
    /// The types of its parameters.
    pub params: &'static [Type],
    /// The types of its results: one errno, or nothing.
    pub results: &'static [Type],
    /// Calls it. Arguments are as many as there are parameters; of an `i32` the lower half counts.
    ///
    /// # Errors
    ///
    /// How the program ends, if it does not go on behind the call.
    pub call: fn(&Context, &mut Guest<'_>, &[u64]) -> Result<Errno, Exit>,
}

/// The functions of a version.
pub fn functions(version: Version) -> &'static [Function] {
    match version {
        Version::Preview1 => PREVIEW1,
        Version::Unstable => UNSTABLE,
    }
}

/// The function of this name.
pub fn function(version: Version, name: &str) -> Option<&'static Function> {
    functions(version).iter().find(|function| function.name == name)
}

macro_rules! argument {
    (I32 $value:ident) => {
        $value as u32
    };
    (I64 $value:ident) => {
        $value
    };
}

macro_rules! table {
    ($table:ident, $version:expr; $($name:literal ($($param:ident: $type:ident),*) $([$result:ident])? => $call:expr,)*) => {
        const $table: &[Function] = &[$(Function {
            name: $name,
            params: &[$(Type::$type),*],
            results: &[$(Type::$result)?],
            call: |context, guest, arguments| {
                let &[$($param),*] = arguments else { return Ok(Errno::INVAL) };
                finish($call(context, guest, $(argument!($type $param)),*))
            },
        }),*];
    };
}

macro_rules! both {
    ($table:ident, $version:expr) => {
        table! { $table, $version;
            "args_get" (argv: I32, buffer: I32) [I32] => args::args_get,
            "args_sizes_get" (count: I32, size: I32) [I32] => args::args_sizes_get,
            "clock_res_get" (id: I32, out: I32) [I32] => clock::clock_res_get,
            "clock_time_get" (id: I32, precision: I64, out: I32) [I32] => clock::clock_time_get,
            "environ_get" (environ: I32, buffer: I32) [I32] => args::environ_get,
            "environ_sizes_get" (count: I32, size: I32) [I32] => args::environ_sizes_get,
            "fd_advise" (fd: I32, offset: I64, length: I64, advice: I32) [I32] => descriptor::fd_advise,
            "fd_allocate" (fd: I32, offset: I64, length: I64) [I32] => descriptor::fd_allocate,
            "fd_close" (fd: I32) [I32] => descriptor::fd_close,
            "fd_datasync" (fd: I32) [I32] => descriptor::fd_datasync,
            "fd_fdstat_get" (fd: I32, out: I32) [I32] => descriptor::fd_fdstat_get,
            "fd_fdstat_set_flags" (fd: I32, flags: I32) [I32] => descriptor::fd_fdstat_set_flags,
            "fd_fdstat_set_rights" (fd: I32, base: I64, inheriting: I64) [I32] => descriptor::fd_fdstat_set_rights,
            "fd_filestat_get" (fd: I32, out: I32) [I32] =>
                |context, guest, fd, out| stat::fd_filestat_get($version, context, guest, fd, out),
            "fd_filestat_set_size" (fd: I32, size: I64) [I32] => stat::fd_filestat_set_size,
            "fd_filestat_set_times" (fd: I32, atim: I64, mtim: I64, flags: I32) [I32] => stat::fd_filestat_set_times,
            "fd_pread" (fd: I32, buffers: I32, count: I32, offset: I64, out: I32) [I32] => io::fd_pread,
            "fd_prestat_get" (fd: I32, out: I32) [I32] => directory::fd_prestat_get,
            "fd_prestat_dir_name" (fd: I32, path: I32, length: I32) [I32] => directory::fd_prestat_dir_name,
            "fd_pwrite" (fd: I32, buffers: I32, count: I32, offset: I64, out: I32) [I32] => io::fd_pwrite,
            "fd_read" (fd: I32, buffers: I32, count: I32, out: I32) [I32] => io::fd_read,
            "fd_readdir" (fd: I32, buffer: I32, length: I32, cookie: I64, out: I32) [I32] => directory::fd_readdir,
            "fd_renumber" (fd: I32, to: I32) [I32] => descriptor::fd_renumber,
            "fd_seek" (fd: I32, offset: I64, whence: I32, out: I32) [I32] =>
                |context, guest, fd, offset, whence, out| {
                    descriptor::fd_seek($version, context, guest, fd, offset, whence, out)
                },
            "fd_sync" (fd: I32) [I32] => descriptor::fd_sync,
            "fd_tell" (fd: I32, out: I32) [I32] => descriptor::fd_tell,
            "fd_write" (fd: I32, buffers: I32, count: I32, out: I32) [I32] => io::fd_write,
            "path_create_directory" (fd: I32, path: I32, length: I32) [I32] => path::path_create_directory,
            "path_filestat_get" (fd: I32, flags: I32, path: I32, length: I32, out: I32) [I32] =>
                |context, guest, fd, flags, path, length, out| {
                    stat::path_filestat_get($version, context, guest, fd, flags, (path, length), out)
                },
            "path_filestat_set_times"
                (fd: I32, flags: I32, path: I32, length: I32, atim: I64, mtim: I64, fst_flags: I32) [I32] =>
                |context, guest, fd, flags, path, length, atim, mtim, fst_flags| {
                    stat::path_filestat_set_times(context, guest, fd, flags, (path, length), (atim, mtim, fst_flags))
                },
            "path_link"
                (fd: I32, flags: I32, path: I32, length: I32, new_fd: I32, new_path: I32, new_length: I32) [I32] =>
                |context, guest, fd, flags, path, length, new_fd, new_path, new_length| {
                    path::path_link(context, guest, fd, flags, (path, length), new_fd, (new_path, new_length))
                },
            "path_open"
                (fd: I32, flags: I32, path: I32, length: I32, oflags: I32, base: I64, inheriting: I64, fdflags: I32, out: I32)
                [I32] => |context, guest, fd, flags, path, length, oflags, base, inheriting, fdflags, out| {
                    let request = path::OpenRequest { flags, oflags, base, inheriting, fdflags };
                    path::path_open(context, guest, fd, (path, length), &request, out)
                },
            "path_readlink" (fd: I32, path: I32, length: I32, buffer: I32, buffer_length: I32, out: I32) [I32] =>
                |context, guest, fd, path, length, buffer, buffer_length, out| {
                    path::path_readlink(context, guest, fd, (path, length), (buffer, buffer_length), out)
                },
            "path_remove_directory" (fd: I32, path: I32, length: I32) [I32] => path::path_remove_directory,
            "path_rename" (fd: I32, path: I32, length: I32, new_fd: I32, new_path: I32, new_length: I32) [I32] =>
                |context, guest, fd, path, length, new_fd, new_path, new_length| {
                    path::path_rename(context, guest, fd, (path, length), new_fd, (new_path, new_length))
                },
            "path_symlink" (target: I32, target_length: I32, fd: I32, path: I32, length: I32) [I32] =>
                |context, guest, target, target_length, fd, path, length| {
                    path::path_symlink(context, guest, (target, target_length), fd, (path, length))
                },
            "path_unlink_file" (fd: I32, path: I32, length: I32) [I32] => path::path_unlink_file,
            "poll_oneoff" (subscriptions: I32, events: I32, count: I32, out: I32) [I32] =>
                |context, guest, subscriptions, events, count, out| {
                    poll::poll_oneoff($version, context, guest, subscriptions, events, count, out)
                },
            "proc_exit" (code: I32) => proc::proc_exit,
            "proc_raise" (signal: I32) [I32] => proc::proc_raise,
            "random_get" (buffer: I32, length: I32) [I32] => random::random_get,
            "sched_yield" () [I32] => proc::sched_yield,
            "sock_accept" (fd: I32, flags: I32, out: I32) [I32] => sock::sock_accept,
            "sock_recv" (fd: I32, buffers: I32, count: I32, flags: I32, out: I32, out_flags: I32) [I32] =>
                |context, guest, fd, buffers, count, flags, out, out_flags| {
                    sock::sock_recv(context, guest, fd, (buffers, count), flags, out, out_flags)
                },
            "sock_send" (fd: I32, buffers: I32, count: I32, flags: I32, out: I32) [I32] => sock::sock_send,
            "sock_shutdown" (fd: I32, how: I32) [I32] => sock::sock_shutdown,
        }
    };
}

both!(PREVIEW1, Version::Preview1);
both!(UNSTABLE, Version::Unstable);

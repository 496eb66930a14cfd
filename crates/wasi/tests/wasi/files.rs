//! Reading, writing, positions, sizes, times.

use gantry_wasi::{Errno, FdFlags, OFlags, Rights};

use crate::backends::on_all;
use crate::program::{BUFFER, CREATE, DIR, NOTHING, Open, READ, WRITE};

#[test]
fn reads_and_writes_move_the_position() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        assert!(fd > DIR);
        assert_eq!(program.tell(fd), Ok(0));
        assert_eq!(program.write(fd, &[7; 100]), Ok(100));
        assert_eq!(program.tell(fd), Ok(100));
        assert_eq!(program.seek(fd, -50, 1), Ok(50));
        assert_eq!(program.read(fd, 100), Ok(vec![7; 50]));
        assert_eq!(program.read(fd, 100), Ok(vec![]), "the end");
        assert_eq!(program.seek(fd, -1, 2), Ok(99));
        assert_eq!(program.seek(fd, 0, 0), Ok(0));
        assert_eq!(program.seek(fd, 1000, 1), Ok(1000), "behind the end");
        assert_eq!(program.read(fd, 1), Ok(vec![]));
        assert_eq!(program.seek(fd, -2000, 1), Err(Errno::INVAL));
        assert_eq!(program.seek(fd, i64::MIN, 0), Err(Errno::INVAL));
        assert_eq!(program.seek(fd, 0, 3), Err(Errno::INVAL));
        assert_eq!(program.tell(fd), Ok(1000), "as it was");
    });
}

#[test]
fn buffers_are_filled_and_written_in_order() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        assert_eq!(program.write_vectored(fd, &[b"he", b"", b"l", b"lo world"]), Ok(11));
        program.seek(fd, 0, 0).unwrap();
        assert_eq!(program.read_vectored(fd, &[4, 0, 1, 2]), Ok(b"hello w".to_vec()));
        assert_eq!(program.read_vectored(fd, &[0]), Ok(vec![]));
        assert_eq!(program.read_vectored(fd, &[]), Ok(vec![]));
        assert_eq!(program.write_vectored(fd, &[]), Ok(0));
        // More buffers than are handled at once.
        let parts: Vec<Vec<u8>> = (0..100).map(|number| vec![number; 3]).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        program.seek(fd, 0, 0).unwrap();
        assert_eq!(program.write_vectored(fd, &parts), Ok(300));
        program.seek(fd, 0, 0).unwrap();
        assert_eq!(program.read_vectored(fd, &[3; 100]), Ok(parts.concat()));
    });
}

#[test]
fn bad_buffers_are_refused() {
    on_all(|program, _| {
        let fd = u64::from(program.open(DIR, "file", CREATE).unwrap());
        let size = program.memory.len() as u64;
        for name in ["fd_read", "fd_write"] {
            assert_eq!(program.call(name, &[fd, size - 4, 1, 0]), Err(Errno::FAULT), "{name}: the array is outside");
            assert_eq!(program.call(name, &[fd, 0, 1025, 0]), Err(Errno::INVAL), "{name}: too many");
            let [iovecs, count] = program.iovecs(&[10]);
            program.put(iovecs as u32, &(size as u32 - 9).to_le_bytes());
            assert_eq!(program.call(name, &[fd, iovecs, count, 0]), Err(Errno::FAULT), "{name}: the buffer is outside");
        }
        let [iovecs, count] = program.iovecs(&[0]);
        assert_eq!(program.call("fd_write", &[fd, iovecs, count, size - 3]), Err(Errno::FAULT), "the result is");
        assert_eq!(program.call("fd_write", &[77, iovecs, count, 0]), Err(Errno::BADF));
    });
}

#[test]
fn pread_and_pwrite_leave_the_position() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        assert_eq!(program.pwrite(fd, &[0, 1, 2, 3], 0), Ok(4));
        assert_eq!(program.pread(fd, 4, 0), Ok(vec![0, 1, 2, 3]));
        assert_eq!(program.pread(fd, 4, 2), Ok(vec![2, 3]));
        assert_eq!(program.pwrite(fd, &[1, 0], 2), Ok(2));
        assert_eq!(program.pread(fd, 4, 0), Ok(vec![0, 1, 1, 0]));
        assert_eq!(program.pread(fd, 4, 100), Ok(vec![]));
        assert_eq!(program.tell(fd), Ok(0));
        assert_eq!(program.pwrite(fd, &[9], 9), Ok(1), "a hole");
        assert_eq!(program.pread(fd, 10, 4), Ok(vec![0, 0, 0, 0, 0, 9]));
        assert_eq!(program.pread(fd, 1, u64::MAX), Err(Errno::INVAL));
        assert!(matches!(program.pwrite(fd, &[1], u64::MAX), Err(Errno::INVAL | Errno::FBIG)));
    });
}

#[test]
fn append_writes_at_the_end_until_it_is_switched_off() {
    on_all(|program, _| {
        let append = Open { flags: FdFlags::APPEND, ..CREATE };
        let fd = program.open(DIR, "file", append).unwrap();
        assert_eq!(program.fdstat(fd).unwrap().flags, FdFlags::APPEND);
        program.write(fd, &[0; 10]).unwrap();
        program.seek(fd, 0, 0).unwrap();
        program.write(fd, &[1; 10]).unwrap();
        assert_eq!(program.tell(fd), Ok(20));
        assert_eq!(program.pread(fd, 10, 10), Ok(vec![1; 10]));

        assert_eq!(program.pwrite(fd, &[5; 4], 0), Ok(4), "at its offset all the same");
        assert_eq!(program.pread(fd, 5, 0), Ok(vec![5, 5, 5, 5, 0]));
        assert_eq!(program.seek(fd, 0, 2), Ok(20));

        program.set_flags(fd, FdFlags::empty()).unwrap();
        program.seek(fd, 0, 0).unwrap();
        program.write(fd, &[2; 10]).unwrap();
        assert_eq!(program.pread(fd, 20, 0), Ok([[2; 10], [1; 10]].concat()));
        program.set_flags(fd, FdFlags::APPEND).unwrap();
        program.write(fd, &[3]).unwrap();
        assert_eq!(program.fd_stat(fd).unwrap().size, 21);
    });
}

#[test]
fn synchronised_writing_is_kept_and_reported() {
    on_all(|program, _| {
        for flags in [FdFlags::SYNC, FdFlags::DSYNC, FdFlags::RSYNC, FdFlags::APPEND | FdFlags::SYNC] {
            let fd = program.open(DIR, "file", Open { flags, ..CREATE }).unwrap();
            assert_eq!(program.fdstat(fd).unwrap().flags, flags);
            assert_eq!(program.write(fd, b"x"), Ok(1));
            assert_eq!(program.set_flags(fd, flags | FdFlags::NONBLOCK), Ok(()));
            assert_eq!(program.fdstat(fd).unwrap().flags, flags | FdFlags::NONBLOCK);
            assert_eq!(program.set_flags(fd, FdFlags::empty()), Err(Errno::NOTSUP), "cannot be taken back");
            program.close(fd).unwrap();
        }
        let fd = program.open(DIR, "file", WRITE).unwrap();
        assert_eq!(program.call("fd_sync", &[fd.into()]), Ok(()));
        assert_eq!(program.call("fd_datasync", &[fd.into()]), Ok(()));
        assert_eq!(program.call("fd_sync", &[DIR.into()]), Ok(()), "directories too");
        assert_eq!(program.call("fd_fdstat_set_flags", &[fd.into(), 32]), Err(Errno::INVAL));
        assert_eq!(program.call("fd_fdstat_set_flags", &[fd.into(), 1 << 16]), Err(Errno::INVAL));
    });
}

#[test]
fn sizes_are_set() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        assert_eq!(program.call("fd_filestat_set_size", &[fd.into(), 100]), Ok(()));
        assert_eq!(program.fd_stat(fd).unwrap().size, 100);
        assert_eq!(program.read(fd, 200), Ok(vec![0; 100]));
        assert_eq!(program.call("fd_filestat_set_size", &[fd.into(), 3]), Ok(()));
        assert_eq!(program.fd_stat(fd).unwrap().size, 3);
        assert_eq!(program.tell(fd), Ok(100), "the position stays");
        let refused = program.call("fd_filestat_set_size", &[fd.into(), u64::MAX]);
        assert!(matches!(refused, Err(Errno::INVAL | Errno::FBIG)), "{refused:?}");
        let reading = program.open(DIR, "file", READ).unwrap();
        assert_eq!(program.call("fd_filestat_set_size", &[reading.into(), 0]), Err(Errno::NOTCAPABLE));
    });
}

#[test]
fn space_is_allocated() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        let mut allocate = |offset, length, size| {
            assert_eq!(program.call("fd_allocate", &[fd.into(), offset, length]), Ok(()));
            assert_eq!(program.fd_stat(fd).unwrap().size, size);
        };
        allocate(0, 100, 100);
        allocate(10, 10, 100);
        allocate(90, 20, 110);
        assert_eq!(program.call("fd_allocate", &[fd.into(), 0, 0]), Err(Errno::INVAL));
        let refused = program.call("fd_allocate", &[fd.into(), 1, u64::MAX]);
        assert!(matches!(refused, Err(Errno::INVAL | Errno::FBIG)), "{refused:?}");
    });
}

#[test]
fn advice_is_taken() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        for advice in 0..6 {
            assert_eq!(program.call("fd_advise", &[fd.into(), 10, 50, advice]), Ok(()));
            assert_eq!(program.call("fd_advise", &[fd.into(), 10, 0, advice]), Ok(()));
        }
        assert_eq!(program.call("fd_advise", &[fd.into(), 0, 0, 6]), Err(Errno::INVAL));
        assert_eq!(program.fd_stat(fd).unwrap().size, 0);
        assert_eq!(program.call("fd_advise", &[99, 0, 0, 0]), Err(Errno::BADF));
    });
}

#[test]
fn times_of_descriptors_are_set() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        let before = program.fd_stat(fd).unwrap();
        let mut set = |flags| program.call("fd_filestat_set_times", &[fd.into(), 1_000_000_007, 2_000_000_011, flags]);
        assert_eq!(set(1 | 2), Err(Errno::INVAL), "both a time and now");
        assert_eq!(set(4 | 8), Err(Errno::INVAL));
        assert_eq!(set(16), Err(Errno::INVAL));
        assert_eq!(set(4), Ok(()));
        let after = program.fd_stat(fd).unwrap();
        assert_eq!((after.mtim, after.atim), (2_000_000_011, before.atim));
        let mut set = |flags| program.call("fd_filestat_set_times", &[fd.into(), 1_000_000_007, 2_000_000_011, flags]);
        assert_eq!(set(1 | 8), Ok(()));
        let after = program.fd_stat(fd).unwrap();
        assert_eq!(after.atim, 1_000_000_007);
        assert!(after.mtim >= before.mtim - 1_000_000_000, "now");
        // A directory has times too.
        assert_eq!(program.call("fd_filestat_set_times", &[DIR.into(), 3_000_000_000, 4_000_000_000, 5]), Ok(()));
        let stat = program.fd_stat(DIR).unwrap();
        assert_eq!((stat.atim, stat.mtim), (3_000_000_000, 4_000_000_000));
    });
}

#[test]
fn times_of_paths_are_set() {
    on_all(|program, _| {
        program.touch("file");
        program.create_dir(DIR, "dir").unwrap();
        program.symlink("file", DIR, "link").unwrap();
        let (file, link) = (program.stat(DIR, "file", false).unwrap(), program.stat(DIR, "link", false).unwrap());

        assert_eq!(program.set_times(DIR, "link", false, (0, link.mtim - 200), 4), Ok(()));
        assert_eq!(program.stat(DIR, "link", false).unwrap().mtim, link.mtim - 200, "the link's own");
        assert_eq!(program.stat(DIR, "file", false).unwrap().mtim, file.mtim);
        assert_eq!(program.stat(DIR, "link", true).unwrap().mtim, file.mtim);

        assert_eq!(program.set_times(DIR, "link", true, (0, 12_345), 4), Ok(()));
        assert_eq!(program.stat(DIR, "file", false).unwrap().mtim, 12_345, "what the link leads to");
        for path in ["dir", "dir/", "dir/.", "dir/../dir", "./dir"] {
            assert_eq!(program.set_times(DIR, path, false, (7_000_000_000, 0), 1), Ok(()), "{path}");
            assert_eq!(program.stat(DIR, "dir", false).unwrap().atim, 7_000_000_000, "{path}");
            program.set_times(DIR, path, true, (8_000_000_000, 0), 1).unwrap();
        }
        assert_eq!(program.set_times(DIR, "file", false, (0, 0), 12), Err(Errno::INVAL));
        assert_eq!(program.set_times(DIR, "none", false, (0, 0), 4), Err(Errno::NOENT));
        assert_eq!(program.set_times(DIR, "file/", false, (0, 0), 4), Err(Errno::NOTDIR));
        assert_eq!(program.stat(DIR, "file", false).unwrap().mtim, 12_345, "as it was");
    });
}

#[test]
fn attributes_tell_files_apart() {
    on_all(|program, _| {
        program.create("one", b"12345");
        program.touch("two");
        let (one, two) = (program.stat(DIR, "one", false).unwrap(), program.stat(DIR, "two", false).unwrap());
        assert_eq!((one.file_type, one.size, one.nlink), (4, 5, 1));
        assert_eq!(one.dev, two.dev);
        assert_ne!(one.ino, two.ino);
        let fd = program.open(DIR, "one", READ).unwrap();
        assert_eq!(program.fd_stat(fd), Ok(program.stat(DIR, "one", true).unwrap()));
        assert_eq!(program.stat(DIR, ".", false).unwrap().file_type, 3);
        assert_eq!(program.fd_stat(DIR).unwrap().ino, program.stat(DIR, ".", false).unwrap().ino);
        assert_eq!(program.stat(DIR, "none", false), Err(Errno::NOENT));
        assert_eq!(program.stat(DIR, "one/", false), Err(Errno::NOTDIR));
        assert_eq!(program.stat(DIR, "one/two", false), Err(Errno::NOTDIR));
        assert_eq!(program.stat(fd, "one", false), Err(Errno::NOTDIR));
        assert_eq!(program.call("path_filestat_get", &[3, 2, 0, 1, BUFFER.into()]), Err(Errno::INVAL), "unknown flag");
    });
}

#[test]
fn a_file_without_a_name_lives_on() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        program.write(fd, b"still here").unwrap();
        program.unlink(DIR, "file").unwrap();
        assert_eq!(program.open(DIR, "file", READ), Err(Errno::NOENT));
        assert_eq!(program.pread(fd, 100, 0), Ok(b"still here".to_vec()));
        assert_eq!(program.fd_stat(fd).unwrap().nlink, 0);
        let again = program.open(DIR, "file", CREATE).unwrap();
        assert_eq!(program.read(again, 1), Ok(vec![]), "another file");
    });
}

#[test]
fn writing_is_seen_by_others_at_once() {
    on_all(|program, _| {
        let reader = program.open(DIR, "file", Open { oflags: OFlags::CREAT, ..READ }).unwrap();
        let writer = program.open(DIR, "file", Open { base: Rights::FD_WRITE, ..NOTHING }).unwrap();
        assert_eq!(program.write(writer, b"1"), Ok(1));
        assert_eq!(program.read(reader, 2), Ok(b"1".to_vec()));
    });
}

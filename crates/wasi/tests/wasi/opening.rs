//! `path_open`: flags, types of files, slashes and links at the end of paths.

use gantry_wasi::{Errno, FdFlags, OFlags, Rights};

use crate::backends::{on_all, on_all_read_only};
use crate::program::{BUFFER, CREATE, DIR, DIRECTORY, NOTHING, Open, READ, WRITE};

#[test]
fn files_are_created_truncated_and_expected_to_be_new() {
    on_all(|program, _| {
        assert_eq!(program.open(DIR, "file", READ), Err(Errno::NOENT));
        // Creating needs no right to write.
        let fd = program.open(DIR, "file", Open { oflags: OFlags::CREAT, ..NOTHING }).unwrap();
        program.close(fd).unwrap();
        let new = Open { oflags: OFlags::CREAT | OFlags::EXCL, ..WRITE };
        assert_eq!(program.open(DIR, "file", new), Err(Errno::EXIST));
        program.create("file", b"this will be cut off");
        let fd = program.open(DIR, "file", Open { oflags: OFlags::CREAT | OFlags::TRUNC, ..WRITE }).unwrap();
        assert_eq!(program.read(fd, 100), Ok(vec![]));
        program.create("file", b"again");
        let fd = program.open(DIR, "file", Open { oflags: OFlags::TRUNC, ..NOTHING }).unwrap();
        program.close(fd).unwrap();
        assert_eq!(program.stat(DIR, "file", false).unwrap().size, 0);
        assert_eq!(program.open(DIR, "none", Open { oflags: OFlags::TRUNC, ..WRITE }), Err(Errno::NOENT));
        assert_eq!(program.open(DIR, "none/file", CREATE), Err(Errno::NOENT));
        assert_eq!(program.open(DIR, "new", new).map(|fd| fd > DIR), Ok(true));
    });
}

#[test]
fn descriptors_read_and_write_as_they_were_opened() {
    on_all(|program, _| {
        program.touch("file");
        let reading = program.open(DIR, "file", Open { base: Rights::FD_READ, ..NOTHING }).unwrap();
        assert_eq!(program.fdstat(reading).unwrap().base, Rights::FD_READ);
        assert_eq!(program.write(reading, b"x"), Err(Errno::NOTCAPABLE));
        assert_eq!(program.read(reading, 1), Ok(vec![]));
        let writing = program.open(DIR, "file", Open { base: Rights::FD_WRITE, ..NOTHING }).unwrap();
        assert_eq!(program.fdstat(writing).unwrap().base, Rights::FD_WRITE);
        assert_eq!(program.read(writing, 1), Err(Errno::NOTCAPABLE));
        assert_eq!(program.write(writing, &[1; 50]), Ok(50));
        let both = program.open(DIR, "file", WRITE).unwrap();
        assert_eq!(program.read(both, 100), Ok(vec![1; 50]));
        assert_eq!(program.write(both, &[2; 25]), Ok(25));
        assert_eq!(program.fd_stat(both).unwrap().size, 75);
    });
}

#[test]
fn directories_are_opened_for_reading_only() {
    on_all(|program, _| {
        program.create_dir(DIR, "dir").unwrap();
        for path in ["dir", "dir/", "dir///", "dir/.", "./dir", "dir/../dir", "."] {
            for how in [NOTHING, READ, DIRECTORY, Open { flags: FdFlags::NONBLOCK, ..NOTHING }] {
                let fd = program.open(DIR, path, how).unwrap();
                assert_eq!(program.fdstat(fd).unwrap().file_type, 3, "{path}");
                program.close(fd).unwrap();
            }
        }
        let write = Open { base: Rights::FD_READ | Rights::FD_WRITE, ..NOTHING };
        assert_eq!(program.open(DIR, "dir", write), Err(Errno::ISDIR));
        assert_eq!(program.open(DIR, ".", Open { oflags: OFlags::DIRECTORY, ..write }), Err(Errno::ISDIR));
        assert_eq!(program.open(DIR, "dir", CREATE), Err(Errno::ISDIR));
        assert_eq!(program.open(DIR, "dir", Open { oflags: OFlags::TRUNC, ..NOTHING }), Err(Errno::ISDIR));
        let both = Open { oflags: OFlags::CREAT | OFlags::DIRECTORY, ..NOTHING };
        assert_eq!(program.open(DIR, "other", both), Err(Errno::INVAL));
        assert_eq!(program.stat(DIR, "other", false), Err(Errno::NOENT));
    });
}

#[test]
fn operations_of_files_fail_on_directories() {
    on_all(|program, _| {
        let dir = program.open(DIR, ".", DIRECTORY).unwrap();
        assert_eq!(program.read(dir, 1), Err(Errno::ISDIR));
        assert_eq!(program.write(dir, b"x"), Err(Errno::ISDIR));
        assert_eq!(program.pread(dir, 1, 0), Err(Errno::ISDIR));
        assert_eq!(program.pwrite(dir, b"x", 0), Err(Errno::ISDIR));
        for whence in 0..3 {
            assert_eq!(program.seek(dir, 0, whence), Err(Errno::ISDIR));
        }
        assert_eq!(program.tell(dir), Err(Errno::ISDIR));
        assert_eq!(program.call("fd_allocate", &[dir.into(), 0, 1]), Err(Errno::ISDIR));
        assert_eq!(program.call("fd_filestat_set_size", &[dir.into(), 0]), Err(Errno::ISDIR));
        assert_eq!(program.set_flags(dir, FdFlags::APPEND), Err(Errno::INVAL));
    });
}

#[test]
fn operations_of_directories_fail_on_files() {
    on_all(|program, _| {
        program.touch("file");
        let file = program.open(DIR, "file", WRITE).unwrap();
        assert_eq!(program.open(file, "x", CREATE), Err(Errno::NOTDIR));
        assert_eq!(program.create_dir(file, "x"), Err(Errno::NOTDIR));
        assert_eq!(program.remove_dir(file, "x"), Err(Errno::NOTDIR));
        assert_eq!(program.unlink(file, "x"), Err(Errno::NOTDIR));
        assert_eq!(program.symlink("x", file, "y"), Err(Errno::NOTDIR));
        assert_eq!(program.readlink(file, "x", 10), Err(Errno::NOTDIR));
        assert_eq!(program.link(file, false, "x", DIR, "y"), Err(Errno::NOTDIR));
        assert_eq!(program.link(DIR, false, "file", file, "y"), Err(Errno::NOTDIR));
        assert_eq!(program.rename(file, "x", DIR, "y"), Err(Errno::NOTDIR));
        assert_eq!(program.readdir(file, 100, 0), Err(Errno::NOTDIR));
        assert_eq!(program.set_times(file, "x", false, (0, 0), 4), Err(Errno::NOTDIR));
    });
}

#[test]
fn a_slash_at_the_end_means_a_directory() {
    on_all(|program, _| {
        program.create_dir(DIR, "dir").unwrap();
        program.create_dir(DIR, "dir/nested").unwrap();
        program.touch("dir/nested/file");
        for path in ["dir/nested/file/", "dir/nested/file///", "dir/nested/file/."] {
            assert_eq!(program.open(DIR, path, NOTHING), Err(Errno::NOTDIR), "{path}");
        }
        let long_way = "dir/.//nested/../../dir/nested/../nested///./file";
        assert_eq!(program.open(DIR, long_way, NOTHING).map(|fd| fd > DIR), Ok(true));
        assert_eq!(program.open(DIR, "none/", CREATE), Err(Errno::ISDIR));
        assert_eq!(program.open(DIR, "dir/nested/file/x", CREATE), Err(Errno::NOTDIR));
        assert_eq!(program.open(DIR, "dir/nested/file/..", NOTHING), Err(Errno::NOTDIR));
        assert_eq!(program.open(DIR, "dir/none/..", NOTHING), Err(Errno::NOENT));
    });
}

#[test]
fn links_in_the_last_place_are_followed_on_demand() {
    on_all(|program, _| {
        let directory = Open { oflags: OFlags::DIRECTORY, ..NOTHING };
        let followed = |how| Open { follow: true, ..how };
        program.create_dir(DIR, "target").unwrap();
        program.symlink("target", DIR, "link").unwrap();
        assert_eq!(program.open(DIR, "link", directory), Err(Errno::NOTDIR));
        assert_eq!(program.open(DIR, "link", NOTHING), Err(Errno::LOOP));
        assert!(program.open(DIR, "link", followed(directory)).is_ok());
        assert!(program.open(DIR, "link/", NOTHING).is_ok(), "the slash follows");
        program.unlink(DIR, "link").unwrap();
        program.remove_dir(DIR, "target").unwrap();

        program.create("target", b"text");
        program.symlink("target", DIR, "link").unwrap();
        assert_eq!(program.open(DIR, "link", directory), Err(Errno::NOTDIR));
        assert_eq!(program.open(DIR, "link", NOTHING), Err(Errno::LOOP));
        assert_eq!(program.open(DIR, "link", followed(directory)), Err(Errno::NOTDIR));
        let fd = program.open(DIR, "link", followed(READ)).unwrap();
        assert_eq!(program.read(fd, 10), Ok(b"text".to_vec()));
        let new = Open { oflags: OFlags::CREAT | OFlags::EXCL, ..WRITE };
        assert_eq!(program.open(DIR, "link", followed(new)), Err(Errno::EXIST));

        program.unlink(DIR, "target").unwrap();
        assert_eq!(program.open(DIR, "link", directory), Err(Errno::NOTDIR));
        assert_eq!(program.open(DIR, "link", NOTHING), Err(Errno::LOOP));
        assert_eq!(program.open(DIR, "link", followed(READ)), Err(Errno::NOENT));
        assert_eq!(program.open(DIR, "link", followed(new)), Err(Errno::EXIST), "the link itself is there");
        assert!(program.open(DIR, "link", followed(CREATE)).is_ok());
        assert_eq!(program.names("."), ["link", "target"], "created where the link leads");
    });
}

#[test]
fn links_on_the_way_are_followed_always() {
    on_all(|program, _| {
        program.create_dir(DIR, "a").unwrap();
        program.create_dir(DIR, "a/b").unwrap();
        program.create("a/b/file", b"here");
        program.symlink("a/b", DIR, "to-b").unwrap();
        program.symlink("../../to-b/../b/./file", DIR, "a/b/around").unwrap();
        program.symlink("to-b/around", DIR, "all").unwrap();
        for path in ["to-b/file", "to-b/../b/file", "to-b/around", "all"] {
            let fd = program.open(DIR, path, Open { follow: true, ..READ }).unwrap();
            assert_eq!(program.read(fd, 10), Ok(b"here".to_vec()), "{path}");
            program.close(fd).unwrap();
        }
        program.symlink("loop", DIR, "loop").unwrap();
        assert_eq!(program.open(DIR, "loop", NOTHING), Err(Errno::LOOP));
        assert_eq!(program.open(DIR, "loop", Open { follow: true, ..READ }), Err(Errno::LOOP));
        assert_eq!(program.open(DIR, "loop/x", READ), Err(Errno::LOOP));
        assert_eq!(program.stat(DIR, "loop", true), Err(Errno::LOOP));
        assert_eq!(program.stat(DIR, "loop", false).unwrap().file_type, 7);
    });
}

#[test]
fn paths_are_checked() {
    on_all(|program, _| {
        program.touch("file");
        assert_eq!(program.open(DIR, "", NOTHING), Err(Errno::NOENT));
        assert_eq!(program.open(DIR, "file\0", NOTHING), Err(Errno::INVAL));
        assert_eq!(program.open(DIR, b"fil\xe9", NOTHING), Err(Errno::ILSEQ));
        assert_eq!(program.open(DIR, "x".repeat(256), CREATE), Err(Errno::NAMETOOLONG));
        assert_eq!(program.open(DIR, "./".repeat(2500), NOTHING), Err(Errno::NAMETOOLONG));
        assert!(program.open(DIR, "x".repeat(255), CREATE).is_ok());
        assert!(program.open(DIR, "naïve 文件 🦀", CREATE).is_ok());
        let outside = program.memory.len() as u64;
        let open = |path, oflags, fdflags, out| [DIR.into(), 0, path, 4, oflags, 0, 0, fdflags, out];
        program.put(BUFFER, b"file");
        let path = BUFFER.into();
        assert_eq!(program.call("path_open", &open(outside - 3, 0, 0, 0)), Err(Errno::FAULT));
        assert_eq!(program.call("path_open", &open(path, 0, 0, outside - 3)), Err(Errno::FAULT));
        assert_eq!(program.call("path_open", &open(path, 16, 0, 0)), Err(Errno::INVAL), "unknown flags");
        assert_eq!(program.call("path_open", &open(path, 0, 32, 0)), Err(Errno::INVAL));
        assert_eq!(program.call("path_open", &open(path, 0, 0, 0)), Ok(()));
    });
}

#[test]
fn nothing_changes_where_nothing_may() {
    let prepare = |program: &mut crate::program::Program| {
        program.create_dir(DIR, "dir").unwrap();
        program.create("file", b"fixed");
        program.symlink("file", DIR, "link").unwrap();
    };
    on_all_read_only(prepare, |program| {
        assert_eq!(program.contents("file"), b"fixed");
        assert_eq!(program.names("."), ["dir", "file", "link"]);
        assert_eq!(program.readlink(DIR, "link", 10), Ok(b"file".to_vec()));
        assert_eq!(program.open(DIR, "file", WRITE), Err(Errno::ROFS));
        assert_eq!(program.open(DIR, "file", Open { oflags: OFlags::TRUNC, ..NOTHING }), Err(Errno::ROFS));
        assert_eq!(program.open(DIR, "new", Open { oflags: OFlags::CREAT, ..READ }), Err(Errno::ROFS));
        assert_eq!(program.open(DIR, "link", Open { oflags: OFlags::CREAT, ..READ }), Err(Errno::LOOP));
        let new = Open { oflags: OFlags::CREAT | OFlags::EXCL, ..READ };
        assert_eq!(program.open(DIR, "file", new), Err(Errno::EXIST));
        assert!(program.open(DIR, "file", Open { oflags: OFlags::CREAT, ..READ }).is_ok(), "it is there");
        assert_eq!(program.create_dir(DIR, "new"), Err(Errno::ROFS));
        assert_eq!(program.remove_dir(DIR, "dir"), Err(Errno::ROFS));
        assert_eq!(program.unlink(DIR, "file"), Err(Errno::ROFS));
        assert_eq!(program.symlink("x", DIR, "y"), Err(Errno::ROFS));
        assert_eq!(program.link(DIR, false, "file", DIR, "other"), Err(Errno::ROFS));
        assert_eq!(program.rename(DIR, "file", DIR, "other"), Err(Errno::ROFS));
        assert_eq!(program.set_times(DIR, "file", false, (0, 0), 8), Err(Errno::ROFS));
        let fd = program.open(DIR, "file", Open { base: Rights::FD_FILESTAT_SET_TIMES, ..READ }).unwrap();
        assert_eq!(program.call("fd_filestat_set_times", &[fd.into(), 0, 0, 8]), Err(Errno::ROFS));
        // What is opened through it is no way around.
        let dir = program.open(DIR, "dir", DIRECTORY).unwrap();
        assert_eq!(program.open(dir, "new", CREATE), Err(Errno::ROFS));
        assert_eq!(program.unlink(dir, "../file"), Err(Errno::ROFS));
        assert_eq!(program.names("."), ["dir", "file", "link"]);
    });
}

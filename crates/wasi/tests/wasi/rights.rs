//! Rights: what they allow, and that they never grow.

use gantry_wasi::fs::memory::Tree;
use gantry_wasi::{Context, Errno, FdFlags, OFlags, Preopen, Rights};

use crate::backends::on_all;
use crate::program::{BUFFER, CREATE, DIR, DIRECTORY, NOTHING, Open, Program, WRITE};

#[test]
fn preopened_directories_have_those_of_directories() {
    on_all(|program, _| {
        let stat = program.fdstat(DIR).unwrap();
        assert_eq!((stat.file_type, stat.flags), (3, FdFlags::empty()));
        assert_eq!((stat.base, stat.inheriting), (Rights::DIRECTORY, Rights::all()));
        for (how, base, inheriting) in [
            (NOTHING, stat.base, stat.inheriting),
            (NOTHING, Rights::empty(), Rights::empty()),
            (DIRECTORY, Rights::FD_READ, Rights::empty()),
        ] {
            let fd = program.open(DIR, ".", Open { base, inheriting, ..how }).unwrap();
            let opened = program.fdstat(fd).unwrap();
            assert_eq!((opened.base, opened.inheriting), (base & Rights::DIRECTORY, inheriting));
            program.close(fd).unwrap();
        }
        let seeking = program.open(DIR, ".", Open { base: Rights::FD_SEEK, ..DIRECTORY }).unwrap();
        assert_eq!(program.fdstat(seeking).unwrap().base, Rights::empty(), "directories have no position");
    });
}

#[test]
fn rights_can_only_be_dropped() {
    on_all(|program, _| {
        let wanted = Rights::FD_READ | Rights::FD_WRITE | Rights::FD_SEEK | Rights::FD_TELL;
        let fd = program.open(DIR, "file", Open { base: wanted, ..CREATE }).unwrap();
        assert_eq!(program.fdstat(fd).unwrap().base, wanted);
        assert_eq!(program.write(fd, &[0, 1, 2, 3]), Ok(4));
        program.seek(fd, 0, 0).unwrap();
        assert_eq!(program.read(fd, 4), Ok(vec![0, 1, 2, 3]));
        let left = Rights::FD_SEEK | Rights::FD_TELL;
        assert_eq!(program.set_rights(fd, left, Rights::empty()), Ok(()));
        assert_eq!(program.fdstat(fd).unwrap().base, left);
        assert_eq!(program.read(fd, 1), Err(Errno::NOTCAPABLE));
        assert_eq!(program.write(fd, b"x"), Err(Errno::NOTCAPABLE));
        assert_eq!(program.set_rights(fd, wanted, Rights::empty()), Err(Errno::NOTCAPABLE));
        assert_eq!(program.set_rights(fd, left, Rights::FD_READ), Err(Errno::NOTCAPABLE));
        assert_eq!(program.call("fd_fdstat_set_rights", &[fd.into(), 1 << 40, 0]), Err(Errno::NOTCAPABLE));
        assert_eq!(program.set_rights(99, left, left), Err(Errno::BADF));
    });
}

#[test]
fn truncating_needs_a_right() {
    on_all(|program, _| {
        program.touch("file");
        let dir = program.open(DIR, ".", DIRECTORY).unwrap();
        let stat = program.fdstat(dir).unwrap();
        assert!(!stat.base.contains(Rights::FD_FILESTAT_SET_SIZE));
        let truncate = Open { oflags: OFlags::TRUNC, ..NOTHING };
        program.open(dir, "file", truncate).unwrap();
        let inheriting = stat.inheriting - Rights::FD_FILESTAT_SET_SIZE;
        program.set_rights(dir, stat.base, inheriting).unwrap();
        assert!(program.open(dir, "file", truncate).is_ok(), "that right is another");
        program.set_rights(dir, stat.base - Rights::PATH_FILESTAT_SET_SIZE, inheriting).unwrap();
        assert_eq!(program.open(dir, "file", truncate), Err(Errno::NOTCAPABLE));
    });
}

#[test]
fn each_function_on_directories_needs_its_own() {
    on_all(|program, _| {
        program.create("file", b"text");
        program.create_dir(DIR, "dir").unwrap();
        program.symlink("file", DIR, "link").unwrap();
        let without = |program: &mut Program, right: Rights| {
            let base = Rights::DIRECTORY - right;
            program.open(DIR, ".", Open { base, ..DIRECTORY }).unwrap()
        };
        let fd = without(program, Rights::PATH_OPEN);
        assert_eq!(program.open(fd, "file", NOTHING), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_CREATE_FILE);
        assert_eq!(program.open(fd, "new", CREATE), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_CREATE_DIRECTORY);
        assert_eq!(program.create_dir(fd, "new"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_REMOVE_DIRECTORY);
        assert_eq!(program.remove_dir(fd, "dir"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_UNLINK_FILE);
        assert_eq!(program.unlink(fd, "file"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_SYMLINK);
        assert_eq!(program.symlink("x", fd, "new"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_READLINK);
        assert_eq!(program.readlink(fd, "link", 10), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_LINK_SOURCE);
        assert_eq!(program.link(fd, false, "file", DIR, "new"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_LINK_TARGET);
        assert_eq!(program.link(DIR, false, "file", fd, "new"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_RENAME_SOURCE);
        assert_eq!(program.rename(fd, "file", DIR, "new"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_RENAME_TARGET);
        assert_eq!(program.rename(DIR, "file", fd, "new"), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_FILESTAT_GET);
        assert_eq!(program.stat(fd, "file", false), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::PATH_FILESTAT_SET_TIMES);
        assert_eq!(program.set_times(fd, "file", false, (0, 0), 8), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::FD_READDIR);
        assert_eq!(program.readdir(fd, 100, 0), Err(Errno::NOTCAPABLE));
        let fd = without(program, Rights::FD_FILESTAT_GET);
        assert_eq!(program.fd_stat(fd), Err(Errno::NOTCAPABLE));
        assert_eq!(program.names("."), ["dir", "file", "link"]);
    });
}

#[test]
fn each_function_on_files_needs_its_own() {
    on_all(|program, _| {
        program.touch("file");
        let all = WRITE.base;
        let calls: [(Rights, &str, Vec<u64>); 11] = [
            (Rights::FD_READ, "fd_read", vec![BUFFER.into(), 0, 0]),
            (Rights::FD_SEEK, "fd_pread", vec![BUFFER.into(), 0, 0, 0]),
            (Rights::FD_WRITE, "fd_write", vec![BUFFER.into(), 0, 0]),
            (Rights::FD_SEEK, "fd_pwrite", vec![BUFFER.into(), 0, 0, 0]),
            (Rights::FD_ADVISE, "fd_advise", vec![0, 0, 0]),
            (Rights::FD_ALLOCATE, "fd_allocate", vec![0, 1]),
            (Rights::FD_SYNC, "fd_sync", vec![]),
            (Rights::FD_DATASYNC, "fd_datasync", vec![]),
            (Rights::FD_FDSTAT_SET_FLAGS, "fd_fdstat_set_flags", vec![0]),
            (Rights::FD_FILESTAT_SET_TIMES, "fd_filestat_set_times", vec![0, 0, 0]),
            (Rights::FD_SEEK, "fd_seek", vec![1, 1, 0]),
        ];
        for (right, name, arguments) in calls {
            for (base, expected) in [(all, Ok(())), (all - right, Err(Errno::NOTCAPABLE))] {
                let fd = program.open(DIR, "file", Open { base, ..NOTHING }).unwrap();
                let arguments: Vec<u64> = std::iter::once(fd.into()).chain(arguments.clone()).collect();
                assert_eq!(program.call(name, &arguments), expected, "{name}");
                program.close(fd).unwrap();
            }
        }
        let seeking = program.open(DIR, "file", Open { base: Rights::FD_SEEK, ..NOTHING }).unwrap();
        assert_eq!(program.tell(seeking), Ok(0), "seeking implies telling");
        let telling = program.open(DIR, "file", Open { base: Rights::FD_TELL, ..NOTHING }).unwrap();
        assert_eq!(program.seek(telling, 0, 1), Ok(0), "moves nothing");
        assert_eq!(program.seek(telling, 0, 0), Err(Errno::NOTCAPABLE));
    });
}

#[test]
fn nothing_is_opened_with_more_than_the_directory_passes_on() {
    on_all(|program, _| {
        program.touch("file");
        program.create_dir(DIR, "dir").unwrap();
        let how = Open { inheriting: Rights::FD_READ | Rights::FD_SEEK, ..DIRECTORY };
        let dir = program.open(DIR, ".", how).unwrap();
        let with = |base| Open { base, ..NOTHING };
        assert!(program.open(dir, "file", with(Rights::FD_READ)).is_ok());
        assert_eq!(program.open(dir, "file", with(Rights::FD_READ | Rights::FD_WRITE)), Err(Errno::NOTCAPABLE));
        assert_eq!(program.open(dir, "file", with(Rights::FD_TELL)), Err(Errno::NOTCAPABLE));
        assert_eq!(
            program.open(dir, "new", Open { oflags: OFlags::CREAT, ..with(Rights::FD_WRITE) }),
            Err(Errno::NOTCAPABLE)
        );
        assert_eq!(program.stat(DIR, "new", false), Err(Errno::NOENT), "and is not created");
        assert_eq!(program.open(dir, "file", Open { flags: FdFlags::SYNC, ..NOTHING }), Err(Errno::NOTCAPABLE));
        assert_eq!(program.open(dir, "file", Open { flags: FdFlags::DSYNC, ..NOTHING }), Err(Errno::NOTCAPABLE));
        // A right that makes no sense for a file does not matter.
        let fd = program.open(dir, "file", with(Rights::FD_READ | Rights::PATH_UNLINK_FILE)).unwrap();
        assert_eq!(program.fdstat(fd).unwrap().base, Rights::FD_READ);
        assert_eq!(program.open(dir, "dir", with(Rights::PATH_UNLINK_FILE)), Err(Errno::NOTCAPABLE));
        let inheriting = Open { inheriting: Rights::FD_WRITE, ..NOTHING };
        assert_eq!(program.open(dir, "dir", inheriting), Err(Errno::NOTCAPABLE));
        // All bits, known or not.
        let fd =
            program.open(DIR, "dir", Open { base: Rights::from_bits_retain(!0 ^ Rights::MODIFY.bits()), ..DIRECTORY });
        assert_eq!(program.fdstat(fd.unwrap()).unwrap().base, Rights::DIRECTORY);
    });
}

#[test]
fn the_host_restricts_what_it_preopens() {
    let tree = Tree::new();
    tree.add_file("file", b"text".to_vec()).unwrap();
    let base = Rights::PATH_OPEN | Rights::PATH_FILESTAT_GET;
    let restricted = Preopen { base, inheriting: Rights::FD_READ, ..Preopen::new("/", tree.root()) };
    let mut program = Program::new(Context::builder().preopen(restricted).build());
    assert_eq!(program.fdstat(DIR).unwrap().base, base);
    assert!(program.open(DIR, "file", Open { base: Rights::FD_READ, ..NOTHING }).is_ok());
    assert_eq!(program.open(DIR, "file", WRITE), Err(Errno::NOTCAPABLE));
    assert_eq!(program.open(DIR, "new", CREATE), Err(Errno::NOTCAPABLE));
    assert_eq!(program.unlink(DIR, "file"), Err(Errno::NOTCAPABLE));
    assert_eq!(program.set_rights(DIR, Rights::DIRECTORY, Rights::empty()), Err(Errno::NOTCAPABLE));
}

//! Making, removing and reading directories; names of preopened ones.

use std::sync::Arc;

use gantry_wasi::fs::memory::Tree;
use gantry_wasi::{Context, Errno, Preopen};

use crate::backends::on_all;
use crate::program::{BUFFER, DIR, DIRECTORY, Dirent, Open, Program};

fn sorted(mut entries: Vec<Dirent>) -> Vec<Dirent> {
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries
}

#[test]
fn directories_are_made_and_removed() {
    on_all(|program, _| {
        assert_eq!(program.create_dir(DIR, "dir"), Ok(()));
        for path in ["dir", "dir/", ".", "dir/."] {
            assert_eq!(program.create_dir(DIR, path), Err(Errno::EXIST), "{path}");
        }
        assert_eq!(program.create_dir(DIR, "none/dir"), Err(Errno::NOENT));
        assert_eq!(program.create_dir(DIR, "dir/nested/"), Ok(()), "with a slash");
        assert_eq!(program.remove_dir(DIR, "dir"), Err(Errno::NOTEMPTY));
        assert_eq!(program.remove_dir(DIR, "dir/nested/."), Err(Errno::INVAL));
        assert_eq!(program.remove_dir(DIR, "dir/nested/.."), Err(Errno::NOTEMPTY));
        assert_eq!(program.remove_dir(DIR, "dir/nested/"), Ok(()));
        assert_eq!(program.remove_dir(DIR, "dir"), Ok(()));
        assert_eq!(program.remove_dir(DIR, "dir"), Err(Errno::NOENT));

        program.touch("file");
        assert_eq!(program.create_dir(DIR, "file"), Err(Errno::EXIST));
        assert_eq!(program.create_dir(DIR, "file/dir"), Err(Errno::NOTDIR));
        assert_eq!(program.remove_dir(DIR, "file"), Err(Errno::NOTDIR));
        assert_eq!(program.remove_dir(DIR, "file/"), Err(Errno::NOTDIR));
        program.symlink("dir", DIR, "link").unwrap();
        program.create_dir(DIR, "dir").unwrap();
        assert_eq!(program.remove_dir(DIR, "link"), Err(Errno::NOTDIR));
        assert_eq!(program.remove_dir(DIR, "link/"), Err(Errno::NOTDIR));
        assert_eq!(program.create_dir(DIR, "link"), Err(Errno::EXIST));
    });
}

#[test]
fn names_of_files_are_removed() {
    on_all(|program, _| {
        program.create_dir(DIR, "dir").unwrap();
        assert_eq!(program.unlink(DIR, "dir"), Err(Errno::ISDIR));
        assert_eq!(program.unlink(DIR, "dir/"), Err(Errno::ISDIR));
        assert_eq!(program.unlink(DIR, "."), Err(Errno::ISDIR));
        program.touch("file");
        assert_eq!(program.unlink(DIR, "file/"), Err(Errno::NOTDIR));
        assert_eq!(program.unlink(DIR, "file/x"), Err(Errno::NOTDIR));
        assert_eq!(program.unlink(DIR, "dir/../file"), Ok(()));
        assert_eq!(program.unlink(DIR, "file"), Err(Errno::NOENT));
        program.symlink("dir", DIR, "link").unwrap();
        assert_eq!(program.unlink(DIR, "link/"), Err(Errno::NOTDIR), "not what it leads to");
        assert_eq!(program.unlink(DIR, "link"), Ok(()));
        assert_eq!(program.names("."), ["dir"]);
    });
}

#[test]
fn entries_have_their_attributes() {
    on_all(|program, _| {
        program.create_dir(DIR, "dir").unwrap();
        let fd = program.open(DIR, "dir", DIRECTORY).unwrap();
        let (entries, end) = program.readdir(fd, 256, 0).unwrap();
        let entries = sorted(entries);
        let own = program.fd_stat(fd).unwrap().ino;
        assert!(end);
        let what: Vec<_> = entries.iter().map(|entry| (&*entry.name, entry.file_type, entry.ino)).collect();
        let above = program.fd_stat(DIR).unwrap().ino;
        assert_eq!(what, [(".", 3, own), ("..", 3, above)]);

        program.touch("dir/file");
        program.symlink("file", DIR, "dir/link").unwrap();
        let (entries, end) = program.readdir(fd, 256, 0).unwrap();
        assert!(end, "zero begins anew");
        let entries = sorted(entries);
        let what: Vec<_> = entries.iter().map(|entry| (&*entry.name, entry.file_type)).collect();
        assert_eq!(what, [(".", 3), ("..", 3), ("file", 4), ("link", 7)]);
        assert_eq!(entries[2].ino, program.stat(DIR, "dir/file", false).unwrap().ino);
        assert_eq!(entries[3].ino, program.stat(DIR, "dir/link", false).unwrap().ino);
    });
}

#[test]
fn what_is_above_the_outermost_directory_has_no_number() {
    on_all(|program, _| {
        for fd in [DIR, program.open(DIR, ".", DIRECTORY).unwrap()] {
            let (entries, _) = program.readdir(fd, 256, 0).unwrap();
            let entries = sorted(entries);
            assert_eq!(entries[0].ino, entries[1].ino);
        }
    });
}

#[test]
fn reading_goes_on_at_cookies() {
    on_all(|program, _| {
        for name in ["one", "two", "three"] {
            program.touch(name);
        }
        let (all, _) = program.readdir(DIR, 1024, 0).unwrap();
        assert_eq!(all.len(), 5);
        for (index, entry) in all.iter().enumerate() {
            let (rest, end) = program.readdir(DIR, 1024, entry.next).unwrap();
            assert!(end);
            assert_eq!(rest, all[index + 1..], "behind {}", entry.name);
        }
        // A fresh descriptor knows them too.
        let fd = program.open(DIR, ".", DIRECTORY).unwrap();
        assert_eq!(program.readdir(fd, 1024, all[2].next).unwrap().0, all[3..]);
    });
}

#[test]
fn entries_are_cut_off_at_the_end_of_the_buffer() {
    on_all(|program, _| {
        program.touch("a-name-of-some-length");
        let (all, _) = program.readdir(DIR, 1024, 0).unwrap();
        let whole: u32 = all.iter().map(|entry| 24 + entry.name.len() as u32).sum();
        for size in 0..whole {
            program.put(BUFFER, &[0xaa; 256]);
            let (some, end) = program.readdir(DIR, size, 0).unwrap();
            assert!(!end, "{size}: the buffer is full");
            assert_eq!(some, all[..some.len()]);
            assert_eq!(program.memory[(BUFFER + size) as usize], 0xaa, "{size}: nothing behind it");
        }
        assert!(!program.readdir(DIR, whole, 0).unwrap().1, "just full: perhaps there is more");
        assert!(program.readdir(DIR, whole, all[2].next).unwrap() == (vec![], true), "there is not");
        assert!(program.readdir(DIR, whole + 1, 0).unwrap().1);
        let outside = program.memory.len() as u64 - 10;
        assert_eq!(program.call("fd_readdir", &[DIR.into(), outside, 11, 0, 0]), Err(Errno::FAULT));
    });
}

#[test]
fn large_directories_are_read_once_through() {
    on_all(|program, _| {
        for number in 0..1500 {
            program.touch(&format!("file.{number}"));
        }
        let (mut names, mut cookie) = (Vec::new(), 0);
        loop {
            let (entries, end) = program.readdir(DIR, 256, cookie).unwrap();
            if let Some(last) = entries.last() {
                cookie = last.next;
            }
            names.extend(entries.into_iter().map(|entry| entry.name));
            if end {
                break;
            }
        }
        assert_eq!(names.len(), 1502);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 1502);
    });
}

#[test]
fn a_directory_is_emptied_while_it_is_read() {
    on_all(|program, _| {
        for number in 0..300 {
            program.touch(&format!("file.{number}"));
        }
        let mut cookie = 0;
        loop {
            let (entries, end) = program.readdir(DIR, 512, cookie).unwrap();
            for entry in &entries {
                if entry.file_type == 4 {
                    program.unlink(DIR, &entry.name).unwrap();
                }
                cookie = entry.next;
            }
            if end {
                break;
            }
        }
        assert!(program.names(".").is_empty());
    });
}

#[test]
fn preopened_directories_have_names() {
    let context = Context::builder()
        .preopen(Preopen::new("/", Tree::new().root()))
        .preopen(Preopen::new("/some/where", Tree::new().root()))
        .build();
    let mut program = Program::new(context);
    for (fd, name) in [(3_u32, "/"), (4, "/some/where")] {
        program.call("fd_prestat_get", &[fd.into(), 0]).unwrap();
        assert_eq!((program.memory[0], program.u32_at(4)), (0, name.len() as u32));
        let length = name.len() as u64;
        let short = program.call("fd_prestat_dir_name", &[fd.into(), BUFFER.into(), length - 1]);
        assert_eq!(short, Err(Errno::NAMETOOLONG));
        assert_eq!(program.call("fd_prestat_dir_name", &[fd.into(), BUFFER.into(), length + 1]), Ok(()));
        assert_eq!(&program.memory[BUFFER as usize..][..name.len()], name.as_bytes());
    }
    assert_eq!(program.call("fd_prestat_get", &[5, 0]), Err(Errno::BADF));
    assert_eq!(program.call("fd_prestat_get", &[0, 0]), Err(Errno::BADF), "a file");
    let inner = program.open(DIR, ".", DIRECTORY).unwrap();
    assert_eq!(program.call("fd_prestat_get", &[inner.into(), 0]), Err(Errno::BADF), "opened later");
    program.call("fd_renumber", &[4, 3]).unwrap();
    program.call("fd_prestat_get", &[3, 0]).unwrap();
    assert_eq!(program.u32_at(4), 11, "the name goes along");
}

#[test]
fn trees_in_memory_are_what_the_host_puts_in() {
    let tree = Tree::with_limit(10_000);
    tree.add_file("a/b/c.txt", b"text".to_vec()).unwrap();
    tree.add_dir("a/empty").unwrap();
    assert_eq!(tree.add_file("a/b", vec![]), Err(Errno::ISDIR));
    assert_eq!(tree.add_file("a/b/c.txt/d", vec![]), Err(Errno::NOTDIR));
    assert_eq!(tree.add_file("a/../b", vec![]), Err(Errno::INVAL));
    let mut program = Program::new(Context::builder().preopen(Preopen::new("/", tree.root())).build());
    assert_eq!(program.names("a"), ["b", "empty"]);
    assert_eq!(program.contents("a/b/c.txt"), b"text");
    program.create("a/new", b"from the program");
    assert_eq!(tree.read_file("a/new").unwrap(), b"from the program");
    assert_eq!(tree.read_file("a/b"), Err(Errno::ISDIR));

    let fd = program.open(DIR, "a/big", crate::program::CREATE).unwrap();
    assert_eq!(program.write(fd, &[0; 10_000]), Err(Errno::NOSPC));
    assert_eq!(program.call("fd_filestat_set_size", &[fd.into(), 1 << 40]), Err(Errno::NOSPC));
    assert_eq!(program.pwrite(fd, b"x", 1 << 40), Err(Errno::NOSPC));
    let mut made = 0;
    let failed = loop {
        match program.create_dir(DIR, format!("dir{made}")) {
            Ok(()) => made += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!(failed, Errno::NOSPC, "names count as well");
    program.close(fd).unwrap();
    (0..made).for_each(|number| program.remove_dir(DIR, format!("dir{number}")).unwrap());
    assert_eq!(program.create_dir(DIR, "dir"), Ok(()), "what was freed can be used again");
}

#[test]
fn deep_trees_are_dropped_without_much_stack() {
    let tree = Tree::new();
    tree.add_dir(&"d/".repeat(100_000)).unwrap();
    let root: Arc<_> = tree.root();
    drop(tree);
    drop(root);
}

#[test]
fn a_directory_opened_with_a_name_stays_a_directory() {
    on_all(|program, _| {
        program.create_dir(DIR, "dir").unwrap();
        let how = Open { inheriting: gantry_wasi::Rights::all(), ..DIRECTORY };
        let fd = program.open(DIR, "dir", how).unwrap();
        program.remove_dir(DIR, "dir").unwrap();
        assert_eq!(program.open(fd, "file", crate::program::CREATE), Err(Errno::NOENT));
        assert_eq!(program.close(fd), Ok(()));
        assert_eq!(program.create_dir(DIR, "dir"), Ok(()));
    });
}

#[test]
fn times_in_memory_are_repeatable_on_demand() {
    let run = || {
        let tree = Tree::repeatable(5_000_000);
        tree.add_file("given", b"x".to_vec()).unwrap();
        let mut program = Program::new(Context::builder().preopen(Preopen::new("/", tree.root())).build());
        program.create("made", b"text");
        program.rename(DIR, "given", DIR, "moved").unwrap();
        [
            program.stat(DIR, "made", false).unwrap(),
            program.stat(DIR, "moved", false).unwrap(),
            program.fd_stat(DIR).unwrap(),
        ]
    };
    let stats = run();
    assert_eq!(stats, run());
    assert!(stats.iter().all(|stat| (5_000_000..6_000_000).contains(&stat.mtim)));
}

//! Numbers of descriptors: closing, renumbering, how many there may be.

use gantry_wasi::fs::memory::Tree;
use gantry_wasi::{Context, Errno, FdFlags, Preopen};

use crate::backends::on_all;
use crate::program::{CREATE, DIR, DIRECTORY, NOTHING, Open, Program, READ};

#[test]
fn closed_descriptors_are_gone() {
    on_all(|program, _| {
        let dir = program.open(DIR, ".", DIRECTORY).unwrap();
        assert_eq!(program.close(DIR), Ok(()), "preopened ones can be closed");
        assert_eq!(program.fdstat(DIR), Err(Errno::BADF));
        assert_eq!(program.fdstat(dir).unwrap().file_type, 3);
        assert_eq!(program.close(DIR), Err(Errno::BADF));
        assert_eq!(program.close(u32::MAX), Err(Errno::BADF));
        assert_eq!(program.open(dir, ".", NOTHING), Ok(DIR), "the lowest number is free");
        for fd in 0..3 {
            assert_eq!(program.close(fd), Ok(()));
        }
        assert_eq!(program.write(1, b"x"), Err(Errno::BADF));
        assert_eq!(program.open(dir, ".", NOTHING), Ok(0));
        assert_eq!(program.open(dir, ".", NOTHING), Ok(1));
    });
}

#[test]
fn descriptors_are_renumbered() {
    on_all(|program, _| {
        let from = program.open(DIR, "one", CREATE).unwrap();
        let to = program.open(DIR, "two", Open { flags: FdFlags::APPEND, ..CREATE }).unwrap();
        let stat = program.fdstat(from).unwrap();
        let renumber =
            |program: &mut Program, from: u32, to: u32| program.call("fd_renumber", &[from.into(), to.into()]);
        assert_eq!(renumber(program, from, to), Ok(()));
        assert_eq!(program.close(from), Err(Errno::BADF));
        assert_eq!(program.fdstat(to), Ok(stat));
        program.write(to, b"text").unwrap();
        assert_eq!(program.contents("one"), b"text");
        assert_eq!(program.contents("two"), b"");
        assert_eq!(renumber(program, to, from), Err(Errno::BADF), "only onto one that is open");
        assert_eq!(renumber(program, 99, to), Err(Errno::BADF));
        assert_eq!(renumber(program, to, to), Ok(()));
        assert_eq!(program.fdstat(to), Ok(stat));
        let dir = program.open(DIR, ".", DIRECTORY).unwrap();
        let stat = program.fd_stat(dir).unwrap();
        assert_eq!(renumber(program, dir, DIR), Ok(()), "onto a preopened one");
        assert_eq!(program.fd_stat(DIR).unwrap().ino, stat.ino);
        assert_eq!(program.fdstat(dir), Err(Errno::BADF));
        for stdio in 0..3 {
            let file = program.open(DIR, "one", READ).unwrap();
            assert_eq!(renumber(program, stdio, file), Ok(()));
            assert_eq!(program.fdstat(stdio), Err(Errno::BADF));
            assert!(program.fdstat(file).is_ok());
        }
    });
}

#[test]
fn there_is_a_limit() {
    let tree = Tree::new();
    let builder = Context::builder().preopen(Preopen::new("/", tree.root())).max_descriptors(10);
    let mut program = Program::new(builder.build());
    for fd in 4..10 {
        assert_eq!(program.open(DIR, format!("file{fd}"), CREATE), Ok(fd));
    }
    assert_eq!(program.open(DIR, "more", CREATE), Err(Errno::MFILE));
    assert_eq!(tree.read_file("more"), Err(Errno::NOENT), "and nothing was created");
    program.close(7).unwrap();
    assert_eq!(program.open(DIR, "more", CREATE), Ok(7));
    assert_eq!(program.open(DIR, "more", CREATE), Err(Errno::MFILE));
    program.context.close();
    assert_eq!(program.write(1, b"x"), Err(Errno::BADF));
    assert_eq!(program.open(DIR, "more", CREATE), Err(Errno::BADF));
}

#[test]
fn attributes_of_descriptors() {
    on_all(|program, _| {
        let fd = program.open(DIR, "file", CREATE).unwrap();
        let stat = program.fdstat(fd).unwrap();
        assert_eq!((stat.file_type, stat.flags), (4, FdFlags::empty()));
        assert_eq!(stat.base, CREATE.base);
        assert_eq!(program.fdstat(99), Err(Errno::BADF));
        let outside = program.memory.len() as u64 - 23;
        assert_eq!(program.call("fd_fdstat_get", &[fd.into(), outside]), Err(Errno::FAULT));
        assert_eq!(program.call("fd_filestat_get", &[fd.into(), outside - 40]), Err(Errno::FAULT));
    });
}

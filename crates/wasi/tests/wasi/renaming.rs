//! `path_rename`.

use gantry_wasi::fs::memory::Tree;
use gantry_wasi::{Context, Errno, Preopen};

use crate::backends::on_all;
use crate::program::{DIR, DIRECTORY, Program};

#[test]
fn directories_are_renamed() {
    on_all(|program, _| {
        program.create_dir(DIR, "source").unwrap();
        program.touch("source/file");
        assert_eq!(program.rename(DIR, "source", DIR, "target"), Ok(()));
        assert_eq!(program.stat(DIR, "source", false), Err(Errno::NOENT));
        assert_eq!(program.names("target"), ["file"]);
        program.create_dir(DIR, "empty").unwrap();
        assert_eq!(program.rename(DIR, "target", DIR, "empty"), Ok(()), "over an empty directory");
        assert_eq!(program.names("empty"), ["file"]);
        program.create_dir(DIR, "source").unwrap();
        assert_eq!(program.rename(DIR, "source", DIR, "empty"), Err(Errno::NOTEMPTY));
        assert_eq!(program.rename(DIR, "source", DIR, "empty/file"), Err(Errno::NOTDIR));
        assert_eq!(program.rename(DIR, "empty", DIR, "empty"), Ok(()), "to itself");
        assert_eq!(program.rename(DIR, "empty", DIR, "empty/inside"), Err(Errno::INVAL));
        program.create_dir(DIR, "empty/inside").unwrap();
        assert_eq!(program.rename(DIR, "empty/inside", DIR, "empty"), Err(Errno::NOTEMPTY));
        for dots in [".", "empty/.", "empty/.."] {
            assert_eq!(program.rename(DIR, dots, DIR, "other"), Err(Errno::BUSY), "{dots}");
            assert_eq!(program.rename(DIR, "source", DIR, dots), Err(Errno::BUSY), "{dots}");
        }
        assert_eq!(program.names("."), ["empty", "source"]);
    });
}

#[test]
fn directories_may_be_named_with_slashes() {
    on_all(|program, _| {
        program.create_dir(DIR, "source").unwrap();
        assert_eq!(program.rename(DIR, "source/", DIR, "target"), Ok(()));
        assert_eq!(program.rename(DIR, "target", DIR, "source/"), Ok(()));
        assert_eq!(program.rename(DIR, "source/", DIR, "target///"), Ok(()));
        assert_eq!(program.names("."), ["target"]);
    });
}

#[test]
fn files_are_renamed() {
    on_all(|program, _| {
        program.create("source", b"one");
        assert_eq!(program.rename(DIR, "source", DIR, "target"), Ok(()));
        assert_eq!(program.stat(DIR, "source", false), Err(Errno::NOENT));
        program.create("source", b"two");
        assert_eq!(program.rename(DIR, "source", DIR, "target"), Ok(()), "over a file");
        assert_eq!(program.contents("target"), b"two");
        program.create_dir(DIR, "dir").unwrap();
        assert_eq!(program.rename(DIR, "target", DIR, "dir"), Err(Errno::ISDIR));
        assert_eq!(program.rename(DIR, "target/", DIR, "other"), Err(Errno::NOTDIR));
        assert_eq!(program.rename(DIR, "target", DIR, "other/"), Err(Errno::NOTDIR));
        assert_eq!(program.rename(DIR, "none", DIR, "other"), Err(Errno::NOENT));
        assert_eq!(program.rename(DIR, "target", DIR, "none/other"), Err(Errno::NOENT));
        let dir = program.open(DIR, "dir", DIRECTORY).unwrap();
        assert_eq!(program.rename(DIR, "target", dir, "moved"), Ok(()), "to another directory");
        assert_eq!(program.rename(dir, "moved", DIR, "back"), Ok(()));
        assert_eq!(program.contents("back"), b"two");
        program.link(DIR, false, "back", DIR, "same").unwrap();
        assert_eq!(program.rename(DIR, "back", DIR, "same"), Ok(()));
        assert_eq!(program.names("."), ["back", "dir", "same"], "two names of a file stay");
    });
}

#[test]
fn links_are_renamed_themselves() {
    on_all(|program, _| {
        program.create("file", b"text");
        program.symlink("file", DIR, "link").unwrap();
        assert_eq!(program.rename(DIR, "link", DIR, "moved"), Ok(()));
        assert_eq!(program.readlink(DIR, "moved", 10), Ok(b"file".to_vec()));
        program.create("other", b"new");
        assert_eq!(program.rename(DIR, "other", DIR, "moved"), Ok(()), "over the link, not what it leads to");
        assert_eq!(program.contents("file"), b"text");
        assert_eq!(program.contents("moved"), b"new");
    });
}

#[test]
fn nothing_moves_between_preopened_directories() {
    on_all(|program, backend| {
        let (second, _scratch) = backend.dir();
        let (first, _other_scratch) = backend.dir();
        let third = Tree::new().root();
        let builder = Context::builder();
        let builder = builder.preopen(Preopen::new("/a", first.clone())).preopen(Preopen::new("/b", second));
        let builder = builder.preopen(Preopen::new("/c", first)).preopen(Preopen::new("/d", third));
        *program = Program::new(builder.build());
        program.create("file", b"text");
        let inner = program.open(4, ".", DIRECTORY).unwrap();
        for to in [4, 5, 6, inner] {
            assert_eq!(program.rename(DIR, "file", to, "moved"), Err(Errno::XDEV), "{to}");
            assert_eq!(program.link(DIR, false, "file", to, "linked"), Err(Errno::XDEV), "{to}");
        }
        assert_eq!(program.names("."), ["file"]);
    });
}

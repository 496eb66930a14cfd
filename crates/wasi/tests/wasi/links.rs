//! Symbolic and hard links.

use gantry_wasi::Errno;

use crate::backends::on_all;
use crate::program::{BUFFER, DIR, DIRECTORY, READ};

#[test]
fn symbolic_links_are_made_and_read() {
    on_all(|program, _| {
        program.touch("target");
        assert_eq!(program.symlink("target", DIR, "link"), Ok(()));
        program.put(BUFFER, &[0; 10]);
        assert_eq!(program.readlink(DIR, "link", 10), Ok(b"target".to_vec()));
        assert_eq!(program.memory[BUFFER as usize + 6..][..4], [0; 4], "nothing behind it");
        assert_eq!(program.readlink(DIR, "link", 4), Ok(b"targ".to_vec()), "cut off");
        assert_eq!(program.readlink(DIR, "link", 0), Ok(vec![]));
        let link = program.stat(DIR, "link", false).unwrap();
        assert_eq!((link.file_type, link.size), (7, 6));
        assert_eq!(program.stat(DIR, "link", true), program.stat(DIR, "target", false));
        assert_eq!(program.readlink(DIR, "target", 10), Err(Errno::INVAL));
        assert_eq!(program.readlink(DIR, ".", 10), Err(Errno::INVAL));
        assert_eq!(program.readlink(DIR, "none", 10), Err(Errno::NOENT));
        assert_eq!(program.readlink(DIR, "link/", 10), Err(Errno::NOTDIR));
        let outside = program.memory.len() as u64;
        program.put(BUFFER, b"link");
        let arguments = [DIR.into(), BUFFER.into(), 4, outside - 3, 4, 0];
        assert_eq!(program.call("path_readlink", &arguments), Err(Errno::FAULT));
    });
}

#[test]
fn symbolic_links_do_not_replace_anything() {
    on_all(|program, _| {
        assert_eq!(program.symlink("source", DIR, "target/"), Err(Errno::NOENT));
        program.create_dir(DIR, "target").unwrap();
        assert_eq!(program.symlink("source", DIR, "target/"), Err(Errno::EXIST));
        assert_eq!(program.symlink("source", DIR, "target"), Err(Errno::EXIST));
        program.remove_dir(DIR, "target").unwrap();
        program.touch("target");
        assert_eq!(program.symlink("source", DIR, "target/"), Err(Errno::NOTDIR));
        assert_eq!(program.symlink("source", DIR, "target"), Err(Errno::EXIST));
        program.unlink(DIR, "target").unwrap();
        assert_eq!(program.symlink("source", DIR, "target"), Ok(()), "to nothing");
        assert_eq!(program.symlink("source", DIR, "target"), Err(Errno::EXIST));
        assert_eq!(program.symlink("", DIR, "empty"), Err(Errno::NOENT));
        assert_eq!(program.symlink("x\0y", DIR, "nul"), Err(Errno::INVAL));
        assert_eq!(program.symlink("source", DIR, "none/link"), Err(Errno::NOENT));
        assert_eq!(program.symlink("source", DIR, "."), Err(Errno::EXIST));
    });
}

#[test]
fn hard_links_are_the_same_file() {
    on_all(|program, _| {
        program.create("file", b"text");
        assert_eq!(program.link(DIR, false, "file", DIR, "link"), Ok(()));
        let (file, link) = (program.stat(DIR, "file", false).unwrap(), program.stat(DIR, "link", false).unwrap());
        assert_eq!(file, link);
        assert_eq!(file.nlink, 2);
        program.create_dir(DIR, "dir").unwrap();
        let dir = program.open(DIR, "dir", DIRECTORY).unwrap();
        assert_eq!(program.link(DIR, false, "file", dir, "link"), Ok(()), "in another directory");
        assert_eq!(program.stat(dir, "link", false).unwrap().ino, file.ino);
        program.create("link", b"new!");
        assert_eq!(program.contents("dir/link"), b"new!");
        program.unlink(DIR, "file").unwrap();
        program.unlink(DIR, "link").unwrap();
        assert_eq!(program.stat(dir, "link", false).unwrap().nlink, 1);
    });
}

#[test]
fn hard_links_do_not_replace_anything() {
    on_all(|program, _| {
        program.touch("file");
        program.touch("other");
        program.create_dir(DIR, "dir").unwrap();
        program.symlink("nowhere", DIR, "symlink").unwrap();
        for path in ["other", "file", "dir", "symlink", "dir/", "."] {
            assert_eq!(program.link(DIR, false, "file", DIR, path), Err(Errno::EXIST), "{path}");
        }
        assert_eq!(program.link(DIR, false, "dir", DIR, "link"), Err(Errno::PERM));
        assert_eq!(program.link(DIR, false, "dir/", DIR, "link"), Err(Errno::PERM));
        assert_eq!(program.link(DIR, false, ".", DIR, "link"), Err(Errno::PERM));
        assert_eq!(program.link(DIR, false, "file", DIR, "link/"), Err(Errno::NOENT));
        assert_eq!(program.link(DIR, false, "file/", DIR, "link"), Err(Errno::NOTDIR));
        assert_eq!(program.link(DIR, false, "none", DIR, "link"), Err(Errno::NOENT));
        assert_eq!(program.link(DIR, false, "file", DIR, "none/link"), Err(Errno::NOENT));
        assert_eq!(program.stat(DIR, "link", false), Err(Errno::NOENT));
    });
}

#[test]
fn hard_links_to_symbolic_links() {
    on_all(|program, _| {
        program.symlink("target", DIR, "symlink").unwrap();
        assert_eq!(program.link(DIR, false, "symlink", DIR, "link"), Ok(()));
        assert_eq!(program.readlink(DIR, "link", 10), Ok(b"target".to_vec()), "of the link itself");
        assert_eq!(program.link(DIR, true, "symlink", DIR, "followed"), Err(Errno::NOENT));
        program.create("target", b"text");
        assert_eq!(program.link(DIR, true, "symlink", DIR, "followed"), Ok(()));
        assert_eq!(program.contents("followed"), b"text");
        program.symlink("loop", DIR, "loop").unwrap();
        assert_eq!(program.link(DIR, false, "loop", DIR, "other"), Ok(()));
        assert_eq!(program.link(DIR, true, "loop", DIR, "third"), Err(Errno::LOOP));
        program.create_dir(DIR, "dir").unwrap();
        program.symlink("../symlink", DIR, "dir/up").unwrap();
        assert_eq!(program.link(DIR, true, "dir/up", DIR, "from-below"), Ok(()));
        let fd = program.open(DIR, "from-below", READ).unwrap();
        assert_eq!(program.read(fd, 10), Ok(b"text".to_vec()));
    });
}

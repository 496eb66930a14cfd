//! Attempts to get out of a directory, all of them refused.
//!
//! The file systems in memory have no outside; those of the host are given one, with links that the host made in it.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gantry_wasi::fs::{Dir, native, path};
use gantry_wasi::{Context, Errno, OFlags, Preopen};

use crate::backends::{Scratch, on_all};
use crate::host_fs::HostFs;
use crate::program::{CREATE, DIR, DIRECTORY, NOTHING, Open, Program, READ};

const SECRET: &[u8] = b"nobody's business";

/// `outside` with a secret, and `inside`, which the program gets.
fn prepare(scratch: &Scratch) {
    let at = |name: &str| scratch.join(name);
    fs::create_dir_all(at("outside/dir")).unwrap();
    fs::write(at("outside/secret"), SECRET).unwrap();
    fs::create_dir_all(at("inside/sub/deep")).unwrap();
    fs::write(at("inside/file"), b"public").unwrap();
    let outside = at("outside");
    for (target, link) in [
        (Path::new("../outside/secret"), "to-secret"),
        (Path::new("../outside"), "to-outside"),
        (&outside, "absolute"),
        (Path::new("/"), "to-root"),
        (Path::new("/proc/self/root"), "to-proc"),
        (Path::new(".."), "up"),
        (Path::new("../.."), "sub/two-up"),
        (Path::new("to-outside"), "link-to-link"),
        (Path::new("sub/../../outside"), "there-and-out"),
        (Path::new("../inside"), "out-and-back"),
        (Path::new("../none"), "to-nothing-outside"),
    ] {
        symlink(target, at("inside").join(link)).unwrap();
    }
}

/// All there is outside, with contents and times of files.
fn outside(scratch: &Scratch) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![scratch.join("outside")];
    while let Some(path) = pending.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        found.push(format!("{} {:?}", path.display(), metadata.modified().unwrap()));
        if metadata.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(fs::read(&path).unwrap(), SECRET);
        }
    }
    let mut around: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    around.sort();
    assert_eq!(around, ["inside", "outside"]);
    found.sort();
    found
}

/// Runs a test with a program in `inside`, on the host's file systems.
fn on_hosts(test: impl Fn(&mut Program, &Scratch)) {
    for scratch in [Scratch::on_disk(), Scratch::on_tmpfs()] {
        prepare(&scratch);
        let before = outside(&scratch);
        let inside = scratch.join("inside");
        let native = native::open_dir(&inside).unwrap();
        let by_path = path::open_dir(Arc::new(HostFs), inside.to_str().unwrap()).unwrap();
        for dir in [native, by_path] {
            let dir: Arc<dyn Dir> = dir;
            test(&mut Program::new(Context::builder().preopen(Preopen::new("/", dir)).build()), &scratch);
            assert_eq!(outside(&scratch), before);
            assert_eq!(fs::read(scratch.join("inside/file")).unwrap(), b"public");
        }
    }
}

/// Paths to directories outside.
fn ways_out(scratch: &Scratch) -> Vec<String> {
    let mut ways: Vec<String> = [
        "../outside",
        "./../outside",
        ".//..///outside",
        "sub/../../outside",
        "sub/deep/../../../outside",
        "../inside/../outside",
        "to-outside",
        "to-outside/",
        "to-outside/.",
        "to-outside/dir/..",
        "absolute",
        "absolute/.",
        "link-to-link",
        "there-and-out",
        "up/outside",
        "sub/two-up/outside",
        "to-outside/../outside",
    ]
    .map(str::to_owned)
    .into();
    let absolute = scratch.join("outside").to_str().unwrap().to_owned();
    ways.push(format!("to-root{absolute}"));
    ways.push(format!("to-proc{absolute}"));
    ways.push(format!("sub/../to-proc{absolute}"));
    ways.push(format!("/proc/self/root{absolute}"));
    ways.push(format!("/{absolute}"));
    ways.push(absolute);
    ways
}

fn followed(how: Open) -> Open {
    Open { follow: true, ..how }
}

fn refused<T: std::fmt::Debug>(result: crate::program::Result<T>, what: &str) {
    assert_eq!(result.err(), Some(Errno::NOTCAPABLE), "{what}");
}

#[test]
fn nothing_outside_is_opened_or_looked_at() {
    on_hosts(|program, scratch| {
        for way in ways_out(scratch) {
            refused(program.open(DIR, &way, followed(DIRECTORY)), &way);
            refused(program.open(DIR, &way, followed(NOTHING)), &way);
            refused(program.stat(DIR, &way, true), &way);
            for name in ["secret", "dir", "none", "dir/../secret", "secret/"] {
                let path = format!("{}/{name}", way.trim_end_matches('/'));
                refused(program.open(DIR, &path, READ), &path);
                refused(program.open(DIR, &path, followed(READ)), &path);
                refused(program.open(DIR, &path, CREATE), &path);
                refused(program.open(DIR, &path, Open { oflags: OFlags::TRUNC, ..NOTHING }), &path);
                refused(program.stat(DIR, &path, false), &path);
                refused(program.stat(DIR, &path, true), &path);
                refused(program.readlink(DIR, &path, 100), &path);
            }
        }
        for path in ["to-secret", "to-nothing-outside"] {
            refused(program.open(DIR, path, followed(READ)), path);
            refused(program.open(DIR, path, followed(CREATE)), path);
            refused(program.stat(DIR, path, true), path);
        }
        for path in ["..", "../", "../.", "sub/../..", "up", "up/.", "sub/two-up", "../inside", "../inside/file"] {
            refused(program.open(DIR, path, followed(NOTHING)), path);
            refused(program.stat(DIR, path, true), path);
        }
        // Not even to come back.
        for path in ["out-and-back/file", "up/inside/file", "sub/../../inside/file"] {
            refused(program.open(DIR, path, READ), path);
        }
        // From a directory below there is no way up either.
        let sub = program.open(DIR, "sub", DIRECTORY).unwrap();
        for path in ["..", "../file", "deep/../../file", "two-up", "two-up/outside/secret", "../sub"] {
            refused(program.open(sub, path, followed(NOTHING)), path);
            refused(program.stat(sub, path, true), path);
        }
        assert_eq!(program.contents("sub/../file"), b"public", "what stays inside is fine");
    });
}

#[test]
fn nothing_outside_is_changed() {
    on_hosts(|program, scratch| {
        for way in ways_out(scratch) {
            let at = |name: &str| format!("{}/{name}", way.trim_end_matches('/'));
            refused(program.create_dir(DIR, at("new")), &way);
            refused(program.remove_dir(DIR, at("dir")), &way);
            refused(program.remove_dir(DIR, at("dir/")), &way);
            refused(program.unlink(DIR, at("secret")), &way);
            refused(program.symlink("file", DIR, at("new")), &way);
            refused(program.link(DIR, false, "file", DIR, at("new")), &way);
            refused(program.link(DIR, false, at("secret"), DIR, "stolen"), &way);
            refused(program.link(DIR, true, at("secret"), DIR, "stolen"), &way);
            refused(program.rename(DIR, "file", DIR, at("new")), &way);
            refused(program.rename(DIR, at("secret"), DIR, "stolen"), &way);
            refused(program.set_times(DIR, &at("secret"), false, (1, 1), 5), &way);
            refused(program.set_times(DIR, &at("secret"), true, (1, 1), 5), &way);
            refused(program.set_times(DIR, &way, true, (1, 1), 5), &way);
        }
        for path in ["to-secret", "to-outside", "absolute", "to-proc", "up"] {
            refused(program.link(DIR, true, path, DIR, "stolen"), path);
            refused(program.set_times(DIR, path, true, (1, 1), 5), path);
        }
        for path in ["..", "../", "sub/../..", "../.", "sub/../../.", "../inside"] {
            assert!(program.create_dir(DIR, path).is_err(), "{path}");
            assert!(program.remove_dir(DIR, path).is_err(), "{path}");
            assert!(program.unlink(DIR, path).is_err(), "{path}");
            assert!(program.rename(DIR, path, DIR, "stolen").is_err(), "{path}");
            assert!(program.rename(DIR, "sub", DIR, path).is_err(), "{path}");
            assert!(program.link(DIR, false, path, DIR, "stolen").is_err(), "{path}");
            assert!(program.link(DIR, false, "file", DIR, path).is_err(), "{path}");
            assert!(program.symlink("file", DIR, path).is_err(), "{path}");
            assert!(program.set_times(DIR, path, false, (1, 1), 5).is_err(), "{path}");
        }
        assert!(!scratch.join("inside/stolen").exists());
    });
}

#[test]
fn links_that_lead_out_do_not_help() {
    on_all(|program, _| {
        for target in ["/", "/etc", "/proc/self/root", "//"] {
            refused(program.symlink(target, DIR, "absolute"), target);
        }
        program.create_dir(DIR, "sub").unwrap();
        for (number, target) in ["..", "../..", "../outside", "./../x", "sub/../../x"].iter().enumerate() {
            // It may be made: it leads nowhere.
            let link = format!("link{number}");
            program.symlink(target, DIR, &link).unwrap();
            refused(program.open(DIR, &link, followed(READ)), target);
            refused(program.open(DIR, &link, followed(CREATE)), target);
            refused(program.open(DIR, format!("{link}/x"), CREATE), target);
            refused(program.open(DIR, format!("{link}/"), NOTHING), target);
            refused(program.link(DIR, true, &link, DIR, "other"), target);
            assert_eq!(program.readlink(DIR, &link, 100), Ok(target.as_bytes().to_vec()));
        }
        program.symlink("..", DIR, "sub/up").unwrap();
        assert!(program.open(DIR, "sub/up", followed(DIRECTORY)).is_ok(), "not out of this directory");
        let sub = program.open(DIR, "sub", DIRECTORY).unwrap();
        refused(program.open(sub, "up", followed(DIRECTORY)), "but of that one");
    });
}

#[test]
fn moving_a_directory_away_under_its_descriptor_does_not_help() {
    on_hosts(|program, scratch| {
        program.create_dir(DIR, "a").unwrap();
        program.create_dir(DIR, "a/b").unwrap();
        let fd = program.open(DIR, "a/b", DIRECTORY).unwrap();
        program.rename(DIR, "a/b", DIR, "moved").unwrap();
        program.symlink("../../outside", DIR, "a/b").unwrap();
        for path in ["secret", "./secret", "dir", "."] {
            if let Ok(opened) = program.open(fd, path, NOTHING) {
                let (seen, secret) = (program.fd_stat(fd), fs::metadata(scratch.join("outside")).unwrap());
                let inode = std::os::unix::fs::MetadataExt::ino(&secret);
                assert_ne!(seen.map(|stat| stat.ino), Ok(inode), "{path}");
                program.close(opened).unwrap();
            }
            assert!(program.open(fd, "secret", READ).is_err());
        }
        let made = program.create_dir(fd, "new");
        assert!(!scratch.join("outside/new").exists(), "{made:?}");
        let _ = program.remove_dir(fd, "new");
        program.unlink(DIR, "a/b").unwrap();
        program.remove_dir(DIR, "moved").unwrap();
        program.remove_dir(DIR, "a").unwrap();
    });
}

#[test]
fn strange_names_are_only_names() {
    on_all(|program, _| {
        for name in ["...", "..\\", "..\u{2215}x", "~", "%2e%2e", "C:", "\\\\host\\share", "-rf", " ", "\n"] {
            program.create(name, b"x");
            assert_eq!(program.contents(name), b"x", "{name:?}");
            program.unlink(DIR, name).unwrap();
        }
        for name in ["\0", "file\0", "\0/../..", "..\0", "a\0/b"] {
            assert_eq!(program.open(DIR, name, CREATE), Err(Errno::INVAL), "{name:?}");
            assert_eq!(program.create_dir(DIR, name), Err(Errno::INVAL), "{name:?}");
            assert_eq!(program.rename(DIR, name, DIR, "x"), Err(Errno::INVAL), "{name:?}");
        }
        for name in [&b"\xff"[..], b"a\xc0\xaf..", b"\xed\xa0\x80", b"../\xff", b"sub/\xfe/x"] {
            assert_eq!(program.open(DIR, name, CREATE), Err(Errno::ILSEQ));
            assert_eq!(program.stat(DIR, name, true), Err(Errno::ILSEQ));
            assert_eq!(program.symlink(name, DIR, "link"), Err(Errno::ILSEQ));
        }
        for path in ["x".repeat(4096), "a/".repeat(2048), "../".repeat(1365) + "x", "x".repeat(15_000)] {
            assert!(program.open(DIR, &path, CREATE).is_err());
            assert!(program.create_dir(DIR, &path).is_err());
            assert!(program.symlink("x", DIR, &path).is_err());
        }
        assert_eq!(program.names("."), [""; 0]);
    });
}

#[test]
fn names_of_the_host_that_are_not_utf_8_are_shown_but_not_opened() {
    let scratch = Scratch::on_tmpfs();
    fs::write(scratch.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), b"x").unwrap();
    let native = native::open_dir(scratch.path()).unwrap();
    let by_path = path::open_dir(Arc::new(HostFs), scratch.path().to_str().unwrap()).unwrap();
    for dir in [native, by_path] {
        let mut program = Program::new(Context::builder().preopen(Preopen::new("/", dir)).build());
        program.call("fd_readdir", &[DIR.into(), 1000, 500, 0, 0]).unwrap();
        let used = program.u32_at(0) as usize;
        assert!(program.memory[1000..1000 + used].windows(4).any(|name| name == b"caf\xe9"));
        assert_eq!(program.open(DIR, b"caf\xe9", READ), Err(Errno::ILSEQ));
    }
}

/// Another thread exchanges a directory and a link that leads out, again and again. Only the kernel can keep that apart, hence
/// only for directories of the host.
#[test]
fn races_are_not_won() {
    for scratch in [Scratch::on_disk(), Scratch::on_tmpfs()] {
        race(&scratch);
    }
}

fn race(scratch: &Scratch) {
    prepare(scratch);
    fs::create_dir(scratch.join("inside/flip")).unwrap();
    fs::write(scratch.join("inside/flip/secret"), b"decoy").unwrap();
    symlink("../outside", scratch.join("inside/flop")).unwrap();
    let before = outside(scratch);
    let dir = native::open_dir(scratch.join("inside")).unwrap();
    let mut program = Program::new(Context::builder().preopen(Preopen::new("/", dir)).build());

    let inside = fs::File::open(scratch.join("inside")).unwrap();
    let over = std::sync::Arc::new(AtomicBool::new(false));
    let swapping = thread::spawn({
        let over = over.clone();
        move || {
            let exchange = rustix::fs::RenameFlags::EXCHANGE;
            for _ in 0..100_000 {
                rustix::fs::renameat_with(&inside, "flip", &inside, "flop", exchange).unwrap();
            }
            over.store(true, Ordering::Relaxed);
        }
    });
    let (mut opened, mut refused) = (0, 0);
    while !over.load(Ordering::Relaxed) {
        match program.open(DIR, "flip/secret", READ) {
            Ok(fd) => {
                assert_eq!(program.read(fd, 100).unwrap(), b"decoy");
                program.close(fd).unwrap();
                opened += 1;
            }
            Err(_) => refused += 1,
        }
        if let Ok(fd) = program.open(DIR, "flip/created", CREATE) {
            program.close(fd).unwrap();
        }
        let _ = program.create_dir(DIR, "flip/made");
        let _ = program.rename(DIR, "flip/made", DIR, "flip/moved");
        let _ = program.remove_dir(DIR, "flip/moved");
        let _ = program.remove_dir(DIR, "flip/made");
        let _ = program.set_times(DIR, "flip/secret", true, (1, 1), 5);
        let _ = program.link(DIR, true, "flip/secret", DIR, "flip/linked");
        let _ = program.unlink(DIR, "flip/linked");
        let _ = program.unlink(DIR, "flip/created");
        let _ = program.symlink("x", DIR, "flip/symlink");
        let _ = program.unlink(DIR, "flip/symlink");
    }
    swapping.join().unwrap();
    assert_eq!(outside(scratch), before);
    assert!(opened > 0 && refused > 0, "both were seen: {opened} opened, {refused} refused");
}

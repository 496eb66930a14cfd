//! What is different in `wasi_unstable`.

use gantry_wasi::{Version, functions};

use crate::backends::on_all;
use crate::program::{BUFFER, CREATE, DIR};

#[test]
fn both_versions_have_all_functions() {
    for version in [Version::Preview1, Version::Unstable] {
        let mut names: Vec<_> = functions(version).iter().map(|function| function.name).collect();
        assert_eq!(names.len(), 46);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 46);
        for function in functions(version) {
            assert_eq!(function.results.len(), usize::from(function.name != "proc_exit"), "{}", function.name);
        }
    }
    assert_eq!(Version::Unstable.module(), "wasi_unstable");
}

#[test]
fn whence_has_other_numbers() {
    on_all(|program, _| {
        program.version = Version::Unstable;
        let fd = program.open(DIR, "file", CREATE).unwrap();
        program.write(fd, &[0; 100]).unwrap();
        assert_eq!(program.seek(fd, -10, 0), Ok(90), "from here");
        assert_eq!(program.seek(fd, -1, 1), Ok(99), "from the end");
        assert_eq!(program.seek(fd, 3, 2), Ok(3), "from the start");
    });
}

#[test]
fn attributes_have_another_layout() {
    on_all(|program, _| {
        program.create("file", b"12345");
        program.link(DIR, false, "file", DIR, "link").unwrap();
        let stat = program.stat(DIR, "file", false).unwrap();
        program.version = Version::Unstable;
        let fd = program.open(DIR, "file", CREATE).unwrap();
        for by_path in [false, true] {
            program.put(BUFFER, &[0xaa; 64]);
            if by_path {
                program.put(1000, b"file");
                program.call("path_filestat_get", &[DIR.into(), 0, 1000, 4, BUFFER.into()]).unwrap();
            } else {
                program.call("fd_filestat_get", &[fd.into(), BUFFER.into()]).unwrap();
            }
            let at = |offset| program.u64_at(BUFFER + offset);
            assert_eq!((at(0), at(8), program.memory[BUFFER as usize + 16]), (stat.dev, stat.ino, 4));
            assert_eq!(program.u32_at(BUFFER + 20), 2, "links");
            assert_eq!((at(24), at(32), at(40), at(48)), (5, stat.atim, stat.mtim, stat.ctim));
            assert_eq!(program.memory[BUFFER as usize + 56], 0xaa, "not more than that");
        }
    });
}

#[test]
fn subscriptions_have_another_layout() {
    on_all(|program, _| {
        program.version = Version::Unstable;
        // A clock that is due, and descriptor 1 to write to.
        program.put(0, &[0; 112]);
        program.put(0, &7_u64.to_le_bytes());
        program.put(24, &1_u32.to_le_bytes());
        program.put(56, &8_u64.to_le_bytes());
        program.put(64, &[2]);
        program.put(72, &1_u32.to_le_bytes());
        program.call("poll_oneoff", &[0, 4096, 2, 8192]).unwrap();
        assert_eq!(program.u32_at(8192), 2);
        assert_eq!((program.u64_at(4096), program.memory[4096 + 10]), (7, 0));
        assert_eq!((program.u64_at(4096 + 32), program.memory[4096 + 32 + 10]), (8, 2));
    });
}

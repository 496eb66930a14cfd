//! Pipes, terminals, devices, and streams of the host.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gantry_wasi::fs::{native, stream};
use gantry_wasi::{Context, Errno, Exit, FdFlags, Rights};

use crate::backends::Scratch;
use crate::program::Program;

fn pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe().unwrap()
}

/// A program with a pipe on standard input and one on standard output, and their other ends.
fn piped() -> (Program, File, File) {
    let ((stdin, feed), (drain, stdout)) = (pipe(), pipe());
    let builder = Context::builder().stdin(native::adopt(stdin).unwrap()).stdout(native::adopt(stdout).unwrap());
    (Program::new(builder.build()), feed.into(), drain.into())
}

/// Ends the program's waiting after some time.
fn interrupted_after(time: Duration) -> impl Fn() -> bool {
    let since = Instant::now();
    move || since.elapsed() > time
}

#[test]
fn bytes_go_through_pipes() {
    let (mut program, mut feed, mut drain) = piped();
    feed.write_all(b"hello").unwrap();
    assert_eq!(program.read(0, 3), Ok(b"hel".to_vec()));
    assert_eq!(program.read_vectored(0, &[1, 100]), Ok(b"lo".to_vec()), "what there is");
    assert_eq!(program.write_vectored(1, &[b"wor", b"ld"]), Ok(5));
    let mut bytes = [0; 5];
    drain.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"world");
    drop(feed);
    assert_eq!(program.read(0, 3), Ok(vec![]), "the end");
    assert_eq!(program.fdstat(0).unwrap().file_type, 0);
    assert_eq!(program.seek(0, 0, 1), Err(Errno::SPIPE));
    assert_eq!(program.pread(0, 1, 0), Err(Errno::SPIPE));
    assert_eq!(program.pwrite(1, b"x", 0), Err(Errno::SPIPE));
    assert_eq!(program.write(0, b"x"), Err(Errno::NOTCAPABLE));
    assert_eq!(program.read(1, 1), Err(Errno::NOTCAPABLE));
    assert_eq!(program.call("fd_sync", &[1]), Err(Errno::INVAL));
    assert_eq!(program.call("fd_allocate", &[1, 0, 1]), Err(Errno::SPIPE));
}

#[test]
fn nobody_reads_a_closed_pipe() {
    let (mut program, _feed, drain) = piped();
    assert_eq!(program.write(1, b"x"), Ok(1));
    drop(drain);
    assert_eq!(program.write(1, b"x"), Err(Errno::PIPE));
    assert_eq!(program.write(1, &[0; 200_000]), Err(Errno::PIPE));
}

#[test]
fn reading_waits_for_data() {
    let (mut program, mut feed, _drain) = piped();
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(30));
        feed.write_all(b"late").unwrap();
        feed
    });
    assert_eq!(program.read(0, 10), Ok(b"late".to_vec()));
    drop(writer.join().unwrap());
    assert_eq!(program.read(0, 10), Ok(vec![]));
}

#[test]
fn writing_waits_for_room_and_writes_all() {
    let (mut program, _feed, mut drain) = piped();
    let bytes: Vec<u8> = (0..900_000_u32).map(|number| number as u8).collect();
    let reader = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        let mut bytes = vec![0; 900_000];
        drain.read_exact(&mut bytes).unwrap();
        bytes
    });
    assert_eq!(program.write_vectored(1, &[&bytes[..7], &bytes[7..]]), Ok(900_000));
    assert_eq!(reader.join().unwrap(), bytes);
}

#[test]
fn without_waiting_it_is_to_be_tried_again() {
    let (mut program, mut feed, _drain) = piped();
    for fd in [0, 1] {
        program.set_flags(fd, FdFlags::NONBLOCK).unwrap();
        assert_eq!(program.fdstat(fd).unwrap().flags, FdFlags::NONBLOCK);
    }
    assert_eq!(program.read(0, 10), Err(Errno::AGAIN));
    feed.write_all(b"x").unwrap();
    assert_eq!(program.read(0, 10), Ok(b"x".to_vec()));
    let written = program.write(1, &[0; 500_000]).unwrap();
    assert!((1..500_000).contains(&written), "{written}");
    while program.write(1, &[0; 1]).is_ok() {}
    assert_eq!(program.write(1, &[0; 1]), Err(Errno::AGAIN));
    program.set_flags(0, FdFlags::empty()).unwrap();
    assert_eq!(program.fdstat(0).unwrap().flags, FdFlags::empty());
}

#[test]
fn programs_wait_even_if_the_host_does_not() {
    let (stdin, feed) = pipe();
    let flags = rustix::fs::fcntl_getfl(&stdin).unwrap();
    rustix::fs::fcntl_setfl(&stdin, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut program = Program::new(Context::builder().stdin(native::share(&stdin).unwrap()).build());
    assert_eq!(program.fdstat(0).unwrap().flags, FdFlags::empty(), "that is the host's matter");
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(30));
        File::from(feed).write_all(b"late").unwrap();
    });
    assert_eq!(program.read(0, 10), Ok(b"late".to_vec()));
    writer.join().unwrap();
    program.close(0).unwrap();
    assert!(rustix::fs::fstat(&stdin).is_ok(), "what is shared stays open");
}

#[test]
fn the_host_ends_waiting() {
    let ((stdin, _feed), (_drain, stdout)) = (pipe(), pipe());
    let builder = Context::builder().stdin(native::adopt(stdin).unwrap()).stdout(native::adopt(stdout).unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let mut program = Program::new(builder.interrupt(move || asked.load(Ordering::Relaxed)).build());
    for (name, fd, length) in [("fd_read", 0, 10), ("fd_write", 1, 500_000)] {
        stop.store(false, Ordering::Relaxed);
        let stopper = thread::spawn({
            let stop = stop.clone();
            move || {
                thread::sleep(Duration::from_millis(30));
                stop.store(true, Ordering::Relaxed);
            }
        });
        let [iovecs, count] = program.iovecs(&[length]);
        let since = Instant::now();
        assert_eq!(program.exit(name, &[fd, iovecs, count, 0]), Err(Exit::Interrupted), "{name}");
        assert!((20..5000).contains(&since.elapsed().as_millis()), "{name}: {:?}", since.elapsed());
        stopper.join().unwrap();
    }
}

#[test]
fn devices_are_no_terminals() {
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    let builder = Context::builder().stdin(native::share(&null).unwrap()).stdout(native::share(&null).unwrap());
    let mut program = Program::new(builder.build());
    let stat = program.fdstat(1).unwrap();
    assert_eq!(stat.file_type, 2);
    assert!(stat.base.contains(Rights::FD_SEEK | Rights::FD_TELL), "or C libraries take it for one");
    assert_eq!(program.write(1, b"lost"), Ok(4));
    assert_eq!(program.write_vectored(1, &[b"lost", b"too"]), Ok(7));
    assert_eq!(program.read(0, 10), Ok(vec![]));
    assert_eq!(program.fd_stat(1).unwrap().file_type, 2);
}

#[test]
fn terminals_are_recognised() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
    let terminal = rustix::fs::open(&*name, flags, rustix::fs::Mode::empty()).unwrap();
    let builder = Context::builder().stdin(native::share(&terminal).unwrap()).stdout(native::share(&terminal).unwrap());
    let mut program = Program::new(builder.interrupt(interrupted_after(Duration::from_millis(200))).build());
    let stat = program.fdstat(0).unwrap();
    assert_eq!((stat.file_type, stat.base), (2, Rights::TERMINAL));
    assert_eq!(program.write(1, b"hello\n"), Ok(6));
    let mut controller = File::from(controller);
    let mut bytes = [0; 7];
    controller.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hello\r\n");
    controller.write_all(b"line\nmore").unwrap();
    assert_eq!(program.read(0, 100), Ok(b"line\n".to_vec()));
    let [iovecs, count] = program.iovecs(&[10]);
    assert_eq!(program.exit("fd_read", &[0, iovecs, count, 0]), Err(Exit::Interrupted), "no line yet");
}

#[test]
fn files_of_the_host_keep_its_position_and_flags() {
    let scratch = Scratch::on_disk();
    std::fs::write(scratch.join("file"), b"0123456789").unwrap();
    let mut file = File::open(scratch.join("file")).unwrap();
    let log = File::options().append(true).create(true).open(scratch.join("log")).unwrap();
    file.read_exact(&mut [0; 3]).unwrap();
    let builder = Context::builder().stdin(native::share(&file).unwrap()).stdout(native::share(&log).unwrap());
    let mut program = Program::new(builder.build());
    assert_eq!(program.fdstat(0).unwrap().file_type, 4);
    assert_eq!(program.read(0, 2), Ok(b"34".to_vec()));
    assert_eq!(program.tell(0), Ok(5));
    assert_eq!(program.fdstat(1).unwrap().flags, FdFlags::APPEND);
    assert_eq!(program.set_flags(1, FdFlags::empty()), Err(Errno::NOTSUP), "others write to it as well");
    assert_eq!(program.write(1, b"line\n"), Ok(5));
    assert_eq!(std::fs::read(scratch.join("log")).unwrap(), b"line\n");
}

#[test]
fn fifos_in_directories_wait_on_demand_only() {
    let scratch = Scratch::on_tmpfs();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, scratch.join("fifo"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let dir = native::open_dir(scratch.path()).unwrap();
    let builder = Context::builder().preopen(gantry_wasi::Preopen::new("/", dir));
    let mut program = Program::new(builder.build());
    let reader = program.open(3, "fifo", crate::program::READ).unwrap();
    let mut writer = File::options().write(true).open(scratch.join("fifo")).unwrap();
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        writer.write_all(b"late").unwrap();
    });
    assert_eq!(program.read(reader, 10), Ok(b"late".to_vec()));
    late.join().unwrap();
}

#[test]
fn streams_of_the_host() {
    let capture = stream::Capture::new(10);
    let builder = Context::builder()
        .stdin(Box::new(stream::Input::new(&b"some bytes"[..])))
        .stdout(capture.file())
        .stderr(Box::new(stream::Output::new(|_: &[u8]| Err(Errno::PIPE))));
    let mut program = Program::new(builder.build());
    assert_eq!(program.read_vectored(0, &[2, 3]), Ok(b"some ".to_vec()));
    assert_eq!(program.read(0, 100), Ok(b"bytes".to_vec()));
    assert_eq!(program.read(0, 100), Ok(vec![]));
    assert_eq!(program.write_vectored(1, &[b"ab", b"cd"]), Ok(4));
    assert_eq!(program.write_vectored(1, &[b"efgh", b"ijkl"]), Ok(4), "the rest is too much");
    assert_eq!(program.write(1, b"xyz"), Err(Errno::NOSPC));
    assert_eq!(capture.take(), b"abcdefgh");
    assert_eq!(program.write(2, b"x"), Err(Errno::PIPE));
    assert_eq!(program.fd_stat(0).unwrap().file_type, 0);

    let mut program = Program::new(Context::builder().build());
    assert_eq!(program.read(0, 10), Ok(vec![]), "nothing by default");
    assert_eq!(program.write(1, b"lost"), Ok(4));
    assert_eq!(program.write(2, b"lost"), Ok(4));
    let shared = Arc::new(());
    let held = shared.clone();
    let builder = Context::builder().stdout(Box::new(stream::Output::new(move |_: &[u8]| {
        let _ = &held;
        Ok(())
    })));
    let mut program = Program::new(builder.build());
    program.close(1).unwrap();
    assert_eq!(Arc::strong_count(&shared), 1, "closing lets go of it");
}

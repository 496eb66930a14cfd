//! `poll_oneoff`.

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use gantry_wasi::fs::native;
use gantry_wasi::{Clock, Context, Errno, Exit, Rights};

use crate::backends::on_all;
use crate::program::{DIR, NOTHING, Open, Program, Result, WRITE};

const EVENTS: u32 = 8192;

#[derive(Clone, Copy)]
enum Subscription {
    /// Clock, time, absolute.
    Clock(u32, u64, bool),
    Read(u32),
    Write(u32),
}
use Subscription::{Clock as At, Read, Write as Room};

#[derive(Debug, PartialEq, Eq)]
struct Event {
    /// Which subscription it is for.
    index: u64,
    errno: u16,
    kind: u8,
    bytes: u64,
    hangup: bool,
}

const MILLISECOND: u64 = 1_000_000;

fn subscribe(program: &mut Program, subscriptions: &[Subscription]) -> [u64; 4] {
    for (index, subscription) in subscriptions.iter().enumerate() {
        let mut bytes = [0; 48];
        bytes[0..8].copy_from_slice(&(index as u64 + 100).to_le_bytes());
        match *subscription {
            At(clock, time, absolute) => {
                bytes[16..20].copy_from_slice(&clock.to_le_bytes());
                bytes[24..32].copy_from_slice(&time.to_le_bytes());
                bytes[40] = absolute.into();
            }
            Read(fd) | Room(fd) => {
                bytes[8] = if matches!(subscription, Read(_)) { 1 } else { 2 };
                bytes[16..20].copy_from_slice(&fd.to_le_bytes());
            }
        }
        program.put(index as u32 * 48, &bytes);
    }
    [0, EVENTS.into(), subscriptions.len() as u64, 12_000]
}

fn poll(program: &mut Program, subscriptions: &[Subscription]) -> Result<Vec<Event>> {
    let arguments = subscribe(program, subscriptions);
    program.call("poll_oneoff", &arguments)?;
    Ok((0..program.u32_at(12_000))
        .map(|index| {
            let at = EVENTS + 32 * index;
            Event {
                index: program.u64_at(at) - 100,
                errno: program.u32_at(at + 8) as u16,
                kind: program.memory[at as usize + 10],
                bytes: program.u64_at(at + 16),
                hangup: program.memory[at as usize + 24] & 1 != 0,
            }
        })
        .collect())
}

fn indices(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.index).collect()
}

#[test]
fn clocks_are_waited_for() {
    let mut program = Program::new(Context::builder().build());
    let since = Instant::now();
    let events = poll(&mut program, &[At(1, 30 * MILLISECOND, false), At(1, 10_000 * MILLISECOND, false)]).unwrap();
    assert!((30..5000).contains(&since.elapsed().as_millis()));
    assert_eq!(events, [Event { index: 0, errno: 0, kind: 0, bytes: 0, hangup: false }]);
    for clock in [0, 1] {
        program.call("clock_time_get", &[clock, 0, 0]).unwrap();
        let now = program.u64_at(0);
        let since = Instant::now();
        let subscriptions = [At(clock as u32, now + 30 * MILLISECOND, true)];
        assert_eq!(indices(&poll(&mut program, &subscriptions).unwrap()), [0]);
        assert!((29..5000).contains(&since.elapsed().as_millis()));
        assert_eq!(indices(&poll(&mut program, &[At(clock as u32, now - 1, true)]).unwrap()), [0], "past");
        assert_eq!(indices(&poll(&mut program, &[At(clock as u32, 0, false)]).unwrap()), [0]);
    }
    let both = [At(0, MILLISECOND, false), At(1, 0, false), At(1, 0, true)];
    assert_eq!(indices(&poll(&mut program, &both).unwrap()), [1, 2], "all that are due");
}

#[test]
fn bad_subscriptions_are_events() {
    on_all(|program, _| {
        assert_eq!(poll(program, &[]), Err(Errno::INVAL));
        let events = poll(program, &[Read(99), At(9, 0, false), Room(DIR), At(2, 0, false), At(1, 1 << 60, false)]);
        let errnos: Vec<_> = events.unwrap().iter().map(|event| (event.index, event.errno)).collect();
        let expected = [(0, Errno::BADF), (1, Errno::INVAL), (2, Errno::BADF), (3, Errno::NOTSUP)];
        assert_eq!(errnos, expected.map(|(index, errno)| (index, errno.raw())));
        let fd = program.open(DIR, "file", crate::program::CREATE).unwrap();
        program.close(fd).unwrap();
        let fd = program.open(DIR, "file", Open { base: Rights::FD_READ, ..NOTHING }).unwrap();
        assert_eq!(poll(program, &[Read(fd)]).unwrap()[0].errno, Errno::NOTCAPABLE.raw());
        let fd =
            program.open(DIR, "file", Open { base: Rights::FD_READ | Rights::POLL_FD_READWRITE, ..NOTHING }).unwrap();
        assert_eq!(poll(program, &[Room(fd)]).unwrap()[0].errno, Errno::NOTCAPABLE.raw());
        subscribe(program, &[Read(1)]);
        program.put(8, &[3]);
        assert_eq!(program.call("poll_oneoff", &[0, EVENTS.into(), 1, 12_000]), Err(Errno::INVAL), "unknown type");
        let end = program.memory.len() as u64;
        assert_eq!(program.call("poll_oneoff", &[end - 47, 0, 1, 0]), Err(Errno::FAULT));
        assert_eq!(program.call("poll_oneoff", &[0, end - 31, 1, 0]), Err(Errno::FAULT));
        assert_eq!(program.call("poll_oneoff", &[0, EVENTS.into(), u32::MAX.into(), 0]), Err(Errno::INVAL));
    });
}

#[test]
fn files_are_always_ready() {
    on_all(|program, _| {
        program.create("file", b"0123456789");
        let fd = program.open(DIR, "file", WRITE).unwrap();
        program.seek(fd, 4, 0).unwrap();
        let events = poll(program, &[At(1, 1 << 60, false), Read(fd), Room(fd)]).unwrap();
        assert_eq!(indices(&events), [1, 2]);
        assert_eq!((events[0].kind, events[0].errno, events[0].bytes), (1, 0, 6));
        assert_eq!((events[1].kind, events[1].errno), (2, 0));
        program.seek(fd, 0, 2).unwrap();
        assert_eq!(poll(program, &[Read(fd)]).unwrap()[0].bytes, 0, "at the end too");
    });
}

#[test]
fn pipes_are_waited_for() {
    let ((stdin, feed), (drain, stdout)) = (rustix::pipe::pipe().unwrap(), rustix::pipe::pipe().unwrap());
    let builder = Context::builder().stdin(native::adopt(stdin).unwrap()).stdout(native::adopt(stdout).unwrap());
    let mut program = Program::new(builder.build());
    let timeout = At(1, 20 * MILLISECOND, false);
    assert_eq!(indices(&poll(&mut program, &[Read(0), timeout]).unwrap()), [1]);
    assert_eq!(indices(&poll(&mut program, &[Read(0), Room(1), Room(2), timeout]).unwrap()), [1, 2]);
    let mut feed = File::from(feed);
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(30));
        feed.write_all(b"late").unwrap();
        feed
    });
    let events = poll(&mut program, &[At(1, 10_000 * MILLISECOND, false), Read(0)]).unwrap();
    assert_eq!(events, [Event { index: 1, errno: 0, kind: 1, bytes: 4, hangup: false }]);
    assert_eq!(program.read(0, 4).unwrap(), b"late");
    drop(late.join().unwrap());
    let events = poll(&mut program, &[Read(0)]).unwrap();
    assert_eq!(events, [Event { index: 0, errno: 0, kind: 1, bytes: 0, hangup: true }]);

    program.set_flags(1, gantry_wasi::FdFlags::NONBLOCK).unwrap();
    while program.write(1, &[0; 60_000]).is_ok() {}
    assert_eq!(indices(&poll(&mut program, &[Room(1), timeout]).unwrap()), [1], "full");
    drop(drain);
    let events = poll(&mut program, &[Room(1), timeout]).unwrap();
    assert_eq!((indices(&events), events[0].hangup), (vec![0], true));
}

#[test]
fn sockets_are_waited_for() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut program = Program::new(Context::builder().socket(native::adopt(ours.into()).unwrap()).build());
    assert_eq!(indices(&poll(&mut program, &[Read(3), Room(3)]).unwrap()), [1]);
    theirs.write_all(b"abc").unwrap();
    let events = poll(&mut program, &[Read(3)]).unwrap();
    assert_eq!((events[0].bytes, events[0].hangup), (3, false));
    drop(theirs);
    assert!(poll(&mut program, &[Read(3)]).unwrap()[0].hangup);
}

#[test]
fn a_fixed_clock_is_not_waited_for() {
    let mut program = Program::new(Context::builder().clock(Clock::fixed(0, 0)).build());
    let since = Instant::now();
    let hour = 3_600_000 * MILLISECOND;
    assert_eq!(indices(&poll(&mut program, &[At(1, hour, false), At(1, 2 * hour, false)]).unwrap()), [0]);
    assert_eq!(indices(&poll(&mut program, &[At(0, 5 * hour, true)]).unwrap()), [0]);
    assert!(since.elapsed() < Duration::from_secs(60));
    program.call("clock_time_get", &[0, 0, 0]).unwrap();
    assert_eq!(program.u64_at(0), 5 * hour);
}

#[test]
fn the_host_ends_waiting() {
    let (stdin, _feed) = rustix::pipe::pipe().unwrap();
    let until = Instant::now() + Duration::from_millis(40);
    let builder = Context::builder().stdin(native::adopt(stdin).unwrap()).interrupt(move || Instant::now() > until);
    let mut program = Program::new(builder.build());
    for subscriptions in [&[Read(0)][..], &[At(1, 1 << 60, false)], &[At(0, u64::MAX, false), Read(0)]] {
        let arguments = subscribe(&mut program, subscriptions);
        let since = Instant::now();
        assert_eq!(program.exit("poll_oneoff", &arguments), Err(Exit::Interrupted));
        assert!(since.elapsed() < Duration::from_secs(5));
    }
}

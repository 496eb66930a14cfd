//! One context for several threads, and memories that change while calls use them.

use std::io::Write as _;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use gantry_wasi::fs::memory::Tree;
use gantry_wasi::fs::native;
use gantry_wasi::{Context, Errno, Exit, Guest, Preopen, Version, function};

const OUT: u32 = 64;
const IOVECS: u32 = 128;

fn memory(size: usize) -> Vec<AtomicU8> {
    (0..size).map(|_| AtomicU8::new(0)).collect()
}

fn call(context: &Context, memory: &[AtomicU8], name: &str, arguments: &[u64]) -> Result<Errno, Exit> {
    (function(Version::Preview1, name).unwrap().call)(context, &mut Guest::shared(memory), arguments)
}

fn put(memory: &[AtomicU8], at: u32, bytes: &[u8]) {
    memory[at as usize..].iter().zip(bytes).for_each(|(to, byte)| to.store(*byte, Relaxed));
}

fn put_numbers(memory: &[AtomicU8], at: u32, numbers: &[u32]) {
    numbers.iter().enumerate().for_each(|(i, number)| put(memory, at + 4 * i as u32, &number.to_le_bytes()));
}

fn number(memory: &[AtomicU8], at: u32) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| memory[at as usize + i].load(Relaxed)))
}

/// Opens a file to append to.
fn open(context: &Context, memory: &[AtomicU8], name: &str) -> u32 {
    put(memory, 1024, name.as_bytes());
    let (create, all, append) = (1, u64::MAX, 1);
    let arguments = [3, 0, 1024, name.len() as u64, create, all, all, append, OUT.into()];
    assert_eq!(call(context, memory, "path_open", &arguments), Ok(Errno::SUCCESS));
    number(memory, OUT)
}

fn write(context: &Context, memory: &[AtomicU8], fd: u32, bytes: &[u8]) {
    put(memory, 4096, bytes);
    put_numbers(memory, IOVECS, &[4096, bytes.len() as u32]);
    let arguments = [fd.into(), IOVECS.into(), 1, OUT.into()];
    assert_eq!(call(context, memory, "fd_write", &arguments), Ok(Errno::SUCCESS));
    assert_eq!(number(memory, OUT), bytes.len() as u32);
}

#[test]
fn threads_share_descriptors_and_offsets() {
    let tree = Tree::new();
    let context = Context::builder().preopen(Preopen::new("/", tree.root())).build();
    let memory_of_all = memory(1 << 16);
    let log = open(&context, &memory_of_all, "log");
    thread::scope(|scope| {
        for id in 0..4_u8 {
            let context = &context;
            scope.spawn(move || {
                let own = memory(1 << 16);
                for round in 0..200 {
                    write(context, &own, log, &[b'a' + id; 10]);
                    let fd = open(context, &own, &format!("{id}-{round}"));
                    write(context, &own, fd, b"text");
                    assert_eq!(call(context, &own, "fd_close", &[fd.into()]), Ok(Errno::SUCCESS));
                }
            });
        }
    });
    let log = tree.read_file("log").unwrap();
    assert_eq!(log.len(), 4 * 200 * 10);
    assert!(log.chunks(10).all(|chunk| chunk.iter().all(|byte| *byte == chunk[0])), "writes stay in one piece");
    assert!((0..4).all(|id| (0..200).all(|round| tree.read_file(&format!("{id}-{round}")).unwrap() == b"text")));
}

#[test]
fn a_call_that_waits_holds_up_nobody() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let tree = Tree::new();
    let context = Context::builder()
        .stdin(native::standard_stream(reader.as_fd()).unwrap())
        .preopen(Preopen::new("/", tree.root()))
        .build();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let own = memory(1 << 16);
            put_numbers(&own, IOVECS, &[4096, 100]);
            assert_eq!(call(&context, &own, "fd_read", &[0, IOVECS.into(), 1, OUT.into()]), Ok(Errno::SUCCESS));
            number(&own, OUT)
        });
        thread::sleep(Duration::from_millis(50));
        let own = memory(1 << 16);
        let fd = open(&context, &own, "meanwhile");
        write(&context, &own, fd, b"text");
        assert!(!waiting.is_finished());
        // What is being read is closed by another thread: the reader keeps it until it is done.
        assert_eq!(call(&context, &own, "fd_close", &[0]), Ok(Errno::SUCCESS));
        writer.write_all(b"at last").unwrap();
        assert_eq!(waiting.join().unwrap(), 7);
    });
}

#[test]
fn what_changes_during_a_call_does_no_harm() {
    let tree = Tree::new();
    let context = Context::builder().preopen(Preopen::new("/", tree.root())).build();
    let memory = memory(4 << 20);
    let fd = open(&context, &memory, "file");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Now the buffers are tiny, now they are the whole memory, or beyond its end.
            let mut turn = 0_u32;
            while !done.load(Relaxed) {
                turn = turn.wrapping_add(1);
                let length = [16, 4 << 20, u32::MAX][turn as usize % 3];
                (0..40).for_each(|i| put_numbers(&memory, IOVECS + 8 * i, &[0, length]));
            }
        });
        for _ in 0..60 {
            for name in ["fd_write", "fd_read", "fd_pread"] {
                let offset = if name == "fd_pread" { &[0_u64][..] } else { &[] };
                let arguments = [&[fd.into(), IOVECS.into(), 40][..], offset, &[OUT.into()]].concat();
                let outcome = call(&context, &memory, name, &arguments).unwrap();
                let expected = [Errno::SUCCESS, Errno::FAULT, Errno::INVAL, Errno::NOSPC];
                assert!(expected.contains(&outcome), "{name}: {outcome:?}");
            }
            assert_eq!(call(&context, &memory, "fd_filestat_set_size", &[fd.into(), 0]), Ok(Errno::SUCCESS));
        }
        done.store(true, Relaxed);
    });
}

#[test]
fn large_transfers_of_shared_memories_are_whole() {
    let tree = Tree::new();
    tree.add_file("given", (0..3_000_000_u32).map(|i| (i % 251) as u8).collect()).unwrap();
    let context = Context::builder().preopen(Preopen::new("/", tree.root())).build();
    let memory = memory(8 << 20);
    put(&memory, 1024, b"given");
    let all = u64::MAX;
    assert_eq!(call(&context, &memory, "path_open", &[3, 0, 1024, 5, 0, all, all, 0, OUT.into()]), Ok(Errno::SUCCESS));
    let fd = number(&memory, OUT).into();
    put_numbers(&memory, IOVECS, &[1 << 16, 1_500_000, 3 << 20, 5 << 20]);
    assert_eq!(call(&context, &memory, "fd_read", &[fd, IOVECS.into(), 2, OUT.into()]), Ok(Errno::SUCCESS));
    assert_eq!(number(&memory, OUT), 3_000_000);
    let at = |index: usize| if index < 1_500_000 { (1 << 16) + index } else { (3 << 20) + index - 1_500_000 };
    assert!((0..3_000_000).all(|i| memory[at(i)].load(Relaxed) == (i % 251) as u8));
    let copy = open(&context, &memory, "copy");
    put_numbers(&memory, IOVECS, &[1 << 16, 1_500_000, 3 << 20, 1_500_000]);
    assert_eq!(call(&context, &memory, "fd_write", &[copy.into(), IOVECS.into(), 2, OUT.into()]), Ok(Errno::SUCCESS));
    assert_eq!(number(&memory, OUT), 3_000_000);
    assert!(tree.read_file("copy").unwrap() == tree.read_file("given").unwrap());
}

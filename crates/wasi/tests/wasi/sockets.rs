//! `sock_*` on sockets that the host preopens.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use gantry_wasi::fs::memory::Tree;
use gantry_wasi::fs::native;
use gantry_wasi::{Context, Errno, Exit, FdFlags, Preopen, Rights};

use crate::program::{BUFFER, CREATE, Program, Result};

const SOCKET: u32 = 3;
const PEEK: u64 = 1;
const WAITALL: u64 = 2;

fn connected() -> (Program, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Program::new(Context::builder().socket(native::adopt(ours.into()).unwrap()).build()), theirs)
}

/// The bytes, and whether a message was cut off.
fn receive(program: &mut Program, fd: u32, lengths: &[usize], flags: u64) -> Result<(Vec<u8>, bool)> {
    let [iovecs, count] = program.iovecs(lengths);
    program.call("sock_recv", &[fd.into(), iovecs, count, flags, 0, 4])?;
    let bytes = program.memory[BUFFER as usize..][..program.u32_at(0) as usize].to_vec();
    Ok((bytes, program.memory[4] != 0))
}

fn send(program: &mut Program, fd: u32, bytes: &[u8]) -> Result<u32> {
    program.put(BUFFER, bytes);
    let [iovecs, count] = program.iovecs(&[bytes.len()]);
    program.call("sock_send", &[fd.into(), iovecs, count, 0, 0])?;
    Ok(program.u32_at(0))
}

#[test]
fn streams_are_sent_and_received() {
    let (mut program, mut peer) = connected();
    let stat = program.fdstat(SOCKET).unwrap();
    assert_eq!((stat.file_type, stat.base), (6, Rights::SOCKET));
    assert_eq!(program.fd_stat(SOCKET).unwrap().file_type, 6);
    peer.write_all(b"hello world").unwrap();
    assert_eq!(receive(&mut program, SOCKET, &[5], PEEK), Ok((b"hello".to_vec(), false)));
    assert_eq!(receive(&mut program, SOCKET, &[100], PEEK | WAITALL), Ok((b"hello world".to_vec(), false)));
    assert_eq!(receive(&mut program, SOCKET, &[2, 4], 0), Ok((b"hello ".to_vec(), false)));
    assert_eq!(program.read(SOCKET, 100), Ok(b"world".to_vec()), "as a file");
    assert_eq!(send(&mut program, SOCKET, b"answer"), Ok(6));
    assert_eq!(program.write(SOCKET, b"!"), Ok(1));
    let mut bytes = [0; 7];
    peer.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"answer!");
    assert_eq!(program.seek(SOCKET, 0, 1), Err(Errno::NOTCAPABLE));
    let [iovecs, count] = program.iovecs(&[1]);
    assert_eq!(program.call("sock_send", &[SOCKET.into(), iovecs, count, 1, 0]), Err(Errno::INVAL), "no flags");
    assert_eq!(program.call("sock_recv", &[SOCKET.into(), iovecs, count, 4, 0, 4]), Err(Errno::INVAL));
}

#[test]
fn receiving_waits_for_some_or_all() {
    let (mut program, mut peer) = connected();
    let writer = thread::spawn(move || {
        for part in ["some", " and ", "more"] {
            thread::sleep(Duration::from_millis(20));
            peer.write_all(part.as_bytes()).unwrap();
        }
        peer
    });
    assert_eq!(receive(&mut program, SOCKET, &[100], 0), Ok((b"some".to_vec(), false)));
    assert_eq!(receive(&mut program, SOCKET, &[5, 4], WAITALL), Ok((b" and more".to_vec(), false)));
    let peer = writer.join().unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(receive(&mut program, SOCKET, &[10], WAITALL), Ok((vec![], false)), "the end");
}

#[test]
fn messages_are_cut_off() {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let mut program = Program::new(Context::builder().socket(native::adopt(ours.into()).unwrap()).build());
    assert_eq!(program.fdstat(SOCKET).unwrap().file_type, 5);
    theirs.send(b"a message").unwrap();
    theirs.send(b"another").unwrap();
    assert_eq!(receive(&mut program, SOCKET, &[4], 0), Ok((b"a me".to_vec(), true)));
    assert_eq!(receive(&mut program, SOCKET, &[100], WAITALL), Ok((b"another".to_vec(), false)));
    assert_eq!(send(&mut program, SOCKET, b"back"), Ok(4));
    let mut bytes = [0; 10];
    assert_eq!(theirs.recv(&mut bytes).unwrap(), 4);
}

#[test]
fn directions_are_shut_down() {
    let (mut program, mut peer) = connected();
    assert_eq!(program.call("sock_shutdown", &[SOCKET.into(), 0]), Err(Errno::INVAL));
    assert_eq!(program.call("sock_shutdown", &[SOCKET.into(), 4]), Err(Errno::INVAL));
    assert_eq!(program.call("sock_shutdown", &[SOCKET.into(), 2]), Ok(()));
    assert_eq!(peer.read(&mut [0; 10]).unwrap(), 0);
    assert_eq!(send(&mut program, SOCKET, b"x"), Err(Errno::PIPE));
    peer.write_all(b"still").unwrap();
    assert_eq!(receive(&mut program, SOCKET, &[10], 0), Ok((b"still".to_vec(), false)));
    assert_eq!(program.call("sock_shutdown", &[SOCKET.into(), 1]), Ok(()));
    assert_eq!(receive(&mut program, SOCKET, &[10], 0), Ok((vec![], false)));
    drop(peer);
}

#[test]
fn connections_are_accepted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let builder = Context::builder().preopen(Preopen::new("/", Tree::new().root()));
    let mut program = Program::new(builder.socket(native::adopt(listener.into()).unwrap()).build());
    let listener = 4_u64;
    program.set_flags(4, FdFlags::NONBLOCK).unwrap();
    assert_eq!(program.call("sock_accept", &[listener, 0, 0]), Err(Errno::AGAIN));
    program.set_flags(4, FdFlags::empty()).unwrap();
    assert_eq!(program.call("sock_accept", &[listener, 1, 0]), Err(Errno::INVAL), "no such flag here");
    let client = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"ping").unwrap();
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    });
    let nonblock = u64::from(FdFlags::NONBLOCK.bits());
    assert_eq!(program.call("sock_accept", &[listener, nonblock, 0]), Ok(()));
    let connection = program.u32_at(0);
    let stat = program.fdstat(connection).unwrap();
    assert_eq!((connection, stat.file_type, stat.flags), (5, 6, FdFlags::NONBLOCK));
    program.set_flags(connection, FdFlags::empty()).unwrap();
    assert_eq!(receive(&mut program, connection, &[4], WAITALL), Ok((b"ping".to_vec(), false)));
    assert_eq!(send(&mut program, connection, b"pong"), Ok(4));
    assert_eq!(&client.join().unwrap(), b"pong");
    assert_eq!(program.call("sock_accept", &[connection.into(), 0, 0]), Err(Errno::INVAL), "that one does not listen");
}

#[test]
fn what_is_no_socket_says_so() {
    let builder = Context::builder().preopen(Preopen::new("/", Tree::new().root()));
    let mut program = Program::new(builder.build());
    let file = program.open(3, "file", CREATE).unwrap();
    for fd in [0, 1, 3, file] {
        let fd = u64::from(fd);
        assert_eq!(program.call("sock_shutdown", &[fd, 1]), Err(Errno::NOTSOCK));
        assert_eq!(program.call("sock_accept", &[fd, 0, 0]), Err(Errno::NOTSOCK));
        assert_eq!(program.call("sock_recv", &[fd, 0, 0, 0, 0, 4]), Err(Errno::NOTSOCK));
        assert_eq!(program.call("sock_send", &[fd, 0, 0, 0, 0]), Err(Errno::NOTSOCK));
    }
    assert_eq!(program.call("sock_shutdown", &[420, 1]), Err(Errno::BADF));
}

#[test]
fn a_socket_as_a_standard_stream_is_a_pipe() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let builder = Context::builder().stdin(native::standard_stream(&ours).unwrap());
    let mut program = Program::new(builder.stdout(native::standard_stream(&ours).unwrap()).build());
    assert_eq!((program.fdstat(0).unwrap().file_type, program.fdstat(1).unwrap().file_type), (0, 0));
    theirs.write_all(b"in").unwrap();
    assert_eq!(program.read(0, 10), Ok(b"in".to_vec()));
    assert_eq!(program.write(1, b"out"), Ok(3));
    let mut bytes = [0; 3];
    theirs.read_exact(&mut bytes).unwrap();
    assert_eq!(program.call("sock_shutdown", &[1, 2]), Err(Errno::NOTSOCK));
    assert_eq!(program.call("sock_recv", &[0, 0, 0, 0, 0, 4]), Err(Errno::NOTSOCK));
    drop(theirs);
    assert_eq!(program.read(0, 10), Ok(vec![]));
    assert_eq!(program.write(1, b"x"), Err(Errno::PIPE));
}

#[test]
fn sockets_need_rights() {
    let (mut program, _peer) = connected();
    program.set_rights(SOCKET, Rights::FD_FILESTAT_GET, Rights::empty()).unwrap();
    assert_eq!(send(&mut program, SOCKET, b"x"), Err(Errno::NOTCAPABLE));
    assert_eq!(receive(&mut program, SOCKET, &[1], 0), Err(Errno::NOTCAPABLE));
    assert_eq!(program.call("sock_accept", &[SOCKET.into(), 0, 0]), Err(Errno::NOTCAPABLE));
    assert_eq!(program.call("sock_shutdown", &[SOCKET.into(), 1]), Err(Errno::NOTCAPABLE));
}

#[test]
fn the_host_ends_waiting() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let until = Instant::now() + Duration::from_millis(50);
    let builder = Context::builder().interrupt(move || Instant::now() > until);
    let builder = builder.socket(native::adopt(ours.into()).unwrap()).socket(native::adopt(listener.into()).unwrap());
    let mut program = Program::new(builder.build());
    let [iovecs, count] = program.iovecs(&[1]);
    assert_eq!(program.exit("sock_recv", &[3, iovecs, count, 0, 0, 4]), Err(Exit::Interrupted));
    assert_eq!(program.exit("sock_accept", &[4, 0, 0]), Err(Exit::Interrupted));
    let [iovecs, count] = program.iovecs(&[900_000]);
    assert_eq!(program.exit("sock_send", &[3, iovecs, count, 0, 0]), Err(Exit::Interrupted));
}

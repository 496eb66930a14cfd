//! Streams of modules that begin like one in the cache.
#![cfg(unix)]

mod util;

use std::fs;

use gantry_engine::{Engine, Linker, Module, ModuleStream, Store};
use util::folder::Folder;

/// Where code begins: behind the first piece that is hashed.
const FRONT: usize = 300 << 10;
/// Bytes of data, so that several pieces lie between code and end.
const DATA: usize = 600 << 10;

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut len = content.len();
    let mut section = vec![id];
    while len >= 0x80 {
        section.push(len as u8 | 0x80);
        len >>= 7;
    }
    section.push(len as u8);
    section.extend_from_slice(content);
    section
}

/// A module with a large section of its own at the front, then code, then data whose last byte `last` returns.
fn wasm(body: &str, last: u8) -> Vec<u8> {
    let data = format!("{}\\{last:02x}", "a".repeat(DATA));
    let filler: String = (0..300).map(|i| format!("(func (result i32) i32.const {i})")).collect();
    let text = format!(
        r#"(module (memory 10) (data (i32.const 0) "{data}") {filler}
        (func (export "last") (result i32) {body} (i32.load8_u (i32.const {DATA}))))"#
    );
    let rest = wat::parse_str(text).unwrap();
    let mut front = vec![1, b'x'];
    front.resize(FRONT, 7);
    [&rest[..8], &section(0, &front), &rest[8..]].concat()
}

struct Outcome {
    /// The module, and whether it was in the cache; or what was wrong.
    module: Result<(Module, bool), String>,
    /// Functions that were seen when all bytes were there: none if what lies behind the first piece was only kept.
    functions: u32,
}

fn stream(engine: &Engine, wasm: &[u8], chunk: usize) -> Outcome {
    let mut stream = ModuleStream::new(engine, None);
    let pushed = wasm.chunks(chunk).try_for_each(|chunk| stream.push(chunk));
    let progress = stream.progress();
    if pushed.is_ok() {
        assert_eq!(progress.bytes_received, wasm.len() as u64);
    }
    let module = pushed.and_then(|()| stream.finish()).map_err(|error| error.to_string());
    let module = module.map(|module| {
        let is_found = module.loaded().is_mapped();
        (module, is_found)
    });
    Outcome { module, functions: progress.functions_total }
}

fn last(engine: &Engine, module: &Module) -> i32 {
    let mut store = Store::new(engine);
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    instance.typed_func::<(), i32>(&store, "last").unwrap().call(&mut store, ()).unwrap()
}

#[test]
fn what_goes_on_as_known_is_not_validated() {
    let folder = Folder::new("known");
    let engine = folder.engine();
    let wasm = wasm("", 5);
    for (round, chunk) in [wasm.len(), 100_000, 1, 256 << 10, wasm.len()].into_iter().enumerate() {
        let outcome = stream(&engine, &wasm, chunk);
        let (module, is_found) = outcome.module.unwrap();
        assert_eq!((last(&engine, &module), is_found), (5, round > 0), "{chunk}");
        assert_eq!((folder.files("gtx").len(), folder.files("gtn").len()), (1, 1));
        assert_eq!(outcome.functions, if round > 0 { 0 } else { 301 }, "{chunk}");
    }
}

#[test]
fn modules_that_go_on_otherwise_are_compiled() {
    let folder = Folder::new("otherwise");
    let engine = folder.engine();
    let known = wasm("", 5);
    for chunk in [known.len(), 70_000] {
        stream(&engine, &known, chunk).module.unwrap();
        let other = wasm("(nop)", 6);
        let (module, _) = stream(&engine, &other, chunk).module.unwrap();
        assert_eq!(last(&engine, &module), 6);
        // The outline is that of the other one now.
        let (module, is_found) = stream(&engine, &known, chunk).module.unwrap();
        assert_eq!((last(&engine, &module), is_found), (5, true));
        // Different in the last byte, behind all whole pieces.
        let last_byte = wasm("", chunk as u8 & 0x7f);
        let (module, _) = stream(&engine, &last_byte, chunk).module.unwrap();
        assert_eq!(last(&engine, &module), chunk as i32 & 0x7f);
    }
}

#[test]
fn errors_are_the_same_as_without_a_cache() {
    let plain = Engine::default();
    let known = wasm("", 5);
    let mut invalid_code = wasm("", 5);
    let code = FRONT + invalid_code[FRONT..].windows(3).position(|bytes| bytes == [4, 0, 0x41]).unwrap();
    invalid_code[code + 2] = 0x43;
    let longer = [&known[..], &[1, 2, 3]].concat();
    let wrongs = [&invalid_code, &longer, &known[..known.len() - 1], &known[..FRONT], &known[..700_000]];
    for (i, wrong) in wrongs.into_iter().enumerate() {
        let folder = Folder::new(&format!("errors-{i}"));
        let engine = folder.engine();
        stream(&engine, &known, known.len()).module.unwrap();
        for chunk in [wrong.len(), 90_000] {
            let expected = stream(&plain, wrong, chunk).module.err().unwrap();
            assert_eq!(stream(&engine, wrong, chunk).module.err().unwrap(), expected, "{i} {chunk}");
        }
        let (module, is_found) = stream(&engine, &known, 90_000).module.unwrap();
        assert_eq!((last(&engine, &module), is_found), (5, true), "{i}");
    }
}

#[test]
fn notes_that_are_wrong_do_no_harm() {
    let folder = Folder::new("wrong");
    let engine = folder.engine();
    let wasm = wasm("", 5);
    let again = |is_found: bool| {
        let (module, found) = stream(&engine, &wasm, 100_000).module.unwrap();
        assert_eq!((last(&engine, &module), found), (5, is_found));
    };
    again(false);
    let note = || folder.files("gtn").pop().unwrap();
    let whole = fs::read(note()).unwrap();
    for change in [&whole[..whole.len() - 32], &[], &[0; 100], &[&whole[..], &[0]].concat()] {
        fs::write(note(), change).unwrap();
        again(true);
        assert_eq!(fs::read(note()).unwrap(), whole, "made anew");
    }
    // What the note leads to is damaged.
    fs::write(&folder.files("gtx")[0], b"garbage").unwrap();
    again(false);
    again(true);
    // It goes before.
    fs::remove_file(&folder.files("gtx")[0]).unwrap();
    let outcome = stream(&engine, &wasm, 100_000);
    assert!(outcome.functions > 0 && !outcome.module.unwrap().1);
}

#[test]
fn streams_that_are_given_up() {
    let folder = Folder::new("dropped");
    let engine = folder.engine();
    let wasm = wasm("", 5);
    stream(&engine, &wasm, wasm.len()).module.unwrap();
    for len in [FRONT, wasm.len() - 1] {
        let mut stream = ModuleStream::new(&engine, None);
        stream.push(&wasm[..len]).unwrap();
        drop(stream);
    }
    let mut stopped = ModuleStream::new(&engine, None);
    stopped.push(&wasm[..wasm.len() - 1]).unwrap();
    assert!(stopped.finish_while(&|| false).is_err());
}

//! Imports and exports are validated in a way of our own, so that there can be a million of them: whatever the module, the verdict is that of
//! wasmparser, and so is the place of the error. Deterministic.

mod util;

use std::fmt::Write as _;

use gantry_module::{BodyValidator, Decoder, FunctionBody, features};
use util::mutate::mutate;
use util::{Rng, binary, corpus, run};
use wasmparser::Validator;

/// Where a module is wrong, and what wasmparser or we say of it.
type Verdict = Result<(), (u64, String)>;

/// All sections, then all bodies: the order in which wasmparser validates.
fn ours(wasm: &[u8]) -> Verdict {
    let mut bodies = Vec::new();
    let mut take = |_: &gantry_module::Module, body: FunctionBody| bodies.push(body);
    let mut decode = || {
        let mut decoder = Decoder::new();
        decoder.push(wasm, &mut take)?;
        decoder.finish(&mut take).map(drop)
    };
    let mut validator = BodyValidator::default();
    decode()
        .and_then(|()| bodies.iter().try_for_each(|body| validator.validate(body).map(drop)))
        .map_err(|error| (error.offset(), error.message().to_owned()))
}

fn theirs(wasm: &[u8]) -> Verdict {
    let valid = Validator::new_with_features(features()).validate_all(wasm);
    valid.map(drop).map_err(|error| (error.offset(), error.message().to_owned()))
}

/// Returns whether it is valid.
fn compare(wasm: &[u8]) -> bool {
    let (ours, theirs) = (ours(wasm), theirs(wasm));
    match (&ours, &theirs) {
        (Ok(()), Ok(())) => true,
        (Err((our, _)), Err((their, _))) if our == their => false,
        _ => panic!("{ours:?}, but wasmparser says {theirs:?}: {wasm:02x?}"),
    }
}

#[test]
fn mutated_modules() {
    let mut rng = Rng::new(0x6578_7465_726e);
    let mut corpus = corpus::modules();
    corpus.extend((0..200).filter_map(|_| run::generate(&rng.bytes(2_000))));
    corpus.extend((0..100).map(|_| externs(&mut rng)));
    assert!(corpus.iter().all(|wasm| compare(wasm)), "the corpus is valid");
    let valid = (0..60_000).filter(|_| compare(&mutate(&mut rng, &corpus))).count();
    assert!((2_000..58_000).contains(&valid), "{valid} are valid");
}

/// Valid text with imports and exports of all kinds, in any order, and code that uses them.
fn externs(rng: &mut Rng) -> Vec<u8> {
    const KINDS: [(&str, &str); 8] = [
        ("func", "(type $f)"),
        ("func", "(param i32) (result i64)"),
        ("tag", "(param i32)"),
        ("memory", "1 2"),
        ("table", "1 funcref"),
        ("table", "1 (ref $f)"),
        ("global", "(mut i32)"),
        ("global", "(ref $f)"),
    ];
    const NUMBERS: [&str; 5] = ["i32", "i64", "f32", "f64", "v128"];
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    let mut text = "(module (type $f (func))".to_owned();
    for number in 0..rng.below(12) {
        let (kind, mut ty) = KINDS[rng.below(KINDS.len())];
        if kind == "global" && rng.below(2) == 0 {
            ty = NUMBERS[rng.below(NUMBERS.len())];
        }
        *counts.entry(kind).or_default() += 1;
        write!(text, r#"(import "m" "{number}" ({kind} {ty}))"#).expect("text");
    }
    text.push_str("(func $own (type $f)) (func $body (type $f) (drop (ref.func $own)))");
    *counts.entry("func").or_default() += 2;
    write!(text, r#"(export "own" (func $own))"#).expect("text");
    for (name, (kind, count)) in counts.iter().flat_map(|entry| [entry; 3]).enumerate() {
        write!(text, r#"(export "{name}" ({kind} {}))"#, rng.below(*count)).expect("text");
    }
    text.push(')');
    binary(&text)
}

#[test]
fn what_imports_and_exports_can_be_wrong_in() {
    let invalid = [
        r#"(module (import "" "" (func (type 1))) (type (func)))"#,
        r#"(module (import "" "" (func (type 0))) (type (struct)))"#,
        r#"(module (import "" "" (tag (type 0))) (type (func (result i32))))"#,
        r#"(module (import "" "" (table 2 1 funcref)))"#,
        r#"(module (import "" "" (memory 65537)))"#,
        r#"(module (import "" "" (global (ref 3))))"#,
        r#"(module (export "a" (func 0)))"#,
        r#"(module (import "" "" (func)) (export "a" (func 1)))"#,
        r#"(module (import "" "" (global i32)) (export "a" (table 0)))"#,
        r#"(module (memory 1) (export "a" (memory 0)) (export "a" (memory 0)))"#,
        r#"(module (func) (export "a" (tag 0)))"#,
        // Only what is mentioned outside of bodies is referenced: an import is not by itself, a start function neither.
        r#"(module (import "" "" (func $f)) (func (drop (ref.func $f))))"#,
        r#"(module (func $f) (start $f) (func (drop (ref.func $f))))"#,
        r#"(module (import "" "" (func $f)) (func $g) (export "g" (func $g)) (func (drop (ref.func $f))))"#,
        r#"(module (func $f) (elem declare func $f) (func (elem.drop 1)))"#,
        r#"(module (import "" "" (func (param i32))) (start 0))"#,
        r#"(module (import "" "" (func $f (param i32))) (func (call $f (i64.const 0))))"#,
        r#"(module (import "" "" (global $g (mut i32))) (global i32 (global.get $g)))"#,
        r#"(module (import "" "" (global $g i32)) (func (global.set $g (i32.const 0))))"#,
    ];
    for text in invalid {
        let wat = wast::parser::ParseBuffer::new(text).expect("tokens");
        let wasm = wast::parser::parse::<wast::Wat>(&wat).expect(text).encode().expect(text);
        assert!(!compare(&wasm), "{text}");
    }
}

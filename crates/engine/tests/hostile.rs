//! Bytes that mean harm: whatever comes in, a module or an error with an offset comes out, and what still is a module
//! can be run. Deterministic: the seed is printed and `GANTRY_SEED` sets another.

mod util;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gantry_engine::{Engine, MemoryStyle, Module};
use gantry_module::Decoder;
use util::mutate::mutate;
use util::{Rng, corpus, engine, run};

const DEFAULT_SEED: u64 = 0x6761_6e74_7279;
/// Mutated modules that are validated.
const MUTATIONS: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
/// One of so many invalid ones is given to the compiler, too. Valid ones all are.
const COMPILED_INVALID: usize = 16;
/// A case that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(20);

fn seed() -> u64 {
    let seed = std::env::var("GANTRY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(DEFAULT_SEED);
    println!("GANTRY_SEED={seed}");
    seed
}

/// Number of the present case, for the watchdog and for messages.
static CASE: AtomicU64 = AtomicU64::new(0);

/// Ends the process when a case does not end.
fn watch_for_hangs() {
    std::thread::spawn(|| {
        let mut last = u64::MAX;
        loop {
            let case = CASE.load(Ordering::Relaxed);
            if case == last {
                eprintln!("case {case} hangs");
                std::process::abort();
            }
            last = case;
            std::thread::sleep(LONGEST);
        }
    });
}

/// Runs a case; what it panics with is reported with the bytes that made it do so.
fn case<T>(number: usize, wasm: &[u8], run: impl FnOnce() -> T) -> T {
    CASE.store(number as u64, Ordering::Relaxed);
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        let path = std::env::temp_dir().join(format!("gantry-hostile-{number}.wasm"));
        std::fs::write(&path, wasm).expect("a file");
        eprintln!("case {number}: see {}", path.display());
        std::panic::resume_unwind(payload)
    })
}

/// Whether bytes are a module; if not, that the error says so and where.
fn validate(wasm: &[u8]) -> bool {
    let Err(error) = Module::validate(wasm) else { return true };
    check_error(wasm, &error);
    false
}

fn check_error(wasm: &[u8], error: &gantry_engine::Error) {
    assert!(error.is_compile(), "{error}");
    let offset = error.offset().unwrap_or_else(|| panic!("no offset: {error}"));
    assert!(offset <= wasm.len() as u64, "{error}: beyond {} bytes", wasm.len());
    assert!(!error.to_string().is_empty());
}

#[derive(Default, Debug)]
struct Counts {
    cases: usize,
    valid: usize,
    compiled: usize,
    ran: usize,
}

impl Counts {
    fn take(&mut self, engine: &Engine, wasm: &[u8]) {
        self.cases += 1;
        let valid = validate(wasm);
        self.valid += usize::from(valid);
        if !valid && !self.cases.is_multiple_of(COMPILED_INVALID) {
            return;
        }
        self.compiled += 1;
        match Module::new(engine, wasm) {
            Ok(module) => {
                assert!(valid, "compiled, although it is not valid");
                self.ran += usize::from(run::terminates(wasm) && run::run(engine, &module));
            }
            Err(error) => {
                check_error(wasm, &error);
                assert!(!valid, "valid, but {error}");
            }
        }
    }
}

#[test]
fn mutated_modules() {
    watch_for_hangs();
    let (start, seed) = (Instant::now(), seed());
    let corpus = corpus::modules();
    let engines = [engine(MemoryStyle::Reserved, 1), engine(MemoryStyle::Checked, 1)];
    for wasm in &corpus {
        assert!(validate(wasm), "the corpus is valid");
    }
    let parts = std::thread::scope(|scope| {
        let part = |part: usize| {
            let (corpus, engine) = (&corpus, &engines[part]);
            scope.spawn(move || {
                let mut rng = Rng::new(seed + part as u64);
                let mut counts = Counts::default();
                for number in (part..MUTATIONS).step_by(2) {
                    let wasm = mutate(&mut rng, corpus);
                    case(number, &wasm, || counts.take(engine, &wasm));
                }
                counts
            })
        };
        [part(0), part(1)].map(|thread| thread.join().expect("no panic"))
    });
    println!("{} modules in the corpus, {parts:?}, {:?}", corpus.len(), start.elapsed());
    let ran: usize = parts.iter().map(|part| part.ran).sum();
    assert!(ran > 500, "hardly any mutated module still ran: {ran}");
}

#[test]
fn random_bytes() {
    let mut rng = Rng::new(seed());
    let engine = Engine::default();
    let mut counts = Counts::default();
    for number in 0..MUTATIONS {
        let len = rng.below(64);
        let mut wasm = rng.bytes(len);
        if number % 2 == 0 {
            wasm.splice(0..0, *b"\0asm\x01\0\0\0");
        }
        case(number, &wasm, || counts.take(&engine, &wasm));
    }
    println!("{counts:?}");
}

/// Lengths and counts that promise more than there is.
#[test]
fn promises_that_are_not_kept() {
    let engine = Engine::default();
    let huge: [&[u8]; 5] = [
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff, 0xff, 0xff, 0xff, 0x07],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0xe8, 0x07],
    ];
    for section in 0..=14 {
        for size in huge {
            for count in huge {
                let mut wasm = b"\0asm\x01\0\0\0".to_vec();
                wasm.push(section);
                wasm.extend_from_slice(size);
                wasm.extend_from_slice(count);
                assert!(!validate(&wasm));
                check_error(&wasm, &Module::new(&engine, &wasm).expect_err("invalid"));
                // With a size that is right, so that the count is what lies.
                let mut wasm = b"\0asm\x01\0\0\0".to_vec();
                wasm.extend_from_slice(&[section, count.len() as u8 + 3]);
                wasm.extend_from_slice(count);
                wasm.extend_from_slice(&[0x60, 0, 0]);
                if !validate(&wasm) {
                    check_error(&wasm, &Module::new(&engine, &wasm).expect_err("invalid"));
                }
            }
        }
    }
}

/// Modules that are large in one way each, and valid or not, but never a hang.
#[test]
fn large_in_one_way() {
    let engine = Engine::default();
    let repeat = |times: usize, text: &str| text.repeat(times);
    let texts = [
        format!("(module (func {}))", repeat(10_000, "(local i64)")),
        format!("(module (func {} {}))", repeat(900, "(block "), repeat(900, ")")),
        format!("(module (func (result i32) (i32.const 0) {}))", repeat(20_000, "(i32.const 1) (i32.add)")),
        format!("(module (func (param i32) (block (br_table {} (local.get 0)))))", repeat(20_000, "0 ")),
        format!("(module {})", repeat(5_000, "(func)")),
        format!("(module {})", repeat(1_000, "(type (func (param i32)))")),
        format!("(module (func (param {})))", repeat(1_000, "v128 ")),
        format!("(module (func (result {}) unreachable))", repeat(1_000, "v128 ")),
        format!("(module (func $f (result {}) (call $f)))", repeat(1_000, "i32 ")),
        format!("(module {})", repeat(100, "(table 10000000 funcref)")),
        format!("(module (memory 65536) {})", repeat(2_000, r#"(data (i32.const 65535) "x")"#)),
        format!("(module (func $f) (export \"{}\" (func $f)))", repeat(90_000, "x")),
    ];
    for text in texts {
        let wasm = wat::parse_str(&text).expect("text");
        let start = Instant::now();
        match Module::new(&engine, &wasm) {
            Ok(_) => assert!(validate(&wasm)),
            Err(error) => panic!("{error}: {}", &text[..100.min(text.len())]),
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} {}", start.elapsed(), &text[..100.min(text.len())]);
    }
}

#[test]
fn generated_modules() {
    let (start, seed) = (Instant::now(), seed());
    let engines = [engine(MemoryStyle::Reserved, 2), engine(MemoryStyle::Checked, 2)];
    let mut rng = Rng::new(seed);
    let (mut made, mut ran) = (0, 0);
    // Of some, nothing can be imported that fits.
    while ran < 1_000 && made < 3_000 {
        let bytes = rng.bytes(2_000);
        let Some(wasm) = run::generate(&bytes) else { continue };
        made += 1;
        case(made, &wasm, || {
            assert!(validate(&wasm), "wasm-smith makes valid modules");
            let engine = &engines[made % 2];
            let module = Module::new(engine, &wasm).unwrap_or_else(|error| panic!("{error}"));
            // Fuel ends all loops and recursion in it.
            ran += usize::from(run::run(engine, &module));
        });
    }
    println!("{made} modules, of which {ran} ran, {:?}", start.elapsed());
    assert!(ran == 1_000);
}

/// What a decoder has to say of bytes, however they arrive.
fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Result<String, String> {
    let mut decoder = Decoder::new();
    let mut bodies = Vec::new();
    let mut take = |_: &gantry_module::Module, body: gantry_module::FunctionBody| {
        bodies.push((body.index, body.offset, body.bytes, body.to_validate.ty));
    };
    for chunk in chunks {
        decoder.push(chunk, &mut take).map_err(|error| error.to_string())?;
    }
    let decoded = decoder.finish(&mut take).map_err(|error| error.to_string())?;
    Ok(format!("{:?} {} {bodies:?}", decoded.module, decoded.len))
}

#[test]
fn chunks_do_not_matter() {
    for wasm in corpus::modules() {
        let whole = decode(std::iter::once(&wasm[..]));
        assert!(whole.is_ok());
        for size in 1..=17 {
            assert!(decode(wasm.chunks(size)) == whole, "chunks of {size} of {} bytes", wasm.len());
        }
    }
}

#[test]
fn chunks_do_not_matter_for_errors() {
    let mut rng = Rng::new(seed());
    let corpus = corpus::modules();
    for number in 0..3_000 {
        let wasm = mutate(&mut rng, &corpus);
        let whole = decode(std::iter::once(&wasm[..]));
        for size in [1, 1 + rng.below(17)] {
            case(number, &wasm, || assert_eq!(decode(wasm.chunks(size)), whole, "chunks of {size}"));
        }
    }
}

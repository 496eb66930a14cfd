//! How fast modules are compiled on one thread, and how many of their functions are left to the other compiler:
//! `cargo run --release -p gantry-baseline --example measure -- FILE...`

use std::collections::BTreeMap;
use std::time::Duration;

use gantry_abi::vmctx::MemoryStyle;
use gantry_baseline::{Compiler, Features, ModuleEnv, Signatures};
use gantry_module::{Decoder, FunctionBody, Module};

fn decode(wasm: &[u8]) -> (Module, Vec<FunctionBody>) {
    let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
    decoder.push(wasm, &mut |_, body| bodies.push(body)).expect("a valid module");
    let module = decoder.finish(&mut |_, body| bodies.push(body)).expect("a valid module").module;
    (module, bodies)
}

fn features() -> Features {
    #[cfg(target_arch = "x86_64")]
    return Features {
        sse4: is_x86_feature_detected!("sse4.2"),
        popcnt: is_x86_feature_detected!("popcnt"),
        lzcnt: is_x86_feature_detected!("lzcnt"),
        bmi1: is_x86_feature_detected!("bmi1"),
        bmi2: is_x86_feature_detected!("bmi2"),
    };
    #[cfg(not(target_arch = "x86_64"))]
    Features::default()
}

/// The name of the operator at an offset of the module.
fn name(body: &FunctionBody, offset: u64) -> String {
    let mut operators = body.reader().get_operators_reader().expect("a valid body");
    while let Ok((operator, at)) = operators.read_with_offset() {
        if at == offset {
            let text = format!("{operator:?}");
            return text.split([' ', '{']).next().unwrap_or_default().to_owned();
        }
    }
    "signature".to_owned()
}

/// What this thread has had of a processor, so that other programs do not count.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.expect("the first number"))
}

/// The best counts.
const RUNS: usize = 5;

fn measure(path: &str) {
    let wasm = std::fs::read(path).expect("a readable file");
    let (module, bodies) = decode(&wasm);
    let size: usize = bodies.iter().map(|body| body.bytes.len()).sum();
    let mut compiler = Compiler::default();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for validated in [false, true] {
        let (mut best, mut code, mut left, mut left_bytes) = (Duration::MAX, 0, 0, 0);
        for _ in 0..RUNS {
            (code, left, left_bytes) = (0, 0, 0);
            let start = processor_time();
            let env = ModuleEnv::new(&module, Signatures::of(&module), MemoryStyle::Reserved, features());
            for body in &bodies {
                match compiler.compile(&env, body, validated).expect("a valid body") {
                    Some(compiled) => code += compiled.code.len(),
                    None => {
                        (left, left_bytes) = (left + 1, left_bytes + body.bytes.len());
                        *reasons.entry(name(body, compiler.stopped_at())).or_default() += 1;
                    }
                }
            }
            best = best.min(processor_time() - start);
        }
        println!(
            "{path}: {} functions, {size} bytes, {:.1} ms, {:.1} MB/s ({}), code {:.2}x, left {left} ({:.2} % of bytes)",
            bodies.len(),
            best.as_secs_f64() * 1e3,
            size as f64 / best.as_secs_f64() / 1e6,
            if validated { "validated before" } else { "with validation" },
            code as f64 / (size - left_bytes) as f64,
            left_bytes as f64 * 100.0 / size as f64,
        );
    }
    for (reason, count) in reasons {
        println!("    {:6} left for {reason}", count / (2 * RUNS));
    }
}

fn main() {
    std::env::args().skip(1).for_each(|path| measure(&path));
}

//! Modules in chunks: however bytes arrive, the decoder gives the same module, or the same error at the same offset.

use gantry_module::{Decoder, FunctionBody, Module};

use crate::case::{Counts, Outcome};
use crate::generate;
use crate::rng::Rng;

/// Ways to cut up each module.
const WAYS: usize = 8;

/// A module, damaged in three of four cases.
pub fn module(rng: &mut Rng) -> Option<Vec<u8>> {
    let mut wasm = generate::module(rng, false)?;
    for _ in 0..rng.pick(&[0, 1, 2, 5]) {
        let at = rng.below(wasm.len());
        match rng.below(4) {
            0 => wasm[at] = rng.next() as u8,
            1 => wasm[at] ^= 1 << rng.below(8),
            2 => drop(wasm.remove(at)),
            _ => wasm.truncate(at.max(8)),
        }
    }
    Some(wasm)
}

pub fn run(mut rng: Rng) -> Outcome {
    let Some(wasm) = module(&mut rng) else { return Outcome::Nothing };
    let whole = decode(&[&wasm]);
    for _ in 0..WAYS {
        let chunks = cut(&mut rng, &wasm);
        let parts = decode(&chunks);
        if parts != whole {
            let sizes: Vec<usize> = chunks.iter().map(|chunk| chunk.len()).collect();
            return Outcome::Finding(format!("in chunks of {sizes:?}: {parts:?}\nwhole: {whole:?}"));
        }
    }
    Outcome::Passed(Counts { modules: 1, ..Counts::default() })
}

fn cut<'w>(rng: &mut Rng, mut wasm: &'w [u8]) -> Vec<&'w [u8]> {
    let longest = rng.pick(&[1, 3, 20, 300, 5_000]);
    let mut chunks = Vec::new();
    while !wasm.is_empty() {
        let (chunk, rest) = wasm.split_at(rng.between(0, longest).min(wasm.len()));
        chunks.push(chunk);
        wasm = rest;
    }
    chunks
}

/// What the decoder says: everything about the module, or the error with its offset.
fn decode(chunks: &[&[u8]]) -> Result<String, String> {
    let mut decoder = Decoder::new();
    let mut bodies = Vec::new();
    let mut take = |_: &Module, body: FunctionBody| {
        let validity = body.validate().map_err(|error| error.to_string());
        bodies.push((body.index, body.offset, body.bytes, validity));
    };
    for chunk in chunks {
        decoder.push(chunk, &mut take).map_err(|error| format!("{error} at {}", error.offset()))?;
    }
    let decoded = decoder.finish(&mut take).map_err(|error| format!("{error} at {}", error.offset()))?;
    Ok(format!("{:?} {} {bodies:?}", decoded.module, decoded.len))
}

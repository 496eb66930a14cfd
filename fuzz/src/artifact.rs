//! Artifacts that were damaged: they are refused, never misread.

use std::sync::OnceLock;

use gantry_engine::{Config, Engine, Module, Tier};

use crate::case::{Counts, Outcome};
use crate::generate;
use crate::rng::Rng;

/// Ways to damage each artifact.
const WAYS: usize = 200;

/// A valid module.
pub fn module(rng: &mut Rng) -> Option<Vec<u8>> {
    generate::module(rng, false)
}

pub fn run(mut rng: Rng) -> Outcome {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| {
        let mut config = Config::default();
        (config.threads, config.tier) = (1, Tier::Quick);
        Engine::new(&config).expect("an engine for this machine")
    });
    let Some(wasm) = module(&mut rng) else { return Outcome::Nothing };
    let bytes = match Module::new(engine, &wasm).and_then(|module| module.serialize()) {
        Ok(bytes) => bytes,
        Err(error) => return Outcome::Finding(format!("does not compile: {error}")),
    };
    if let Err(error) = Module::deserialize(engine, &bytes) {
        return Outcome::Finding(format!("is not read back: {error}"));
    }
    for _ in 0..WAYS {
        let (damaged, how) = damage(&mut rng, &bytes);
        if damaged != bytes && Module::deserialize(engine, &damaged).is_ok() {
            return Outcome::Finding(format!("is accepted although {how}"));
        }
    }
    Outcome::Passed(Counts { modules: 1, ..Counts::default() })
}

fn damage(rng: &mut Rng, bytes: &[u8]) -> (Vec<u8>, String) {
    let mut damaged = bytes.to_vec();
    let at = if rng.chance(1, 3) { rng.below(bytes.len().min(256)) } else { rng.below(bytes.len()) };
    let how = match rng.below(5) {
        0 => {
            damaged.truncate(at);
            format!("cut at {at}")
        }
        1 => {
            let more = rng.between(1, 40);
            damaged.extend(rng.bytes(more));
            format!("{more} bytes longer")
        }
        2 => {
            damaged.remove(at);
            format!("byte {at} is missing")
        }
        3 => {
            let len = rng.between(1, 16).min(bytes.len() - at);
            let noise = rng.bytes(len);
            damaged[at..at + len].copy_from_slice(&noise);
            format!("{len} bytes at {at} are others")
        }
        _ => {
            let bit = rng.below(8);
            damaged[at] ^= 1 << bit;
            format!("bit {bit} of byte {at} is flipped")
        }
    };
    (damaged, how)
}

//! What has turned out while a module ran decides which calls are worth how much code.

use std::collections::BTreeSet;

use gantry_abi::Profile;
use gantry_abi::profile::{call_counter, counters};
use gantry_compile::{Compiler, Observer, Settings};
use gantry_module::{Decoder, FunctionBody};
use wasmparser::Operator;

const FUNCTIONS: usize = 2;
const CALLED: u32 = 0;
const CALLS: u32 = 1;

/// A module whose function 1 calls function 0, which is too large for the place of just any call, three times in a loop.
fn wasm() -> Vec<u8> {
    let steps = "local.get 0 i32.const 3 i32.mul local.set 0 ".repeat(30);
    let text = format!(
        r#"(module
          (func $f (param i32) (result i32) {steps} (i32.div_u (i32.const 1000) (local.get 0)))
          (func (param i32) (result i32)
            (loop $again
              (local.set 0 (call $f (local.get 0)))
              (local.set 0 (call $f (local.get 0)))
              (local.set 0 (call $f (local.get 0)))
              (br_if $again (local.get 0)))
            (local.get 0)))"#
    );
    wat::parse_str(text).unwrap()
}

struct Knows(Profile);

impl Observer for Knows {
    fn go_on(&self) -> bool {
        true
    }

    fn profile(&self) -> Profile {
        self.0.clone()
    }
}

fn calls_of(body: &FunctionBody) -> Vec<u32> {
    let operators = body.reader().get_operators_reader().unwrap().into_iter_with_offsets();
    let calls = operators.map(Result::unwrap).filter(|(op, _)| matches!(op, Operator::Call { .. }));
    calls.map(|(_, offset)| offset as u32).collect()
}

/// The calls of function 1 in whose place function 0 is, when they were made so often and the function was entered or went round a
/// thousand times.
fn inlined(counts: [u32; 3]) -> Vec<usize> {
    let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
    decoder.push(&wasm(), &mut |_, body| bodies.push(body)).unwrap();
    let module = decoder.finish(&mut |_, body| bodies.push(body)).unwrap().module;
    let calls = calls_of(&bodies[CALLS as usize]);
    let mut counted = vec![0; counters(FUNCTIONS)];
    counted[CALLS as usize] = 1000;
    for (call, count) in calls.iter().zip(counts) {
        counted[call_counter(FUNCTIONS, *call)] += count;
    }
    let knows = Knows(Profile::new(FUNCTIONS, counted, vec![CALLED, CALLS]));
    let artifact = Compiler::new(Settings::default()).unwrap().compile_while(&module, &bodies, &knows).unwrap();
    let frames = artifact.function(CALLS as usize).map(|offset| artifact.frames_at(offset, 0));
    let callers: BTreeSet<Option<u32>> = frames
        .filter_map(|frames| match frames[..] {
            [(CALLED, _), (CALLS, caller)] => Some(caller),
            _ => None,
        })
        .collect();
    (0..calls.len()).filter(|call| callers.contains(&Some(calls[*call]))).collect()
}

#[test]
fn calls_that_are_made_often_are_replaced() {
    assert_eq!(inlined([1000, 1000, 1000]), [0, 1, 2]);
    assert_eq!(inlined([0, 1000, 40]), [1, 2]);
    assert_eq!(inlined([20, 0, 1000]), [2]);
    assert_eq!(inlined([0, 0, 0]), [0usize; 0]);
}

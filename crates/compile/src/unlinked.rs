//! Functions that are compiled and not linked, as bytes: what is kept of a compilation that may be cut off.
//!
//! Whatever the bytes are, reading them gives a function that can be linked, or nothing. That its code is what was compiled is
//! for whoever keeps the bytes to see to.

use cranelift_codegen::binemit::Reloc;
use gantry_abi::artifact::{Handler, INLINED, Inlined, NO_POSITION};
use gantry_abi::{Profile, TrapCode};

use crate::function::{Call, CompiledFunction};
use crate::placement::Places;

/// Relocations that code comes with, and their numbers.
const RELOCATIONS: [Reloc; 3] = [Reloc::X86CallPCRel4, Reloc::X86PCRel4, Reloc::Arm64Call];

/// Takes part in a compilation. Threads call it at the same time.
pub trait Observer: Sync {
    /// Asked before each function, and may do other work first. When it says no, compilation stops.
    fn go_on(&self) -> bool;

    /// Whether somebody waits until all is compiled.
    fn is_waited_for(&self) -> bool {
        true
    }

    /// How many threads to compile on, of so many.
    fn threads(&self, most: usize) -> usize {
        most
    }

    /// What [`Observer::compiled`] was given for a defined function of this module by a compiler for the same target.
    fn known(&self, _index: u32) -> Option<&[u8]> {
        None
    }

    /// What has turned out while the module ran. Asked when all functions are compiled: those that are hot are compiled once more, with
    /// more of what they call in the place of calls.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// A defined function was compiled, and `bytes` are what to keep of it.
    fn compiled(&self, _index: u32, _bytes: &dyn Fn() -> Vec<u8>) {}
}

impl<F: Fn() -> bool + Sync> Observer for F {
    fn go_on(&self) -> bool {
        self()
    }
}

/// What is added to the target of a call: it counts from one of the bytes of the instruction.
const ADDENDS: std::ops::RangeInclusive<i64> = -8..=8;

/// The functions of a module.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    pub imported: u32,
    pub defined: u32,
}

pub(crate) fn encode(function: &CompiledFunction) -> Vec<u8> {
    let CompiledFunction { code, calls, traps, positions, inlined, handlers, places, writes_tables, .. } = function;
    let mut out = Vec::with_capacity(64 + code.len() + calls.len() * 20 + positions.len() * 8);
    let mut number = |number: u32| out.extend_from_slice(&number.to_le_bytes());
    number(u32::from(*writes_tables));
    number(places.bits());
    for len in [code.len(), calls.len(), traps.len(), positions.len(), inlined.len(), handlers.len()] {
        number(len as u32);
    }
    for Call { offset, kind, addend, callee } in calls {
        let kind = RELOCATIONS.iter().position(|known| known == kind).unwrap_or(RELOCATIONS.len());
        [*offset, kind as u32, *addend as u32, (*addend >> 32) as u32, *callee].into_iter().for_each(&mut number);
    }
    traps.iter().for_each(|(at, code)| [*at, u32::from(*code as u8)].into_iter().for_each(&mut number));
    positions.iter().for_each(|(at, position)| [*at, *position].into_iter().for_each(&mut number));
    inlined.iter().for_each(|i| [i.func, i.offset, i.caller].into_iter().for_each(&mut number));
    handlers.iter().for_each(|h| [h.call, h.code, h.frame].into_iter().for_each(&mut number));
    out.extend_from_slice(code);
    out
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn numbers<const N: usize>(&mut self) -> Option<[u32; N]> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.number()?;
        }
        Some(numbers)
    }

    /// A list of `len` entries. Its length is not believed before they are there.
    fn list<const N: usize, T>(&mut self, len: u32, entry: impl Fn([u32; N]) -> Option<T>) -> Option<Vec<T>> {
        (0..len).map(|_| entry(self.numbers()?)).collect()
    }
}

pub(crate) fn decode(bytes: &[u8], numbers: Numbers) -> Option<CompiledFunction> {
    let mut reader = Reader(bytes);
    let writes_tables = reader.number()? != 0;
    let places = Places::from_bits(reader.number()?)?;
    let [code, calls, traps, positions, inlined, handlers] = reader.numbers()?;
    let functions = numbers.imported..numbers.imported + numbers.defined;
    let call = |[offset, kind, low, high, callee]: [u32; 5]| {
        let addend = i64::from(low) | i64::from(high as i32) << 32;
        let fits = offset.checked_add(4).is_some_and(|end| end <= code);
        let kind = *RELOCATIONS.get(kind as usize)?;
        let is_call = fits && functions.contains(&callee) && ADDENDS.contains(&addend);
        is_call.then_some(Call { offset, kind, addend, callee })
    };
    let calls = reader.list(calls, call)?;
    let traps = reader.list(traps, |[at, code]| Some((at, TrapCode::from_u8(u8::try_from(code).ok()?)?)))?;
    let positions = reader.list(positions, |[at, position]| Some((at, position)))?;
    let inlined = reader.list(inlined, |[func, offset, caller]| Some(Inlined { func, offset, caller }))?;
    let handlers = reader.list(handlers, |[call, code, frame]| Some(Handler { call, code, frame }))?;
    let is_before = |position: u32, count: usize| {
        position == NO_POSITION || position & INLINED == 0 || ((position & !INLINED) as usize) < count
    };
    let is_whole = reader.0.len() == code as usize
        && positions.iter().all(|(_, position)| is_before(*position, inlined.len()))
        && inlined.iter().enumerate().all(|(index, entry)| is_before(entry.caller, index));
    is_whole.then(|| CompiledFunction {
        code: reader.0.to_vec(),
        calls,
        traps,
        positions,
        inlined,
        handlers,
        callees: Vec::new(),
        places,
        writes_tables,
        // What compilation alone wants to know.
        is_checked: true,
        frame: 0,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use gantry_module::{Decoder, FunctionBody, Module};

    use super::*;
    use crate::{CompileError, Compiler, Settings};

    const PROGRAM: &str = r#"(module
      (tag $t (param i32))
      (import "env" "f" (func $f))
      (func $small (param i32) (result i32) (i32.div_u (i32.const 7) (local.get 0)))
      (func $even (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
          (else (call $odd (i32.sub (local.get 0) (i32.const 1))))))
      (func $odd (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (call $small (i32.const 0)))
          (else (call $even (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "caught") (result i32)
        (block $h (result i32) (try_table (catch $t $h) (call $f) (throw $t (i32.const 1))) (i32.const 2))))"#;

    fn program() -> (Module, Vec<FunctionBody>) {
        let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
        decoder.push(&wat::parse_str(PROGRAM).unwrap(), &mut |_, body| bodies.push(body)).unwrap();
        let module = decoder.finish(&mut |_, body| bodies.push(body)).unwrap().module;
        (module, bodies)
    }

    #[derive(Default)]
    struct Kept {
        known: HashMap<u32, Vec<u8>>,
        compiled: Mutex<HashMap<u32, Vec<u8>>>,
        stop_after: Option<usize>,
    }

    impl Observer for Kept {
        fn go_on(&self) -> bool {
            self.stop_after.is_none_or(|count| self.compiled.lock().unwrap().len() < count)
        }

        fn known(&self, index: u32) -> Option<&[u8]> {
            self.known.get(&index).map(Vec::as_slice)
        }

        fn compiled(&self, index: u32, bytes: &dyn Fn() -> Vec<u8>) {
            self.compiled.lock().unwrap().insert(index, bytes());
        }
    }

    #[test]
    fn compilation_goes_on_where_it_was_cut_off() {
        let (module, bodies) = program();
        let compiler = Compiler::new(Settings::default()).unwrap();
        let whole = compiler.compile_bodies(&module, &bodies).unwrap().to_bytes();
        let mut known = HashMap::new();
        for count in 1..=bodies.len() {
            let kept = Kept { known, stop_after: Some(1), ..Kept::default() };
            let outcome = compiler.compile_while(&module, &bodies, &kept);
            let is_last = count == bodies.len();
            assert_eq!(matches!(outcome, Err(CompileError::Cancelled)), !is_last, "{count}");
            known = kept.known;
            known.extend(kept.compiled.into_inner().unwrap());
            assert_eq!(known.len(), count);
        }
        let kept = Kept { known, ..Kept::default() };
        assert_eq!(compiler.compile_while(&module, &bodies, &kept).unwrap().to_bytes(), whole);
        assert!(kept.compiled.into_inner().unwrap().is_empty(), "all is known");
    }

    #[test]
    fn any_bytes_can_be_read() {
        let (module, bodies) = program();
        let compiler = Compiler::new(Settings::default()).unwrap();
        let kept = Kept::default();
        compiler.compile_while(&module, &bodies, &kept).unwrap();
        let known = kept.compiled.into_inner().unwrap();
        for (index, bytes) in &known {
            for at in 0..bytes.len() {
                for value in [0, 1, 0x7f, 0xff] {
                    let mut damaged = bytes.clone();
                    damaged[at] = value;
                    let known = known.iter().map(|(i, bytes)| (*i, if i == index { &damaged } else { bytes }.clone()));
                    let kept = Kept { known: known.collect(), ..Kept::default() };
                    // Whatever it is, it can be linked and asked.
                    let artifact = compiler.compile_while(&module, &bodies, &kept).unwrap();
                    (0..artifact.text().len() as u32).for_each(|offset| drop(artifact.frames_at(offset, 1)));
                }
            }
            let numbers = Numbers { imported: 1, defined: bodies.len() as u32 };
            assert!((0..bytes.len()).all(|len| decode(&bytes[..len], numbers).is_none()));
        }
    }
}

//! Layout: functions into one text, calls between them resolved.

use std::ops::Range;

use cranelift_codegen::binemit::Reloc;
use gantry_abi::artifact::{Handler, INLINED, Inlined, NO_POSITION, Parts};

use crate::function::{Call, CompiledFunction};

/// Appends functions to an artifact's parts.
#[derive(Default)]
pub(crate) struct Linker {
    parts: Parts,
    /// Calls with the offset in the text of the function that makes them.
    calls: Vec<(u32, Call)>,
}

impl Linker {
    /// Places a function; its bounds in the text are returned.
    pub fn place(&mut self, function: CompiledFunction) -> Range<u32> {
        let text = &mut self.parts.text;
        text.resize(function.places.first_from(text.len()), 0);
        let start = text.len() as u32;
        text.extend_from_slice(&function.code);
        let end = text.len() as u32;
        self.calls.extend(function.calls.into_iter().map(|call| (start, call)));
        self.parts.traps.extend(function.traps.into_iter().map(|(at, code)| (start + at, code)));
        let first = self.parts.inlined.len() as u32;
        let place = |position: u32| match position {
            NO_POSITION => NO_POSITION,
            inlined if inlined & INLINED != 0 => inlined + first,
            offset => offset,
        };
        self.parts.positions.extend(function.positions.into_iter().map(|(at, p)| (start + at, place(p))));
        self.parts.inlined.extend(function.inlined.into_iter().map(|i| Inlined { caller: place(i.caller), ..i }));
        let handler = |h: Handler| Handler { call: start + h.call, code: start + h.code, ..h };
        self.parts.handlers.extend(function.handlers.into_iter().map(handler));
        start..end
    }

    /// Resolves calls. `parts.functions` must be filled in; `imported` is the number of imported functions.
    pub fn finish(mut self, fill: impl FnOnce(&mut Parts), imported: u32) -> Result<Parts, String> {
        fill(&mut self.parts);
        for (base, call) in &self.calls {
            let callee = &self.parts.functions[(call.callee - imported) as usize];
            resolve(&mut self.parts.text, base + call.offset, call, callee.start)?;
        }
        Ok(self.parts)
    }
}

fn resolve(text: &mut [u8], at: u32, call: &Call, target: u32) -> Result<(), String> {
    let delta = i64::from(target) + call.addend - i64::from(at);
    let operand = &mut text[at as usize..at as usize + 4];
    match call.kind {
        Reloc::X86CallPCRel4 | Reloc::X86PCRel4 => {
            let delta = i32::try_from(delta).map_err(|_| "the code is larger than 2 GiB".to_owned())?;
            operand.copy_from_slice(&delta.to_le_bytes());
        }
        Reloc::Arm64Call => {
            // A 26-bit count of instructions in the low bits of `bl`.
            if !(-(1 << 27)..1 << 27).contains(&delta) {
                return Err("the code is larger than 128 MiB".to_owned());
            }
            let instruction = u32::from_le_bytes([operand[0], operand[1], operand[2], operand[3]]);
            let linked = (instruction & 0xfc00_0000) | ((delta >> 2) as u32 & 0x03ff_ffff);
            operand.copy_from_slice(&linked.to_le_bytes());
        }
        other => return Err(format!("unexpected relocation {other:?}")),
    }
    Ok(())
}

//! Makes a finding smaller: fewer steps, fewer instructions, as long as the engines still differ.

use wasm_encoder::{CodeSection, Module, RawSection};
use wasmparser::{BinaryReaderError, FunctionBody, Parser, Payload, Validator, WasmFeatures};

use crate::case::Outcome;
use crate::differential::Engines;
use crate::plan::Plan;

/// What may stand for a part of a body: nothing, a number, or the end.
const REPLACEMENTS: [&[u8]; 6] =
    [&[], &[0x41, 0], &[0x42, 0], &[0x43, 0, 0, 0, 0], &[0x44, 0, 0, 0, 0, 0, 0, 0, 0], &[0x00]];

/// A body in pieces: locals, then an instruction each.
type Pieces = Vec<Vec<u8>>;

/// The smallest plan that was come to.
pub fn reduce(engines: &mut Engines, mut plan: Plan) -> Plan {
    let differs = |engines: &mut Engines, plan: &Plan| matches!(engines.compare(plan), Outcome::Finding(_));
    for number in (0..plan.steps.len()).rev() {
        let mut shorter = plan.clone();
        shorter.steps.remove(number);
        if differs(engines, &shorter) {
            plan = shorter;
        }
    }
    loop {
        let before: usize = plan.modules.iter().map(Vec::len).sum();
        for module in 0..plan.modules.len() {
            let Ok(count) = bodies(&plan.modules[module]).map(|bodies| bodies.len()) else { continue };
            (0..count).for_each(|function| reduce_body(engines, &mut plan, module, function));
        }
        if plan.modules.iter().map(Vec::len).sum::<usize>() == before {
            return plan;
        }
    }
}

fn reduce_body(engines: &mut Engines, plan: &mut Plan, module: usize, function: usize) {
    let Ok(mut all) = bodies(&plan.modules[module]) else { return };
    let mut size = all[function].len();
    while size > 0 {
        let mut start = 1;
        while start + size < all[function].len() {
            let old = all[function].clone();
            let smaller = REPLACEMENTS.iter().any(|replacement| {
                let part = old[start..start + size].concat();
                if part.len() <= replacement.len() {
                    return false;
                }
                all[function].splice(start..start + size, (!replacement.is_empty()).then(|| replacement.to_vec()));
                let Ok(wasm) = with_bodies(&plan.modules[module], &all) else { return false };
                let mut changed = plan.clone();
                changed.modules[module] = wasm;
                let fewer =
                    is_valid(&changed.modules[module]) && matches!(engines.compare(&changed), Outcome::Finding(_));
                match fewer {
                    true => *plan = changed,
                    false => all[function] = old.clone(),
                }
                fewer
            });
            if !smaller {
                start += size.div_ceil(2);
            }
        }
        size /= 2;
    }
}

fn is_valid(wasm: &[u8]) -> bool {
    Validator::new_with_features(WasmFeatures::all()).validate_all(wasm).is_ok()
}

fn bodies(wasm: &[u8]) -> Result<Vec<Pieces>, BinaryReaderError> {
    let mut all = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload? {
            all.push(pieces(wasm, &body)?);
        }
    }
    Ok(all)
}

fn pieces(wasm: &[u8], body: &FunctionBody<'_>) -> Result<Pieces, BinaryReaderError> {
    let mut starts = vec![body.range().start as usize];
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        starts.push(operator?.1 as usize);
    }
    starts.push(body.range().end as usize);
    Ok(starts.windows(2).map(|pair| wasm[pair[0]..pair[1]].to_vec()).collect())
}

fn with_bodies(wasm: &[u8], bodies: &[Pieces]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut out = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Payload::CodeSectionStart { .. } = payload {
            let mut code = CodeSection::new();
            for pieces in bodies {
                code.raw(&pieces.concat());
            }
            out.section(&code);
        } else if let Some((id, range)) = payload.as_section() {
            out.section(&RawSection { id, data: &wasm[range.start as usize..range.end as usize] });
        }
    }
    Ok(out.finish())
}

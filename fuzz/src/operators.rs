//! The instructions that compute: found out by asking the validator, so that there is no table of them to keep.

use std::sync::OnceLock;

use wasm_encoder::{
    CodeSection, Encode, Function, FunctionSection, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::{Validator, WasmFeatures};

/// The types of operands and results.
pub const TYPES: [ValType; 5] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

/// What follows an instruction's opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Immediate {
    None,
    /// A memory, an offset, and an alignment that may be up to this power of two, or has to be it.
    Memory {
        align: u32,
        exact: bool,
    },
    /// As `Memory`, and a lane.
    MemoryLane {
        lanes: u8,
    },
    /// A lane below this.
    Lane(u8),
    /// Sixteen lanes.
    Shuffle,
}

/// An instruction with operands and results of scalar or vector types. That of memory instructions begins with an address.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The opcode.
    pub code: Vec<u8>,
    pub immediate: Immediate,
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
}

impl Operator {
    /// Whether it can trap, whatever the address.
    pub fn may_trap(&self) -> bool {
        // Divisions, remainders and conversions to integers.
        matches!(*self.code, [0x6d..=0x70 | 0x7f..=0x82 | 0xa8..=0xab | 0xae..=0xb1])
    }

    /// The type of lanes, or of the result, if it is computed with floats, so that NaNs come out.
    pub fn float_results(&self) -> Option<ValType> {
        match self.code[..] {
            [_] if self.immediate == Immediate::None => match self.results[..] {
                [ty @ (ValType::F32 | ValType::F64)] => Some(ty),
                _ => None,
            },
            // Rounding, arithmetic and conversions, by the numbers of vector instructions.
            [0xfd, low, ref rest @ ..] => {
                match u32::from(low & 0x7f) | u32::from(rest.first().copied().unwrap_or(0)) << 7 {
                    94 | 103..=106 | 224..=235 => Some(ValType::F32),
                    95 | 116 | 117 | 122 | 148 | 236..=247 => Some(ValType::F64),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether results may differ where nothing makes them the same.
    pub fn is_relaxed(&self) -> bool {
        self.code[0] == 0xfd && self.code.len() == 3 && self.code[2] == 2
    }
}

/// All of them.
pub fn all() -> &'static [Operator] {
    static ALL: OnceLock<Vec<Operator>> = OnceLock::new();
    ALL.get_or_init(|| candidates().into_iter().filter_map(|(code, immediate)| find(code, immediate)).collect())
}

fn prefixed(prefix: u8, number: u32) -> Vec<u8> {
    let mut code = vec![prefix];
    number.encode(&mut code);
    code
}

/// Opcodes with what follows them. Not all of them exist.
fn candidates() -> Vec<(Vec<u8>, Immediate)> {
    let memory = |align, exact| Immediate::Memory { align, exact };
    let mut all: Vec<(Vec<u8>, Immediate)> = (0x45..=0xc4).map(|code| (vec![code], Immediate::None)).collect();
    all.extend((0..=7).chain(19..=22).map(|number| (prefixed(0xfc, number), Immediate::None)));
    let naturals = |code: u8| (0..4).map(move |align| (vec![code], memory(align, false)));
    all.extend((0x28..=0x3e).flat_map(naturals));
    for number in 0..=0x113 {
        let lanes = |bytes: u32| 16 / bytes as u8;
        let immediates: Vec<Immediate> = match number {
            0..=11 | 92 | 93 => (0..5).map(|align| memory(align, false)).collect(),
            12 => continue,
            13 => vec![Immediate::Shuffle],
            21..=34 => [16, 8, 4, 2].map(Immediate::Lane).into(),
            84..=91 => vec![Immediate::MemoryLane { lanes: lanes(1 << ((number - 84) % 4)) }],
            _ => vec![Immediate::None],
        };
        all.extend(immediates.into_iter().map(|immediate| (prefixed(0xfd, number), immediate)));
    }
    let exact = |number: u32| (0..4).map(move |align| (prefixed(0xfe, number), memory(align, true)));
    all.extend((0x10..=0x4e).flat_map(exact));
    // Of several alignments and numbers of lanes the largest is the one that says most.
    let mut last: Vec<(Vec<u8>, Immediate)> = Vec::new();
    for (code, immediate) in all {
        let better = last.last().is_some_and(|(known, _)| *known == code);
        if better && find(code.clone(), immediate).is_none() {
            continue;
        }
        match better {
            true => *last.last_mut().expect("there is one") = (code, immediate),
            false => last.push((code, immediate)),
        }
    }
    last
}

/// An instruction's types, if there is such an instruction.
fn find(code: Vec<u8>, immediate: Immediate) -> Option<Operator> {
    let mut body = code.clone();
    match immediate {
        Immediate::None => {}
        Immediate::Memory { align, .. } => body.extend([align as u8, 0]),
        Immediate::MemoryLane { lanes } => body.extend([0, 0, lanes - 1]),
        Immediate::Lane(lanes) => body.push(lanes - 1),
        Immediate::Shuffle => body.extend([31; 16]),
    }
    for arity in 1..=4 {
        for number in 0..TYPES.len().pow(arity) {
            let digit = |n: u32| TYPES[number / TYPES.len().pow(n) % TYPES.len()];
            let params: Vec<ValType> = (0..arity).map(digit).collect();
            // Four operands are those of wide arithmetic.
            if arity == 4 && params.iter().any(|ty| *ty != ValType::I64) {
                continue;
            }
            let results: [Vec<ValType>; 2] = [vec![], vec![ValType::I64; 2]];
            let singles = TYPES.into_iter().map(|ty| vec![ty]);
            if !is_valid(&body, &params, None) {
                continue;
            }
            let results = singles.chain(results).find(|results| is_valid(&body, &params, Some(results)))?;
            return Some(Operator { code, immediate, params, results });
        }
    }
    None
}

/// Whether an instruction takes these operands; with `None` whatever the results.
fn is_valid(body: &[u8], params: &[ValType], results: Option<&[ValType]>) -> bool {
    const UNREACHABLE: u8 = 0x00;
    const LOCAL_GET: u8 = 0x20;
    const END: u8 = 0x0b;
    let mut types = TypeSection::new();
    types.ty().function(params.iter().copied(), results.unwrap_or_default().iter().copied());
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut function = Function::new([]);
    for n in 0..params.len() {
        function.raw([LOCAL_GET, n as u8]);
    }
    function.raw(body.iter().copied());
    if results.is_none() {
        // What is on the stack is forgotten.
        function.raw([UNREACHABLE]);
    }
    function.raw([END]);
    let mut code = CodeSection::new();
    code.function(&function);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&code);
    Validator::new_with_features(WasmFeatures::all()).validate_all(&module.finish()).is_ok()
}

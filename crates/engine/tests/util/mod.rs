//! What the tests of this crate share: random numbers, small modules, offsets of instructions, resident memory.

#![allow(dead_code, reason = "each test program uses a part of this")]

use gantry_engine::{AsStoreMut, Config, Engine, Error, Extern, Instance, MemoryStyle, Module, Store, Val};

pub mod corpus;
#[cfg(unix)]
pub mod folder;
pub mod mutate;
pub mod run;

/// Both ways of keeping accesses inside memories.
pub const STYLES: [MemoryStyle; 2] = [MemoryStyle::Reserved, MemoryStyle::Checked];

/// Marsaglia's xorshift64*: small, and the same everywhere.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.max(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 32) as usize) % end
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// An engine with a memory style and a number of threads.
pub fn engine(memory_style: MemoryStyle, threads: usize) -> Engine {
    let mut config = Config::default();
    config.memory_style = memory_style;
    config.threads = threads;
    Engine::new(&config).expect("an engine")
}

pub fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &binary(text)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub fn instance(store: &mut impl AsStoreMut, module: &Module, imports: &[Extern]) -> Instance {
    Instance::new(store, module, imports).unwrap_or_else(|error| panic!("{error}"))
}

/// Calls an export with any arguments.
pub fn call(store: &mut Store, instance: &Instance, name: &str, args: &[Val]) -> Result<Vec<Val>, Error> {
    let func = instance.get_export(store, name).and_then(Extern::into_func).expect("an exported function");
    func.call(store, args)
}

/// Calls an export that takes and returns i32.
pub fn call_i32(store: &mut Store, instance: &Instance, name: &str, args: &[i32]) -> Result<i32, Error> {
    let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg)).collect();
    match call(store, instance, name, &args)?[..] {
        [Val::I32(result)] => Ok(result),
        ref other => panic!("one i32 was expected, not {other:?}"),
    }
}

/// The byte offset of the first instruction in a function (by its index, imports included) whose name in
/// wasmparser begins with `name`.
pub fn instruction_offset(wasm: &[u8], func: u32, name: &str) -> u32 {
    let mut next = 0;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        match payload.expect("valid") {
            wasmparser::Payload::ImportSection(imports) => {
                let imports = imports.into_imports().map(|import| import.expect("valid"));
                next = imports.filter(|import| matches!(import.ty, wasmparser::TypeRef::Func(_))).count() as u32;
            }
            wasmparser::Payload::CodeSectionEntry(body) => {
                if next == func {
                    let operators = body.get_operators_reader().expect("valid");
                    let found = operators.into_iter_with_offsets().find_map(|operator| {
                        let (operator, offset) = operator.expect("valid");
                        format!("{operator:?}").starts_with(name).then_some(offset)
                    });
                    return found.unwrap_or_else(|| panic!("no {name} in function {func}")) as u32;
                }
                next += 1;
            }
            _ => {}
        }
    }
    panic!("no function {func}");
}

/// Resident memory in bytes, where the system tells.
pub fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

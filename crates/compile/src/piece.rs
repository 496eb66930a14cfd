//! Code of some functions, which call each other through slots, and of single trampolines: for modules that run while they are
//! compiled.

use std::collections::{HashSet, VecDeque};
use std::iter;
use std::ops::Range;

use cranelift_codegen::{Context, ir};
use cranelift_frontend::FunctionBuilderContext;
use gantry_abi::Piece;
use gantry_module::{FuncType, FunctionBody, Module};
use gantry_translate::{Calls, ModuleEnv, trampoline};

use crate::compiler::{Compiler, MakeTrampoline, Worker};
use crate::error::CompileError;
use crate::function::{self, CompiledFunction};
use crate::link::Linker;
use crate::quick::{self, Prepared, Quick};
use crate::settings::Tier;

/// Bytes of quick code that a byte of a function becomes, at the least as a rule.
const GROWTH: usize = 4;

/// Which functions come along with the one that a piece is made for: some others, and then such as they all call, and as those call, if quick
/// code is made of them as well.
pub struct Along<'a> {
    /// Bytes that pieces take up multiples of. There is room up to the next.
    pub unit: usize,
    /// Others, whatever calls them.
    pub others: &'a [u32],
    /// Whether code of a defined function that is called is of use.
    pub is_wanted: &'a dyn Fn(u32) -> bool,
}

impl Along<'_> {
    /// None.
    pub const NOTHING: Along<'static> = Along { unit: 1, others: &[], is_wanted: &|_| false };
}

/// What is in a piece.
#[derive(Default)]
struct Contents {
    linker: Linker,
    functions: Vec<(u32, Range<u32>)>,
}

impl Contents {
    fn add(&mut self, index: u32, compiled: CompiledFunction) {
        self.functions.push((index, self.linker.place(compiled)));
    }

    fn len(&self) -> usize {
        self.functions.last().map_or(0, |(_, code)| code.end as usize)
    }

    fn finish(self, imported: u32) -> Result<Piece, CompileError> {
        let parts = self.linker.finish(|_| (), imported);
        let parts = parts.map_err(|reason| CompileError::Limit { func: imported, reason })?;
        let (text, traps, positions, handlers) = (parts.text, parts.traps, parts.positions, parts.handlers);
        Ok(Piece { text, functions: self.functions, traps, positions, handlers })
    }
}

impl Compiler {
    /// Compiles a function of a module, which must be valid, and some that come along. `index` counts the defined functions, of which
    /// `bodies` are all.
    pub fn piece(
        &self,
        module: &Module,
        prepared: &Prepared,
        bodies: &[FunctionBody],
        index: u32,
        along: &Along<'_>,
    ) -> Result<Piece, CompileError> {
        let counts = self.settings.tier == Tier::Quick;
        let mut contents = Contents::default();
        if let Some(mut quick) = self.quick(module, prepared) {
            (quick.env.counts, quick.is_valid) = (counts, true);
            add_quick(&mut contents, &quick, bodies, index, module.imported_funcs, along)?;
        }
        if contents.functions.is_empty() {
            let env = ModuleEnv::new(module, &*self.isa, self.settings.memory_style, Calls::Slots);
            let env = ModuleEnv { counts, ..env };
            contents.add(index, self.function(&mut Worker::new(), &env, None, &bodies[index as usize])?);
        }
        contents.finish(module.imported_funcs)
    }

    /// The code by which the host calls functions of a type.
    pub fn entry_trampoline(&self, ty: &FuncType) -> Result<Vec<u8>, CompileError> {
        self.trampoline(ty, trampoline::entry)
    }

    /// The code by which functions of a type that the host provides are called.
    pub fn host_trampoline(&self, ty: &FuncType) -> Result<Vec<u8>, CompileError> {
        self.trampoline(ty, trampoline::host)
    }

    fn trampoline(&self, ty: &FuncType, make: MakeTrampoline) -> Result<Vec<u8>, CompileError> {
        let mut context = Context::for_function(ir::Function::new());
        make(&mut context.func, &mut FunctionBuilderContext::new(), ty, &*self.isa);
        let compiled = function::compile(&mut context, &*self.isa);
        Ok(compiled.map_err(|reason| CompileError::Limit { func: 0, reason })?.code)
    }
}

/// Adds quick code of a function and of what comes along; nothing if there is no quick code of it.
fn add_quick(
    contents: &mut Contents,
    quick: &Quick<'_>,
    bodies: &[FunctionBody],
    index: u32,
    imported: u32,
    along: &Along<'_>,
) -> Result<(), CompileError> {
    let mut compiler = gantry_baseline::Compiler::default();
    let mut known = HashSet::new();
    let first = iter::once(index).chain(along.others.iter().copied());
    let mut waiting: VecDeque<u32> = first.filter(|index| known.insert(*index)).collect();
    let mut room = usize::MAX;
    while let Some(index) = waiting.pop_front() {
        let body = &bodies[index as usize];
        if contents.len() + body.bytes.len() * GROWTH > room {
            continue;
        }
        let Some(mut compiled) = quick::compile(&mut compiler, quick, body)? else {
            if contents.functions.is_empty() {
                return Ok(());
            }
            continue;
        };
        if contents.functions.is_empty() {
            room = compiled.code.len().next_multiple_of(along.unit);
        } else if compiled.places.first_from(contents.len()) + compiled.code.len() > room {
            continue;
        }
        let callees = std::mem::take(&mut compiled.callees).into_iter();
        let defined = callees.filter_map(|callee| callee.checked_sub(imported));
        waiting.extend(defined.filter(|callee| (along.is_wanted)(*callee) && known.insert(*callee)));
        contents.add(index, compiled);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gantry_module::Decoder;

    use super::*;
    use crate::Settings;

    /// The functions of the piece that is made for the first one, where pieces take up multiples of `unit` bytes.
    fn functions(text: &str, unit: usize, is_wanted: &dyn Fn(u32) -> bool) -> (Vec<u32>, usize) {
        functions_along(text, &Along { unit, others: &[], is_wanted })
    }

    fn functions_along(text: &str, along: &Along<'_>) -> (Vec<u32>, usize) {
        let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
        decoder.push(&wat::parse_str(text).unwrap(), &mut |_, body| bodies.push(body)).unwrap();
        let module = decoder.finish(&mut |_, body| bodies.push(body)).unwrap().module;
        let compiler = Compiler::new(Settings { tier: Tier::Quick, ..Settings::default() }).unwrap();
        let piece = compiler.piece(&module, &compiler.prepare(&module), &bodies, 0, along).unwrap();
        assert!(piece.functions.iter().all(|(_, code)| !code.is_empty() && code.end as usize <= piece.text.len()));
        (piece.functions.into_iter().map(|(index, _)| index).collect(), piece.text.len())
    }

    const CALLS: &str = r#"(module (import "" "" (func $import))
        (func (call $b) (call $import) (call $c) (call $b))
        (func)
        (func $b (call $d) (return_call $c))
        (func $c)
        (func $d (call $b)))"#;

    #[test]
    #[cfg(all(target_arch = "x86_64", unix))]
    fn what_is_called_comes_along_where_there_is_room() {
        assert_eq!(functions(CALLS, 1 << 16, &|_| true).0, [0, 2, 3, 4]);
        assert_eq!(functions(CALLS, 1 << 16, &|index| index != 2).0, [0, 3]);
        assert_eq!(functions(CALLS, 1, &|_| true).0, [0]);
        let large = CALLS.replace("(func $b", &format!("(func $b {}", "(call $d)".repeat(1000)));
        assert_eq!(functions(&large, 4096, &|_| true).0, [0, 3]);
        let (all, len) = functions(&large, 1 << 16, &|_| true);
        assert!(all == [0, 2, 3, 4] && len < 1 << 16, "{all:?} {len}");
    }

    #[test]
    #[cfg(all(target_arch = "x86_64", unix))]
    fn others_come_first() {
        let along = |unit, others| Along { unit, others, is_wanted: &|index| index == 3 };
        assert_eq!(functions_along(CALLS, &along(1 << 16, &[4, 1, 4, 0])).0, [0, 4, 1, 3]);
        assert_eq!(functions_along(CALLS, &along(1, &[4, 1])).0, [0]);
    }

    #[test]
    fn a_function_may_come_alone() {
        assert_eq!(functions_along(CALLS, &Along::NOTHING).0, [0]);
    }
}

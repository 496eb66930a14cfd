//! Module compilation.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

use cranelift_codegen::Context;
use cranelift_codegen::ir;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_frontend::FunctionBuilderContext;
use gantry_abi::artifact::{Artifact, Parts, Trampoline};
use gantry_abi::vmctx::LEAF_FRAME;
use gantry_abi::{Profile, Target};
use gantry_module::{Decoder, FuncType, FunctionBody, Module};
use gantry_translate::{
    Calls, Inlinable, ModuleEnv, StackCheck, Translated, Translator, trampoline, translate_function,
};

use crate::error::CompileError;
use crate::function::{self, CompiledFunction};
use crate::link::Linker;
use crate::pool::{self, Ends};
use crate::quick::{self, Quick};
use crate::settings::{self, Settings, Tier};
use crate::unlinked::{self, Numbers, Observer};

/// Bytes of code below which one thread is as fast as several.
const PARALLEL_THRESHOLD: usize = 8 * 1024;

/// Compiles modules for a machine.
pub struct Compiler {
    pub(crate) isa: OwnedTargetIsa,
    pub(crate) settings: Settings,
    target: OnceLock<Target>,
    /// What quick code may use, if it has a compiler of its own.
    pub(crate) quick: Option<gantry_baseline::Features>,
}

/// What a thread keeps from function to function.
pub(crate) struct Worker {
    context: Context,
    translator: Translator,
    quick: gantry_baseline::Compiler,
}

impl Worker {
    pub fn new() -> Worker {
        Worker { context: Context::new(), translator: Translator::default(), quick: Default::default() }
    }
}

pub(crate) type MakeTrampoline = fn(&mut ir::Function, &mut FunctionBuilderContext, &FuncType, &dyn TargetIsa);

impl Compiler {
    /// A compiler.
    pub fn new(settings: Settings) -> Result<Compiler, CompileError> {
        let isa = settings::isa(&settings)?;
        let quick = quick::of(&*isa, &settings);
        Ok(Compiler { isa, settings, target: OnceLock::new(), quick })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What its code is made for.
    pub fn target(&self) -> &Target {
        self.target.get_or_init(|| settings::target(&self.isa, &self.settings))
    }

    /// Validates and compiles a binary module.
    pub fn compile(&self, wasm: &[u8]) -> Result<Artifact, CompileError> {
        let (module, bodies) = decode(wasm)?;
        self.compile_bodies(&module, &bodies)
    }

    /// The Cranelift IR of a module as translation makes it, before any optimisation: of each function, then of each
    /// trampoline. For tests and tools.
    pub fn clif(&self, wasm: &[u8]) -> Result<Vec<String>, CompileError> {
        let (module, bodies) = decode(wasm)?;
        let env = self.env(&module, &bodies);
        let mut worker = Worker::new();
        let mut texts = Vec::new();
        for body in &bodies {
            let func = body.index + module.imported_funcs;
            self.translate(&mut worker, &env, body, StackCheck::UnlessLeaf)?;
            texts.push(format!("; function {func}\n{}", worker.context.func.display()));
        }
        let (entry_types, host_types) = trampoline_types(&module);
        let kinds: [(_, _, MakeTrampoline); 2] =
            [("entry", entry_types, trampoline::entry), ("host", host_types, trampoline::host)];
        for (kind, types, make) in kinds {
            for ty in types {
                let (mut func, mut builder) = (ir::Function::new(), FunctionBuilderContext::new());
                make(&mut func, &mut builder, module.types.func(ty), &*self.isa);
                texts.push(format!("; {kind} trampoline of type {ty}\n{}", func.display()));
            }
        }
        Ok(texts)
    }

    /// Compiles a decoded module.
    pub fn compile_bodies(&self, module: &Module, bodies: &[FunctionBody]) -> Result<Artifact, CompileError> {
        self.compile_while(module, bodies, &|| true)
    }

    /// As [`Compiler::compile_bodies`]. When `observer` says so, threads stop with [`CompileError::Cancelled`]. What it knows is
    /// not compiled again.
    pub fn compile_while(
        &self,
        module: &Module,
        bodies: &[FunctionBody],
        observer: &dyn Observer,
    ) -> Result<Artifact, CompileError> {
        let mut functions = self.functions(module, bodies, observer)?.into_iter();
        let mut hot = self.hot_functions(module, bodies, observer)?;
        let mut linker = Linker::default();
        let mut writes_tables = false;
        let mut bounds = Vec::with_capacity(bodies.len());
        for body in bodies {
            let function = match observer.known(body.index) {
                Some(bytes) => self.known_function(module, bodies, body, bytes)?,
                None => functions.next().expect("compiled above"),
            };
            let function = hot.remove(&body.index).unwrap_or(function);
            writes_tables |= function.writes_tables;
            bounds.push(linker.place(function));
        }
        let (entry_types, host_types) = trampoline_types(module);
        let entry_trampolines = self.trampolines(&mut linker, module, entry_types, trampoline::entry)?;
        let host_trampolines = self.trampolines(&mut linker, module, host_types, trampoline::host)?;
        let imported = module.imported_funcs;
        let fill = |parts: &mut Parts| {
            parts.functions = bounds;
            parts.writes_tables = writes_tables;
            parts.entry_trampolines = entry_trampolines;
            parts.host_trampolines = host_trampolines;
            parts.skeleton = module.skeleton.to_vec();
        };
        let parts = linker.finish(fill, imported).map_err(|reason| CompileError::Limit { func: imported, reason })?;
        Ok(Artifact::new(parts, self.target()))
    }

    fn env<'m>(&self, module: &'m Module, bodies: &'m [FunctionBody]) -> ModuleEnv<'m> {
        self.env_with(module, bodies, None)
    }

    /// As [`Compiler::env`], with what has turned out.
    fn env_with<'m>(
        &self,
        module: &'m Module,
        bodies: &'m [FunctionBody],
        profile: Option<&'m Profile>,
    ) -> ModuleEnv<'m> {
        let env = |calls| ModuleEnv::new(module, &*self.isa, self.settings.memory_style, calls);
        match self.settings.tier {
            Tier::Quick => env(Calls::Slots),
            Tier::Optimized => ModuleEnv { inlinable: Inlinable::of(module, bodies, profile), ..env(Calls::Near) },
        }
    }

    fn functions(
        &self,
        module: &Module,
        bodies: &[FunctionBody],
        observer: &dyn Observer,
    ) -> Result<Vec<CompiledFunction>, CompileError> {
        let mut bodies_left: Vec<_> = bodies.iter().filter(|body| observer.known(body.index).is_none()).collect();
        // Nobody is to wait in the end for one thread with the largest function. Where a process may end at any moment, the most
        // functions are done when the smallest come first.
        let ends = if observer.is_waited_for() { Ends::Both } else { Ends::First };
        bodies_left.sort_by_key(|body| body.bytes.len());
        let env = self.env(module, bodies);
        let quick = self.quick(module, &self.prepare(module));
        let size: usize = bodies_left.iter().map(|body| body.bytes.len()).sum();
        let threads = if size < PARALLEL_THRESHOLD { 1 } else { observer.threads(self.settings.threads) };
        let compiled = pool::map(threads, ends, bodies_left, Worker::new, |worker, body| {
            if !observer.go_on() {
                return Err(CompileError::Cancelled);
            }
            let compiled = self.function(worker, &env, quick.as_ref(), body)?;
            observer.compiled(body.index, &|| unlinked::encode(&compiled));
            Ok((body.index, compiled))
        });
        let mut compiled = compiled?;
        compiled.sort_by_key(|(index, _)| *index);
        Ok(compiled.into_iter().map(|(_, compiled)| compiled).collect())
    }

    /// Functions that have turned out to be hot, compiled with what is known of each other. Those that exceed a limit then stay as they are.
    fn hot_functions(
        &self,
        module: &Module,
        bodies: &[FunctionBody],
        observer: &dyn Observer,
    ) -> Result<HashMap<u32, CompiledFunction>, CompileError> {
        let profile = observer.profile();
        if profile.hot.is_empty() || self.settings.tier != Tier::Optimized {
            return Ok(HashMap::new());
        }
        let env = self.env_with(module, bodies, Some(&profile));
        let bodies = profile.hot.iter().filter_map(|index| bodies.get(*index as usize)).collect();
        let threads = observer.threads(self.settings.threads);
        let compiled = pool::map(threads, Ends::First, bodies, Worker::new, |worker, body: &FunctionBody| {
            if !observer.go_on() {
                return Err(CompileError::Cancelled);
            }
            let Ok(compiled) = self.function(worker, &env, None, body) else { return Ok(None) };
            observer.compiled(body.index, &|| unlinked::encode(&compiled));
            Ok(Some((body.index, compiled)))
        });
        Ok(compiled?.into_iter().flatten().collect())
    }

    /// A function that was compiled before; anew, if the bytes are none.
    fn known_function(
        &self,
        module: &Module,
        bodies: &[FunctionBody],
        body: &FunctionBody,
        bytes: &[u8],
    ) -> Result<CompiledFunction, CompileError> {
        let numbers = Numbers { imported: module.imported_funcs, defined: bodies.len() as u32 };
        if let Some(function) = unlinked::decode(bytes, numbers) {
            return Ok(function);
        }
        let quick = self.quick(module, &self.prepare(module));
        self.function(&mut Worker::new(), &self.env(module, bodies), quick.as_ref(), body)
    }

    pub(crate) fn function(
        &self,
        worker: &mut Worker,
        env: &ModuleEnv<'_>,
        quick: Option<&Quick<'_>>,
        body: &FunctionBody,
    ) -> Result<CompiledFunction, CompileError> {
        if let Some(quick) = quick
            && let Some(compiled) = quick::compile(&mut worker.quick, quick, body)?
        {
            return Ok(compiled);
        }
        let mut compiled = self.function_with(worker, env, body, StackCheck::UnlessLeaf)?;
        if !compiled.is_checked && compiled.frame > LEAF_FRAME {
            compiled = self.function_with(worker, env, body, StackCheck::Always)?;
        }
        Ok(compiled)
    }

    fn function_with(
        &self,
        worker: &mut Worker,
        env: &ModuleEnv<'_>,
        body: &FunctionBody,
        stack_check: StackCheck,
    ) -> Result<CompiledFunction, CompileError> {
        let func = body.index + env.module.imported_funcs;
        let Translated { writes_tables, is_checked, inlined } = self.translate(worker, env, body, stack_check)?;
        let compiled = function::compile(&mut worker.context, &*self.isa);
        let mut compiled = compiled.map_err(|reason| CompileError::Limit { func, reason })?;
        compiled.refine_traps(body, &inlined, &env.inlinable);
        (compiled.writes_tables, compiled.is_checked) = (writes_tables, is_checked);
        compiled.keep_inlined(&inlined);
        Ok(compiled)
    }

    fn translate(
        &self,
        worker: &mut Worker,
        env: &ModuleEnv<'_>,
        body: &FunctionBody,
        stack_check: StackCheck,
    ) -> Result<Translated, CompileError> {
        worker.context.clear();
        let (config, func) = (self.isa.frontend_config(), &mut worker.context.func);
        Ok(translate_function(&mut worker.translator, env, config, body, stack_check, func)?)
    }

    fn trampolines(
        &self,
        linker: &mut Linker,
        module: &Module,
        types: BTreeSet<u32>,
        make: MakeTrampoline,
    ) -> Result<Vec<Trampoline>, CompileError> {
        let mut context = Context::new();
        let mut builder = FunctionBuilderContext::new();
        let mut trampolines = Vec::with_capacity(types.len());
        let mut placed: HashMap<&FuncType, Range<u32>> = HashMap::new();
        for ty in types {
            let func_type = module.types.func(ty);
            // A type may stand in the module several times.
            if let Some(code) = placed.get(func_type) {
                trampolines.push(Trampoline { ty, code: code.clone() });
                continue;
            }
            context.clear();
            make(&mut context.func, &mut builder, func_type, &*self.isa);
            let compiled = function::compile(&mut context, &*self.isa)
                .map_err(|reason| CompileError::Limit { func: 0, reason })?;
            let code = linker.place(compiled);
            placed.insert(func_type, code.clone());
            trampolines.push(Trampoline { ty, code });
        }
        Ok(trampolines)
    }
}

fn decode(wasm: &[u8]) -> Result<(Module, Vec<FunctionBody>), CompileError> {
    let mut decoder = Decoder::new();
    let mut bodies = Vec::new();
    decoder.push(wasm, &mut |_, body| bodies.push(body))?;
    let module = decoder.finish(&mut |_, body| bodies.push(body))?.module;
    Ok((module, bodies))
}

/// The types of functions that the host can call, and of those that it can provide.
fn trampoline_types(module: &Module) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let type_of = |func: &u32| module.funcs[*func as usize];
    let imported: BTreeSet<u32> = module.funcs[..module.imported_funcs as usize].iter().copied().collect();
    let mut called = imported.clone();
    called.extend(module.escaped_funcs.iter().map(type_of));
    called.extend(module.start.iter().map(type_of));
    (called, imported)
}

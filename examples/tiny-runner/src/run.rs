//! From a file to its result.

use std::fs::File;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

use gantry_abi::Target;
use gantry_module::{ExternIndex, ExternType, FuncType, ValType};
use gantry_runtime::{
    Extern, FuncPtr, HostFailure, InstanceId, InstantiateError, LoadedModule, MappedFile, MemoryStyle,
};
use gantry_runtime::{MIN_SLOTS, Resume, Step, Store, processor_has};
use gantry_wasi::Exit;

use crate::stats::Stats;
use crate::system::System;

/// What a shell reports for a process that aborted.
const TRAPPED: u8 = 134;

struct Options {
    stats: bool,
    invoke: Option<String>,
    file: String,
    args: Vec<String>,
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut stats, mut invoke) = (false, None);
    loop {
        let arg = args.next().ok_or("usage: tiny-runner [--stats] [--invoke NAME] FILE.gtx [ARGS…]")?;
        match &*arg {
            "--stats" => stats = true,
            "--invoke" => invoke = Some(args.next().ok_or("--invoke needs a name")?),
            _ => return Ok(Options { stats, invoke, file: arg, args: args.collect() }),
        }
    }
}

/// How a call ended.
enum Outcome {
    Returned,
    Trapped(String),
    Exited(u8),
}

/// Runs what the arguments say; returns the exit code.
pub fn run(args: impl Iterator<Item = String>, started: Instant) -> Result<u8, String> {
    let options = options(args)?;
    let mut stats = Stats::new(started);
    let module = load(&options.file)?;
    stats.loaded();
    let mut store = Store::new();
    let program_args = if options.invoke.is_none() { &options.args[..] } else { &[] };
    let system = System::new(&options.file, program_args)?;
    let instance = instantiate(&mut store, &module, &system)?;
    stats.instantiated();
    let code = match &options.invoke {
        None => start(&mut store, &module, instance)?,
        Some(name) => invoke(&mut store, &module, instance, name, &options.args)?,
    };
    stats.finished();
    if options.stats {
        eprint!("{stats}");
    }
    Ok(code)
}

/// Maps a file and checks that its code is for this machine.
fn load(file: &str) -> Result<Arc<LoadedModule>, String> {
    let fail = |error: &dyn std::fmt::Display| format!("{file}: {error}");
    let mapped = File::open(file).and_then(|open| MappedFile::new(&open)).map_err(|error| fail(&error))?;
    let here = Target::here(MemoryStyle::Reserved, false);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
    LoadedModule::load_file(mapped, threads, |target: &Target| target.runs_on(&here, processor_has))
        .map_err(|error| fail(&error))
}

fn instantiate(store: &mut Store, module: &Arc<LoadedModule>, system: &System) -> Result<InstanceId, String> {
    let mut imports = Vec::new();
    for import in &module.module().imports {
        let function = match import.ty {
            ExternType::Func(ty) => system.function(store, module, &import.module, &import.name, ty),
            _ => None,
        };
        let missing = || format!("it imports \"{}\" from \"{}\", which is not here", import.name, import.module);
        imports.push(Extern::Func(function.ok_or_else(missing)?));
    }
    // SAFETY: the functions were just made in this store.
    let instance = unsafe { store.instantiate(module, &imports) }.map_err(|error| reason(&error))?;
    system.set_memory(module.module().exports.iter().find_map(|export| match export.index {
        ExternIndex::Memory(index) if *export.name == *"memory" => Some(store.instance(instance).memory(index)),
        _ => None,
    }));
    if let Some(start) = module.module().start {
        let function = store.instance(instance).func(start);
        match call(store, function, &mut [0; MIN_SLOTS])? {
            Outcome::Returned => {}
            Outcome::Trapped(message) => return Err(message),
            Outcome::Exited(code) => std::process::exit(code.into()),
        }
    }
    Ok(instance)
}

fn reason(error: &InstantiateError) -> String {
    match error {
        InstantiateError::Link(link) => format!("an import does not fit: {}, not {}", link.expected, link.actual),
        InstantiateError::Trap(code) => code.message().to_owned(),
        InstantiateError::OutOfMemory => "out of memory".to_owned(),
    }
}

fn exported(store: &Store, module: &LoadedModule, id: InstanceId, name: &str) -> Result<(FuncPtr, FuncType), String> {
    let export = module.module().exports.iter().find(|export| *export.name == *name);
    match export.map(|export| export.index) {
        Some(ExternIndex::Func(index)) => {
            Ok((store.instance(id).func(index), module.module().func_type(index).clone()))
        }
        _ => Err(format!("it exports no function \"{name}\"")),
    }
}

fn start(store: &mut Store, module: &LoadedModule, instance: InstanceId) -> Result<u8, String> {
    let (function, ty) = exported(store, module, instance, "_start")?;
    if ty != FuncType::new([], []) {
        return Err("its function _start has parameters or results".to_owned());
    }
    let outcome = call(store, function, &mut [0; MIN_SLOTS])?;
    Ok(code_of(outcome, || ()))
}

fn invoke(store: &mut Store, module: &LoadedModule, id: InstanceId, name: &str, args: &[String]) -> Result<u8, String> {
    let (function, ty) = exported(store, module, id, name)?;
    if args.len() != ty.params.len() {
        return Err(format!("{name} takes {} arguments", ty.params.len()));
    }
    let mut slots = vec![0u128; args.len().max(ty.results.len()).max(MIN_SLOTS)];
    for ((slot, ty), arg) in slots.iter_mut().zip(&ty.params).zip(args) {
        *slot = parse(*ty, arg).ok_or_else(|| format!("{arg} is no argument of type {ty}"))?;
    }
    let outcome = call(store, function, &mut slots)?;
    Ok(code_of(outcome, || ty.results.iter().zip(&slots).for_each(|(ty, slot)| println!("{}", show(*ty, *slot)))))
}

fn code_of(outcome: Outcome, returned: impl FnOnce()) -> u8 {
    match outcome {
        Outcome::Returned => {
            returned();
            0
        }
        Outcome::Trapped(message) => {
            eprintln!("tiny-runner: {message}");
            TRAPPED
        }
        Outcome::Exited(code) => code,
    }
}

fn parse(ty: ValType, text: &str) -> Option<u128> {
    match ty {
        ValType::I32 => text.parse::<i32>().ok().map(|value| value as u32 as u128),
        ValType::I64 => text.parse::<i64>().ok().map(|value| value as u64 as u128),
        ValType::F32 => text.parse::<f32>().ok().map(|value| value.to_bits().into()),
        ValType::F64 => text.parse::<f64>().ok().map(|value| value.to_bits().into()),
        ValType::V128 | ValType::Ref(_) => None,
    }
}

fn show(ty: ValType, slot: u128) -> String {
    match ty {
        ValType::I32 => (slot as i32).to_string(),
        ValType::I64 => (slot as i64).to_string(),
        ValType::F32 => f32::from_bits(slot as u32).to_string(),
        ValType::F64 => f64::from_bits(slot as u64).to_string(),
        ValType::V128 => format!("{slot:#034x}"),
        ValType::Ref(_) => "a reference".to_owned(),
    }
}

/// Calls a function until it ends. `slots` has room for [`MIN_SLOTS`] and for its arguments and results.
fn call(store: &mut Store, function: FuncPtr, slots: &mut [u128]) -> Result<Outcome, String> {
    let values = NonNull::from(slots).cast::<u8>();
    // SAFETY: the instance that has the function is never collected, and the slots suit its type.
    let mut step = unsafe { store.start(function, values) };
    loop {
        match step {
            Step::Returned => return Ok(Outcome::Returned),
            Step::Trapped => {
                let trap = store.take_trap().expect("the step says so");
                let frames = trap.frames.iter().map(|frame| format!("\n    at {frame:?}")).collect::<String>();
                return Ok(Outcome::Trapped(format!("{}{frames}", trap.code.message())));
            }
            Step::Failed => return failed(store.take_failure().expect("the step says so")),
            Step::OutOfMemory => return Err("out of memory".to_owned()),
            // SAFETY: as the step says.
            Step::Interrupted => step = unsafe { store.resume(Resume::Return) },
            Step::Call(_) | Step::Asked => unreachable!("nothing here is left to the embedder"),
        }
    }
}

fn failed(failure: HostFailure) -> Result<Outcome, String> {
    match failure {
        HostFailure::Error(error) => match error.downcast::<Exit>().map(|exit| *exit) {
            Ok(Exit::Code(code)) => Ok(Outcome::Exited(code as u8)),
            Ok(Exit::Signal(signal)) => Err(format!("the program has ended with {}", signal.name())),
            Ok(Exit::Interrupted) | Err(_) => unreachable!("functions of the system fail with nothing else"),
        },
        HostFailure::Exception(_) => Ok(Outcome::Trapped("an exception that nobody has caught".to_owned())),
        HostFailure::Panic(payload) => std::panic::resume_unwind(payload),
    }
}

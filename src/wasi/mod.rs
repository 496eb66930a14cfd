//! WASI: what programs see of the system, and its functions as imports.
//!
//! Compiled code calls the functions directly, on the fiber, unless something in a program needs JavaScript; then, and
//! when user code calls one of the JavaScript functions that stand for them, they are called through Node-API.

mod backend;
mod options;

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use gantry_engine::ExternType;
use gantry_runtime::{FuncPtr, HostFailure, LoadedModule, MemoryId, Store, VALUE_SIZE};
use gantry_wasi::{Context, Errno, Exit, Function, Guest, Type, Version, functions};
use napi::bindgen_prelude::{BigUint64Array, Uint8Array};
use napi::{Either, Env};
use napi_derive::napi;
use serde::Serialize;

use crate::host::{Host, State};
use options::{ProgramOptions, Refusal};

/// Functions are numbered by program and place: more than any version has.
const MAX_FUNCTIONS: u32 = 64;

/// The store whose fiber a function of WASI runs on, while one does.
type Fiber = Rc<Cell<Option<NonNull<Store>>>>;

/// A program.
pub(crate) struct Program {
    version: Version,
    context: RefCell<Context>,
    memory: Cell<Option<MemoryId>>,
    fiber: Fiber,
}

/// Why a call of a native function did not return.
#[derive(Debug, Serialize)]
#[serde(tag = "reason")]
enum Reason {
    /// The program has ended.
    #[serde(rename = "exit")]
    Exit { code: u32, signal: Option<&'static str> },
    /// It has no memory yet.
    #[serde(rename = "not started")]
    NotStarted,
    /// The host asked wasm to be left.
    #[serde(rename = "interrupted")]
    Interrupted,
}

/// How and which program ended.
#[derive(Debug, Serialize)]
pub(crate) struct Ended {
    program: u32,
    #[serde(flatten)]
    reason: Reason,
}

/// What the failure of a native function says, if it is one.
pub(crate) fn ended(failure: Option<HostFailure>) -> Option<Ended> {
    match failure {
        Some(HostFailure::Error(error)) => error.downcast().ok().map(|ended| *ended),
        // Only native functions run here.
        Some(HostFailure::Panic(payload)) => std::panic::resume_unwind(payload),
        Some(HostFailure::Exception(_)) | None => None,
    }
}

impl From<Exit> for Reason {
    fn from(exit: Exit) -> Reason {
        match exit {
            Exit::Code(code) => Reason::Exit { code, signal: None },
            Exit::Signal(signal) => Reason::Exit { code: 0, signal: Some(signal.name()) },
            Exit::Interrupted => Reason::Interrupted,
        }
    }
}

impl Program {
    fn new(env: Env, options: ProgramOptions) -> Result<Program, Refusal> {
        let version = options.version();
        let fiber = Fiber::default();
        let waiting = fiber.clone();
        let context = options.context(env)?.interrupt(move || {
            // SAFETY: set by `run_on_fiber`, which runs on that store's fiber and has borrowed nothing from it but the
            // memory, whose bytes stay where they are while it waits.
            waiting.get().is_some_and(|mut store| unsafe { store.as_mut().pause() })
        });
        Ok(Program { version, context: RefCell::new(context.build()), memory: Cell::new(None), fiber })
    }

    fn call(&self, function: &Function, memory: &mut [u8], arguments: &[u64]) -> Result<Errno, Exit> {
        // It is taken while JavaScript that a call needs calls another, or if a call was given up in the middle.
        let Ok(mut context) = self.context.try_borrow_mut() else { return Ok(Errno::BUSY) };
        (function.call)(&mut context, &mut Guest::new(memory), arguments)
    }

    /// Called by compiled code: arguments and result are in `values`.
    fn run_on_fiber(&self, function: &Function, store: &mut Store, values: *mut u8) -> Result<(), Reason> {
        let memory = self.memory.get().ok_or(Reason::NotStarted)?;
        let memory = store.memory(memory);
        // SAFETY: the memory is alive as long as its program, and nothing else touches it while the function runs; but
        // threads of the program if it is shared, which has to order their accesses as on any system.
        let memory = unsafe { std::slice::from_raw_parts_mut(memory.base().as_ptr(), memory.len()) };
        let mut arguments = [0; 16];
        let arguments = &mut arguments[..function.params.len()];
        for (i, (argument, ty)) in arguments.iter_mut().zip(function.params).enumerate() {
            // SAFETY: compiled code has stored an argument of this type there.
            *argument = unsafe {
                let slot = values.add(i * VALUE_SIZE);
                match ty {
                    Type::I32 => u64::from(slot.cast::<u32>().read()),
                    Type::I64 => slot.cast::<u64>().read(),
                }
            };
        }
        let outer = self.fiber.replace(Some(NonNull::from(store)));
        let outcome = self.call(function, memory, arguments);
        self.fiber.set(outer);
        let errno = outcome?;
        if !function.results.is_empty() {
            // SAFETY: there is room for the result, an errno.
            unsafe { values.cast::<u32>().write(errno.raw().into()) };
        }
        Ok(())
    }
}

impl State {
    /// The native function of a number, for an import of `module`, whose type it has.
    pub(crate) fn native_function(&mut self, module: &Arc<LoadedModule>, import: usize, number: u32) -> FuncPtr {
        let id = number / MAX_FUNCTIONS;
        let program = self.programs[id as usize].clone();
        let function = &functions(program.version)[(number % MAX_FUNCTIONS) as usize];
        let ExternType::Func(ty) = module.module().imports[import].ty else {
            unreachable!("JavaScript binds functions only");
        };
        let native = move |store: &mut Store, values: *mut u8| {
            let outcome = program.run_on_fiber(function, store, values);
            outcome.map_err(|reason| HostFailure::Error(Box::new(Ended { program: id, reason })))
        };
        let host = self.store.new_native(module.clone(), ty, Box::new(native));
        self.store.host(host).funcref()
    }
}

/// A program's end as JavaScript gets it.
#[napi(object)]
pub struct ProgramEnd {
    /// The exit code, if there is no signal.
    pub code: u32,
    /// The name of the signal that the program sends to itself.
    pub signal: Option<String>,
}

#[napi]
impl Host {
    /// Makes a program. Returns its number, or what it cannot get.
    #[napi]
    pub fn new_program(&mut self, env: Env, options: ProgramOptions) -> Either<u32, Refusal> {
        match Program::new(env, options) {
            Ok(program) => Either::A(self.state.programs.insert(Rc::new(program)) as u32),
            Err(refusal) => Either::B(refusal),
        }
    }

    /// The functions that a program can import, each with its name and signature.
    #[napi]
    pub fn program_functions(&self, program: u32) -> Vec<(String, String)> {
        let version = self.state.programs[program as usize].version;
        functions(version).iter().map(|function| (function.name.to_owned(), signature(function))).collect()
    }

    /// Says which memory functions that compiled code calls use.
    #[napi]
    pub fn set_program_memory(&self, program: u32, memory: u32) {
        self.state.programs[program as usize].memory.set(Some(MemoryId(memory)));
    }

    /// Calls a function. Returns an errno, or how the program has ended.
    #[napi]
    pub fn call_program(
        &self,
        program: u32,
        function: u32,
        mut memory: Uint8Array,
        arguments: BigUint64Array,
    ) -> napi::Result<Either<u32, ProgramEnd>> {
        let program = self.state.programs[program as usize].clone();
        let function = &functions(program.version)[function as usize];
        // SAFETY: JavaScript gave the bytes away for the time of the call.
        let memory = unsafe { memory.as_mut() };
        let arguments = arguments.get(..function.params.len());
        let outcome = arguments.map_or(Ok(Errno::INVAL), |arguments| program.call(function, memory, arguments));
        Ok(match outcome {
            Ok(errno) => Either::A(errno.raw().into()),
            Err(Exit::Code(code)) => Either::B(ProgramEnd { code, signal: None }),
            Err(Exit::Signal(signal)) => Either::B(ProgramEnd { code: 0, signal: Some(signal.name().to_owned()) }),
            Err(Exit::Interrupted) => Either::A(Errno::INTR.raw().into()),
        })
    }

    /// Why the last call ended in a native function, as JSON.
    #[napi]
    pub fn take_exit(&mut self) -> napi::Result<Option<String>> {
        self.state.exit.take().map(|ended| serde_json::to_string(&ended)).transpose().map_err(|error| {
            napi::Error::from_reason(error.to_string()) // Strings and numbers only: it does not fail.
        })
    }
}

/// In the form of [`crate::describe::signature`].
fn signature(function: &Function) -> String {
    let letters =
        |types: &[Type]| -> String { types.iter().map(|ty| if *ty == Type::I32 { 'i' } else { 'I' }).collect() };
    format!("{}:{}", letters(function.params), letters(function.results))
}

//! WASI: what programs see of the system, and its functions as imports.
//!
//! Compiled code calls the functions directly, on the fiber, unless something in a program needs JavaScript; then, and
//! when user code calls one of the JavaScript functions that stand for them, they are called through Node-API.

mod backend;
mod options;
mod threads;

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use gantry_engine::ExternType;
use gantry_runtime::{FuncPtr, HostFailure, LoadedModule, MemoryId, Store, VALUE_SIZE};
use gantry_wasi::{Context, Errno, Exit, Function, Guest, Type, Version, functions};
use napi::bindgen_prelude::{BigUint64Array, Uint8Array};
use napi::{Either, Env};
use napi_derive::napi;
use serde::Serialize;

use crate::host::{Host, State};
use options::{ProgramOptions, Refusal};
use threads::Threads;

/// Functions are numbered by program and place: more than any version has.
const MAX_FUNCTIONS: u32 = 64;

/// The place of `wasi.thread-spawn`, which is of no version.
const SPAWN: u32 = MAX_FUNCTIONS - 1;

thread_local! {
    /// The store whose fiber a function of WASI runs on, while one does.
    static FIBER: Cell<Option<NonNull<Store>>> = const { Cell::new(None) };
}

/// A program, which its threads share.
pub(crate) struct Program {
    version: Version,
    context: Context,
    /// Where it may have threads.
    threads: Option<Threads>,
}

/// A program as the JavaScript thread has it that it was made on.
pub(crate) struct MainProgram {
    program: Arc<Program>,
    memory: Rc<Cell<Option<MemoryId>>>,
    /// Whether a call is going on that JavaScript has made.
    busy: Cell<bool>,
}

impl Drop for MainProgram {
    fn drop(&mut self) {
        self.program.finish_threads();
    }
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
    /// A thread has called a function that is JavaScript.
    #[serde(rename = "javascript")]
    JavaScript { name: String },
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

/// Suspends the fiber that the calling function of WASI runs on; returns whether wasm is to be left.
fn pause() -> bool {
    // SAFETY: set by `run_on_fiber`, which runs on that store's fiber and has borrowed nothing from it but the memory, whose
    // bytes stay where they are while it waits. No lock is held by a function that waits.
    FIBER.get().is_some_and(|mut store| unsafe { store.as_mut().pause() })
}

/// The memory of a program while one of its calls runs.
///
/// # Safety
/// The memory stays where it is, and is not used by anything else unless it is shared.
unsafe fn guest<'a>(base: *mut u8, len: usize, shared: bool) -> Guest<'a> {
    // SAFETY: promised by the caller. What other threads may write to is accessed atomically.
    unsafe {
        if shared {
            Guest::shared(std::slice::from_raw_parts(base.cast::<AtomicU8>(), len))
        } else {
            Guest::new(std::slice::from_raw_parts_mut(base, len))
        }
    }
}

impl Program {
    fn new(env: Env, options: ProgramOptions) -> Result<Program, Refusal> {
        let version = options.version();
        let threads = options.max_threads.map(|max| Threads::new(max as usize));
        let context = options.context(env)?.interrupt(pause).build();
        Ok(Program { version, context, threads })
    }

    /// Called by compiled code: arguments and result are in `values`.
    fn run_on_fiber(
        &self,
        function: &Function,
        store: &mut Store,
        memory: MemoryId,
        values: *mut u8,
    ) -> Result<(), Reason> {
        let memory = store.memory(memory);
        // SAFETY: the memory is alive as long as its program. While the function runs no wasm of this store does.
        let mut guest = unsafe { guest(memory.base().as_ptr(), memory.len(), memory.shared().is_some()) };
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
        let outer = FIBER.replace(Some(NonNull::from(store)));
        let outcome = (function.call)(&self.context, &mut guest, arguments);
        FIBER.set(outer);
        let errno = outcome?;
        if !function.results.is_empty() {
            // SAFETY: there is room for the result, an errno.
            unsafe { values.cast::<u32>().write(errno.raw().into()) };
        }
        Ok(())
    }

    /// `wasi.thread-spawn`, called by compiled code.
    fn spawn_on_fiber(self: &Arc<Program>, values: *mut u8) {
        // SAFETY: compiled code has stored the argument there, and takes the result from there.
        unsafe {
            let argument = values.cast::<i32>().read();
            values.cast::<i32>().write(self.spawn(argument));
        }
    }
}

impl MainProgram {
    fn call(&self, function: &Function, guest: &mut Guest<'_>, arguments: &[u64]) -> Result<Errno, Exit> {
        // JavaScript that a call needs may call another.
        if self.busy.replace(true) {
            return Ok(Errno::BUSY);
        }
        let outer = FIBER.replace(None);
        let outcome = (function.call)(&self.program.context, guest, arguments);
        FIBER.set(outer);
        self.busy.set(false);
        outcome
    }
}

impl State {
    /// The native function of a number, for an import of `module`, whose type it has.
    pub(crate) fn native_function(&mut self, module: &Arc<LoadedModule>, import: usize, number: u32) -> FuncPtr {
        let id = number / MAX_FUNCTIONS;
        let main = &self.programs[id as usize];
        let (program, memory) = (main.program.clone(), main.memory.clone());
        let ExternType::Func(ty) = module.module().imports[import].ty else {
            unreachable!("JavaScript binds functions only");
        };
        let run = move |store: &mut Store, values: *mut u8| match number % MAX_FUNCTIONS {
            SPAWN => {
                program.spawn_on_fiber(values);
                Ok(())
            }
            index => {
                let function = &functions(program.version)[index as usize];
                program.run_on_fiber(function, store, memory.get().ok_or(Reason::NotStarted)?, values)
            }
        };
        let native = move |store: &mut Store, values: *mut u8| {
            run(store, values).map_err(|reason| HostFailure::Error(Box::new(Ended { program: id, reason })))
        };
        let host = self.store.new_native(module.clone(), ty, Box::new(native), number);
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
            Ok(program) => {
                let (memory, busy) = (Rc::default(), Cell::new(false));
                let main = MainProgram { program: Arc::new(program), memory, busy };
                Either::A(self.state.programs.insert(main) as u32)
            }
            Err(refusal) => Either::B(refusal),
        }
    }

    /// The functions that a program can import, each with its name and signature.
    #[napi]
    pub fn program_functions(&self, program: u32) -> Vec<(String, String)> {
        let version = self.state.programs[program as usize].program.version;
        functions(version).iter().map(|function| (function.name.to_owned(), signature(function))).collect()
    }

    /// Says which memory functions that compiled code calls use.
    #[napi]
    pub fn set_program_memory(&self, program: u32, memory: u32) {
        self.state.programs[program as usize].memory.set(Some(MemoryId(memory)));
    }

    /// Calls a function; `shared` says whether other threads may use the memory meanwhile. Returns an errno, or how the program
    /// has ended.
    #[napi]
    pub fn call_program(
        &self,
        program: u32,
        function: u32,
        mut memory: Uint8Array,
        shared: bool,
        arguments: BigUint64Array,
    ) -> napi::Result<Either<u32, ProgramEnd>> {
        let main = &self.state.programs[program as usize];
        let function = &functions(main.program.version)[function as usize];
        let Some(arguments) = arguments.get(..function.params.len()) else {
            return Ok(Either::A(Errno::INVAL.raw().into()));
        };
        // SAFETY: JavaScript gave the bytes away for the time of the call, but for threads where it says so.
        let mut guest = unsafe {
            let (base, len) = (memory.as_mut().as_mut_ptr(), memory.len());
            guest(base, len, shared)
        };
        let outcome = main.call(function, &mut guest, arguments);
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

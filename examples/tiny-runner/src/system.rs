//! The system interface: functions of WASI as host functions, which run on the fiber of the program.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use gantry_module::{FuncType, ValType};
use gantry_runtime::{FuncPtr, HostFailure, LoadedModule, MemoryId, Store};
use gantry_wasi::fs::native::standard_stream;
use gantry_wasi::{Context, Errno, Exit, Function, Guest, Type, Version, function};

/// What a program sees of the system: its arguments, the standard streams, clocks.
pub struct System {
    context: Rc<Context>,
    memory: Rc<Cell<Option<MemoryId>>>,
}

impl System {
    pub fn new(program: &str, args: &[String]) -> Result<System, String> {
        let stream = |error: std::io::Error| format!("a standard stream cannot be used: {error}");
        let context = Context::builder()
            .args(std::iter::once(program).chain(args.iter().map(String::as_str)))
            .stdin(standard_stream(std::io::stdin()).map_err(stream)?)
            .stdout(standard_stream(std::io::stdout()).map_err(stream)?)
            .stderr(standard_stream(std::io::stderr()).map_err(stream)?)
            .build();
        Ok(System { context: Rc::new(context), memory: Rc::default() })
    }

    /// Says which memory the functions use.
    pub fn set_memory(&self, memory: Option<MemoryId>) {
        self.memory.set(memory);
    }

    /// A function that a module imports, if there is one of this name and type.
    pub fn function(
        &self,
        store: &mut Store,
        loaded: &Arc<LoadedModule>,
        module: &str,
        name: &str,
        ty: u32,
    ) -> Option<FuncPtr> {
        let version = [Version::Preview1, Version::Unstable].into_iter().find(|version| version.module() == module)?;
        let function = function(version, name)?;
        if *loaded.module().types.func(ty) != type_of(function) {
            return None;
        }
        let (context, memory) = (self.context.clone(), self.memory.clone());
        let run = move |store: &mut Store, values: *mut u8| {
            let memory = memory.get().ok_or_else(|| HostFailure::Error(Box::new(Exit::Code(1))))?;
            let slots = function.params.len().max(function.results.len());
            // SAFETY: the trampoline passes as many slots as the type needs, aligned to their size.
            let slots = unsafe { std::slice::from_raw_parts_mut(values.cast::<u128>(), slots) };
            call(function, &context, store.memory_mut(memory).data_mut(), slots)
                .map_err(|exit| HostFailure::Error(Box::new(exit)))
        };
        let host = store.new_native(loaded.clone(), ty, Box::new(run), 0);
        Some(store.host(host).funcref())
    }
}

fn call(function: &Function, context: &Context, memory: &mut [u8], slots: &mut [u128]) -> Result<(), Exit> {
    let arguments: Vec<u64> = slots[..function.params.len()].iter().map(|slot| *slot as u64).collect();
    let errno: Errno = (function.call)(context, &mut Guest::new(memory), &arguments)?;
    if !function.results.is_empty() {
        slots[0] = errno.raw().into();
    }
    Ok(())
}

fn type_of(function: &Function) -> FuncType {
    let types = |types: &[Type]| -> Vec<ValType> {
        types.iter().map(|ty| if *ty == Type::I32 { ValType::I32 } else { ValType::I64 }).collect()
    };
    FuncType::new(types(function.params), types(function.results))
}

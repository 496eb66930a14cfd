//! Code of single functions, which call each other through slots, and of single trampolines: for modules that run while they are
//! compiled.

use cranelift_codegen::{Context, ir};
use cranelift_frontend::FunctionBuilderContext;
use gantry_abi::Piece;
use gantry_module::{FuncType, FunctionBody, Module};
use gantry_translate::{Calls, ModuleEnv, trampoline};

use crate::compiler::{Compiler, MakeTrampoline, Worker};
use crate::error::CompileError;
use crate::function;
use crate::link::Linker;
use crate::quick::Prepared;
use crate::settings::Tier;

impl Compiler {
    /// Compiles some functions of a module, which must be valid.
    pub fn piece(&self, module: &Module, prepared: &Prepared, bodies: &[&FunctionBody]) -> Result<Piece, CompileError> {
        let counts = self.settings.tier == Tier::Quick;
        let mut quick = self.quick(module, prepared);
        if let Some(quick) = &mut quick {
            (quick.env.counts, quick.is_valid) = (counts, true);
        }
        let env = ModuleEnv { counts, ..ModuleEnv::new(module, &*self.isa, self.settings.memory_style, Calls::Slots) };
        let mut worker = Worker::new();
        let mut linker = Linker::default();
        let mut functions = Vec::with_capacity(bodies.len());
        for body in bodies {
            let compiled = self.function(&mut worker, &env, quick.as_ref(), body)?;
            functions.push((body.index, linker.place(compiled)));
        }
        let parts = linker.finish(|_| (), module.imported_funcs);
        let parts = parts.map_err(|reason| CompileError::Limit { func: module.imported_funcs, reason })?;
        let (text, traps, positions, handlers) = (parts.text, parts.traps, parts.positions, parts.handlers);
        Ok(Piece { text, functions, traps, positions, handlers })
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

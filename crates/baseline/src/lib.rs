//! A compiler from WebAssembly functions to x86-64 machine code, in one pass over their operators.
//!
//! It makes code soon, not the best code: [`Compiler::compile`] makes some tens of megabytes a second. What it does not know
//! (some operators and signatures) it says so of, and another compiler has to do.
//!
//! The code keeps what the code of the optimising compiler keeps: Cranelift's `tail` convention, frame pointers, traps at
//! listed instructions. Functions are called through the code table and other slots only, so that nothing has to be linked.
//!
//! Must not know: Cranelift, the runtime, where code goes.

mod array;
mod asm;
mod atomic;
mod bulk;
mod call;
mod cast;
mod control;
mod conversion;
mod env;
mod exception;
mod float;
mod frame;
mod generator;
mod homes;
mod integer;
mod memory;
mod moves;
mod object;
mod scan;
mod simd;
mod stack;
mod table;
mod variable;

use gantry_abi::TrapCode;
use gantry_abi::artifact::Handler;
use gantry_abi::vmctx::LEAF_FRAME;
use gantry_module::{FunctionBody, Result};
use wasmparser::FuncValidatorAllocations;

pub use env::{Features, ModuleEnv, Signatures};

use generator::{Buffers, Generator, Outcome, Stop};
use scan::Scan;

/// Machine code of one function. Offsets count from its start, which must be aligned to 16 bytes.
#[derive(Debug)]
pub struct CompiledFunction {
    /// The code, without relocations.
    pub code: Vec<u8>,
    /// Instructions that may fault, and what it means; sorted.
    pub traps: Vec<(u32, TrapCode)>,
    /// Offset in the code, offset in the module (`u32::MAX`: none); sorted.
    pub positions: Vec<(u32, u32)>,
    /// Where exceptions go from calls; sorted.
    pub handlers: Vec<Handler>,
    /// Functions that it calls by index, in order.
    pub callees: Vec<u32>,
    /// Whether it can put references into tables.
    pub writes_tables: bool,
    /// Whether it compares the stack pointer with its limit.
    pub is_checked: bool,
    /// Bytes between stack pointer and frame pointer.
    pub frame: usize,
}

/// What a thread keeps from function to function.
#[derive(Default)]
pub struct Compiler {
    buffers: Buffers,
    scan: Scan,
    validator: FuncValidatorAllocations,
    stopped_at: u64,
}

impl Compiler {
    /// Compiles a function, which is validated first unless `validated` says that it has been. `None` when it has something
    /// that this compiler does not know.
    ///
    /// # Errors
    /// When the body is malformed or invalid.
    pub fn compile(
        &mut self,
        env: &ModuleEnv<'_>,
        body: &FunctionBody,
        validated: bool,
    ) -> Result<Option<CompiledFunction>> {
        self.scan.read(env, body, &mut self.validator, !validated)?;
        // Room is left below the limit for a small frame of a function that calls no other.
        let mut compiled = self.generate(env, body, self.scan.calls > 0);
        if matches!(&compiled, Ok(function) if !function.is_checked && function.frame > LEAF_FRAME) {
            compiled = self.generate(env, body, true);
        }
        match compiled {
            Ok(compiled) => Ok(Some(compiled)),
            Err(Stop::Unsupported) => Ok(None),
            Err(Stop::Malformed(error)) => Err(error.into()),
        }
    }

    /// The offset in the module of the operator for which the last function was left to another compiler.
    pub fn stopped_at(&self) -> u64 {
        self.stopped_at
    }

    fn generate(&mut self, env: &ModuleEnv<'_>, body: &FunctionBody, is_checked: bool) -> Outcome<CompiledFunction> {
        let func = body.index + env.module.imported_funcs;
        let signature = env.signature(env.module.funcs[func as usize]);
        if !signature.in_registers {
            return Err(Stop::Unsupported);
        }
        let mut homes = std::mem::take(&mut self.buffers.homes);
        let registers = homes::assign(env, &self.scan, &mut homes);
        let mut generator = Generator::new(env, signature, body.index, &mut self.buffers, registers);
        generator.lay_out_frame(&self.scan, &homes);
        let size_at = generator.prologue(&self.scan, is_checked);
        generator.start_body();
        let mut operators = body.reader().get_operators_reader()?;
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            self.stopped_at = offset;
            generator.operator(&operator, offset)?;
        }
        generator.epilogue();
        generator.place_cold_traps();
        let frame = generator.finish_frame(size_at);
        let handlers = generator.finish_handlers(frame);
        let Generator { asm, traps, positions, writes_tables, .. } = generator;
        let code = asm.finish().to_vec();
        self.buffers.homes = homes;
        let callees = self.scan.callees.clone();
        Ok(CompiledFunction { code, traps, positions, handlers, callees, writes_tables, is_checked, frame })
    }
}

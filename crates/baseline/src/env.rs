//! What compilation knows of the module and the processor, and the convention that follows from function types.

use std::sync::Arc;

use gantry_abi::vmctx::{MemoryStyle, VMContextLayout};
use gantry_module::{FuncType, Module, ValType};

use crate::asm::{Gpr, Xmm};

/// Instructions that not every x86-64 has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Features {
    /// SSSE3, SSE4.1 and SSE4.2.
    pub sse4: bool,
    /// `popcnt`
    pub popcnt: bool,
    /// `lzcnt`
    pub lzcnt: bool,
    /// `tzcnt` and more.
    pub bmi1: bool,
    /// Shifts by any register.
    pub bmi2: bool,
}

/// A machine-level type. References are 64-bit integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
}

impl Ty {
    /// Whether values are in general registers.
    pub fn is_int(self) -> bool {
        matches!(self, Ty::I32 | Ty::I64)
    }

    /// Whether it has 64 bits.
    pub fn is_wide(self) -> bool {
        matches!(self, Ty::I64 | Ty::F64)
    }

    /// Bytes that a value takes in the frame.
    pub fn slot_size(self) -> u32 {
        if self == Ty::V128 { 16 } else { 8 }
    }
}

impl From<ValType> for Ty {
    fn from(ty: ValType) -> Ty {
        match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 | ValType::Ref(_) => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
        }
    }
}

impl From<wasmparser::ValType> for Ty {
    fn from(ty: wasmparser::ValType) -> Ty {
        match ty {
            wasmparser::ValType::I32 => Ty::I32,
            wasmparser::ValType::I64 | wasmparser::ValType::Ref(_) => Ty::I64,
            wasmparser::ValType::F32 => Ty::F32,
            wasmparser::ValType::F64 => Ty::F64,
            wasmparser::ValType::V128 => Ty::V128,
        }
    }
}

/// Where a parameter or result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Gpr(Gpr),
    Xmm(Xmm),
    /// Bytes above the stack pointer at the call.
    Stack(u32),
}

/// General registers for arguments. The first holds the context.
pub(crate) const ARGUMENTS: [Gpr; 6] = [Gpr::RDI, Gpr::RSI, Gpr::RDX, Gpr::RCX, Gpr::R8, Gpr::R9];
/// General registers for results.
const RESULTS: [Gpr; 8] = [Gpr::RAX, Gpr::RCX, Gpr::RDX, Gpr::RSI, Gpr::RDI, Gpr::R8, Gpr::R9, Gpr::R10];
/// Vector registers for arguments, and for results.
const VECTORS: u8 = 8;

/// A function type as machine code sees it: Cranelift's `tail` convention.
#[derive(Debug)]
pub(crate) struct Signature {
    pub params: Vec<Ty>,
    pub results: Vec<Ty>,
    pub param_places: Vec<Place>,
    pub result_places: Vec<Place>,
    /// Bytes of arguments on the stack, which the callee takes away.
    pub stack_args: u32,
    /// Whether all results are in registers.
    pub in_registers: bool,
}

/// Hands out registers, then places on the stack.
fn places(types: &[Ty], gprs: &[Gpr]) -> (Vec<Place>, u32) {
    let mut gprs = gprs.iter();
    let mut vectors = (0..VECTORS).map(Xmm);
    let mut stack = 0u32;
    let place = |ty: &Ty| {
        let register = if ty.is_int() { gprs.next().copied().map(Place::Gpr) } else { vectors.next().map(Place::Xmm) };
        register.unwrap_or_else(|| {
            let at = stack.next_multiple_of(ty.slot_size());
            stack = at + ty.slot_size();
            Place::Stack(at)
        })
    };
    let places = types.iter().map(place).collect();
    (places, stack.next_multiple_of(16))
}

impl Signature {
    fn new(ty: &FuncType) -> Signature {
        let list = |types: &[ValType]| types.iter().map(|ty| Ty::from(*ty)).collect::<Vec<_>>();
        let (params, results) = (list(&ty.params), list(&ty.results));
        let (result_places, rest) = places(&results, &RESULTS);
        let (param_places, stack_args) = places(&params, &ARGUMENTS[1..]);
        Signature { params, results, param_places, result_places, stack_args, in_registers: rest == 0 }
    }
}

/// The signatures of a module's function types, which all of its functions share.
#[derive(Clone)]
pub struct Signatures(Arc<[Option<Signature>]>);

impl Signatures {
    /// Of a module that is complete up to its code section.
    pub fn of(module: &Module) -> Signatures {
        Signatures(module.types.all().iter().map(|ty| ty.as_func().map(Signature::new)).collect())
    }
}

/// A module about to be compiled.
pub struct ModuleEnv<'m> {
    /// The module, complete up to its code section.
    pub(crate) module: &'m Module,
    /// Its vmctx.
    pub(crate) layout: VMContextLayout,
    /// How memory accesses are checked where the memory's type allows it.
    pub(crate) memory_style: MemoryStyle,
    /// What the processor has.
    pub(crate) features: Features,
    /// Whether NaNs that arithmetic makes are canonical. Default: no.
    pub deterministic: bool,
    /// Whether functions count how often they are entered and their loops go round. Default: no.
    pub counts: bool,
    /// By type index; `None` where the type is not a function's.
    signatures: Signatures,
}

impl<'m> ModuleEnv<'m> {
    /// For a module and a processor.
    pub fn new(module: &'m Module, signatures: Signatures, memory_style: MemoryStyle, features: Features) -> Self {
        let layout = VMContextLayout::new(module);
        ModuleEnv { module, layout, memory_style, features, deterministic: false, counts: false, signatures }
    }

    /// The signature of functions of a type.
    pub(crate) fn signature(&self, ty: u32) -> &Signature {
        self.signatures.0[ty as usize].as_ref().expect("validated: a function type")
    }

    /// The style of a memory.
    pub(crate) fn style(&self, memory: u32) -> MemoryStyle {
        self.memory_style.of(&self.module.memories[memory as usize])
    }
}

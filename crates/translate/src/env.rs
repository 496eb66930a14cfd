//! What translation knows of the module and the target, and the signatures that follow.

use cranelift_codegen::ir::{self, AbiParam, ArgumentPurpose, Signature, Type, UserExternalName, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use gantry_abi::vmctx::{MemoryStyle, VMContextLayout};
use gantry_abi::{AbiType, Libcall, TrapCode};
use gantry_module::{FuncType, Module, ValType};

use crate::inline::Inlinable;

/// The type of pointers and references in compiled code.
pub(crate) const POINTER: Type = types::I64;

/// How functions of a module call each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// At once: all code of the module is of one generation.
    Near,
    /// Through the code table, so that better code is used as soon as there is some.
    Slots,
}

/// A module about to be translated, for one target.
pub struct ModuleEnv<'m> {
    /// The module, complete up to its code section.
    pub module: &'m Module,
    /// Its vmctx.
    pub layout: VMContextLayout,
    /// How memory accesses are checked.
    pub memory_style: MemoryStyle,
    /// How functions of the module call each other.
    pub calls: Calls,
    /// Bodies that may stand in the place of calls.
    pub inlinable: Inlinable<'m>,
    /// Whether functions count how often they are entered and their loops go round.
    pub counts: bool,
    /// The calling convention of the runtime's own functions.
    pub host_call_conv: CallConv,
    /// Whether exchanging a value is the quickest atomic store, as on x86-64, where Cranelift's own has a fence behind it.
    pub stores_by_exchange: bool,
    /// Whether an index has to be 64 bits before it is added to an address: see [`crate::index`].
    pub adds_whole_registers: bool,
    /// Whether the processor rounds floats in one instruction.
    pub has_rounding: bool,
    /// Whether it multiplies and adds vectors of floats in one.
    pub has_fma: bool,
    /// Whether results must not depend on the processor.
    pub deterministic: bool,
}

impl<'m> ModuleEnv<'m> {
    /// For a module and a target.
    pub fn new(module: &'m Module, isa: &dyn TargetIsa, memory_style: MemoryStyle, calls: Calls) -> Self {
        let has = |name: &str| {
            isa.name() != "x64" || isa.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(true))
        };
        ModuleEnv {
            module,
            layout: VMContextLayout::new(module),
            memory_style,
            calls,
            inlinable: Inlinable::default(),
            counts: false,
            host_call_conv: isa.default_call_conv(),
            stores_by_exchange: isa.name() == "x64",
            adds_whole_registers: isa.name() == "x64",
            has_rounding: has("has_sse41"),
            has_fma: has("has_fma"),
            deterministic: isa.flags().enable_nan_canonicalization(),
        }
    }
}

/// The Cranelift type that represents a value type.
pub(crate) fn clif_type(ty: ValType) -> Type {
    match ty {
        ValType::I32 => types::I32,
        ValType::I64 => types::I64,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::V128 => types::I8X16,
        ValType::Ref(_) => POINTER,
    }
}

/// The signature of a wasm function: its context first, then its parameters.
pub fn wasm_signature(ty: &FuncType) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::special(POINTER, ArgumentPurpose::VMContext));
    signature.params.extend(ty.params.iter().map(|ty| AbiParam::new(clif_type(*ty))));
    signature.returns.extend(ty.results.iter().map(|ty| AbiParam::new(clif_type(*ty))));
    signature
}

fn abi_type(ty: AbiType) -> Type {
    match ty {
        AbiType::Ptr => POINTER,
        AbiType::I32 => types::I32,
        AbiType::I64 => types::I64,
        AbiType::F32 => types::F32,
        AbiType::F64 => types::F64,
    }
}

/// The signature of a function of the runtime.
pub(crate) fn libcall_signature(libcall: Libcall, call_conv: CallConv) -> Signature {
    let described = libcall.signature();
    let mut signature = Signature::new(call_conv);
    if described.vmctx {
        signature.params.push(AbiParam::new(POINTER));
    }
    signature.params.extend(described.params.iter().map(|ty| AbiParam::new(abi_type(*ty))));
    signature.returns.extend(described.result.map(|ty| AbiParam::new(abi_type(ty))));
    signature
}

/// The symbol by which code refers to a function of its own module.
pub fn func_name(func: u32) -> UserExternalName {
    UserExternalName { namespace: 0, index: func }
}

/// A trap reason as Cranelift carries it. Its own codes are used where its instructions raise them.
pub fn trap(code: TrapCode) -> ir::TrapCode {
    match code {
        TrapCode::StackOverflow => ir::TrapCode::STACK_OVERFLOW,
        TrapCode::MemoryOutOfBounds => ir::TrapCode::HEAP_OUT_OF_BOUNDS,
        TrapCode::IntegerOverflow => ir::TrapCode::INTEGER_OVERFLOW,
        TrapCode::IntegerDivideByZero => ir::TrapCode::INTEGER_DIVISION_BY_ZERO,
        TrapCode::InvalidConversionToInteger => ir::TrapCode::BAD_CONVERSION_TO_INTEGER,
        other => ir::TrapCode::unwrap_user(other as u8),
    }
}

//! Types in the form that JavaScript gets them: short strings, and JSON for whole modules.

use gantry_engine::{ExternType, FuncType, HeapType, RefType, ValType};
use gantry_runtime::Trap;
use serde::Serialize;

/// One letter a value type.
fn letter(ty: ValType) -> char {
    match ty {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        ValType::V128 => 'v',
        ValType::Ref(RefType { heap: HeapType::Func, .. }) => 'p',
        ValType::Ref(RefType { heap: HeapType::Extern, .. }) => 'e',
    }
}

/// Parameters, a colon, results: `ii:i`.
pub(crate) fn signature(ty: &FuncType) -> String {
    let letters = |types: &[ValType]| types.iter().map(|ty| letter(*ty)).collect::<String>();
    format!("{}:{}", letters(&ty.params), letters(&ty.results))
}

/// One letter; see [`signature`].
pub(crate) fn value_type(ty: ValType) -> String {
    letter(ty).to_string()
}

/// The value type with a letter.
pub(crate) fn value_type_of(letter: &str) -> napi::Result<ValType> {
    Ok(match letter {
        "i" => ValType::I32,
        "I" => ValType::I64,
        "f" => ValType::F32,
        "F" => ValType::F64,
        "v" => ValType::V128,
        "p" => ValType::FUNCREF,
        "e" => ValType::EXTERNREF,
        _ => return Err(napi::Error::from_reason(format!("no value type {letter:?}"))),
    })
}

/// An import or export.
#[derive(Serialize)]
pub(crate) struct ExternInfo<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<&'m str>,
    pub name: &'m str,
    pub kind: &'static str,
    /// A function's signature, or a global's value type and mutability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// In words, for error messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
}

impl<'m> ExternInfo<'m> {
    pub fn new(module: Option<&'m str>, name: &'m str, ty: &ExternType, func_type: &FuncType) -> Self {
        let (signature, words) = match ty {
            ExternType::Func(_) => (Some(signature(func_type)), format!("function {func_type}")),
            ExternType::Table(table) => (Some(value_type(ValType::Ref(table.element))), format!("table {table}")),
            ExternType::Memory(memory) => (None, format!("memory {memory}")),
            ExternType::Global(global) => {
                let mutable = if global.mutable { "mut " } else { "" };
                (Some(format!("{mutable}{}", value_type(global.content))), format!("global {global}"))
            }
        };
        // Only imports can be missing or wrong.
        let words = module.is_some().then_some(words);
        ExternInfo { module, name, kind: ty.kind().name(), signature, ty: words }
    }
}

/// A trap, as JSON.
pub(crate) fn trap(trap: &Trap) -> String {
    #[derive(Serialize)]
    struct FrameInfo<'t> {
        module: Option<&'t str>,
        func: u32,
        name: Option<&'t str>,
        offset: Option<u32>,
    }
    #[derive(Serialize)]
    struct TrapInfo<'t> {
        code: u8,
        frames: Vec<FrameInfo<'t>>,
    }
    let frames = trap.frames.iter().map(|f| FrameInfo {
        module: f.module_name.as_deref(),
        func: f.func,
        name: f.func_name.as_deref(),
        offset: f.offset,
    });
    let info = TrapInfo { code: trap.code as u8, frames: frames.collect() };
    serde_json::to_string(&info).expect("plain data")
}

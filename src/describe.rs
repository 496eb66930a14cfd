//! Types in the form that JavaScript gets them: short strings, and JSON for whole modules.

use gantry_engine::{AddressType, ExternType, FuncType, HeapType, Hierarchy, MemoryType, Module, RefType, ValType};
use gantry_runtime::{Frame, func_type_id, hierarchy};
use serde::Serialize;

/// A letter, or for references but `funcref` and `externref` an `r` (`R` without null) and the heap type in braces: its name
/// or canonical number, after `func ` when that is of a function type. `ty` is in canonical numbers.
pub(crate) fn value_type(ty: ValType) -> String {
    match ty {
        ValType::I32 => "i".to_owned(),
        ValType::I64 => "I".to_owned(),
        ValType::F32 => "f".to_owned(),
        ValType::F64 => "F".to_owned(),
        ValType::V128 => "v".to_owned(),
        ValType::Ref(RefType::FUNCREF) => "p".to_owned(),
        ValType::Ref(RefType::EXTERNREF) => "e".to_owned(),
        ValType::Ref(RefType { nullable, heap }) => {
            let letter = if nullable { 'r' } else { 'R' };
            let is_func = matches!(heap, HeapType::Concrete(_)) && hierarchy(heap) == Hierarchy::Func;
            format!("{letter}{{{}{heap}}}", if is_func { "func " } else { "" })
        }
    }
}

fn value_types(types: &[ValType]) -> String {
    types.iter().map(|ty| value_type(*ty)).collect()
}

/// Parameters, a colon, results: `ii:i`. `ty` is in canonical numbers.
pub(crate) fn signature(ty: &FuncType) -> String {
    format!("{}:{}", value_types(&ty.params), value_types(&ty.results))
}

/// The value type that [`value_type`] writes so.
pub(crate) fn value_type_of(text: &str) -> napi::Result<ValType> {
    let unknown = || napi::Error::from_reason(format!("no value type {text:?}"));
    Ok(match text {
        "i" => ValType::I32,
        "I" => ValType::I64,
        "f" => ValType::F32,
        "F" => ValType::F64,
        "v" => ValType::V128,
        "p" => ValType::FUNCREF,
        "e" => ValType::EXTERNREF,
        _ => {
            let heap = text.get(1..).and_then(|rest| rest.strip_prefix('{')?.strip_suffix('}')).ok_or_else(unknown)?;
            let heap = heap_type_of(heap.strip_prefix("func ").unwrap_or(heap)).ok_or_else(unknown)?;
            ValType::Ref(RefType { nullable: text.starts_with('r'), heap })
        }
    })
}

fn heap_type_of(text: &str) -> Option<HeapType> {
    const NAMED: [HeapType; 12] = [
        HeapType::Func,
        HeapType::NoFunc,
        HeapType::Extern,
        HeapType::NoExtern,
        HeapType::Any,
        HeapType::Eq,
        HeapType::I31,
        HeapType::Struct,
        HeapType::Array,
        HeapType::None,
        HeapType::Exn,
        HeapType::NoExn,
    ];
    let named = NAMED.into_iter().find(|heap| heap.to_string() == text);
    named.or_else(|| text.parse().ok().map(HeapType::Concrete))
}

/// What module names of builtins begin with.
const BUILTIN: &str = "wasm:";

/// An import or export.
#[derive(Serialize)]
pub(crate) struct ExternInfo<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<&'m str>,
    pub name: &'m str,
    pub kind: &'static str,
    /// The signature of a function or tag, or a global's value type and mutability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Of a function that the host may provide: whether its type is alone in its group and final, as those of builtins are.
    #[serde(rename = "isPlain", skip_serializing_if = "Option::is_none")]
    pub is_plain: Option<bool>,
    /// In words, for error messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// Of a memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// A memory's limits in pages.
#[derive(Serialize)]
pub(crate) struct Limits {
    #[serde(rename = "is64")]
    is_64: bool,
    min: u64,
    max: Option<u64>,
    shared: bool,
}

impl Limits {
    pub fn new(ty: &MemoryType) -> Limits {
        Limits { is_64: ty.address == AddressType::I64, min: ty.min, max: ty.max, shared: ty.shared }
    }
}

impl<'m> ExternInfo<'m> {
    /// `of` is the module that imports or exports it.
    pub fn new(module: Option<&'m str>, name: &'m str, ty: &ExternType, of: &Module) -> Self {
        let func_type = |index: &u32| of.func_type(*index);
        let (signature, words) = match ty {
            ExternType::Func(index) => {
                (Some(signature(&func_type(index))), format!("function {}", of.func_type(*index)))
            }
            ExternType::Tag(index) => (Some(signature(&func_type(index))), format!("tag {}", of.func_type(*index))),
            ExternType::Table(table) => (Some(value_type(ValType::Ref(table.element))), format!("table {table}")),
            ExternType::Memory(memory) => (None, format!("memory {memory}")),
            ExternType::Global(global) => {
                let mutable = if global.mutable { "mut " } else { "" };
                (Some(format!("{mutable}{}", value_type(global.content))), format!("global {global}"))
            }
        };
        // Only imports can be missing or wrong.
        let words = module.is_some().then_some(words);
        let limits = if let ExternType::Memory(memory) = ty { Some(Limits::new(memory)) } else { None };
        let is_plain = match ty {
            ExternType::Func(index) if module.is_some_and(|name| name.starts_with(BUILTIN)) => {
                Some(of.loaded().type_ids()[*index as usize] == func_type_id(&func_type(index)))
            }
            _ => None,
        };
        ExternInfo { module, name, kind: ty.kind().name(), signature, is_plain, ty: words, limits }
    }
}

/// Frames, as JSON.
pub(crate) fn frames(frames: &[Frame]) -> String {
    #[derive(Serialize)]
    struct FrameInfo<'t> {
        hash: u32,
        module: Option<&'t str>,
        func: u32,
        name: Option<&'t str>,
        offset: Option<u32>,
    }
    let info = frames.iter().map(|f| FrameInfo {
        hash: f.module_fingerprint,
        module: f.module_name.as_deref(),
        func: f.func,
        name: f.func_name.as_deref(),
        offset: f.offset,
    });
    serde_json::to_string(&info.collect::<Vec<_>>()).expect("plain data")
}

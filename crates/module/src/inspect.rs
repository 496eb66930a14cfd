//! What is in a module, for people: sections, imports, exports, and the parts of the language that it needs, whether or
//! not this engine has them.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{Export, FuncType, Import, Parser, Payload, ValType, Validator, WasmFeatures};

use crate::error::{Error, Result};

/// A section as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name: of custom sections, the one they give themselves, in quotes.
    pub name: String,
    /// Where its content begins.
    pub offset: u64,
    /// Bytes of content.
    pub size: u64,
    /// How many things it lists, if it is a list.
    pub entries: Option<u32>,
}

/// An import or export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The module that it is imported from.
    pub module: Option<String>,
    /// Its name.
    pub name: String,
    /// Its type in words.
    pub ty: String,
}

/// A module's contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// In the order of the file.
    pub sections: Vec<Section>,
    /// In the order of the import section.
    pub imports: Vec<Item>,
    /// In the order of the export section.
    pub exports: Vec<Item>,
    /// Names of proposals without which the module is invalid, beyond WebAssembly 1.0.
    pub features: Vec<String>,
}

/// What a module may need, by the names of the proposals.
const FEATURES: [(&str, WasmFeatures); 22] = [
    ("mutable-globals", WasmFeatures::MUTABLE_GLOBAL),
    ("saturating-float-to-int", WasmFeatures::SATURATING_FLOAT_TO_INT),
    ("sign-extension", WasmFeatures::SIGN_EXTENSION),
    ("reference-types", WasmFeatures::REFERENCE_TYPES),
    ("multi-value", WasmFeatures::MULTI_VALUE),
    ("bulk-memory", WasmFeatures::BULK_MEMORY),
    ("simd", WasmFeatures::SIMD),
    ("relaxed-simd", WasmFeatures::RELAXED_SIMD),
    ("threads", WasmFeatures::THREADS),
    ("tail-calls", WasmFeatures::TAIL_CALL),
    ("multi-memory", WasmFeatures::MULTI_MEMORY),
    ("exceptions", WasmFeatures::EXCEPTIONS),
    ("legacy-exceptions", WasmFeatures::LEGACY_EXCEPTIONS),
    ("memory64", WasmFeatures::MEMORY64),
    ("extended-const", WasmFeatures::EXTENDED_CONST),
    ("function-references", WasmFeatures::FUNCTION_REFERENCES),
    ("gc", WasmFeatures::GC),
    ("custom-page-sizes", WasmFeatures::CUSTOM_PAGE_SIZES),
    ("wide-arithmetic", WasmFeatures::WIDE_ARITHMETIC),
    ("stack-switching", WasmFeatures::STACK_SWITCHING),
    ("shared-everything-threads", WasmFeatures::SHARED_EVERYTHING_THREADS),
    ("memory-control", WasmFeatures::MEMORY_CONTROL),
];

/// Reads a binary module.
///
/// # Errors
/// If it is not valid with every proposal that is known.
pub fn inspect(wasm: &[u8]) -> Result<Inspection> {
    let everything = FEATURES.iter().fold(WasmFeatures::WASM1, |all, (_, feature)| all | *feature);
    let everything = everything | WasmFeatures::GC_TYPES;
    let types = Validator::new_with_features(everything).validate_all(wasm).map_err(Error::from)?;
    let mut inspection = Inspection { features: needed(wasm, everything), ..Inspection::default() };
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(Error::from)?;
        if let Some(section) = section(&payload, wasm) {
            inspection.sections.push(section);
        }
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    inspection.imports.push(import_item(types.as_ref(), &import.map_err(Error::from)?));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    inspection.exports.push(export_item(types.as_ref(), &export.map_err(Error::from)?));
                }
            }
            _ => {}
        }
    }
    Ok(inspection)
}

/// A proposal is needed if the module is not valid without it.
fn needed(wasm: &[u8], everything: WasmFeatures) -> Vec<String> {
    let is_valid = |features| Validator::new_with_features(features).validate_all(wasm).is_ok();
    if is_valid(WasmFeatures::WASM1 | WasmFeatures::GC_TYPES) {
        return Vec::new();
    }
    let (next, found) = (AtomicUsize::new(0), Mutex::new([false; FEATURES.len()]));
    let work = || {
        while let Some((_, feature)) = FEATURES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let at = FEATURES.iter().position(|(_, other)| other == feature).expect("it comes from there");
            if !is_valid(everything - *feature) {
                found.lock().expect("nobody panics with it")[at] = true;
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        (1..threads).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let found = found.into_inner().expect("nobody panics with it");
    FEATURES.iter().zip(found).filter(|(_, found)| *found).map(|((name, _), _)| (*name).to_owned()).collect()
}

fn section(payload: &Payload<'_>, wasm: &[u8]) -> Option<Section> {
    let (name, entries) = match payload {
        Payload::TypeSection(s) => ("type", Some(s.count())),
        Payload::ImportSection(s) => ("import", Some(s.count())),
        Payload::FunctionSection(s) => ("function", Some(s.count())),
        Payload::TableSection(s) => ("table", Some(s.count())),
        Payload::MemorySection(s) => ("memory", Some(s.count())),
        Payload::TagSection(s) => ("tag", Some(s.count())),
        Payload::GlobalSection(s) => ("global", Some(s.count())),
        Payload::ExportSection(s) => ("export", Some(s.count())),
        Payload::StartSection { .. } => ("start", None),
        Payload::ElementSection(s) => ("element", Some(s.count())),
        Payload::DataCountSection { .. } => ("data count", None),
        Payload::CodeSectionStart { count, .. } => ("code", Some(*count)),
        Payload::DataSection(s) => ("data", Some(s.count())),
        Payload::CustomSection(s) => {
            let Range { start, end } = s.range();
            let name = format!("{:?}", s.name());
            return Some(Section { name, offset: start, size: end - start, entries: None });
        }
        _ => return None,
    };
    let (_, Range { start, end }) = payload.as_section()?;
    // A code section's range is what it says of itself.
    let end = end.min(wasm.len() as u64);
    Some(Section { name: name.to_owned(), offset: start, size: end.saturating_sub(start), entries })
}

fn import_item(types: TypesRef<'_>, import: &Import<'_>) -> Item {
    let ty = types.entity_type_from_import(import).map_or_else(String::new, |ty| describe(types, ty));
    Item { module: Some(import.module.to_owned()), name: import.name.to_owned(), ty }
}

fn export_item(types: TypesRef<'_>, export: &Export<'_>) -> Item {
    let ty = types.entity_type_from_export(export).map_or_else(String::new, |ty| describe(types, ty));
    Item { module: None, name: export.name.to_owned(), ty }
}

fn describe(types: TypesRef<'_>, ty: EntityType) -> String {
    match ty {
        EntityType::Func(id) | EntityType::FuncExact(id) => format!("function {}", signature(types[id].unwrap_func())),
        EntityType::Tag(id) => format!("tag {}", signature(types[id].unwrap_func())),
        EntityType::Global(ty) => {
            format!("global {}{}", if ty.mutable { "mut " } else { "" }, ty.content_type)
        }
        EntityType::Memory(ty) => {
            let bits = if ty.memory64 { "i64 " } else { "" };
            let shared = if ty.shared { " shared" } else { "" };
            format!("memory {bits}{}{shared}", limits(ty.initial, ty.maximum))
        }
        EntityType::Table(ty) => format!("table {} {}", limits(ty.initial, ty.maximum), ty.element_type),
    }
}

fn limits(initial: u64, maximum: Option<u64>) -> String {
    maximum.map_or_else(|| format!("{initial}.."), |maximum| format!("{initial}..{maximum}"))
}

fn signature(ty: &FuncType) -> String {
    let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_there_and_needed() {
        let text = r#"(module (import "m" "f" (func (param i32 i64) (result f64)))
            (memory (export "memory") 1 2)
            (func (export "g") (param v128) (result i32) local.get 0 v128.any_true i32.extend8_s)
            (@custom "note" "hello"))"#;
        let inspection = inspect(&wat::parse_str(text).unwrap()).unwrap();
        assert_eq!(inspection.features, ["sign-extension", "simd"]);
        let item = |module: Option<&str>, name: &str, ty: &str| Item {
            module: module.map(str::to_owned),
            name: name.to_owned(),
            ty: ty.to_owned(),
        };
        assert_eq!(inspection.imports, [item(Some("m"), "f", "function (i32, i64) -> (f64)")]);
        let exports = [item(None, "memory", "memory 1..2"), item(None, "g", "function (v128) -> (i32)")];
        assert_eq!(inspection.exports, exports);
        let code = inspection.sections.iter().find(|section| section.name == "code").unwrap();
        assert_eq!(code.entries, Some(1));
        assert!(inspection.sections.iter().any(|section| section.name == "\"note\""));
    }

    #[test]
    fn plain_modules_need_nothing() {
        let wasm = wat::parse_str("(module (func (export \"f\")))").unwrap();
        assert!(inspect(&wasm).unwrap().features.is_empty());
        assert!(inspect(b"\0asm\x01\0\0\0\x01").is_err());
    }
}

//! Validation of imports and exports, as many as the JS API allows.
//!
//! wasmparser's validator adds up the sizes of the types of all imports and exports, for the sake of components, and refuses what
//! is too much together: half a million functions. So it is given nothing that would count. What is imported is handed to it as if the module defined it, in the same
//! order, so that index spaces are the same; exports are checked here. Of imports it sees as such only what no module can define without
//! naming other things: tables, memories and references in globals.
//!
//! Must not know: bodies.

use std::collections::HashSet;

use wasmparser::{BinaryReader, ExportSectionReader, ExternalKind, FromReader, ImportSectionReader, Imports};
use wasmparser::{SectionLimited, TypeRef, ValType, Validator};

use crate::decoder::features;
use crate::error::{Error, Result};
use crate::module::Module;

/// <https://webassembly.github.io/spec/js-api/#limits>
const MAX_IMPORTS: u32 = 1_000_000;
const MAX_EXPORTS: u32 = 1_000_000;

fn at_most(limit: u32, count: u32, what: &str, offset: u64) -> Result<()> {
    if count > limit {
        return Err(Error::new(format!("{count} {what}, the limit is {limit}"), offset));
    }
    Ok(())
}

/// Validates all imports. `contents` are the bytes of the section.
pub(crate) fn validate_imports(
    validator: &mut Validator,
    section: &ImportSectionReader<'_>,
    contents: &[u8],
) -> Result<()> {
    let start = section.range().start;
    at_most(MAX_IMPORTS, section.count(), "imports", start)?;
    let mut imports = section.clone().into_iter();
    let mut item = Item::default();
    loop {
        item.offset = imports.original_position();
        let Some(import) = imports.next() else { return Ok(()) };
        let Imports::Single(_, import) = import? else {
            return Err(Error::new("imports in groups are not enabled", item.offset));
        };
        let bytes = &contents[(item.offset - start) as usize..(imports.original_position() - start) as usize];
        match import.ty {
            TypeRef::Func(ty) => validator.function_section(&item.section(&[&leb(ty)])?)?,
            TypeRef::Tag(ty) => validator.tag_section(&item.section(&[&[0], &leb(ty.func_type_idx)])?)?,
            TypeRef::Global(ty) => match zero(ty.content_type) {
                // One byte for a type of numbers, one for whether it is mutable.
                Some(zero) => validator.global_section(&item.section(&[&bytes[bytes.len() - 2..], zero])?)?,
                None => validator.import_section(&item.section(&[bytes])?)?,
            },
            _ => validator.import_section(&item.section(&[bytes])?)?,
        }
    }
}

/// A section with one item, which lies at an offset of the module where errors will find it.
#[derive(Default)]
struct Item {
    offset: u64,
    buffer: Vec<u8>,
}

impl Item {
    fn section<'a, T: FromReader<'a>>(&'a mut self, parts: &[&[u8]]) -> Result<SectionLimited<'a, T>> {
        self.buffer.clear();
        self.buffer.push(1);
        parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
        Ok(SectionLimited::new(BinaryReader::new_features(&self.buffer, self.offset - 1, features()))?)
    }
}

/// A number as the binary format has it, in as many bytes as there can be.
fn leb(number: u32) -> [u8; 5] {
    std::array::from_fn(|i| ((number >> (7 * i)) & 0x7f) as u8 | if i < 4 { 0x80 } else { 0 })
}

/// The constant expression for zero of a type of numbers.
fn zero(ty: ValType) -> Option<&'static [u8]> {
    match ty {
        ValType::I32 => Some(&[0x41, 0, 0x0b]),
        ValType::I64 => Some(&[0x42, 0, 0x0b]),
        ValType::F32 => Some(&[0x43, 0, 0, 0, 0, 0x0b]),
        ValType::F64 => Some(&[0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b]),
        ValType::V128 => Some(&[0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b]),
        ValType::Ref(_) => None,
    }
}

/// Validates all exports of a module whose index spaces are complete. Returns the functions among them, in order and once each.
pub(crate) fn validate_exports(module: &Module, section: &ExportSectionReader<'_>) -> Result<Vec<u32>> {
    at_most(MAX_EXPORTS, section.count(), "exports", section.range().start)?;
    let mut names = HashSet::new();
    let mut funcs = Vec::new();
    for export in section.clone().into_iter_with_offsets() {
        let (offset, export) = export?;
        let (what, count) = match export.kind {
            ExternalKind::Func => ("function", module.funcs.len()),
            ExternalKind::Table => ("table", module.tables.len()),
            ExternalKind::Memory => ("memory", module.memories.len()),
            ExternalKind::Global => ("global", module.globals.len()),
            ExternalKind::Tag => ("tag", module.tags.len()),
            ExternalKind::FuncExact => return Err(Error::new("this kind of export is not enabled", offset)),
        };
        if export.index as usize >= count {
            let message = format!("unknown {what} {}: exported {what} index out of bounds", export.index);
            return Err(Error::new(message, offset));
        }
        if !names.insert(export.name) {
            return Err(Error::new(format!("duplicate export name `{}`", export.name), offset));
        }
        if export.kind == ExternalKind::Func {
            funcs.push(export.index);
        }
    }
    funcs.sort_unstable();
    funcs.dedup();
    Ok(funcs)
}

//! Changes to generated modules: fuel and tags are exported, and no instruction waits long.

use std::ops::Range;

use wasm_encoder::{CodeSection, Encode, ExportKind, Module, RawSection};
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload, TypeRef};

/// Nanoseconds that a wait may take.
const LONGEST_WAIT: i64 = 1_000;

const EXPORT_SECTION: u8 = 7;
const START_SECTION: u8 = 8;
const TAG_SECTION: u8 = 13;
const DROP: u8 = 0x1a;
const I64_CONST: u8 = 0x42;

/// The module with its tags and, as the last export, the global `fuel` exported, and with the timeouts of all waits replaced.
pub fn rewrite(wasm: &[u8], fuel: u32) -> Result<Vec<u8>, BinaryReaderError> {
    let more = exports(count_tags(wasm)?, fuel);
    let mut out = Module::new();
    let mut exported = false;
    let mut code = CodeSection::new();
    let mut bodies = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Some((id, range)) = payload.as_section() {
            let content = &wasm[bounds(&range)];
            // Tags have an id out of order.
            if !exported && id >= EXPORT_SECTION && id != TAG_SECTION {
                let old: &[u8] = if id < START_SECTION { content } else { &[0] };
                out.section(&RawSection { id: EXPORT_SECTION, data: &append(old, &more) });
                exported = true;
            }
            match payload {
                Payload::ExportSection(_) => {}
                Payload::CodeSectionStart { count, .. } => bodies = count,
                _ => drop(out.section(&RawSection { id, data: content })),
            }
        } else if let Payload::CodeSectionEntry(body) = payload {
            code.raw(&bound_waits(wasm, &body)?);
            if code.len() == bodies {
                out.section(&code);
            }
        }
    }
    if !exported {
        out.section(&RawSection { id: EXPORT_SECTION, data: &append(&[0], &more) });
    }
    Ok(out.finish())
}

fn bounds(range: &Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

fn count_tags(wasm: &[u8]) -> Result<u32, BinaryReaderError> {
    let mut tags = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    tags += u32::from(matches!(import?.ty, TypeRef::Tag(_)));
                }
            }
            Payload::TagSection(section) => tags += section.count(),
            _ => {}
        }
    }
    Ok(tags)
}

/// Entries of an export section.
fn exports(tags: u32, fuel: u32) -> Vec<(String, ExportKind, u32)> {
    let tags = (0..tags).map(|tag| (format!("gantry-tag-{tag}"), ExportKind::Tag, tag));
    tags.chain([("gantry-fuel".to_owned(), ExportKind::Global, fuel)]).collect()
}

/// The content of an export section, with more entries.
fn append(content: &[u8], more: &[(String, ExportKind, u32)]) -> Vec<u8> {
    // The count may have more bytes than it needs.
    let len = 1 + content.iter().take_while(|byte| **byte & 0x80 != 0).count();
    let count = content[..len].iter().rev().fold(0_u32, |count, byte| count << 7 | u32::from(byte & 0x7f));
    let mut data = Vec::new();
    (count + more.len() as u32).encode(&mut data);
    data.extend_from_slice(&content[len..]);
    for (name, kind, index) in more {
        name.encode(&mut data);
        kind.encode(&mut data);
        index.encode(&mut data);
    }
    data
}

fn bound_waits(wasm: &[u8], body: &FunctionBody<'_>) -> Result<Vec<u8>, BinaryReaderError> {
    let range = bounds(&body.range());
    let mut bytes = Vec::with_capacity(range.len());
    let mut copied = range.start;
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, offset) = operator?;
        if matches!(operator, Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. }) {
            bytes.extend_from_slice(&wasm[copied..offset as usize]);
            bytes.extend_from_slice(&[DROP, I64_CONST]);
            LONGEST_WAIT.encode(&mut bytes);
            copied = offset as usize;
        }
    }
    bytes.extend_from_slice(&wasm[copied..range.end]);
    Ok(bytes)
}

//! The push decoder: byte chunks in, sections and function bodies out.

use std::ops::Range;
use std::sync::Arc;

use wasmparser::{
    BinaryReader, Chunk, FuncToValidate, FuncValidator, FuncValidatorAllocations, Parser, Payload, Validator,
    WasmFeatures,
};

use crate::data::DataSegments;
use crate::error::{Error, Result};
use crate::externs::{validate_exports, validate_imports};
use crate::module::Module;
use crate::resources::Resources;

/// The language that is accepted: WebAssembly 3.0, threads, the older encoding of exceptions, pages of other sizes and
/// wide arithmetic.
pub fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::MEMORY64
        | WasmFeatures::CUSTOM_PAGE_SIZES
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::THREADS
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::GC
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::LEGACY_EXCEPTIONS
}

/// The body of one function, not yet validated.
pub struct FunctionBody {
    /// The index among the functions that the module defines.
    pub index: u32,
    /// Its locals and instructions.
    pub bytes: Box<[u8]>,
    /// The offset of `bytes` in the module.
    pub offset: u64,
    /// What validates it.
    pub to_validate: FuncToValidate<Resources>,
}

impl FunctionBody {
    /// Validates it.
    pub fn validate(&self) -> Result<()> {
        Ok(self.validator(Default::default()).validate(&self.reader())?)
    }

    /// What validates it operator by operator, with allocations to use again.
    pub fn validator(&self, allocations: FuncValidatorAllocations) -> FuncValidator<Resources> {
        let FuncToValidate { resources, index, ty, features } = &self.to_validate;
        let (resources, index, ty, features) = (resources.clone(), *index, *ty, *features);
        FuncToValidate { resources, index, ty, features }.into_validator(allocations)
    }

    /// The body as wasmparser reads it.
    pub fn reader(&self) -> wasmparser::FunctionBody<'_> {
        wasmparser::FunctionBody::new(BinaryReader::new_features(&self.bytes, self.offset, features()))
    }
}

/// What is left when all bytes have been pushed.
pub struct Decoded {
    /// The module.
    pub module: Module,
    /// Length of the binary in bytes.
    pub len: u64,
}

/// Decodes and validates a module while its bytes arrive.
///
/// ```
/// let mut decoder = gantry_module::Decoder::new();
/// let mut bodies = Vec::new();
/// for chunk in b"\0asm\x01\0\0\0".chunks(3) {
///     decoder.push(chunk, &mut |_module, body| bodies.push(body))?;
/// }
/// let decoded = decoder.finish(&mut |_module, body| bodies.push(body))?;
/// assert!(decoded.module.exports.is_empty() && bodies.is_empty());
/// # Ok::<(), gantry_module::Error>(())
/// ```
pub struct Decoder {
    parser: Parser,
    validator: Validator,
    module: Module,
    /// Indices of the functions that are exported.
    exported: Arc<[u32]>,
    skeleton: Vec<u8>,
    /// Received and not yet parsed.
    pending: Vec<u8>,
    /// No use in parsing before this many bytes are pending.
    wanted: usize,
    /// Offset of `pending[0]` in the module.
    position: u64,
    next_body: u32,
    ended: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes bodies as they come, with the module as far as it is known: all that comes before the code section.
pub type BodySink<'a> = dyn FnMut(&Module, FunctionBody) + 'a;

impl Decoder {
    /// A decoder at the start of a module.
    pub fn new() -> Self {
        Decoder {
            parser: Parser::new(0),
            validator: Validator::new_with_features(features()),
            module: Module::default(),
            exported: Arc::default(),
            skeleton: Vec::new(),
            pending: Vec::new(),
            wanted: 0,
            position: 0,
            next_body: 0,
            ended: false,
        }
    }

    /// The module as far as it has been decoded.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Takes the next bytes. Any chunking gives the same result.
    pub fn push(&mut self, chunk: &[u8], bodies: &mut BodySink<'_>) -> Result<()> {
        if self.pending.is_empty() {
            let parsed = self.advance(chunk, false, bodies)?;
            self.pending.extend_from_slice(&chunk[parsed..]);
            return Ok(());
        }
        self.pending.extend_from_slice(chunk);
        if self.pending.len() < self.wanted {
            return Ok(());
        }
        self.advance_pending(false, bodies)
    }

    /// Says that there are no more bytes.
    pub fn finish(mut self, bodies: &mut BodySink<'_>) -> Result<Decoded> {
        self.advance_pending(true, bodies)?;
        if !self.ended {
            return Err(Error::new("unexpected end of the module", self.position));
        }
        self.module.find_escaped_funcs();
        self.module.skeleton = self.skeleton.into();
        Ok(Decoded { module: self.module, len: self.position })
    }

    fn advance_pending(&mut self, eof: bool, bodies: &mut BodySink<'_>) -> Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        let parsed = self.advance(&pending, eof, bodies)?;
        pending.drain(..parsed);
        self.pending = pending;
        Ok(())
    }

    /// Parses what is complete of these bytes. Returns how many they were.
    fn advance(&mut self, bytes: &[u8], eof: bool, bodies: &mut BodySink<'_>) -> Result<usize> {
        let mut at = 0;
        while !self.ended {
            self.parser.set_features(features());
            match self.parser.parse(&bytes[at..], eof)? {
                Chunk::NeedMoreData(hint) => {
                    self.wanted = bytes.len() - at + hint;
                    break;
                }
                Chunk::Parsed { consumed, payload } => {
                    self.payload(payload, &bytes[at..at + consumed], bodies)?;
                    at += consumed;
                    self.position += consumed as u64;
                }
            }
        }
        if self.ended && at < bytes.len() {
            return Err(Error::new("bytes after the end of the module", self.position));
        }
        Ok(at)
    }

    /// Validates one payload and stores it. `raw` is the payload's own bytes.
    fn payload(&mut self, payload: Payload<'_>, raw: &[u8], bodies: &mut BodySink<'_>) -> Result<()> {
        let (start, skeleton_start) = (self.position, self.skeleton.len());
        let at = |offset: u64| (offset - start) as usize + skeleton_start;
        if !matches!(payload, Payload::CodeSectionStart { .. } | Payload::CodeSectionEntry(_)) {
            self.skeleton.extend_from_slice(raw);
        }
        let validator = &mut self.validator;
        let module = &mut self.module;
        match payload {
            Payload::Version { num, encoding, range } => validator.version(num, encoding, &range)?,
            Payload::TypeSection(s) => {
                validator.type_section(&s)?;
                module.type_section(s)?;
            }
            Payload::ImportSection(s) => {
                validate_imports(validator, &s, &raw[(s.range().start - start) as usize..])?;
                module.import_section(s)?;
            }
            Payload::FunctionSection(s) => {
                validator.function_section(&s)?;
                module.function_section(s)?;
            }
            Payload::TableSection(s) => {
                validator.table_section(&s)?;
                module.table_section(s)?;
            }
            Payload::MemorySection(s) => {
                validator.memory_section(&s)?;
                module.memory_section(s)?;
            }
            Payload::TagSection(s) => {
                validator.tag_section(&s)?;
                module.tag_section(s)?;
            }
            Payload::GlobalSection(s) => {
                validator.global_section(&s)?;
                module.global_section(s)?;
            }
            Payload::ExportSection(s) => {
                self.exported = validate_exports(module, &s)?.into();
                module.export_section(s)?;
            }
            Payload::StartSection { func, range } => {
                validator.start_section(func, &range)?;
                module.start = Some(func);
            }
            Payload::ElementSection(s) => {
                validator.element_section(&s)?;
                module.element_section(s)?;
            }
            Payload::DataCountSection { count, range } => validator.data_count_section(count, &range)?,
            Payload::DataSection(s) => {
                validator.data_section(&s)?;
                let contents = &raw[(s.range().start - start) as usize..];
                let reader = BinaryReader::new_features(contents, s.range().start, features());
                module.data = DataSegments::new(reader, at(s.range().start))?;
            }
            Payload::CodeSectionStart { unchecked_range, .. } => {
                validator.code_section_start(&unchecked_range)?;
                module.find_escaped_funcs();
            }
            Payload::CodeSectionEntry(body) => self.body(&body, bodies)?,
            Payload::CustomSection(s) => module.custom_section(&s, at(s.data_range().start)),
            Payload::End(offset) => {
                validator.end(offset)?;
                self.ended = true;
            }
            other => self.refuse(&other)?,
        }
        Ok(())
    }

    fn body(&mut self, body: &wasmparser::FunctionBody<'_>, bodies: &mut BodySink<'_>) -> Result<()> {
        let Range { start, .. } = body.range();
        // The validator takes functions that are imported for the first ones to have bodies.
        let FuncToValidate { resources, features, .. } = self.validator.code_section_entry(body)?;
        let index = self.module.imported_funcs + self.next_body;
        let Some(&ty) = self.module.funcs.get(index as usize) else {
            return Err(Error::new("a body without a function", start));
        };
        let resources = Resources { module: resources, exported: self.exported.clone() };
        let to_validate = FuncToValidate { resources, index, ty, features };
        let body = FunctionBody { index: self.next_body, bytes: body.as_bytes().into(), offset: start, to_validate };
        self.next_body += 1;
        bodies(&self.module, body);
        Ok(())
    }

    /// Sections that are unknown or belong to a proposal that is not enabled: the validator says which.
    fn refuse(&mut self, payload: &Payload<'_>) -> Result<()> {
        let offset = self.position;
        self.validator.payload(payload)?;
        Err(Error::new("this section is not enabled", offset))
    }
}

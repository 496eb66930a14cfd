//! What the command line needs beside running modules: text to binary, and what is in a module.

use std::path::Path;

use gantry_engine::inspect::{self, Item, Section};
use napi::Either;
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;
use serde_json::json;

use crate::host::Host;

#[napi]
impl Host {
    /// The binary of a module in text form, or what is wrong with it, with the place in the file.
    #[napi]
    pub fn parse_text(&self, text: String, file: String) -> Either<Buffer, String> {
        match wat::parse_str(&text) {
            Ok(binary) => Either::A(binary.into()),
            Err(mut error) => {
                error.set_path(Path::new(&file));
                Either::B(error.to_string())
            }
        }
    }

    /// Sections, imports, exports and needed proposals of a module, as JSON; or what is wrong with it.
    #[napi]
    pub fn inspect(&self, wasm: Uint8Array) -> napi::Result<String> {
        let found = inspect::inspect(&wasm).map_err(|error| napi::Error::from_reason(error.to_string()))?;
        let section = |section: &Section| {
            json!({
                "name": section.name, "offset": section.offset, "size": section.size, "entries": section.entries,
            })
        };
        let item = |item: &Item| match &item.module {
            Some(module) => json!({ "module": module, "name": item.name, "type": item.ty }),
            None => json!({ "name": item.name, "type": item.ty }),
        };
        let value = json!({
            "size": wasm.len(),
            "features": found.features,
            "sections": found.sections.iter().map(section).collect::<Vec<_>>(),
            "imports": found.imports.iter().map(item).collect::<Vec<_>>(),
            "exports": found.exports.iter().map(item).collect::<Vec<_>>(),
        });
        Ok(value.to_string())
    }
}

//! WebAssembly modules as data: types, index spaces, the push decoder and validator.
//!
//! Bytes go in chunk by chunk ([`Decoder::push`]); a [`Module`] and function bodies ([`FunctionBody`]) come out.
//! Bodies are handed out unvalidated, each with what a worker needs to validate it.
//!
//! Must not know: machine code, the runtime, where bytes come from.

mod decoder;
mod error;
pub mod inspect;
pub mod interface;
mod module;
mod names;
mod sections;
mod skeleton;
mod types;

pub use decoder::{Decoded, Decoder, FunctionBody, features};
pub use error::{Error, Result};
pub use module::{
    ConstExpr, ConstOp, DataSegment, ElementItems, ElementSegment, Export, ExternIndex, Import, Module, SegmentMode,
};
pub use names::NameMap;
pub use skeleton::Skeleton;
pub use types::{
    AddressType, ExternKind, ExternType, FuncType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType,
    WASM_PAGE_SIZE,
};

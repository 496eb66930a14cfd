//! WebAssembly modules as data: types, index spaces, the push decoder and validator.
//!
//! Bytes go in chunk by chunk ([`Decoder::push`]); a [`Module`] and function bodies ([`FunctionBody`]) come out.
//! Bodies are handed out unvalidated, each with what a worker needs to validate it.
//!
//! Must not know: machine code, the runtime, where bytes come from.

mod data;
mod decoder;
mod defined_type;
mod error;
mod externs;
mod heap_type;
mod hints;
pub mod inspect;
pub mod interface;
mod limits;
mod module;
mod names;
mod resources;
mod sections;
mod skeleton;
mod types;
mod validate;

pub use data::DataSegment;
pub use decoder::{Decoded, Decoder, FunctionBody, features};
pub use defined_type::{CompositeType, FieldType, StorageType, SubType, Types};
pub use error::{Error, Result};
pub use heap_type::{HeapType, Hierarchy, RefType};
pub use hints::BranchHints;
pub use limits::{check_code, check_declarations};
pub use module::{ConstExpr, ConstOp, ElementItems, ElementSegment, Export, ExternIndex, Import, Module, SegmentMode};
pub use names::NameMap;
pub use resources::Resources;
pub use sections::{heap_type, ref_type, val_type};
pub use skeleton::Skeleton;
pub use types::{
    AddressType, ExternKind, ExternType, FuncType, GlobalType, MemoryType, TableType, ValType, WASM_PAGE_SIZE,
};
pub use validate::BodyValidator;

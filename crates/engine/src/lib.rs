//! The Rust API of Gantry: compile modules, link them, call into them.
//!
//! ```
//! use gantry_engine::{Engine, Linker, Module, Store};
//!
//! let engine = Engine::default();
//! let module = Module::new(&engine, &wat::parse_str(r#"
//!     (module
//!       (import "host" "log" (func $log (param i32)))
//!       (func (export "add") (param i32 i32) (result i32)
//!         (call $log (local.get 0))
//!         (i32.add (local.get 0) (local.get 1))))
//! "#)?)?;
//!
//! let mut store = Store::new(&engine);
//! let mut linker = Linker::new();
//! linker.func("host", "log", &mut store, |number: i32| println!("adding to {number}"))?;
//! let instance = linker.instantiate(&mut store, &module)?;
//! let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
//! assert_eq!(add.call(&mut store, (2, 40))?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything that wasm can reach lives in a [`Store`]. Handles such as [`Func`] and [`Memory`] keep what they name
//! alive; the rest is freed by tracing ([`Store::collect`], which instantiation calls as needed).
//!
//! Must not know: Node.js, Cranelift's types.

mod ahead;
mod background;
mod cache;
mod crew;
mod draft;
mod engine;
mod error;
mod externs;
mod folder;
mod func;
mod instance;
mod into_func;
mod key;
mod linker;
mod module;
mod notes;
mod outline;
mod program;
mod reference;
mod responses;
mod root;
mod scripts;
mod store;
mod stream;
mod tiers;
mod typed;
mod validation;
mod value;

pub use ahead::AheadOfTime;
pub use cache::CacheConfig;
pub use engine::{Config, Engine};
pub use error::Error;
pub use externs::{Global, Memory, SharedMemory, Table};
pub use func::{Caller, Func};
pub use gantry_abi::TrapCode;
pub use gantry_abi::vmctx::MemoryStyle;
pub use gantry_compile::{Cpu, Machine};
pub use gantry_module::inspect;
pub use gantry_module::{
    AddressType, ExternIndex, ExternKind, ExternType, FuncType, GlobalType, HeapType, Hierarchy, MemoryType, RefType,
    TableType, ValType, WASM_PAGE_SIZE,
};
pub use gantry_runtime::{CodeStats, Frame, LoadedModule, Trap};
pub use instance::{Extern, Instance};
pub use into_func::IntoFunc;
pub use linker::Linker;
pub use module::{ExportType, ImportType, Module};
pub use reference::{AnyRef, ExnRef, ExternRef, Tag};
pub use store::{AsStore, AsStoreMut, Store};
pub use stream::ModuleStream;
pub use tiers::Tier;
pub use typed::{TypedFunc, WasmList, WasmValue};
pub use validation::Progress;
pub use value::Val;

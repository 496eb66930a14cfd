//! Stores, instances and everything that compiled code touches while it runs.
//!
//! A [`Store`] owns instances, memories, tables, globals and host functions and frees what is unreachable.
//! [`LoadedModule`] is executable code. Wasm runs on fibers: [`Store::start`] and [`Store::resume`] step an activation
//! until it returns, traps, or wants the host.
//!
//! Must not know: Cranelift, how code was made, Node.js. All calls to the operating system are in [`sys`].

mod activation;
mod arena;
mod code;
mod collect;
mod const_expr;
mod fiber;
mod gc;
mod global;
mod heap;
mod host;
mod instance;
mod instantiate;
mod large;
mod lazy;
mod libcalls;
mod mapped;
mod memory;
mod object_calls;
mod poll;
mod processor;
mod registry;
mod reservation;
mod shared;
mod stop;
mod store;
mod stubs;
pub mod sys;
mod table;
mod trampolines;
mod trap;
mod types;
mod unwind;
mod wait;
mod work_stack;

pub use activation::{Request, Resume, Step};
pub use arena::piece_unit;
pub use code::{Accept, LoadError, LoadedModule};
pub use collect::{Collected, Marker};
pub use fiber::NATIVE_STACK;
pub use gantry_abi::vmctx::{MIN_SLOTS, MemoryStyle, VALUE_SIZE, VMFuncRef, VMGlobal};
pub use gc::VisitRoots;
pub use global::Global;
pub use host::{HostFailure, HostFunction};
pub use instance::Instance;
pub use instantiate::{Extern, InstantiateError, LinkError};
pub use large::copy_large;
pub use lazy::{CodeLevel, CodeSource, CodeStats, LazyOptions};
pub use mapped::MappedFile;
pub use memory::Memory;
pub use poll::PollPage;
pub use processor::processor_has;
pub use reservation::prepare_memory;
pub use shared::SharedMemory;
pub use stop::Stopper;
pub use store::{FuncOwner, FuncPtr, GlobalId, HostId, InstanceId, MemoryId, Store, TableId, TagId};
pub use table::{MAX_TABLE_LEN, Table};
pub use trampolines::TrampolineKind;
pub use trap::{Addresses, Frame, RawTrap, Trap, frames};
pub use types::{
    TypeId, func_type_id, heap_type_matches, hierarchy, is_subtype, ref_type_matches, type_id, val_type_matches,
};

/// Memory could not be had from the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("out of memory: the operating system gives no more address space or pages")]
pub struct OutOfMemory;

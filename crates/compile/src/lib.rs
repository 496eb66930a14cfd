//! Function and module compilation with Cranelift.
//!
//! [`Compiler::compile`] makes an [`Artifact`] of a binary: bodies are validated, translated and optimised by a pool of
//! threads, then laid out and linked to each other. [`Compiler::piece`] makes code of single functions, and [`Compiler::link_known`]
//! links what there is of a compilation.
//!
//! Must not know: the runtime, or where artifacts go.

mod compiler;
mod error;
mod function;
mod link;
mod machine;
mod partial;
mod piece;
mod placement;
mod pool;
mod quick;
mod remat;
mod settings;
mod shapes;
mod stub;
mod unlinked;

pub use compiler::Compiler;
pub use error::CompileError;
pub use gantry_abi::artifact::{Artifact, ArtifactError};
pub use piece::Along;
pub use quick::Prepared;
pub use settings::{Cpu, Machine, Settings, Tier};
pub use stub::host_function_module;
pub use unlinked::Observer;

//! Why a module could not be compiled.

/// A failure to compile.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The module is malformed, invalid, or uses a feature that is switched off.
    #[error(transparent)]
    Invalid(#[from] gantry_module::Error),
    /// The code generator has a limit that a valid function exceeds.
    #[error("function {func} cannot be compiled: {reason}")]
    Limit {
        /// Its function index.
        func: u32,
        /// What the code generator says.
        reason: String,
    },
    /// Nobody wants the result any more.
    #[error("compilation was cancelled")]
    Cancelled,
    /// There is no code generator for the processor, or a setting does not exist.
    #[error("no code can be generated: {0}")]
    Target(String),
}

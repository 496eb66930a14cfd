//! What can go wrong.

use std::fmt;

use gantry_compile::CompileError;
use gantry_runtime::{InstantiateError, LoadError, Trap};

/// An error of any operation of this crate. One word large.
pub struct Error(Box<Kind>);

#[derive(Debug)]
enum Kind {
    Compile(CompileError),
    Load(LoadError),
    Link(String),
    Trap(Trap),
    Usage(String),
    OutOfMemory,
    Host(Box<dyn std::error::Error + Send + Sync>),
    Exception,
}

impl Error {
    /// An error of a host function: wasm is left, and whoever called it gets this.
    pub fn host(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error(Box::new(Kind::Host(error.into())))
    }

    pub(crate) fn exception() -> Error {
        Error(Box::new(Kind::Exception))
    }

    /// Whether an exception was thrown and not caught: see [`Store::take_exception`](crate::Store::take_exception).
    pub fn is_exception(&self) -> bool {
        matches!(*self.0, Kind::Exception)
    }

    pub(crate) fn link(message: impl Into<String>) -> Error {
        Error(Box::new(Kind::Link(message.into())))
    }

    pub(crate) fn usage(message: impl Into<String>) -> Error {
        Error(Box::new(Kind::Usage(message.into())))
    }

    pub(crate) fn out_of_memory() -> Error {
        Error(Box::new(Kind::OutOfMemory))
    }

    pub(crate) fn from_trap(trap: Trap) -> Error {
        Error(Box::new(Kind::Trap(trap)))
    }

    /// From a failed instantiation that was not about imports.
    pub(crate) fn from_instantiate(error: InstantiateError, link: impl FnOnce(usize) -> (String, String)) -> Error {
        match error {
            InstantiateError::OutOfMemory => Error::out_of_memory(),
            InstantiateError::Trap(code) => Error::from_trap(Trap { code, frames: Vec::new() }),
            InstantiateError::Link(error) => {
                let (module, name) = link(error.import);
                let (expected, actual) = (error.expected, error.actual);
                let what = format!("\"{module}\" \"{name}\": expected {expected}, found {actual}");
                Error::link(format!("incompatible import type: {what}"))
            }
        }
    }

    /// Whether a module is malformed, invalid, or could not be compiled.
    pub fn is_compile(&self) -> bool {
        matches!(*self.0, Kind::Compile(_))
    }

    /// Whether imports are missing or do not fit.
    pub fn is_link(&self) -> bool {
        matches!(*self.0, Kind::Link(_))
    }

    /// The trap, if it is one.
    pub fn trap(&self) -> Option<&Trap> {
        match &*self.0 {
            Kind::Trap(trap) => Some(trap),
            _ => None,
        }
    }

    /// The host function's error, if it is one.
    pub fn host_error(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        match &*self.0 {
            Kind::Host(error) => Some(&**error),
            _ => None,
        }
    }

    /// Where in the module it was noticed that it is malformed or invalid.
    pub fn offset(&self) -> Option<u64> {
        match &*self.0 {
            Kind::Compile(CompileError::Invalid(error)) => Some(error.offset()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Compile(error) => error.fmt(f),
            Kind::Load(error) => error.fmt(f),
            Kind::Link(message) | Kind::Usage(message) => f.write_str(message),
            Kind::OutOfMemory => f.write_str("out of memory"),
            Kind::Exception => f.write_str("an exception was thrown and not caught"),
            Kind::Host(error) => error.fmt(f),
            Kind::Trap(trap) => {
                f.write_str(trap.code.message())?;
                for frame in &trap.frames {
                    write!(f, "\n    at ")?;
                    match &frame.func_name {
                        Some(name) => write!(f, "{name} (function {})", frame.func)?,
                        None => write!(f, "function {}", frame.func)?,
                    }
                    if let Some(offset) = frame.offset {
                        write!(f, " at offset {offset:#x}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

impl From<CompileError> for Error {
    fn from(error: CompileError) -> Self {
        Error(Box::new(Kind::Compile(error)))
    }
}

impl From<gantry_module::Error> for Error {
    fn from(error: gantry_module::Error) -> Self {
        CompileError::Invalid(error).into()
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Error(Box::new(Kind::Load(error)))
    }
}

impl From<gantry_runtime::OutOfMemory> for Error {
    fn from(_: gantry_runtime::OutOfMemory) -> Self {
        Error::out_of_memory()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_one_word() {
        assert_eq!(size_of::<super::Error>(), size_of::<usize>());
    }
}

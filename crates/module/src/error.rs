//! Why a module was refused, and where.

use std::fmt;

/// A module is malformed, invalid, or uses a feature that is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
    offset: u64,
}

/// The result of decoding or validating.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error at a byte offset counted from the start of the module.
    pub fn new(message: impl Into<String>, offset: u64) -> Self {
        Error { message: message.into(), offset }
    }

    /// What is wrong, without the offset.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The byte offset in the module at which it was noticed.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {:#x})", self.message, self.offset)
    }
}

impl std::error::Error for Error {}

impl From<wasmparser::Error> for Error {
    fn from(error: wasmparser::Error) -> Self {
        // It lists wrong bytes over several lines.
        let words: Vec<_> = error.message().split_whitespace().collect();
        Error::new(words.join(" "), error.offset())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn messages_are_one_line() {
        let error = crate::interface::interface(b"<htm").unwrap_err();
        assert_eq!(
            error.to_string(),
            "magic header not detected: bad magic number - expected=[ 0x0, 0x61, 0x73, 0x6d, ] actual=[ 0x3c, 0x68, 0x74, \
             0x6d, ] (at offset 0x0)"
        );
    }
}

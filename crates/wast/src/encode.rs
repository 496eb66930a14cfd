//! From a module as a script writes it (text, `binary` or `quote`) to wasm bytes.

use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, QuoteWatTest, Wat};

/// Why a module of a script has no bytes.
pub enum EncodeError {
    /// The text format refuses it.
    Text(String),
    /// It is a component.
    Component,
}

/// The bytes of a module that stands in the script, or of the quoted text in it.
pub fn encode_quoted(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, EncodeError> {
    match module {
        QuoteWat::Wat(wat) => encode(wat),
        QuoteWat::QuoteComponent(..) => Err(EncodeError::Component),
        QuoteWat::QuoteModule(..) => match module.to_test().map_err(text_error)? {
            QuoteWatTest::Binary(bytes) => Ok(bytes),
            QuoteWatTest::Text(text) => encode_text(&text),
        },
    }
}

/// The bytes of a module that stands in the script.
pub fn encode(module: &mut Wat<'_>) -> Result<Vec<u8>, EncodeError> {
    match module {
        Wat::Module(module) => module.encode().map_err(text_error),
        Wat::Component(_) => Err(EncodeError::Component),
    }
}

/// A parse buffer over `text` that takes any Unicode, as the specification does.
pub fn buffer(text: &str) -> parser::Result<ParseBuffer<'_>> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    ParseBuffer::new_with_lexer(lexer)
}

fn encode_text(text: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let text = std::str::from_utf8(text).map_err(|_| EncodeError::Text("malformed UTF-8 encoding".into()))?;
    let buffer = buffer(text).map_err(text_error)?;
    encode(&mut parser::parse::<Wat<'_>>(&buffer).map_err(text_error)?)
}

fn text_error(error: wast::Error) -> EncodeError {
    EncodeError::Text(error.message())
}

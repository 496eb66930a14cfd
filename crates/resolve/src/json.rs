//! JSON texts, with the place of what is wrong in them.

use serde_json::Value;

use crate::error::{Code, Error};

/// Parses the text of a map; errors name the file, line and column.
pub(crate) fn parse_map(text: &str, what: &str, file: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| {
        let place = format!("{file}:{}:{}", error.line(), error.column());
        let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or("").trim();
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or("");
        Error::new(
            Code::InvalidMap,
            format!("{what} {place} is not valid JSON: {reason}, in the line `{line}`; correct the file there"),
        )
    })
}

/// What kind of JSON value it is, for messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

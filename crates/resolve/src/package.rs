//! `package.json` files.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use url::Url;

use crate::error::{Code, Error};
use crate::files::{Files, Kind};

/// What of a `package.json` resolution needs. Fields of a wrong type count as absent.
#[derive(Debug, Default)]
pub(crate) struct PackageJson {
    pub name: Option<String>,
    pub main: Option<String>,
    pub exports: Option<Value>,
    pub imports: Option<Map<String, Value>>,
}

impl PackageJson {
    /// Reads a `package.json`; nothing if there is none.
    pub fn read(files: &dyn Files, path: &Path) -> Result<Option<PackageJson>, Error> {
        if files.kind(path) != Kind::File {
            return Ok(None);
        }
        let unusable = |reason: String| {
            let message = format!("{} cannot be used: {reason}; correct that file", path.display());
            Error::new(Code::InvalidPackageConfig, message)
        };
        let bytes = files.read(path).map_err(|error| unusable(error.to_string()))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let parsed: Value = serde_json::from_slice(bytes).map_err(|error| unusable(error.to_string()))?;
        let Value::Object(mut fields) = parsed else {
            return Err(unusable("it is not an object".to_owned()));
        };
        let mut string = |key: &str| match fields.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (name, main) = (string("name"), string("main"));
        let exports = fields.remove("exports").filter(|it| it.is_object() || it.is_array() || it.is_string());
        let imports = match fields.remove("imports") {
            Some(Value::Object(imports)) => Some(imports),
            _ => None,
        };
        Ok(Some(PackageJson { name, main, exports, imports }))
    }
}

/// The nearest `package.json` above a file, not looking beyond `node_modules`.
pub(crate) fn scope_of(files: &dyn Files, file: &Url) -> Result<Option<(PathBuf, PackageJson)>, Error> {
    let Ok(path) = file.to_file_path() else { return Ok(None) };
    for folder in path.ancestors().skip(1) {
        if folder.file_name().is_some_and(|name| name == "node_modules") {
            return Ok(None);
        }
        let candidate = folder.join("package.json");
        if let Some(package) = PackageJson::read(files, &candidate)? {
            return Ok(Some((candidate, package)));
        }
    }
    Ok(None)
}

/// The package's name and the subpath, which begins with a dot.
/// <https://nodejs.org/api/esm.html#resolution-algorithm-specification>
pub(crate) fn parse_name(specifier: &str) -> Result<(&str, String), Error> {
    let invalid = || {
        let message = format!("\"{specifier}\" is not a valid package name; paths begin with / ./ or ../");
        Error::new(Code::InvalidModuleSpecifier, message)
    };
    let mut slashes = specifier.match_indices('/').map(|(at, _)| at);
    let first = slashes.next();
    let end = match specifier.starts_with('@') {
        true => {
            first.ok_or_else(invalid)?;
            slashes.next()
        }
        false => first,
    };
    let (name, rest) = specifier.split_at(end.unwrap_or(specifier.len()));
    if name.starts_with('.') || name.contains(['%', '\\']) {
        return Err(invalid());
    }
    Ok((name, format!(".{rest}")))
}

//! Package maps of Node.js: which package may import which, and where it is.
//! <https://nodejs.org/api/packages.html#package-maps>

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use url::Url;

use crate::error::{Code, Error};
use crate::json::{parse_map, type_name};

#[derive(Debug)]
struct Package {
    path: PathBuf,
    /// Names that the package imports, to keys of the map.
    dependencies: HashMap<String, String>,
}

/// A package map after parsing.
#[derive(Debug)]
pub struct PackageMap {
    file: String,
    packages: HashMap<String, Package>,
    keys: HashMap<PathBuf, String>,
}

fn invalid(file: &str, reason: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidMap, format!("package map {file}: {reason}"))
}

impl PackageMap {
    /// Parses the text of a package map; relative URLs mean folders beside `file`, the URL of the map.
    ///
    /// # Errors
    /// With line and column when it is not JSON, and when a package has no usable `url`.
    pub fn parse(text: &str, file: &Url) -> Result<PackageMap, Error> {
        let parsed = parse_map(text, "package map", file.as_str())?;
        let Some(Value::Object(packages)) = parsed.get("packages") else {
            return Err(invalid(file.as_str(), "there is no object \"packages\"; give each package a \"url\" there"));
        };
        let mut map = PackageMap { file: file.to_string(), packages: HashMap::new(), keys: HashMap::new() };
        for (key, entry) in packages {
            map.add(key, entry, file)?;
        }
        Ok(map)
    }

    fn add(&mut self, key: &str, entry: &Value, file: &Url) -> Result<(), Error> {
        let path = folder(key, entry.get("url"), file)?;
        if let Some(other) = self.keys.insert(path.clone(), key.to_owned()) {
            return Err(invalid(&self.file, format!("packages \"{other}\" and \"{key}\" have the same url")));
        }
        let none = Map::new();
        let given = entry.get("dependencies").and_then(Value::as_object).unwrap_or(&none);
        let dependency = |(name, target): (&String, &Value)| match target.as_str() {
            Some(target) => Ok((name.clone(), target.to_owned())),
            None => Err(invalid(
                &self.file,
                format!(
                    "package \"{key}\": the dependency \"{name}\" must be a key of \"packages\", not {}",
                    type_name(target)
                ),
            )),
        };
        let dependencies = given.iter().map(dependency).collect::<Result<_, _>>()?;
        self.packages.insert(key.to_owned(), Package { path, dependencies });
        Ok(())
    }

    /// The folder and subpath of a bare specifier, or nothing when the importer's package does not depend on it.
    pub(crate) fn lookup(&self, specifier: &str, importer: &Path) -> Result<Option<(PathBuf, String)>, Error> {
        let key = importer.ancestors().find_map(|path| self.keys.get(path)).ok_or_else(|| {
            let message = format!(
                "{} is in no package of the package map {}; add its package there",
                importer.display(),
                self.file
            );
            Error::new(Code::PackageMapExternalFile, message)
        })?;
        let (name, subpath) = split(specifier);
        let Some(target) = self.packages[key].dependencies.get(name) else { return Ok(None) };
        let package = self.packages.get(target).ok_or_else(|| {
            let message =
                format!("the package map {} has no package \"{target}\", on which \"{key}\" depends", self.file);
            Error::new(Code::PackageMapKeyNotFound, message)
        })?;
        Ok(Some((package.path.clone(), format!(".{subpath}"))))
    }

    /// What the importer's package may import, for messages.
    pub(crate) fn dependencies_of(&self, importer: &Path) -> Vec<&str> {
        let key = importer.ancestors().find_map(|path| self.keys.get(path));
        let mut names: Vec<&str> =
            key.map(|key| self.packages[key].dependencies.keys().map(String::as_str).collect()).unwrap_or_default();
        names.sort_unstable();
        names
    }

    /// The file that the map was read from.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }
}

/// The folder of a package, without a slash at its end.
fn folder(key: &str, url: Option<&Value>, file: &Url) -> Result<PathBuf, Error> {
    let text = match url {
        Some(Value::String(text)) if !text.is_empty() => text,
        Some(Value::String(_)) => {
            return Err(invalid(file.as_str(), format!("package \"{key}\" has an empty \"url\"")));
        }
        Some(other) => {
            let reason = format!("package \"{key}\": \"url\" must be a string, not {}", type_name(other));
            return Err(invalid(file.as_str(), reason));
        }
        None => return Err(invalid(file.as_str(), format!("package \"{key}\" has no \"url\""))),
    };
    let bad = |reason: String| invalid(file.as_str(), format!("package \"{key}\": the url \"{text}\" {reason}"));
    let url = file.join(text).map_err(|error| bad(format!("is not valid: {error}")))?;
    if url.scheme() != "file" {
        return Err(bad("must be a file: URL or relative".to_owned()));
    }
    let path = url.to_file_path().map_err(|()| bad("is no path of this system".to_owned()))?;
    Ok(path.components().collect())
}

/// The package's name and the rest, without any check.
fn split(specifier: &str) -> (&str, &str) {
    let mut slashes = specifier.match_indices('/').map(|(at, _)| at);
    let at = if specifier.starts_with('@') { slashes.nth(1) } else { slashes.next() };
    specifier.split_at(at.unwrap_or(specifier.len()))
}

//! `exports` and `imports` of packages: subpaths, patterns and conditions.
//! <https://nodejs.org/api/esm.html#resolution-algorithm-specification>

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};
use url::Url;

use crate::error::{Code, Error};
use crate::node::Node;
use crate::package::PackageJson;

/// What is being looked up: the target of a key, for a request that may have matched a pattern.
struct Request<'r> {
    /// URL of the `package.json`.
    package: &'r Url,
    /// The key of the entry.
    key: &'r str,
    /// What stands for `*` in the key, if it has one.
    matched: Option<&'r str>,
    /// Whether this is `imports`.
    internal: bool,
}

/// What a target gives.
enum Outcome {
    Url(Url),
    /// Blocked by `null`.
    Null,
    /// No condition holds.
    Undefined,
}

/// PACKAGE_EXPORTS_RESOLVE
pub(crate) fn exports(node: &Node<'_>, package: &Url, subpath: &str, json: &PackageJson) -> Result<Url, Error> {
    let exports = json.exports.as_ref().expect("looked at by the caller");
    let not_found = |keys: Vec<&str>| {
        let known = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
        let message = format!(
            "the package exports no \"{subpath}\" under the conditions {}; {package} exports {known}",
            node.conditions.join(", ")
        );
        Error::new(Code::PackagePathNotExported, message)
    };
    let subpaths = subpath_keys(exports, package)?;
    let found = if !subpath.contains('*') && !subpath.ends_with('/') { subpaths.get(subpath) } else { None };
    let outcome = match found {
        Some(target) => {
            let request = Request { package, key: subpath, matched: None, internal: false };
            resolve_target(node, &request, target)?
        }
        None => by_pattern(node, package, &subpaths, subpath, false)?,
    };
    match outcome {
        Outcome::Url(url) => Ok(url),
        _ => Err(not_found(subpaths.keys().map(String::as_str).collect())),
    }
}

/// The entries by subpath. What is no map of subpaths is what the package itself means.
fn subpath_keys<'v>(exports: &'v Value, package: &Url) -> Result<Cow<'v, Map<String, Value>>, Error> {
    let itself = || Ok(Cow::Owned(Map::from_iter([(".".to_owned(), exports.clone())])));
    let map = match exports {
        Value::Object(map) => map,
        Value::String(_) | Value::Array(_) => return itself(),
        _ => return Ok(Cow::Owned(Map::new())),
    };
    match map.keys().filter(|key| key.starts_with('.')).count() {
        count if count == map.len() => Ok(Cow::Borrowed(map)),
        0 => itself(),
        _ => {
            let message =
                format!("\"exports\" in {package} mixes keys that begin with . and conditions; use only one kind");
            Err(Error::new(Code::InvalidPackageConfig, message))
        }
    }
}

/// PACKAGE_IMPORTS_RESOLVE, for a package that has `imports`.
pub(crate) fn imports(
    node: &Node<'_>,
    package: &Url,
    name: &str,
    entries: &Map<String, Value>,
) -> Result<Option<Url>, Error> {
    let found = if name.contains('*') { None } else { entries.get(name) };
    let outcome = match found {
        Some(target) => {
            let request = Request { package, key: name, matched: None, internal: true };
            resolve_target(node, &request, target)?
        }
        None => by_pattern(node, package, entries, name, true)?,
    };
    Ok(match outcome {
        Outcome::Url(url) => Some(url),
        _ => None,
    })
}

/// The best key with a `*` that fits.
fn by_pattern(
    node: &Node<'_>,
    package: &Url,
    entries: &Map<String, Value>,
    request: &str,
    internal: bool,
) -> Result<Outcome, Error> {
    let fitting = entries.iter().filter_map(|(key, target)| Some((key, target, matched(key, request)?)));
    let Some((key, target, matched)) = fitting.min_by(|a, b| pattern_order(a.0, b.0)) else {
        return Ok(Outcome::Undefined);
    };
    resolve_target(node, &Request { package, key, matched: Some(matched), internal }, target)
}

/// What stands for the `*` of a key in a request.
fn matched<'r>(key: &str, request: &'r str) -> Option<&'r str> {
    let (base, trailer) = key.split_once('*')?;
    let long_enough = request.len() >= key.len();
    if trailer.contains('*') || !long_enough {
        return None;
    }
    request.strip_prefix(base)?.strip_suffix(trailer)
}

/// PATTERN_KEY_COMPARE, for keys that have a `*`.
fn pattern_order(a: &str, b: &str) -> Ordering {
    let base = |key: &str| key.find('*');
    base(b).cmp(&base(a)).then(b.len().cmp(&a.len()))
}

/// PACKAGE_TARGET_RESOLVE
fn resolve_target(node: &Node<'_>, request: &Request<'_>, target: &Value) -> Result<Outcome, Error> {
    match target {
        Value::String(text) => resolve_string(node, request, text).map(Outcome::Url),
        Value::Array(targets) => resolve_first(node, request, targets),
        Value::Object(conditions) => {
            if conditions.keys().any(|key| is_array_index(key)) {
                let message = format!("conditions in {} must not be numbers", request.package);
                return Err(Error::new(Code::InvalidPackageConfig, message));
            }
            for (condition, target) in conditions {
                if condition != "default" && !node.conditions.contains(condition) {
                    continue;
                }
                match resolve_target(node, request, target)? {
                    Outcome::Undefined => {}
                    outcome => return Ok(outcome),
                }
            }
            Ok(Outcome::Undefined)
        }
        Value::Null => Ok(Outcome::Null),
        other => Err(request.invalid_target(&other.to_string())),
    }
}

/// The first of several targets that can be used.
fn resolve_first(node: &Node<'_>, request: &Request<'_>, targets: &[Value]) -> Result<Outcome, Error> {
    let mut last = if targets.is_empty() { Ok(Outcome::Null) } else { Ok(Outcome::Undefined) };
    for target in targets {
        match resolve_target(node, request, target) {
            Ok(Outcome::Undefined) => {}
            Ok(Outcome::Null) => last = Ok(Outcome::Null),
            Ok(outcome) => return Ok(outcome),
            Err(error) if error.code() == Code::InvalidPackageTarget => last = Err(error),
            Err(error) => return Err(error),
        }
    }
    last
}

fn resolve_string(node: &Node<'_>, request: &Request<'_>, target: &str) -> Result<Url, Error> {
    let Some(inner) = target.strip_prefix("./") else {
        let is_package = request.internal && !target.starts_with("../") && !target.starts_with('/');
        if !is_package || Url::parse(target).is_ok() {
            return Err(request.invalid_target(target));
        }
        let specifier = request.matched.map_or_else(|| target.to_owned(), |matched| target.replace('*', matched));
        return node.package(&specifier, request.package);
    };
    if has_forbidden_segment(inner) {
        return Err(request.invalid_target(target));
    }
    let resolved = request.package.join(target).map_err(|_| request.invalid_target(target))?;
    let folder = request.package.join(".").map_err(|_| request.invalid_target(target))?;
    if !resolved.path().starts_with(folder.path()) {
        return Err(request.invalid_target(target));
    }
    let Some(matched) = request.matched else { return Ok(resolved) };
    if has_forbidden_segment(matched) {
        let specifier = request.key.replacen('*', matched, 1);
        let message = format!("\"{specifier}\" does not fit the pattern \"{}\" of {}", request.key, request.package);
        return Err(Error::new(Code::InvalidModuleSpecifier, message));
    }
    let text = resolved.as_str().replace('*', matched);
    Url::parse(&text).map_err(|_| request.invalid_target(target))
}

impl Request<'_> {
    fn invalid_target(&self, target: &str) -> Error {
        let field = if self.internal { "imports" } else { "exports" };
        let message = format!(
            "the target {target} of \"{}\" in \"{field}\" of {} is not allowed; targets begin with ./ and stay inside the package",
            self.key, self.package
        );
        Error::new(Code::InvalidPackageTarget, message)
    }
}

/// Whether a path has a segment `.`, `..` or `node_modules`, percent-encoded or not.
fn has_forbidden_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let decoded = decode_ascii(segment).to_ascii_lowercase();
        decoded == "." || decoded == ".." || decoded == "node_modules"
    })
}

/// Decodes percent-encoded bytes that are ASCII.
fn decode_ascii(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        match byte {
            Some(byte) => {
                decoded.push(char::from(byte));
                decoded.push_str(&part[2..]);
            }
            None => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

fn is_array_index(key: &str) -> bool {
    key.parse::<u32>().is_ok_and(|index| index != u32::MAX && index.to_string() == key)
}

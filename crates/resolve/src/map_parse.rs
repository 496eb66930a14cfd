//! Import maps: parsing.
//! <https://html.spec.whatwg.org/multipage/webappapis.html#parse-an-import-map-string>

use serde_json::{Map, Value};
use url::Url;

use crate::error::{Code, Error};
use crate::import_map::{ImportMap, SpecifierMap, descending, url_like};
use crate::json::{parse_map, type_name};

type Object = Map<String, Value>;

impl ImportMap {
    /// Parses the text of an import map; relative addresses mean files beside `base`, the URL of the map. The strings
    /// are warnings.
    ///
    /// # Errors
    /// With line and column when it is not JSON, and when a part is no object that must be one.
    pub fn parse(text: &str, base: &Url) -> Result<(ImportMap, Vec<String>), Error> {
        let parsed = parse_map(text, "import map", base.as_str())?;
        let Value::Object(top) = parsed else {
            return Err(not_an_object("the import map", &parsed, base));
        };
        let mut warnings = Vec::new();
        let mut map = ImportMap::default();
        if let Some(imports) = object(&top, "imports", base)? {
            map.imports = specifier_map(imports, base, &mut warnings);
        }
        if let Some(scopes) = object(&top, "scopes", base)? {
            map.scopes = scope_maps(scopes, base, &mut warnings)?;
        }
        if let Some(integrity) = object(&top, "integrity", base)? {
            map.integrity = integrity_map(integrity, base, &mut warnings);
        }
        for key in top.keys().filter(|key| !["imports", "scopes", "integrity"].contains(&key.as_str())) {
            warnings.push(format!("unknown key \"{key}\"; there are imports, scopes and integrity"));
        }
        Ok((map, warnings))
    }
}

fn not_an_object(what: &str, value: &Value, base: &Url) -> Error {
    let message = format!("{what} in {base} must be an object, not {}; write {{ … }} there", type_name(value));
    Error::new(Code::InvalidMap, message)
}

fn object<'v>(top: &'v Object, key: &str, base: &Url) -> Result<Option<&'v Object>, Error> {
    match top.get(key) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => Err(not_an_object(&format!("\"{key}\""), other, base)),
    }
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#sorting-and-normalizing-a-module-specifier-map>
fn specifier_map(original: &Object, base: &Url, warnings: &mut Vec<String>) -> SpecifierMap {
    let mut normalized: Vec<(String, Option<Url>)> = Vec::new();
    for (key, value) in original {
        if key.is_empty() {
            warnings.push("an empty specifier cannot be mapped".to_owned());
            continue;
        }
        let specifier = url_like(key, base).map_or_else(|| key.clone(), String::from);
        set(&mut normalized, specifier, address(key, value, base, warnings));
    }
    normalized.sort_by(|a, b| descending(&a.0, &b.0));
    SpecifierMap(normalized)
}

fn set<T>(entries: &mut Vec<(String, T)>, key: String, value: T) {
    match entries.iter_mut().find(|(known, _)| *known == key) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
}

fn address(key: &str, value: &Value, base: &Url, warnings: &mut Vec<String>) -> Option<Url> {
    let Value::String(text) = value else {
        warnings.push(format!("\"{key}\": the address must be a string, not {}", type_name(value)));
        return None;
    };
    let Some(url) = url_like(text, base) else {
        warnings.push(format!("\"{key}\": \"{text}\" is neither a URL nor a path that begins with / ./ or ../"));
        return None;
    };
    if key.ends_with('/') && !url.as_str().ends_with('/') {
        warnings.push(format!("\"{key}\": the address \"{text}\" of a prefix must end with /"));
        return None;
    }
    Some(url)
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#sorting-and-normalizing-scopes>
fn scope_maps(original: &Object, base: &Url, warnings: &mut Vec<String>) -> Result<Vec<(String, SpecifierMap)>, Error> {
    let mut normalized = Vec::new();
    for (prefix, value) in original {
        let Value::Object(imports) = value else {
            return Err(not_an_object(&format!("the scope \"{prefix}\""), value, base));
        };
        match base.join(prefix) {
            Ok(url) => set(&mut normalized, url.into(), specifier_map(imports, base, warnings)),
            Err(error) => warnings.push(format!("the scope \"{prefix}\" is not a URL: {error}")),
        }
    }
    normalized.sort_by(|a, b| descending(&a.0, &b.0));
    Ok(normalized)
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#normalizing-a-module-integrity-map>
fn integrity_map(original: &Object, base: &Url, warnings: &mut Vec<String>) -> Vec<(String, String)> {
    let mut normalized = Vec::new();
    for (key, value) in original {
        let Some(url) = url_like(key, base) else {
            warnings.push(format!("integrity: \"{key}\" is neither a URL nor a path that begins with / ./ or ../"));
            continue;
        };
        match value {
            Value::String(metadata) => set(&mut normalized, url.into(), metadata.clone()),
            other => warnings.push(format!("integrity: \"{key}\" must have a string, not {}", type_name(other))),
        }
    }
    normalized
}

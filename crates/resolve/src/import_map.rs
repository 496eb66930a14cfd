//! Import maps: resolution and merging.
//! <https://html.spec.whatwg.org/multipage/webappapis.html#import-maps>

use url::Url;

use crate::error::{Code, Error};

/// Specifiers to URLs; `None` blocks a specifier. Longer keys come before their prefixes: sorted in descending order of
/// code units.
/// <https://html.spec.whatwg.org/multipage/webappapis.html#module-specifier-map>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecifierMap(pub(crate) Vec<(String, Option<Url>)>);

/// An import map after parsing.
/// <https://html.spec.whatwg.org/multipage/webappapis.html#import-map>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportMap {
    pub(crate) imports: SpecifierMap,
    pub(crate) scopes: Vec<(String, SpecifierMap)>,
    pub(crate) integrity: Vec<(String, String)>,
}

/// A resolution that was made, which later maps do not change.
/// <https://html.spec.whatwg.org/multipage/webappapis.html#specifier-resolution-record>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedModule {
    /// The importer's URL.
    pub base: String,
    /// The specifier, as a URL if it is like one.
    pub specifier: String,
    /// Whether prefixes apply to the specifier: bare ones and those with a special scheme.
    pub allows_prefix: bool,
}

/// Compares by UTF-16 code units, the greatest first.
pub(crate) fn descending(a: &str, b: &str) -> std::cmp::Ordering {
    b.encode_utf16().cmp(a.encode_utf16())
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#resolving-a-url-like-module-specifier>
pub(crate) fn url_like(specifier: &str, base: &Url) -> Option<Url> {
    if ["/", "./", "../"].iter().any(|prefix| specifier.starts_with(prefix)) {
        return base.join(specifier).ok();
    }
    Url::parse(specifier).ok()
}

/// <https://url.spec.whatwg.org/#is-special>
fn is_special(url: &Url) -> bool {
    matches!(url.scheme(), "ftp" | "file" | "http" | "https" | "ws" | "wss")
}

/// Whether a scope holds for a module with this URL.
fn in_scope(prefix: &str, base: &str) -> bool {
    prefix == base || (prefix.ends_with('/') && base.starts_with(prefix))
}

impl SpecifierMap {
    /// <https://html.spec.whatwg.org/multipage/webappapis.html#resolving-an-imports-match>
    fn find(&self, specifier: &str, as_url: Option<&Url>) -> Result<Option<Url>, Error> {
        for (key, address) in &self.0 {
            if key == specifier {
                return address.clone().map(Some).ok_or_else(|| blocked(key));
            }
            let is_prefix = key.ends_with('/') && specifier.starts_with(key.as_str());
            if is_prefix && as_url.is_none_or(is_special) {
                let address = address.as_ref().ok_or_else(|| blocked(key))?;
                return after_prefix(&specifier[key.len()..], key, address).map(Some);
            }
        }
        Ok(None)
    }

    /// <https://html.spec.whatwg.org/multipage/webappapis.html#merging-module-specifier-maps>
    fn merge(&mut self, new: SpecifierMap, warnings: &mut Vec<String>) {
        for (key, address) in new.0 {
            match self.0.iter().any(|(known, _)| *known == key) {
                true => warnings
                    .push(format!("\"{key}\" is mapped by an earlier import map already; the new entry is ignored")),
                false => self.0.push((key, address)),
            }
        }
        self.0.sort_by(|a, b| descending(&a.0, &b.0));
    }

    fn remove_if(&mut self, warnings: &mut Vec<String>, is_resolved: impl Fn(&str) -> bool) {
        self.0.retain(|(key, _)| {
            let resolved = is_resolved(key);
            if resolved {
                warnings.push(format!("\"{key}\" was resolved before this import map came; the new entry is ignored"));
            }
            !resolved
        });
    }
}

fn blocked(key: &str) -> Error {
    let message = format!(
        "the import map's entry \"{key}\" is null or has no valid address, which blocks it; give it a URL or a path that begins with / ./ or ../"
    );
    Error::new(Code::ImportMap, message)
}

fn after_prefix(rest: &str, key: &str, address: &Url) -> Result<Url, Error> {
    let url = address.join(rest).map_err(|error| {
        Error::new(Code::ImportMap, format!("\"{rest}\" after the import map's prefix \"{key}\" gives no URL: {error}"))
    })?;
    if !url.as_str().starts_with(address.as_str()) {
        let message = format!(
            "\"{rest}\" after the import map's prefix \"{key}\" leads out of {address}; import it by another entry"
        );
        return Err(Error::new(Code::ImportMap, message));
    }
    Ok(url)
}

impl ImportMap {
    /// Resolves a specifier as a browser does, but `None` for bare specifiers that have no entry.
    /// <https://html.spec.whatwg.org/multipage/webappapis.html#resolve-a-module-specifier>
    ///
    /// # Errors
    /// When an entry blocks the specifier, or the part after a prefix leads out of its address.
    pub fn resolve(&self, specifier: &str, base: &Url) -> Result<Option<Url>, Error> {
        let as_url = url_like(specifier, base);
        Ok(self.lookup(specifier, base)?.or(as_url))
    }

    /// The URL that an entry gives, if there is one.
    pub(crate) fn lookup(&self, specifier: &str, base: &Url) -> Result<Option<Url>, Error> {
        let as_url = url_like(specifier, base);
        let normalized = as_url.as_ref().map_or(specifier, Url::as_str);
        for (prefix, imports) in &self.scopes {
            if in_scope(prefix, base.as_str())
                && let Some(url) = imports.find(normalized, as_url.as_ref())?
            {
                return Ok(Some(url));
            }
        }
        self.imports.find(normalized, as_url.as_ref())
    }

    /// What to remember of a resolution for [`ImportMap::merge`].
    pub fn record(specifier: &str, base: &Url) -> ResolvedModule {
        let as_url = url_like(specifier, base);
        ResolvedModule {
            base: base.to_string(),
            allows_prefix: as_url.as_ref().is_none_or(is_special),
            specifier: as_url.map_or_else(|| specifier.to_owned(), String::from),
        }
    }

    /// The integrity metadata of a URL; empty if there is none.
    /// <https://html.spec.whatwg.org/multipage/webappapis.html#resolving-a-module-integrity-metadata>
    pub fn integrity(&self, url: &Url) -> &str {
        let found = self.integrity.iter().find(|(key, _)| key == url.as_str());
        found.map_or("", |(_, metadata)| metadata)
    }

    /// Adds a later import map. What is mapped or was resolved before stays; the warnings say what was ignored.
    /// <https://html.spec.whatwg.org/multipage/webappapis.html#merge-existing-and-new-import-maps>
    pub fn merge(&mut self, mut new: ImportMap, resolved: &[ResolvedModule]) -> Vec<String> {
        let mut warnings = Vec::new();
        for (prefix, mut imports) in new.scopes {
            for record in resolved.iter().filter(|record| in_scope(&prefix, &record.base)) {
                imports.remove_if(&mut warnings, |key| {
                    let is_prefix = key.ends_with('/') && record.specifier.starts_with(key) && record.allows_prefix;
                    key == record.specifier || is_prefix
                });
            }
            match self.scopes.iter_mut().find(|(known, _)| *known == prefix) {
                Some((_, existing)) => existing.merge(imports, &mut warnings),
                None => self.scopes.push((prefix, imports)),
            }
        }
        self.scopes.sort_by(|a, b| descending(&a.0, &b.0));
        for (url, metadata) in new.integrity {
            match self.integrity.iter().any(|(known, _)| *known == url) {
                true => warnings.push(format!("{url} has integrity metadata already; the new one is ignored")),
                false => self.integrity.push((url, metadata)),
            }
        }
        for record in resolved {
            new.imports.remove_if(&mut warnings, |key| key.starts_with(&record.specifier));
        }
        self.imports.merge(new.imports, &mut warnings);
        warnings
    }
}

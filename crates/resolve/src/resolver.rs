//! The three ways together.

use std::borrow::Cow;

use url::Url;

use crate::error::{Code, Error};
use crate::files::Files;
use crate::import_map::{ImportMap, ResolvedModule};
use crate::node::Node;
use crate::package_map::PackageMap;

/// Modules of Node.js that need no `node:`.
const BUILTINS: &str = "assert async_hooks buffer child_process cluster console constants crypto dgram \
    diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks process punycode \
    querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads \
    zlib assert/strict dns/promises fs/promises inspector/promises path/posix path/win32 readline/promises \
    stream/consumers stream/promises stream/web timers/promises util/types _http_agent _http_client _http_common \
    _http_incoming _http_outgoing _http_server _tls_common _tls_wrap _stream_duplex _stream_passthrough \
    _stream_readable _stream_transform _stream_wrap _stream_writable";

/// Whether a bare specifier is a module of Node.js itself.
pub fn is_builtin(specifier: &str) -> bool {
    BUILTINS.split_whitespace().any(|name| name == specifier)
}

/// Resolves specifiers by maps and `package.json` files.
pub struct Resolver<F> {
    files: F,
    import_map: ImportMap,
    package_map: Option<PackageMap>,
    conditions: Vec<String>,
    resolved: Vec<ResolvedModule>,
}

impl<F: Files> Resolver<F> {
    /// A resolver without maps. `conditions` are those of `exports` and `imports`; `default` always holds.
    pub fn new(files: F, conditions: &[&str]) -> Resolver<F> {
        Resolver {
            files,
            import_map: ImportMap::default(),
            package_map: None,
            conditions: conditions.iter().map(|&it| it.to_owned()).collect(),
            resolved: Vec::new(),
        }
    }

    /// Adds an import map to those that are there, which win; returns warnings.
    pub fn add_import_map(&mut self, map: ImportMap) -> Vec<String> {
        self.import_map.merge(map, &self.resolved)
    }

    /// Packages are found by this map alone from now on.
    pub fn set_package_map(&mut self, map: PackageMap) {
        self.package_map = Some(map);
    }

    /// Whether there is a package map.
    pub fn has_package_map(&self) -> bool {
        self.package_map.is_some()
    }

    /// The integrity metadata that the import maps give a URL; empty if there is none.
    pub fn integrity(&self, url: &Url) -> &str {
        self.import_map.integrity(url)
    }

    /// The URL that an entry of an import map gives, and nothing when no entry fits. Remembered, so that maps that are
    /// added later do not change it.
    ///
    /// # Errors
    /// When an entry blocks the specifier, or the part after a prefix leads out of its address.
    pub fn lookup(&mut self, specifier: &str, parent: &Url) -> Result<Option<Url>, Error> {
        let found =
            self.import_map.lookup(specifier, parent).map_err(|it| it.importing(specifier, &importer(parent)))?;
        let record = ImportMap::record(specifier, parent);
        if found.is_some() && !self.resolved.contains(&record) {
            self.resolved.push(record);
        }
        Ok(found)
    }

    /// Resolves a specifier in a module.
    ///
    /// # Errors
    /// Naming specifier, importer, the reason, and what to do.
    pub fn resolve(&mut self, specifier: &str, parent: &Url) -> Result<Url, Error> {
        let mapped = self.lookup(specifier, parent)?;
        let node = Node {
            files: &self.files,
            conditions: &self.conditions,
            package_map: self.package_map.as_ref(),
            is_builtin: &is_builtin,
        };
        let resolved = match mapped {
            Some(url) if url.scheme() == "file" => node.existing(url),
            Some(url) => Ok(url),
            None => node.resolve(specifier, parent),
        };
        resolved.map_err(|error| error.importing(specifier, &importer(parent)))
    }

    /// The conditions that hold.
    pub fn conditions(&self) -> &[String] {
        &self.conditions
    }
}

/// How a module is called in messages: by its path if it has one.
fn importer(url: &Url) -> Cow<'_, str> {
    match url.to_file_path() {
        Ok(path) => Cow::Owned(path.display().to_string()),
        Err(()) => Cow::Borrowed(url.as_str()),
    }
}

/// The URL of a parent that is given as a URL or path.
///
/// # Errors
/// When it is neither.
pub fn parent_url(text: &str) -> Result<Url, Error> {
    let unusable = || {
        let message = format!("the parent \"{text}\" is neither a URL nor an absolute path");
        Error::new(Code::UnsupportedResolveRequest, message)
    };
    if std::path::Path::new(text).is_absolute() {
        return Url::from_file_path(text).map_err(|()| unusable());
    }
    Url::parse(text).map_err(|_| unusable())
}

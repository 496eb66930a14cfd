//! Node.js's algorithm for bare specifiers, `#imports` and files.
//! <https://nodejs.org/api/esm.html#resolution-algorithm-specification>

use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf};

use url::Url;

use crate::error::{Code, Error};
use crate::files::{Files, Kind};
use crate::package::{PackageJson, parse_name, scope_of};
use crate::package_map::PackageMap;
use crate::target;

/// One resolution after Node.js's algorithm.
pub(crate) struct Node<'n> {
    pub files: &'n dyn Files,
    pub conditions: &'n [String],
    pub package_map: Option<&'n PackageMap>,
    pub is_builtin: &'n dyn Fn(&str) -> bool,
}

fn url_of(path: &Path) -> Result<Url, Error> {
    let message = || format!("{} cannot be written as a URL", path.display());
    Url::from_file_path(path).map_err(|()| Error::new(Code::ModuleNotFound, message()))
}

fn path_of(url: &Url) -> Result<PathBuf, Error> {
    let message = || format!("{url} is no path of this system");
    url.to_file_path().map_err(|()| Error::new(Code::InvalidModuleSpecifier, message()))
}

fn is_path(specifier: &str) -> bool {
    specifier == "." || specifier == ".." || ["/", "./", "../"].iter().any(|prefix| specifier.starts_with(prefix))
}

impl Node<'_> {
    /// ESM_RESOLVE
    pub fn resolve(&self, specifier: &str, parent: &Url) -> Result<Url, Error> {
        let resolved = if is_path(specifier) {
            parent.join(specifier).map_err(|_| {
                let message = "paths mean nothing beside a URL of this kind; import it by a whole URL";
                Error::new(Code::UnsupportedResolveRequest, message)
            })?
        } else if parent.scheme() == "file" && specifier.starts_with('#') {
            self.package_import(specifier, parent)?
        } else {
            match Url::parse(specifier) {
                Ok(url) => url,
                Err(_) => self.package(specifier, parent)?,
            }
        };
        if resolved.scheme() != "file" { Ok(resolved) } else { self.existing(resolved) }
    }

    /// The end of ESM_RESOLVE: there must be a file.
    pub fn existing(&self, url: Url) -> Result<Url, Error> {
        let lower = url.path().to_ascii_lowercase();
        if lower.contains("%2f") || lower.contains("%5c") {
            let message = format!("{} must not have encoded / or \\ in it", url.path());
            return Err(Error::new(Code::InvalidModuleSpecifier, message));
        }
        let path = path_of(&url)?;
        match self.files.kind(&path) {
            Kind::File if !url.path().ends_with('/') => {}
            Kind::Folder => {
                let message = format!("{} is a folder; import a file in it", path.display());
                return Err(Error::new(Code::UnsupportedDirImport, message));
            }
            _ => {
                let message = format!("there is no file {}; check the path and its extension", path.display());
                return Err(Error::new(Code::ModuleNotFound, message));
            }
        }
        let real = self
            .files
            .real_path(&path)
            .map_err(|error| Error::new(Code::ModuleNotFound, format!("{}: {error}", path.display())))?;
        let mut real = url_of(&real)?;
        real.set_query(url.query());
        real.set_fragment(url.fragment());
        Ok(real)
    }

    /// PACKAGE_RESOLVE
    pub fn package(&self, specifier: &str, parent: &Url) -> Result<Url, Error> {
        if (self.is_builtin)(specifier) {
            return Url::parse(&format!("node:{specifier}"))
                .map_err(|error| Error::new(Code::InvalidModuleSpecifier, error.to_string()));
        }
        if parent.scheme() != "file" {
            let message = "names of packages mean nothing beside a URL of this kind; import it by a whole URL";
            return Err(Error::new(Code::UnsupportedResolveRequest, message));
        }
        let (package_json, subpath) = match self.package_map {
            Some(map) => self.mapped(map, specifier, parent)?,
            None => self.installed(specifier, parent)?,
        };
        let package_url = url_of(&package_json)?;
        let json = PackageJson::read(self.files, &package_json)?.unwrap_or_default();
        if json.exports.is_some() {
            return target::exports(self, &package_url, &subpath, &json);
        }
        if subpath == "." {
            return self.main(&package_json, &json);
        }
        package_url.join(&subpath).map_err(|error| Error::new(Code::InvalidModuleSpecifier, error.to_string()))
    }

    fn mapped(&self, map: &PackageMap, specifier: &str, parent: &Url) -> Result<(PathBuf, String), Error> {
        let importer = path_of(parent)?;
        let Some((folder, subpath)) = map.lookup(specifier, &importer)? else {
            let known = map.dependencies_of(&importer).join(", ");
            let message = format!(
                "the package map {} gives this package the dependencies [{known}] only; add it there",
                map.file()
            );
            return Err(Error::new(Code::ModuleNotFound, message));
        };
        Ok((folder.join("package.json"), subpath))
    }

    /// PACKAGE_SELF_RESOLVE, then the folders `node_modules` upwards.
    fn installed(&self, specifier: &str, parent: &Url) -> Result<(PathBuf, String), Error> {
        let (name, subpath) = parse_name(specifier)?;
        if let Some((path, json)) = scope_of(self.files, parent)?
            && json.exports.is_some()
            && json.name.as_deref() == Some(name)
        {
            return Ok((path, subpath));
        }
        let importer = path_of(parent)?;
        for folder in importer.ancestors().skip(1) {
            let package = folder.join("node_modules").join(name.replace('/', MAIN_SEPARATOR_STR));
            if self.files.kind(&package) == Kind::Folder {
                return Ok((package.join("package.json"), subpath));
            }
        }
        let message = format!("there is no package \"{name}\" in a node_modules folder above it; install or map it");
        Err(Error::new(Code::ModuleNotFound, message))
    }

    /// PACKAGE_IMPORTS_RESOLVE
    fn package_import(&self, name: &str, parent: &Url) -> Result<Url, Error> {
        if name == "#" || name.ends_with('/') {
            let message = format!("\"{name}\" is not a valid name of a package's import");
            return Err(Error::new(Code::InvalidModuleSpecifier, message));
        }
        let Some((path, json)) = scope_of(self.files, parent)? else {
            let message = "no package.json above it has \"imports\"; add it there";
            return Err(Error::new(Code::PackageImportNotDefined, message));
        };
        if let Some(entries) = &json.imports
            && let Some(url) = target::imports(self, &url_of(&path)?, name, entries)?
        {
            return Ok(url);
        }
        let message = format!("\"imports\" in {} has no usable \"{name}\"; add it there", path.display());
        Err(Error::new(Code::PackageImportNotDefined, message))
    }

    /// What a package without `exports` means: its `main`, with the extensions of CommonJS, or its index.
    fn main(&self, package_json: &Path, json: &PackageJson) -> Result<Url, Error> {
        let folder = package_json.parent().unwrap_or(package_json);
        let by_main = json.main.as_deref().map(|main| {
            let suffixes = ["", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node"];
            suffixes.map(|suffix| folder.join(normal(main) + suffix))
        });
        let by_index = ["index.js", "index.json", "index.node"].map(|name| folder.join(name));
        let candidates = by_main.into_iter().flatten().chain(by_index);
        for candidate in candidates {
            if self.files.kind(&candidate) == Kind::File {
                return url_of(&normalize(&candidate));
            }
        }
        let message = format!("{} names no file that there is, and there is no index.js", package_json.display());
        Err(Error::new(Code::ModuleNotFound, message))
    }
}

/// A `main` as a path below its package.
fn normal(main: &str) -> String {
    main.trim_start_matches('/').replace('/', MAIN_SEPARATOR_STR)
}

/// The path without `.` and `..`.
fn normalize(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                clean.pop();
            }
            std::path::Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

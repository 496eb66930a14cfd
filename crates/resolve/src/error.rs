//! What can go wrong, in words for the one who wrote the import.

use std::fmt;

/// Why a specifier was not resolved. The names are those of Node.js's error codes where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No such file or package.
    ModuleNotFound,
    /// The package has `exports`, and the subpath is not among them.
    PackagePathNotExported,
    /// `#name` is not in the `imports` of the package.
    PackageImportNotDefined,
    /// A target in `exports` or `imports` is not allowed.
    InvalidPackageTarget,
    /// A `package.json` cannot be used.
    InvalidPackageConfig,
    /// The specifier has a form that is not allowed.
    InvalidModuleSpecifier,
    /// The specifier means a folder.
    UnsupportedDirImport,
    /// The importer has a URL against which the specifier means nothing.
    UnsupportedResolveRequest,
    /// A map file cannot be used.
    InvalidMap,
    /// The package map does not know the importer's package.
    PackageMapExternalFile,
    /// The package map refers to a package that it does not have.
    PackageMapKeyNotFound,
    /// The import map blocks the specifier, or its entry cannot be applied.
    ImportMap,
}

impl Code {
    /// The code as `error.code` has it.
    pub fn name(self) -> &'static str {
        match self {
            Code::ModuleNotFound => "ERR_MODULE_NOT_FOUND",
            Code::PackagePathNotExported => "ERR_PACKAGE_PATH_NOT_EXPORTED",
            Code::PackageImportNotDefined => "ERR_PACKAGE_IMPORT_NOT_DEFINED",
            Code::InvalidPackageTarget => "ERR_INVALID_PACKAGE_TARGET",
            Code::InvalidPackageConfig => "ERR_INVALID_PACKAGE_CONFIG",
            Code::InvalidModuleSpecifier => "ERR_INVALID_MODULE_SPECIFIER",
            Code::UnsupportedDirImport => "ERR_UNSUPPORTED_DIR_IMPORT",
            Code::UnsupportedResolveRequest => "ERR_UNSUPPORTED_RESOLVE_REQUEST",
            Code::InvalidMap => "ERR_GANTRY_INVALID_MAP",
            Code::PackageMapExternalFile => "ERR_PACKAGE_MAP_EXTERNAL_FILE",
            Code::PackageMapKeyNotFound => "ERR_PACKAGE_MAP_KEY_NOT_FOUND",
            Code::ImportMap => "ERR_GANTRY_IMPORT_MAP",
        }
    }
}

/// A failed resolution, or a map that cannot be read.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Error {
        Error { code, message: message.into() }
    }

    /// Names what was imported by whom in front of the reason.
    pub(crate) fn importing(self, specifier: &str, importer: &str) -> Error {
        let message = format!("cannot resolve \"{specifier}\" imported from {importer}: {}", self.message);
        Error { code: self.code, message }
    }

    /// The kind of failure.
    pub fn code(&self) -> Code {
        self.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

//! From a specifier and the module that imports it to a URL.
//!
//! Three ways to say what a specifier means, tried in this order: import maps as the HTML standard has them
//! ([`ImportMap`]), package maps as Node.js has them ([`PackageMap`]), and Node.js's own algorithm over `package.json`
//! files. [`Resolver`] puts them together.
//!
//! Must not know: Node-API, WebAssembly, how modules are loaded.

mod error;
mod files;
mod import_map;
mod json;
mod map_parse;
mod node;
mod package;
mod package_map;
mod resolver;
mod target;

pub use error::{Code, Error};
pub use files::{Files, Kind, SystemFiles};
pub use import_map::{ImportMap, ResolvedModule, SpecifierMap};
pub use package_map::PackageMap;
pub use resolver::{Resolver, is_builtin, parent_url};
pub use url::Url;

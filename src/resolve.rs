//! Specifiers and interfaces of modules, for the module loader and the command line.

use gantry_module::interface::{Interface, Item, Shape, Value, interface};
use gantry_resolve::{Error, ImportMap, PackageMap, SystemFiles, Url, parent_url};
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use serde_json::{Value as Json, json};

type Result<T> = std::result::Result<T, napi::Error<&'static str>>;

fn thrown(error: Error) -> napi::Error<&'static str> {
    napi::Error::new(error.code().name(), error.to_string())
}

/// Resolves specifiers. Internal: see `js/esm/resolver.js`.
#[napi(js_name = "NativeResolver")]
pub struct Resolver(gantry_resolve::Resolver<SystemFiles>);

#[napi]
impl Resolver {
    /// `conditions` are those of `exports` and `imports` in `package.json`.
    #[napi(constructor)]
    pub fn new(conditions: Vec<String>) -> Resolver {
        let conditions: Vec<&str> = conditions.iter().map(String::as_str).collect();
        Resolver(gantry_resolve::Resolver::new(SystemFiles, &conditions))
    }

    /// Adds an import map, given as JSON text and its URL or path. Returns warnings; those about entries that are there
    /// already only when the map is not a fallback for them.
    #[napi]
    pub fn add_import_map(&mut self, text: String, base: String, is_fallback: bool) -> Result<Vec<String>> {
        let base = parent_url(&base).map_err(thrown)?;
        let (map, mut warnings) = ImportMap::parse(&text, &base).map_err(thrown)?;
        let ignored = self.0.add_import_map(map);
        if !is_fallback {
            warnings.extend(ignored);
        }
        Ok(warnings)
    }

    /// Sets the package map, given as JSON text and its URL or path.
    #[napi]
    pub fn set_package_map(&mut self, text: String, base: String) -> Result<()> {
        let map = PackageMap::parse(&text, &parent_url(&base).map_err(thrown)?).map_err(thrown)?;
        self.0.set_package_map(map);
        Ok(())
    }

    /// The URL that an import map gives, if an entry fits.
    #[napi]
    pub fn lookup(&mut self, specifier: String, parent: String) -> Result<Option<String>> {
        let parent = parent_url(&parent).map_err(thrown)?;
        Ok(self.0.lookup(&specifier, &parent).map_err(thrown)?.map(String::from))
    }

    /// The URL that a specifier means.
    #[napi]
    pub fn resolve(&mut self, specifier: String, parent: String) -> Result<String> {
        let parent = parent_url(&parent).map_err(thrown)?;
        Ok(self.0.resolve(&specifier, &parent).map_err(thrown)?.into())
    }

    /// The integrity metadata of a URL; empty if there is none.
    #[napi]
    pub fn integrity(&self, url: String) -> String {
        Url::parse(&url).map_or_else(|_| String::new(), |url| self.0.integrity(&url).to_owned())
    }

    /// Imports and exports of a module as JSON, without compiling it.
    #[napi]
    pub fn interface_of(bytes: Uint8Array) -> Result<String> {
        let Interface { imports, exports } =
            interface(&bytes).map_err(|error| napi::Error::new("ERR_GANTRY_INVALID_MODULE", error.to_string()))?;
        let list = |items: &[Item]| items.iter().map(item).collect::<Json>();
        Ok(json!({ "imports": list(&imports), "exports": list(&exports) }).to_string())
    }
}

fn values(values: &[Value]) -> Json {
    values.iter().map(|value| json!({ "type": value.ty, "name": value.name })).collect()
}

fn item(item: &Item) -> Json {
    let mut json = match &item.shape {
        Shape::Function(params, results) => {
            json!({ "kind": "function", "params": values(params), "results": values(results) })
        }
        Shape::Table(ty) => json!({ "kind": "table", "type": ty }),
        Shape::Memory(memory64, shared) => json!({ "kind": "memory", "memory64": memory64, "shared": shared }),
        Shape::Global(ty, mutable) => json!({ "kind": "global", "type": ty, "mutable": mutable }),
        Shape::Tag(types) => json!({ "kind": "tag", "params": types }),
    };
    json["module"] = item.module.as_str().into();
    json["name"] = item.name.as_str().into();
    json
}

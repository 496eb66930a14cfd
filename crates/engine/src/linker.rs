//! Imports by name.

use std::collections::HashMap;

use crate::into_func::IntoFunc;
use crate::store::{AsStore, AsStoreMut};
use crate::{Error, Extern, Func, Instance, Module};

/// A set of named items to instantiate modules with.
#[derive(Debug, Default, Clone)]
pub struct Linker {
    items: HashMap<String, HashMap<String, Extern>>,
}

impl Linker {
    /// An empty linker.
    pub fn new() -> Linker {
        Linker::default()
    }

    /// Names an item; replaces what had the name.
    pub fn define(&mut self, module: &str, name: &str, item: impl Into<Extern>) -> &mut Linker {
        self.items.entry(module.to_owned()).or_default().insert(name.to_owned(), item.into());
        self
    }

    /// Names a host function; see [`Func::wrap`].
    ///
    /// # Errors
    /// When there is no memory for code.
    pub fn func<Args, Results>(
        &mut self,
        module: &str,
        name: &str,
        store: &mut impl AsStoreMut,
        closure: impl IntoFunc<Args, Results>,
    ) -> Result<&mut Linker, Error> {
        let func = Func::wrap(store, closure)?;
        Ok(self.define(module, name, func))
    }

    /// Names all exports of an instance.
    pub fn instance(&mut self, module: &str, store: &impl AsStore, instance: &Instance) -> &mut Linker {
        for (name, item) in instance.exports(store) {
            self.define(module, &name, item);
        }
        self
    }

    /// An item.
    pub fn get(&self, module: &str, name: &str) -> Option<&Extern> {
        self.items.get(module)?.get(name)
    }

    /// Instantiates a module with the items that it names.
    ///
    /// # Errors
    /// As [`Instance::new`]; [`Error::is_link`] when an item is missing.
    pub fn instantiate(&self, store: &mut impl AsStoreMut, module: &Module) -> Result<Instance, Error> {
        let mut imports = Vec::new();
        for import in module.imports() {
            let item = self.get(import.module(), import.name());
            let missing = || {
                let (module, name, kind) = (import.module(), import.name(), import.ty().kind().name());
                Error::link(format!("unknown import: \"{module}\" \"{name}\", a {kind}, is not defined"))
            };
            imports.push(item.ok_or_else(missing)?.clone());
        }
        Instance::new(store, module, &imports)
    }
}

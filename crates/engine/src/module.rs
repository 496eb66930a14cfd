//! Compiled modules.

use std::sync::Arc;

use gantry_compile::Settings;
use gantry_module::{ExternType, FuncType};
use gantry_runtime::{CodeStats, LoadedModule};

use crate::crew::Crew;
use crate::validation::Validation;
use crate::{Engine, Error, Tier};

/// A compiled module. Cheap to clone; can be shared between threads.
#[derive(Debug, Clone)]
pub struct Module {
    loaded: Arc<LoadedModule>,
}

/// What a module asks for.
#[derive(Debug, Clone)]
pub struct ImportType<'m> {
    module: &'m str,
    name: &'m str,
    ty: ExternType,
}

impl<'m> ImportType<'m> {
    /// The module name.
    pub fn module(&self) -> &'m str {
        self.module
    }

    /// The field name.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// What it must be, in canonical numbers. The types of functions and tags are indices: see [`Module::func_type`].
    pub fn ty(&self) -> &ExternType {
        &self.ty
    }
}

/// What a module offers.
#[derive(Debug, Clone)]
pub struct ExportType<'m> {
    name: &'m str,
    ty: ExternType,
}

impl<'m> ExportType<'m> {
    /// Its name.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// What it is, in canonical numbers. The types of functions and tags are indices: see [`Module::func_type`].
    pub fn ty(&self) -> &ExternType {
        &self.ty
    }
}

impl Module {
    /// Validates and compiles a binary module.
    ///
    /// # Errors
    /// [`Error::is_compile`], with [`Error::offset`], when it is malformed or invalid.
    pub fn new(engine: &Engine, wasm: &[u8]) -> Result<Module, Error> {
        Ok(Module { loaded: engine.compile(wasm, None)? })
    }

    /// As [`Module::new`], with code of a tier that need not be the engine's.
    ///
    /// # Errors
    /// As there.
    pub fn with_tier(engine: &Engine, wasm: &[u8], tier: Tier) -> Result<Module, Error> {
        Ok(Module { loaded: engine.compile(wasm, Some(tier))? })
    }

    /// The module, if the cache has it: it was valid when it was compiled.
    pub fn find(engine: &Engine, wasm: &[u8]) -> Option<Module> {
        engine.tiers().find_compiled(wasm).map(Module::from_loaded)
    }

    /// The compiled module as bytes: for [`Module::deserialize`], in another process or on another machine of this kind.
    /// All of it is optimised, which this waits for.
    ///
    /// # Errors
    /// When a function exceeds a limit of the optimiser.
    pub fn serialize(&self) -> Result<Vec<u8>, Error> {
        let artifact = self.loaded.artifact();
        Ok(artifact.ok_or_else(|| Error::usage("a function exceeds a limit of the optimiser"))?.to_bytes())
    }

    /// Loads a compiled module. It holds machine code, which is run as it is: damage is found, malice is not. Load only
    /// what comes from whoever may run code here.
    ///
    /// # Errors
    /// When it is damaged, or was made by another version, for another processor or with other options.
    pub fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Module, Error> {
        Ok(Module { loaded: engine.deserialize(bytes)? })
    }

    /// Checks a binary module without compiling it, on as many threads as there are cores. [`Engine::validate`] has its bound.
    ///
    /// # Errors
    /// [`Error::is_compile`], with [`Error::offset`], when it is malformed or invalid.
    pub fn validate(wasm: &[u8]) -> Result<(), Error> {
        Module::validate_with(&Crew::new(Settings::default().threads), wasm)
    }

    pub(crate) fn validate_with(crew: &Arc<Crew>, wasm: &[u8]) -> Result<(), Error> {
        let mut validation = Validation::new(crew);
        validation.push(wasm)?;
        validation.finish(&|| true)?;
        Ok(())
    }

    /// Its own name, if it says.
    pub fn name(&self) -> Option<&str> {
        let module = self.loaded.module();
        module.names.module(&module.skeleton)
    }

    /// What code was made so far, and when.
    pub fn stats(&self) -> CodeStats {
        self.loaded.stats()
    }

    /// Imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        let imports = self.loaded.module().imports.iter();
        imports.map(|import| {
            let ty = self.loaded.canonical_extern(&import.ty);
            ImportType { module: &import.module, name: &import.name, ty }
        })
    }

    /// Exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let module = self.loaded.module();
        module.exports.iter().map(|export| {
            let ty = self.loaded.canonical_extern(&module.extern_type(export.index));
            ExportType { name: &export.name, ty }
        })
    }

    /// A function type of the module, in canonical numbers.
    pub fn func_type(&self, index: u32) -> FuncType {
        self.loaded.module().types.func(index).renumber(|index| self.loaded.type_ids()[index as usize])
    }

    /// The contents of the custom sections of a name, in order.
    pub fn custom_sections<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m [u8]> {
        let module = self.loaded.module();
        let sections = module.custom_sections.iter().filter(move |(section, _)| **section == *name);
        sections.map(|(_, range)| &module.skeleton[range.clone()])
    }

    /// A module that the runtime has.
    pub fn from_loaded(loaded: Arc<LoadedModule>) -> Module {
        Module { loaded }
    }

    /// The module as the runtime has it.
    pub fn loaded(&self) -> &Arc<LoadedModule> {
        &self.loaded
    }
}

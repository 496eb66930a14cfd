//! Loaded modules: executable code, never writable, and what instances share of a module.

use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use gantry_abi::artifact::{Artifact, ArtifactError, Storage, Unchecked};
use gantry_abi::object::VMType;
use gantry_abi::vmctx::{CodeSlot, MemoryStyle, VMContextLayout};
use gantry_abi::{Mismatch, Target};
use gantry_module::{ExternType, GlobalType, Hierarchy, Module, RefType, TableType, ValType};

use crate::types::{self, Canonical, TypeId};
use crate::{MappedFile, OutOfMemory, registry, sys};

/// Pages with machine code.
struct CodeMemory {
    at: NonNull<u8>,
    /// Bytes mapped, a multiple of the page size, not 0.
    len: usize,
    /// The file that they are in; without it they are pages of their own.
    file: Option<Arc<MappedFile>>,
}

impl CodeMemory {
    /// Copies code to fresh pages, then makes them executable.
    fn publish(text: &[u8]) -> Result<CodeMemory, OutOfMemory> {
        let len = text.len().max(1).next_multiple_of(sys::page_size());
        let memory = CodeMemory { at: sys::map(len)?, len, file: None };
        // SAFETY: freshly mapped with at least this length, and nothing else refers to it.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), memory.at.as_ptr(), text.len());
            sys::make_executable(memory.at, len)?;
        }
        Ok(memory)
    }

    /// Runs code where it is in a file, or a copy if it has no pages of its own there.
    fn in_file(file: Arc<MappedFile>, artifact: &Artifact) -> Result<CodeMemory, OutOfMemory> {
        match file.make_executable(artifact.text_range()) {
            Some(made) => made.map(|(at, len)| CodeMemory { at, len, file: Some(file) }),
            None => CodeMemory::publish(artifact.text()),
        }
    }

    fn address(&self, offset: u32) -> *mut u8 {
        debug_assert!((offset as usize) < self.len);
        self.at.as_ptr().wrapping_add(offset as usize)
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        if self.file.is_none() {
            // SAFETY: mapped in `publish`. Who holds an address in it holds the module as well.
            unsafe { sys::unmap(self.at, self.len) };
        }
    }
}

/// Why an artifact could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No memory for code.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// It is not an artifact, or not as it was written.
    #[error(transparent)]
    Unusable(#[from] ArtifactError),
    /// It is made for another machine or engine.
    #[error("the compiled module cannot be used: {0}")]
    Foreign(#[from] Mismatch),
    /// The module in it cannot be read.
    #[error("the compiled module is damaged: {0}")]
    Damaged(#[from] gantry_module::Error),
}

/// Decides whether code that was made for something is used.
pub trait Accept: FnOnce(&Target) -> Result<(), Mismatch> {}

impl<T: FnOnce(&Target) -> Result<(), Mismatch>> Accept for T {}

/// Checks stored bytes, and reads the module in them meanwhile.
fn check(storage: Storage, threads: usize, accept: impl Accept) -> Result<(Artifact, Module, MemoryStyle), LoadError> {
    let unchecked = Unchecked::new(storage)?;
    accept(unchecked.target())?;
    let style = unchecked.target().memory_style;
    let (artifact, module) = unchecked.check(threads, Module::from_skeleton)?;
    Ok((artifact, module?, style))
}

/// Code that takes the place of what a module was loaded with.
struct Generation {
    artifact: Artifact,
    code: CodeMemory,
}

/// A module with executable code, shared by its instances and between threads.
pub struct LoadedModule {
    module: Module,
    artifact: Artifact,
    layout: VMContextLayout,
    memory_style: MemoryStyle,
    types: Canonical,
    /// The code table: the entry point of each defined function.
    slots: Box<[CodeSlot]>,
    /// (type index, trampoline), sorted.
    entries: Box<[(u32, *const u8)]>,
    /// One slot for each host trampoline, so that host functions are entered like all others. Sorted.
    hosts: Box<[(u32, CodeSlot)]>,
    code: CodeMemory,
    /// Code that came later; none if no more will come. The first code stays: functions may be running in it.
    later: OnceLock<Option<Generation>>,
    /// What the embedder knows it by.
    label: OnceLock<[u8; 32]>,
}

// SAFETY: code is immutable, slots are atomic, and the raw pointers point into `code` and `later`, which stay.
unsafe impl Send for LoadedModule {}
// SAFETY: as above.
unsafe impl Sync for LoadedModule {}

impl std::fmt::Debug for LoadedModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedModule").field("functions", &self.slots.len()).finish_non_exhaustive()
    }
}

impl LoadedModule {
    /// Maps the code of an artifact, which was made with `memory_style`.
    pub fn load(artifact: Artifact, memory_style: MemoryStyle) -> Result<Arc<LoadedModule>, LoadError> {
        let module = Module::from_skeleton(artifact.skeleton())?;
        let code = CodeMemory::publish(artifact.text())?;
        LoadedModule::with_code(artifact, module, code, memory_style)
    }

    /// Runs the artifact in a file where it lies, if what it is made for is accepted. It is checked on up to `threads` threads.
    ///
    /// # Errors
    /// [`LoadError::Unusable`] and [`LoadError::Damaged`] for what is not an artifact, [`LoadError::Foreign`] if not accepted.
    pub fn load_file(file: MappedFile, threads: usize, accept: impl Accept) -> Result<Arc<LoadedModule>, LoadError> {
        let file = Arc::new(file);
        let (artifact, module, style) = check(file.clone(), threads, accept)?;
        let code = CodeMemory::in_file(file, &artifact)?;
        LoadedModule::with_code(artifact, module, code, style)
    }

    /// As [`LoadedModule::load_file`], for bytes. Their code is copied.
    ///
    /// # Errors
    /// As there.
    pub fn load_bytes(bytes: Vec<u8>, threads: usize, accept: impl Accept) -> Result<Arc<LoadedModule>, LoadError> {
        let (artifact, module, style) = check(Arc::new(bytes), threads, accept)?;
        let code = CodeMemory::publish(artifact.text())?;
        LoadedModule::with_code(artifact, module, code, style)
    }

    fn with_code(
        artifact: Artifact,
        module: Module,
        code: CodeMemory,
        memory_style: MemoryStyle,
    ) -> Result<Arc<LoadedModule>, LoadError> {
        sys::install_trap_handler();
        if module.defined_funcs() != artifact.functions().len() {
            return Err(gantry_module::Error::new("functions and code do not agree", 0).into());
        }
        let loaded = Arc::new(LoadedModule {
            layout: VMContextLayout::new(&module),
            memory_style,
            types: Canonical::new(&module.types),
            slots: artifact.functions().map(|f| CodeSlot::new(code.address(f.start))).collect(),
            entries: artifact.entry_trampolines().map(|t| (t.ty, code.address(t.code.start).cast_const())).collect(),
            hosts: artifact.host_trampolines().map(|t| (t.ty, CodeSlot::new(code.address(t.code.start)))).collect(),
            module,
            artifact,
            code,
            later: OnceLock::new(),
            label: OnceLock::new(),
        });
        // Its place is final from here on, as the registry needs.
        registry::register(loaded.code.at.addr().get(), loaded.code.len, &loaded.artifact, &loaded.module);
        Ok(loaded)
    }

    /// Replaces all functions by those of another artifact of the same module, while instances run. What was entered before
    /// goes on in the code it was entered in. The first call decides; `None` says that no other code will come.
    ///
    /// # Errors
    /// [`LoadError::OutOfMemory`] when there is no memory for code, [`LoadError::Damaged`] when the functions are others. The
    /// module stays as it is.
    pub fn replace(&self, artifact: Option<Artifact>) -> Result<(), LoadError> {
        let generation = artifact.map(|artifact| self.generation(artifact)).transpose();
        let (generation, outcome) = match generation {
            Ok(generation) => (generation, Ok(())),
            Err(error) => (None, Err(error)),
        };
        if self.later.set(generation).is_ok()
            && let Some(Some(later)) = self.later.get()
        {
            // Found in the registry before it is found in a slot.
            registry::register(later.code.at.addr().get(), later.code.len, &later.artifact, &self.module);
            for (slot, code) in self.slots.iter().zip(later.artifact.functions()) {
                slot.store(later.code.address(code.start), Ordering::Release);
            }
        }
        outcome
    }

    fn generation(&self, artifact: Artifact) -> Result<Generation, LoadError> {
        if artifact.functions().len() != self.slots.len() {
            return Err(gantry_module::Error::new("functions and code do not agree", 0).into());
        }
        let code = CodeMemory::publish(artifact.text())?;
        Ok(Generation { artifact, code })
    }

    fn later(&self) -> Option<&Generation> {
        self.later.get().and_then(Option::as_ref)
    }

    /// Whether [`LoadedModule::replace`] has put other code in the place of the first.
    pub fn is_replaced(&self) -> bool {
        self.later().is_some()
    }

    /// The artifact whose code is in the slots, once no other will come: waits for [`LoadedModule::replace`].
    pub fn final_artifact(&self) -> &Artifact {
        self.later.wait().as_ref().map_or(&self.artifact, |later| &later.artifact)
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// What it was loaded from.
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// Notes by what the embedder knows the module. The first time counts.
    pub fn set_label(&self, label: [u8; 32]) {
        let _ = self.label.set(label);
    }

    /// What [`LoadedModule::set_label`] noted.
    pub fn label(&self) -> Option<&[u8; 32]> {
        self.label.get()
    }

    /// Whether its code is in a file that was mapped.
    pub fn is_mapped(&self) -> bool {
        self.code.file.is_some()
    }

    /// Bytes of machine code in the slots.
    pub fn code_size(&self) -> usize {
        self.later().map_or(&self.artifact, |later| &later.artifact).text().len()
    }

    pub(crate) fn layout(&self) -> &VMContextLayout {
        &self.layout
    }

    pub(crate) fn memory_style(&self) -> MemoryStyle {
        self.memory_style
    }

    pub(crate) fn slots(&self) -> &[CodeSlot] {
        &self.slots
    }

    /// The addresses by which code and frames refer to this: code, slots and types.
    pub(crate) fn addresses(&self) -> [std::ops::Range<usize>; 6] {
        fn of<T>(slice: &[T]) -> std::ops::Range<usize> {
            let range = slice.as_ptr_range();
            range.start.addr()..range.end.addr()
        }
        let code = self.code.at.addr().get();
        let later = self.later().map_or(0..0, |later| {
            let start = later.code.at.addr().get();
            start..start + later.code.len
        });
        [code..code + self.code.len, later, of(&self.slots), of(&self.hosts), of(self.type_ids()), of(self.vm_types())]
    }

    /// Canonical types by type index.
    pub fn type_ids(&self) -> &[TypeId] {
        self.types.ids()
    }

    pub(crate) fn vm_types(&self) -> &[*const VMType] {
        self.types.vm()
    }

    /// A type of the module in canonical numbers.
    pub fn canonical(&self, ty: RefType) -> RefType {
        ty.renumber(|index| self.type_ids()[index as usize])
    }

    /// The type of a global in canonical numbers.
    pub fn global_type(&self, global: u32) -> GlobalType {
        self.canonical_global(self.module.globals[global as usize])
    }

    pub(crate) fn canonical_global(&self, ty: GlobalType) -> GlobalType {
        GlobalType { content: ty.content.renumber(|index| self.type_ids()[index as usize]), ..ty }
    }

    pub(crate) fn canonical_table(&self, ty: TableType) -> TableType {
        TableType { element: self.canonical(ty.element), ..ty }
    }

    /// The type of an import or export in canonical numbers. Functions and tags keep their type index.
    pub fn canonical_extern(&self, ty: &ExternType) -> ExternType {
        match ty {
            ExternType::Table(ty) => ExternType::Table(self.canonical_table(*ty)),
            ExternType::Global(ty) => ExternType::Global(self.canonical_global(*ty)),
            other => other.clone(),
        }
    }

    fn hierarchy(&self, ty: ValType) -> Option<Hierarchy> {
        match ty {
            ValType::Ref(r) => Some(r.heap.hierarchy().unwrap_or_else(|| types::hierarchy(self.canonical(r).heap))),
            _ => None,
        }
    }

    /// Whether values of a type of the module are functions.
    pub(crate) fn is_func(&self, ty: ValType) -> bool {
        self.hierarchy(ty) == Some(Hierarchy::Func)
    }

    /// Whether values of a type of the module are references that are no functions.
    pub(crate) fn is_object(&self, ty: ValType) -> bool {
        self.hierarchy(ty).is_some_and(|hierarchy| hierarchy != Hierarchy::Func)
    }

    /// The trampoline by which the host calls functions of a type. Null when the host cannot come by such a
    /// function of this module.
    pub(crate) fn entry(&self, ty: u32) -> *const u8 {
        match self.entries.binary_search_by_key(&ty, |(ty, _)| *ty) {
            Ok(at) => self.entries[at].1,
            Err(_) => ptr::null(),
        }
    }

    /// The slot of the trampoline by which functions of a type that the host provides are called.
    ///
    /// # Panics
    /// If the module does not import a function of that type.
    pub(crate) fn host_slot(&self, ty: u32) -> &CodeSlot {
        let at = self.hosts.binary_search_by_key(&ty, |(ty, _)| *ty).expect("made for all imported types");
        &self.hosts[at].1
    }
}

impl Drop for LoadedModule {
    fn drop(&mut self) {
        registry::unregister(self.code.at.addr().get());
        if let Some(later) = self.later() {
            registry::unregister(later.code.at.addr().get());
        }
    }
}

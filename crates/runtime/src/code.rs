//! Loaded modules: executable code, never writable, and what instances share of a module.

use std::collections::BTreeSet;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gantry_abi::artifact::{Artifact, ArtifactError, Storage, Unchecked};
use gantry_abi::object::VMType;
use gantry_abi::vmctx::{CodeSlot, MemoryStyle, VMContextLayout};
use gantry_abi::{Mismatch, Partial, Piece, Target};
use gantry_module::{ExternIndex, ExternType, GlobalType, Hierarchy, Module, RefType, TableType, ValType};

use crate::lazy::{CodeLevel, CodeSource, CodeStats, Lazy, LazyOptions};
use crate::trampolines::{self, TrampolineKind};
use crate::types::{self, Canonical, TypeId};
use crate::{MappedFile, OutOfMemory, registry, stubs, sys};

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
        CodeMemory::publish_with(text, |_| ())
    }

    /// As [`CodeMemory::publish`], with the code as it is after `change`.
    fn publish_with(text: &[u8], change: impl FnOnce(&mut [u8])) -> Result<CodeMemory, OutOfMemory> {
        let len = text.len().max(1).next_multiple_of(sys::page_size());
        let memory = CodeMemory { at: sys::map(len)?, len, file: None };
        // SAFETY: freshly mapped with at least this length, and nothing else refers to it.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), memory.at.as_ptr(), text.len());
            change(std::slice::from_raw_parts_mut(memory.at.as_ptr(), text.len()));
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

/// Types for which trampolines are made before they are needed, at the most.
const TYPES_AHEAD: usize = 64;

/// Code of all functions, from one artifact.
struct Generation {
    artifact: Artifact,
    code: CodeMemory,
}

impl Generation {
    fn register(&self, module: &Module) {
        registry::register(self.code.at.addr().get(), self.code.len, registry::Code::Artifact(&self.artifact), module);
    }

    fn unregister(&self) {
        registry::unregister(self.code.at.addr().get());
    }

    fn addresses(&self) -> Range<usize> {
        let start = self.code.at.addr().get();
        start..start + self.code.len
    }
}

/// A module with executable code, shared by its instances and between threads. It has all of its code from the start, or comes
/// by it bit by bit.
pub struct LoadedModule {
    writes_tables: bool,
    layout: VMContextLayout,
    memory_style: MemoryStyle,
    types: Canonical,
    /// The code table: the entry point of each defined function.
    slots: Box<[CodeSlot]>,
    /// (type index, trampoline), sorted. Without those that are made when they are needed.
    entries: Box<[(u32, *const u8)]>,
    /// One slot for each host trampoline, so that host functions are entered like all others. Sorted.
    hosts: Box<[(u32, CodeSlot)]>,
    /// The code that it was loaded with. It stays: functions may be running in it.
    first: Option<Generation>,
    /// How it comes by code bit by bit.
    lazy: Option<Lazy>,
    /// Code of some functions that an earlier process has made. Boxed, as is the next.
    partial: OnceLock<Box<Generation>>,
    /// The last code, for all functions. Boxed, because the registry has its address.
    later: OnceLock<Box<Generation>>,
    /// What the embedder knows it by.
    label: OnceLock<[u8; 32]>,
    /// Dropped last, as the registry needs.
    module: Arc<Module>,
}

// SAFETY: code is immutable, slots are atomic, and the raw pointers point into code that stays.
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
            module: Arc::new(module),
            writes_tables: artifact.writes_tables(),
            first: Some(Generation { artifact, code }),
            lazy: None,
            partial: OnceLock::new(),
            later: OnceLock::new(),
            label: OnceLock::new(),
        });
        // Its place is final from here on, as the registry needs.
        loaded.first.iter().for_each(|first| first.register(&loaded.module));
        Ok(loaded)
    }

    /// A valid module without code: `source` makes it. `writes_tables` says whether it can put references into tables.
    ///
    /// # Errors
    /// [`LoadError::OutOfMemory`]
    pub fn without_code(
        module: Arc<Module>,
        writes_tables: bool,
        memory_style: MemoryStyle,
        source: Arc<dyn CodeSource>,
        options: LazyOptions,
    ) -> Result<Arc<LoadedModule>, LoadError> {
        sys::install_trap_handler();
        let defined = module.imported_funcs as usize..module.funcs.len();
        // Trampolines by which host functions are called have a stub as well.
        stubs::prepare(defined.len().max(1))?;
        let slots = module.funcs[defined].iter().enumerate();
        let slots: Box<[CodeSlot]> =
            slots.map(|(index, ty)| CodeSlot::new(stubs::of(index as u32, module.types.func(*ty)))).collect();
        let host = |ty: u32| {
            let func_type = module.types.func(ty);
            let made = trampolines::find(TrampolineKind::Host, func_type).map(<*const u8>::cast_mut);
            (ty, CodeSlot::new(made.unwrap_or_else(|| stubs::of(0, func_type))))
        };
        let imported: BTreeSet<u32> = module.funcs[..module.imported_funcs as usize].iter().copied().collect();
        let hosts = imported.into_iter().map(host).collect();
        Ok(Arc::new(LoadedModule {
            layout: VMContextLayout::new(&module),
            memory_style,
            types: Canonical::new(&module.types),
            lazy: Some(Lazy::new(slots.len(), source, options)),
            slots,
            entries: Box::default(),
            hosts,
            module,
            writes_tables,
            first: None,
            partial: OnceLock::new(),
            later: OnceLock::new(),
            label: OnceLock::new(),
        }))
    }

    /// Has functions run in better code from their next call on. A module that has all of its code takes no more.
    ///
    /// # Errors
    /// When there is no memory for code.
    pub fn publish(&self, piece: Piece, level: CodeLevel) -> Result<(), OutOfMemory> {
        self.lazy.as_ref().map_or(Ok(()), |lazy| lazy.publish(self, piece, level))
    }

    /// Has those functions that are there run in optimised code from their next call on. Only the first call counts.
    ///
    /// # Errors
    /// As for [`LoadedModule::replace`].
    pub fn publish_partial(&self, Partial { artifact, missing }: Partial) -> Result<(), LoadError> {
        let Some(lazy) = &self.lazy else { return Ok(()) };
        if artifact.functions().len() != self.slots.len() {
            return Err(gantry_module::Error::new("functions and code do not agree", 0).into());
        }
        let code = CodeMemory::publish_with(artifact.text(), |text| {
            for index in &missing {
                let jump = sys::through((&raw const self.slots[*index as usize]).addr());
                let start = artifact.function(*index as usize).start as usize;
                text[start..start + jump.len()].copy_from_slice(&jump);
            }
        })?;
        if self.partial.set(Box::new(Generation { artifact, code })).is_ok()
            && let Some(partial) = self.partial.get()
        {
            partial.register(&self.module);
            let code =
                (0..).zip(partial.artifact.functions()).filter(|(index, _)| missing.binary_search(index).is_err());
            lazy.publish_some(&self.slots, code.map(|(index, function)| (index, partial.code.address(function.start))));
        }
        Ok(())
    }

    /// Makes trampolines that the host needs for exported functions, and those for imported ones: of the first types, because they stay for as
    /// long as the process.
    pub fn make_trampolines(&self) {
        let Some(lazy) = &self.lazy else { return };
        let exported = self.module.exports.iter().filter_map(|export| match export.index {
            ExternIndex::Func(func) => Some(func),
            _ => None,
        });
        self.make_trampolines_of(TrampolineKind::Entry, exported, &*lazy.source);
        self.make_trampolines_of(TrampolineKind::Host, 0..self.module.imported_funcs, &*lazy.source);
    }

    fn make_trampolines_of(&self, kind: TrampolineKind, funcs: impl Iterator<Item = u32>, source: &dyn CodeSource) {
        let types: BTreeSet<u32> = funcs.map(|func| self.module.funcs[func as usize]).collect();
        for ty in types.into_iter().take(TYPES_AHEAD) {
            // What cannot be made now is missed when it is needed.
            let _ = trampolines::get(kind, self.module.types.func(ty), source);
        }
    }

    /// Whether a function has no code that could be kept: it is made when the function is called.
    pub fn lacks_code(&self, index: u32) -> bool {
        self.lazy.as_ref().is_some_and(|lazy| lazy.lacks_code(index))
    }

    /// Whether a function has optimised code.
    pub fn is_optimized(&self, index: u32) -> bool {
        self.lazy.as_ref().is_none_or(|lazy| lazy.is_optimized(index))
    }

    /// What quick code counts, roughly: see [`profile`](gantry_abi::profile).
    pub fn counters(&self) -> &[AtomicU32] {
        self.lazy.as_ref().map_or(&[], Lazy::counters)
    }

    pub(crate) fn counters_ptr(&self) -> *mut u32 {
        self.counters().as_ptr().cast::<u32>().cast_mut()
    }

    pub(crate) fn lazy(&self) -> Option<&Lazy> {
        self.lazy.as_ref()
    }

    /// What the slot of a function leads to as long as there is no code.
    pub(crate) fn stub(&self, index: u32) -> *mut u8 {
        stubs::of(index, self.module.func_type(self.module.imported_funcs + index))
    }

    /// Replaces all functions by those of an artifact of the same module, while instances run. What was entered before goes on in
    /// the code it was entered in. Only the first call counts.
    ///
    /// # Errors
    /// [`LoadError::OutOfMemory`] when there is no memory for code, [`LoadError::Damaged`] when the functions are others. The
    /// module stays as it is.
    pub fn replace(&self, artifact: Artifact) -> Result<(), LoadError> {
        if artifact.functions().len() != self.slots.len() {
            return Err(gantry_module::Error::new("functions and code do not agree", 0).into());
        }
        let code = CodeMemory::publish(artifact.text())?;
        if self.later.set(Box::new(Generation { artifact, code })).is_ok()
            && let Some(later) = self.later()
        {
            // Found in the registry before it is found in a slot.
            later.register(&self.module);
            let code = later.artifact.functions().map(|function| later.code.address(function.start));
            match &self.lazy {
                Some(lazy) => lazy.finish(&self.slots, code),
                None => self.slots.iter().zip(code).for_each(|(slot, code)| slot.store(code, Ordering::Release)),
            }
        }
        Ok(())
    }

    fn generations(&self) -> impl Iterator<Item = &Generation> {
        let later = [self.partial.get(), self.later.get()].into_iter().flatten();
        self.first.iter().chain(later.map(|generation| &**generation))
    }

    fn later(&self) -> Option<&Generation> {
        self.later.get().map(|later| &**later)
    }

    /// Whether all functions have the last code that there will be: the one it was loaded with, or that of
    /// [`LoadedModule::replace`].
    pub fn is_final(&self) -> bool {
        self.lazy.as_ref().is_none_or(Lazy::is_finished)
    }

    /// The artifact with all of its code, for which this waits. None if it cannot be made.
    pub fn artifact(&self) -> Option<Artifact> {
        match (self.later().or(self.first.as_ref()), &self.lazy) {
            (Some(generation), _) => Some(generation.artifact.clone()),
            (None, Some(lazy)) => lazy.source.artifact(),
            (None, None) => None,
        }
    }

    /// What code was made so far, and when.
    pub fn stats(&self) -> CodeStats {
        let mut stats = self.lazy.as_ref().map(Lazy::stats).unwrap_or_default();
        stats.functions = self.slots.len() as u32;
        stats.cached = self.is_mapped();
        stats.is_final = self.is_final();
        stats.code_bytes += self.generations().map(|generation| generation.artifact.text().len()).sum::<usize>();
        stats
    }

    /// Notes how long work in the background took.
    pub fn add_background_time(&self, time: Duration) {
        self.lazy.iter().for_each(|lazy| lazy.tally.background.add(time));
    }

    /// Whether its code can put references into tables.
    pub fn writes_tables(&self) -> bool {
        self.writes_tables
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
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
        self.first.as_ref().is_some_and(|first| first.code.file.is_some())
    }

    /// Bytes of machine code, of the last code for all functions if there is some.
    pub fn code_size(&self) -> usize {
        match self.later().or(self.first.as_ref()) {
            Some(generation) => generation.artifact.text().len(),
            None => self.lazy.as_ref().map_or(0, Lazy::code_size),
        }
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
    pub(crate) fn addresses(&self) -> Vec<Range<usize>> {
        fn of<T>(slice: &[T]) -> Range<usize> {
            let range = slice.as_ptr_range();
            range.start.addr()..range.end.addr()
        }
        let mut all =
            vec![of(&self.slots), of(&self.hosts), of(self.type_ids()), of(self.vm_types()), of(self.counters())];
        all.extend(self.generations().map(Generation::addresses));
        all.extend(self.lazy.iter().flat_map(Lazy::addresses));
        all
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
    /// function of this module, or when it is made later.
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
        self.generations().for_each(Generation::unregister);
    }
}

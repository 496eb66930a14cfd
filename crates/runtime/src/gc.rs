//! Allocation on a store's heap, and collection of it alone: everything that the store owns counts as a root.
//!
//! [`Store::collect`] frees what nothing can reach of all kinds.

use std::ptr;

use gantry_abi::object::{ARRAY_ELEMENTS, VMArray, VMException, VMObject, VMTag};
use gantry_module::{Hierarchy, ValType};

use crate::global::Place;
use crate::heap::{Full, Outside};
use crate::store::{Store, TagId, reference_in};
use crate::sys;
use crate::types::{self, TypeEntry, TypeId};

/// References that are followed at each step of marking: a fraction of a millisecond.
const STEP: usize = 20_000;

/// A tag. Compiled code reads its first field.
#[repr(C)]
pub(crate) struct Tag {
    vm: VMTag,
}

impl Tag {
    pub fn vm(&self) -> *const VMTag {
        &self.vm
    }

    /// The function type whose parameters its exceptions carry.
    pub fn type_id(&self) -> TypeId {
        // SAFETY: types are never freed.
        unsafe { (*self.vm.ty).id }
    }
}

/// Visits the references that an embedder holds.
pub type VisitRoots = dyn Fn(&mut dyn FnMut(usize));

impl Store {
    /// Sets how many bytes the heap may take.
    pub fn set_heap_limit(&mut self, bytes: usize) {
        self.heap.set_limit(bytes);
    }

    /// Bytes of memory that the heap takes.
    pub fn heap_bytes(&self) -> usize {
        self.heap.bytes()
    }

    /// Sets what visits the references to objects that the embedder holds.
    pub fn set_heap_roots(&mut self, visit: Box<VisitRoots>) {
        self.heap_roots = Some(visit);
    }

    // Tags

    /// Makes a tag of a function type without results.
    pub fn new_tag(&mut self, ty: TypeId) -> TagId {
        self.debt += 1;
        let entry = self.tags.vacant_entry();
        let id = TagId(entry.key() as u32);
        entry.insert(Box::new(Tag { vm: VMTag { ty: types::entry(ty).vm(), id: id.0 } }));
        id
    }

    /// The function type of a tag.
    pub fn tag_type(&self, id: TagId) -> TypeId {
        self.tags[id.0 as usize].type_id()
    }

    /// The parameters and results of a canonical function type.
    pub fn func_type_of(&self, id: TypeId) -> gantry_module::FuncType {
        types::func_type(id)
    }

    pub(crate) fn tag_pointer(&self, id: TagId) -> *const VMTag {
        self.tags[id.0 as usize].vm()
    }

    // Objects

    /// Makes an object without collecting: for callers whose references nobody sees.
    pub(crate) fn allocate_quietly(&mut self, entry: &TypeEntry, size: usize) -> Option<usize> {
        let Store { heap, context, .. } = self;
        let at = heap.allocate(context, size).ok()?;
        // SAFETY: fresh memory of that size.
        unsafe { (*ptr::with_exposed_provenance_mut::<VMObject>(at)).ty = entry.vm() };
        Some(at)
    }

    /// Makes an object of zeros but for its header.
    ///
    /// # Safety
    /// Called by compiled code of this store, on its fiber.
    pub(crate) unsafe fn allocate(&mut self, entry: &TypeEntry, size: usize) -> Option<usize> {
        // Callers' references may be in registers that this function's callees overwrite.
        let registers = sys::saved_registers();
        std::hint::black_box(&registers);
        self.fibers.current().mark_used();
        if self.heap.is_marking() {
            self.mark_some(STEP);
        } else if self.heap.is_due() {
            self.start_collection();
        }
        let at = match self.allocate_quietly(entry, size) {
            Some(at) => Some(at),
            None => self.allocate_after_collection(entry, size),
        };
        std::hint::black_box(&registers);
        at
    }

    #[cold]
    fn allocate_after_collection(&mut self, entry: &TypeEntry, size: usize) -> Option<usize> {
        let Store { heap, context, .. } = self;
        if heap.allocate(context, size) == Err(Full::Never) {
            return None;
        }
        if !self.heap.is_marking() {
            self.start_collection();
        }
        while self.heap.is_marking() {
            self.mark_some(usize::MAX);
        }
        self.allocate_quietly(entry, size)
    }

    fn start_collection(&mut self) {
        let Store { heap, context, .. } = self;
        heap.start_marking(context);
        self.mark_roots();
    }

    fn mark_some(&mut self, budget: usize) {
        if !self.heap.mark_step(budget, &mut |_| {}) {
            return;
        }
        // Globals, tables and stacks have no barrier.
        self.mark_roots();
        self.mark_stacks();
        self.heap.follow_current_runs();
        self.heap.mark_step(usize::MAX, &mut |_| {});
        let Store { heap, context, .. } = self;
        heap.end_marking(context);
    }

    fn mark_roots(&mut self) {
        let Store { heap, heap_roots, instances, globals, tables, failure, .. } = self;
        let is_object = |ty: ValType| matches!(ty, ValType::Ref(r) if types::hierarchy(r.heap) != Hierarchy::Func);
        for (_, instance) in instances.iter() {
            let defined = instance.module().imported_globals as usize;
            for (index, global) in instance.module().globals.iter().enumerate().skip(defined) {
                if instance.loaded().is_object(global.content) {
                    heap.mark(reference_in(instance.global_value(index as u32)));
                }
            }
        }
        for (_, global) in globals.iter() {
            if matches!(global.place, Place::Own(_)) && is_object(global.ty().content) {
                heap.mark(reference_in(global.get()));
            }
        }
        for (_, table) in tables.iter().filter(|(_, table)| !table.holds_functions()) {
            table.elements().iter().for_each(|reference| heap.mark(*reference));
        }
        if let Some(crate::host::HostFailure::Exception(exception)) = failure {
            heap.mark(*exception);
        }
        if let Some(visit) = heap_roots {
            visit(&mut |reference| heap.mark(reference));
        }
    }

    fn mark_stacks(&mut self) {
        let Store { heap, fibers, .. } = self;
        for fiber in fibers.waiting() {
            for address in fiber.used_stack().step_by(size_of::<usize>()) {
                // SAFETY: the used part of a fiber's stack.
                heap.mark_word(unsafe { ptr::with_exposed_provenance::<usize>(address).read_volatile() });
            }
        }
    }

    /// Marks a reference that is written to an object.
    pub(crate) fn write_barrier(&mut self, reference: usize) {
        self.heap.mark(reference);
    }

    /// Makes an array of zeros.
    ///
    /// # Safety
    /// As for [`Store::allocate`].
    pub(crate) unsafe fn allocate_array(&mut self, entry: &TypeEntry, len: u32) -> Option<usize> {
        let size = ARRAY_ELEMENTS as usize + len as usize * entry.size() as usize;
        // SAFETY: promised by the caller; fresh memory.
        unsafe {
            let array = self.allocate(entry, size)?;
            (*ptr::with_exposed_provenance_mut::<VMArray>(array)).len = len;
            Some(array)
        }
    }

    /// Makes an array of zeros without collecting.
    pub(crate) fn allocate_array_quietly(&mut self, entry: &TypeEntry, len: u32) -> Option<usize> {
        let size = ARRAY_ELEMENTS as usize + len as usize * entry.size() as usize;
        let array = self.allocate_quietly(entry, size)?;
        // SAFETY: fresh memory.
        unsafe { (*ptr::with_exposed_provenance_mut::<VMArray>(array)).len = len };
        Some(array)
    }

    // Exceptions

    /// Makes an exception. `values` are bits, in the lowest bytes; there is one for each parameter of the tag's type.
    /// `None` when the heap is full.
    pub fn new_exception(&mut self, tag: TagId, values: &[u128]) -> Option<usize> {
        let entry = types::entry(self.tag_type(tag));
        let exception = self.allocate_quietly(entry, entry.size() as usize)?;
        // SAFETY: fresh memory with room for the values.
        unsafe {
            (*ptr::with_exposed_provenance_mut::<VMException>(exception)).tag = self.tag_pointer(tag);
            for (part, value) in values.iter().enumerate() {
                let size = entry.storage(part).expect("a value each").size() as usize;
                let at = ptr::with_exposed_provenance_mut::<u8>(exception + entry.layout.offsets[part] as usize);
                at.copy_from_nonoverlapping(value.to_le_bytes().as_ptr(), size);
            }
        }
        Some(exception)
    }

    /// The tag of an exception.
    ///
    /// # Safety
    /// It is a live one of this store.
    pub unsafe fn exception_tag(&self, exception: usize) -> TagId {
        // SAFETY: promised by the caller; exceptions keep their tags.
        TagId(unsafe { (*(*ptr::with_exposed_provenance::<VMException>(exception)).tag).id })
    }

    /// The bits of an exception's value.
    ///
    /// # Safety
    /// As for [`Store::exception_tag`]; the tag's type has such a parameter.
    pub unsafe fn exception_value(&self, exception: usize, part: usize) -> u128 {
        let mut bytes = [0; 16];
        // SAFETY: promised by the caller.
        unsafe {
            let entry = TypeEntry::from_vm((*ptr::with_exposed_provenance::<VMObject>(exception)).ty);
            let size = entry.storage(part).expect("a value of the tag").size() as usize;
            let at = ptr::with_exposed_provenance::<u8>(exception + entry.layout.offsets[part] as usize);
            at.copy_to_nonoverlapping(bytes.as_mut_ptr(), size);
        }
        u128::from_le_bytes(bytes)
    }

    /// The bytes of an array's elements.
    ///
    /// # Safety
    /// It is the address of a live array of this store, whose elements are no references.
    pub unsafe fn array_bytes(&self, array: usize) -> &[u8] {
        // SAFETY: promised by the caller.
        unsafe {
            let header = ptr::with_exposed_provenance::<VMArray>(array);
            let len = (*header).len as usize * TypeEntry::from_vm((*header).ty).size() as usize;
            let at = ptr::with_exposed_provenance::<u8>(array + ARRAY_ELEMENTS as usize);
            std::slice::from_raw_parts(at, len)
        }
    }

    /// As [`Store::array_bytes`], to be written.
    ///
    /// # Safety
    /// As there.
    pub unsafe fn array_bytes_mut(&mut self, array: usize) -> &mut [u8] {
        // SAFETY: promised by the caller; the store is borrowed as long as the bytes.
        unsafe {
            let bytes = self.array_bytes(array);
            let at = ptr::with_exposed_provenance_mut::<u8>(array + ARRAY_ELEMENTS as usize);
            std::slice::from_raw_parts_mut(at, bytes.len())
        }
    }

    /// The canonical type of an object.
    ///
    /// # Safety
    /// It is the address of a live one.
    pub unsafe fn object_type(&self, object: usize) -> TypeId {
        // SAFETY: promised by the caller.
        unsafe { (*(*ptr::with_exposed_provenance::<VMObject>(object)).ty).id }
    }

    /// Whether a reference that is not null, of another hierarchy than `func`, is of a heap type in canonical numbers.
    pub fn reference_is(&self, reference: usize, heap: gantry_module::HeapType) -> bool {
        use gantry_abi::object::{I31_TAG, TypeKind};
        use gantry_module::HeapType as H;
        let is_i31 = reference as u64 & 0b11 == I31_TAG;
        let object = (reference & 0b11 == 0).then(|| {
            // SAFETY: what has no tag is the address of an object.
            unsafe { TypeEntry::from_vm((*ptr::with_exposed_provenance::<VMObject>(reference)).ty) }
        });
        let kind = object.map(TypeEntry::kind);
        match heap {
            H::Extern | H::Any => kind != Some(TypeKind::Func),
            H::Exn => kind == Some(TypeKind::Func),
            H::Eq => is_i31 || matches!(kind, Some(TypeKind::Struct | TypeKind::Array)),
            H::I31 => is_i31,
            H::Struct => kind == Some(TypeKind::Struct),
            H::Array => kind == Some(TypeKind::Array),
            H::Concrete(id) => object.is_some_and(|entry| types::is_subtype(entry.id(), id)),
            H::Func | H::NoFunc | H::NoExtern | H::None | H::NoExn => false,
        }
    }

    pub(crate) fn trace_outside(outside: Outside, marker: &mut crate::Marker<'_>) {
        match outside {
            Outside::Func(address) => marker.func_at(address),
            Outside::Handle(handle) => marker.handle(handle),
            // SAFETY: exceptions hold tags of their store, which are not freed before them.
            Outside::Tag(tag) => marker.tag(TagId(unsafe { (*ptr::with_exposed_provenance::<VMTag>(tag)).id })),
        }
    }
}

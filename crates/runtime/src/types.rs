//! Canonical types: equal types have the same number in the whole process, in every module.
//!
//! Types are equal when their recursion groups are, up to the names of the group's own types. They are never freed:
//! objects, artifacts and other types refer to them, and programs define few.

use std::collections::HashMap;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_abi::object::{ARRAY_ELEMENTS, DISPLAY, ObjectLayout, TypeKind, VMType};
use gantry_module::{
    CompositeType, FieldType, FuncType, HeapType, Hierarchy, RefType, StorageType, SubType, Types, ValType,
};
use once_cell::sync::Lazy;

/// The number of a canonical type.
pub type TypeId = u32;

/// A canonical type. Compiled code reads its first field.
#[repr(C)]
pub(crate) struct TypeEntry {
    vm: VMType,
    /// References in it are to canonical types.
    ty: SubType,
    /// Where its objects have parts.
    pub layout: ObjectLayout,
    /// Where its objects have references; of arrays, the first element, if elements are references.
    pub references: Box<[Reference]>,
}

// SAFETY: never changed once made; the pointers are to others of its kind.
unsafe impl Send for TypeEntry {}
// SAFETY: as above.
unsafe impl Sync for TypeEntry {}

/// A place in an object that holds a reference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference {
    pub offset: u32,
    /// Whether it is the address of a function; otherwise it is what [`gantry_abi::object`] describes.
    pub is_func: bool,
}

impl TypeEntry {
    /// What compiled code knows it by.
    pub fn vm(&self) -> *const VMType {
        &self.vm
    }

    /// The type behind an address that compiled code knows.
    ///
    /// # Safety
    /// It is one that [`TypeEntry::vm`] gave.
    pub unsafe fn from_vm(vm: *const VMType) -> &'static TypeEntry {
        // SAFETY: the field is the first, and entries are never freed.
        unsafe { &*vm.cast::<TypeEntry>() }
    }

    /// Its number.
    pub fn id(&self) -> TypeId {
        self.vm.id
    }

    /// Bytes of an object; of arrays, of an element.
    pub fn size(&self) -> u32 {
        self.vm.size
    }

    pub fn kind(&self) -> TypeKind {
        self.vm.kind
    }

    /// What parts of its objects hold: fields, elements or the values of an exception.
    pub fn storage(&self, part: usize) -> Option<StorageType> {
        match &self.ty.composite {
            CompositeType::Func(ty) => ty.params.get(part).map(|ty| StorageType::Val(*ty)),
            CompositeType::Struct(fields) => fields.get(part).map(|field| field.storage),
            CompositeType::Array(element) => Some(element.storage),
        }
    }
}

#[derive(Default)]
struct Registry {
    /// The number of the first type of each group. In the key, types of the group itself count from [`IN_GROUP`].
    groups: HashMap<Box<[SubType]>, TypeId>,
    entries: Vec<&'static TypeEntry>,
}

/// Added to the position in its own group, it makes a number that is no canonical one.
const IN_GROUP: u32 = 1 << 31;

static REGISTRY: Lazy<Mutex<Registry>> = Lazy::new(Mutex::default);

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// The number of a group's first type.
    fn group(&mut self, key: Box<[SubType]>) -> TypeId {
        if let Some(first) = self.groups.get(&key) {
            return *first;
        }
        let first = self.entries.len() as TypeId;
        for ty in &key {
            let ty = ty.renumber(|index| if index >= IN_GROUP { first + (index - IN_GROUP) } else { index });
            self.add(ty, &key, first);
        }
        self.groups.insert(key, first);
        first
    }

    fn add(&mut self, ty: SubType, group: &[SubType], first: TypeId) {
        let is_func = |heap: HeapType| match heap {
            HeapType::Concrete(id) => match self.entries.get(id as usize) {
                Some(entry) => entry.kind() == TypeKind::Func,
                None => group[(id - first) as usize].as_func().is_some(),
            },
            abstract_type => abstract_type.hierarchy() == Some(Hierarchy::Func),
        };
        let reference = |offset: u32, storage: StorageType| match storage {
            StorageType::Val(ValType::Ref(r)) => Some(Reference { offset, is_func: is_func(r.heap) }),
            _ => None,
        };
        let in_fields = |layout: &ObjectLayout, storages: &mut dyn Iterator<Item = StorageType>| {
            layout.offsets.iter().zip(storages).filter_map(|(at, storage)| reference(*at, storage)).collect()
        };
        let none = ObjectLayout { offsets: Box::default(), size: 0 };
        let (kind, size, layout, references): (_, _, _, Box<[Reference]>) = match &ty.composite {
            CompositeType::Func(func) => {
                let layout = ObjectLayout::of_exception(func);
                let references = in_fields(&layout, &mut func.params.iter().map(|ty| StorageType::Val(*ty)));
                (TypeKind::Func, layout.size, layout, references)
            }
            CompositeType::Struct(fields) => {
                let layout = ObjectLayout::of_struct(fields);
                let references = in_fields(&layout, &mut fields.iter().map(|field| field.storage));
                (TypeKind::Struct, layout.size, layout, references)
            }
            CompositeType::Array(FieldType { storage, .. }) => {
                let references = reference(ARRAY_ELEMENTS, *storage).into_iter().collect();
                (TypeKind::Array, storage.size(), none, references)
            }
        };
        let above = ty.supertype.map(|id| self.entries[id as usize]);
        let depth = above.map_or(0, |above| above.vm.depth + 1);
        let supertypes = above.map_or([ptr::null(); DISPLAY], |above| above.vm.supertypes);
        let vm = VMType { id: self.entries.len() as TypeId, kind, depth, size, supertypes };
        let entry = Box::leak(Box::new(TypeEntry { vm, ty, layout, references }));
        if (depth as usize) < DISPLAY {
            entry.vm.supertypes[depth as usize] = &raw const entry.vm;
        }
        self.entries.push(entry);
    }
}

/// The canonical types of a module.
pub(crate) struct Canonical {
    ids: Box<[TypeId]>,
    vm: Box<[*const VMType]>,
}

impl Canonical {
    pub fn new(types: &Types) -> Canonical {
        let mut registry = registry();
        let mut ids: Vec<TypeId> = Vec::with_capacity(types.all().len());
        for group in types.groups() {
            let number = |index: u32| match index.checked_sub(group.start) {
                Some(position) => IN_GROUP + position,
                None => ids[index as usize],
            };
            let key = types.all()[group.start as usize..group.end as usize].iter().map(|ty| ty.renumber(number));
            let first = registry.group(key.collect());
            ids.extend((0..group.end - group.start).map(|position| first + position));
        }
        let vm = ids.iter().map(|id| registry.entries[*id as usize].vm()).collect();
        Canonical { ids: ids.into(), vm }
    }

    /// Canonical numbers by type index.
    pub fn ids(&self) -> &[TypeId] {
        &self.ids
    }

    /// Canonical types by type index.
    pub fn vm(&self) -> &[*const VMType] {
        &self.vm
    }
}

/// The type with a number.
pub(crate) fn entry(id: TypeId) -> &'static TypeEntry {
    registry().entries[id as usize]
}

/// The canonical number of a type alone in its group whose references are to canonical types.
pub fn type_id(ty: &SubType) -> TypeId {
    registry().group([ty.clone()].into())
}

/// The canonical number of a function type whose references are to canonical types.
pub fn func_type_id(ty: &FuncType) -> TypeId {
    type_id(&SubType::func(ty.clone()))
}

/// The parameters and results of a function type, in canonical numbers.
pub(crate) fn func_type(id: TypeId) -> FuncType {
    entry(id).ty.as_func().expect("a function type").clone()
}

/// Whether a canonical type is another one or below it.
pub fn is_subtype(mut id: TypeId, of: TypeId) -> bool {
    loop {
        if id == of {
            return true;
        }
        match entry(id).ty.supertype {
            Some(above) => id = above,
            None => return false,
        }
    }
}

/// The hierarchy that a type in canonical numbers belongs to.
pub fn hierarchy(heap: HeapType) -> Hierarchy {
    heap.hierarchy().unwrap_or_else(|| match heap {
        HeapType::Concrete(id) if entry(id).kind() == TypeKind::Func => Hierarchy::Func,
        _ => Hierarchy::Any,
    })
}

/// Whether all values of a heap type are values of another, both in canonical numbers:
/// <https://webassembly.github.io/spec/core/valid/matching.html#heap-types>.
pub fn heap_type_matches(heap: HeapType, wanted: HeapType) -> bool {
    use HeapType::{Any, Array, Concrete, Eq, Exn, Extern, Func, I31, NoExn, NoExtern, NoFunc, None, Struct};
    match (heap, wanted) {
        (a, b) if a == b => true,
        (Concrete(a), Concrete(b)) => is_subtype(a, b),
        (Concrete(a), abstract_type) => match (entry(a).kind(), abstract_type) {
            (TypeKind::Func, wanted) => wanted == Func,
            (TypeKind::Struct, wanted) => matches!(wanted, Struct | Eq | Any),
            (TypeKind::Array, wanted) => matches!(wanted, Array | Eq | Any),
        },
        (None, wanted) => hierarchy(wanted) == Hierarchy::Any,
        (NoFunc, wanted) => hierarchy(wanted) == Hierarchy::Func,
        (NoExtern, wanted) => wanted == Extern,
        (NoExn, wanted) => wanted == Exn,
        (I31 | Struct | Array, wanted) => matches!(wanted, Eq | Any),
        (Eq, wanted) => wanted == Any,
        _ => false,
    }
}

/// Whether all values of a reference type are values of another, both in canonical numbers.
pub fn ref_type_matches(ty: RefType, wanted: RefType) -> bool {
    (wanted.nullable || !ty.nullable) && heap_type_matches(ty.heap, wanted.heap)
}

/// Whether all values of a type are values of another, both in canonical numbers.
pub fn val_type_matches(ty: ValType, wanted: ValType) -> bool {
    match (ty, wanted) {
        (ValType::Ref(ty), ValType::Ref(wanted)) => ref_type_matches(ty, wanted),
        (ty, wanted) => ty == wanted,
    }
}

//! Instances and what they export.

use gantry_module::{ExternIndex, ExternKind};
use gantry_runtime as rt;
use gantry_runtime::{InstanceId, MIN_SLOTS};

use crate::func::call_slots;
use crate::root::{Item, Root};
use crate::store::{AsStore, AsStoreMut, assert_same, check, collect_if_due, root};
use crate::typed::{TypedFunc, WasmList};
use crate::{Error, Func, Global, Memory, Module, Table, Tag};

/// Something that can be imported and exported.
#[derive(Debug, Clone)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    /// Which sort it is.
    pub fn kind(&self) -> ExternKind {
        match self {
            Extern::Func(_) => ExternKind::Func,
            Extern::Table(_) => ExternKind::Table,
            Extern::Memory(_) => ExternKind::Memory,
            Extern::Global(_) => ExternKind::Global,
            Extern::Tag(_) => ExternKind::Tag,
        }
    }

    fn root(&self) -> &Root {
        match self {
            Extern::Func(func) => func.root(),
            Extern::Table(table) => table.root(),
            Extern::Memory(memory) => memory.root(),
            Extern::Global(global) => global.root(),
            Extern::Tag(tag) => tag.root(),
        }
    }

    fn to_runtime(&self, store: &impl AsStore) -> Result<rt::Extern, Error> {
        check(store, self.root())?;
        Ok(match self {
            Extern::Func(func) => rt::Extern::Func(func.pointer()),
            Extern::Table(table) => rt::Extern::Table(table.id()),
            Extern::Memory(memory) => rt::Extern::Memory(memory.id()),
            Extern::Global(global) => rt::Extern::Global(global.id()),
            Extern::Tag(tag) => rt::Extern::Tag(tag.id()),
        })
    }
}

macro_rules! extern_conversions {
    ($($ty:ident $into:ident)*) => {
        $(impl From<$ty> for Extern {
            fn from(item: $ty) -> Self {
                Extern::$ty(item)
            }
        })*

        impl Extern {
            $(
                #[doc = concat!("The item, if it is a [`", stringify!($ty), "`].")]
                pub fn $into(self) -> Option<$ty> {
                    match self {
                        Extern::$ty(item) => Some(item),
                        _ => None,
                    }
                }
            )*
        }
    };
}

extern_conversions! {
    Func into_func
    Table into_table
    Memory into_memory
    Global into_global
    Tag into_tag
}

/// An instance of a module.
#[derive(Debug, Clone)]
pub struct Instance(Root);

impl Instance {
    /// Instantiates a module with its imports in order, and calls its start function.
    ///
    /// # Errors
    /// [`Error::is_link`] when imports do not fit; [`Error::trap`] when a segment or the start function traps.
    pub fn new(store: &mut impl AsStoreMut, module: &Module, imports: &[Extern]) -> Result<Instance, Error> {
        let info = module.loaded().module();
        if imports.len() != info.imports.len() {
            let (wanted, got) = (info.imports.len(), imports.len());
            return Err(Error::link(format!("unknown import: the module has {wanted} imports, {got} were given")));
        }
        let imports = imports.iter().map(|item| item.to_runtime(store)).collect::<Result<Vec<_>, _>>()?;
        collect_if_due(store);
        // SAFETY: the handles were checked to be of this store, and keep their items alive.
        #[expect(unsafe_code, reason = "the contract with the runtime")]
        let made = unsafe { store.runtime_mut().instantiate(module.loaded(), &imports) };
        let id = made.map_err(|error| {
            Error::from_instantiate(error, |import| {
                let import = &info.imports[import];
                (import.module.to_string(), import.name.to_string())
            })
        })?;
        let instance = Instance::from_id(store, id);
        if let Some(start) = info.start {
            let start = store.runtime().instance(id).func(start);
            call_slots(store, start, &mut [0; MIN_SLOTS])?;
        }
        Ok(instance)
    }

    pub(crate) fn from_id(store: &impl AsStore, id: InstanceId) -> Instance {
        Instance(root(store, Item::Instance(id)))
    }

    fn id(&self) -> InstanceId {
        match self.0.item() {
            Item::Instance(id) => id,
            _ => unreachable!("made in `from_id`"),
        }
    }

    /// An export, by name.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_export(&self, store: &impl AsStore, name: &str) -> Option<Extern> {
        assert_same(store, &self.0);
        let module = store.runtime().instance(self.id()).module();
        let export = module.exports.iter().find(|export| *export.name == *name)?;
        Some(self.item(store, export.index))
    }

    /// All exports: names and items, in order.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn exports(&self, store: &impl AsStore) -> Vec<(String, Extern)> {
        assert_same(store, &self.0);
        let module = store.runtime().instance(self.id()).module();
        let named = |export: &gantry_module::Export| (export.name.to_string(), self.item(store, export.index));
        module.exports.iter().map(named).collect()
    }

    fn item(&self, store: &impl AsStore, index: ExternIndex) -> Extern {
        let instance = store.runtime().instance(self.id());
        match index {
            ExternIndex::Func(i) => Func::from_pointer(store, instance.func(i)).into(),
            ExternIndex::Table(i) => Table::from_id(store, instance.table(i)).into(),
            ExternIndex::Memory(i) => Memory::from_id(store, instance.memory(i)).into(),
            ExternIndex::Global(i) => Global::from_id(store, store.runtime().instance_global(self.id(), i)).into(),
            ExternIndex::Tag(i) => Tag::from_id(store, instance.tag(i)).into(),
        }
    }

    /// An exported function with its types known.
    ///
    /// # Errors
    /// When there is no such function, or its types are others.
    pub fn typed_func<Params: WasmList, Results: WasmList>(
        &self,
        store: &impl AsStore,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>, Error> {
        let func = self.get_export(store, name).and_then(Extern::into_func);
        func.ok_or_else(|| Error::usage(format!("there is no exported function \"{name}\"")))?.typed(store)
    }
}

//! References as values: to host values, to what is on the heap, and to exceptions.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use gantry_abi::object::{I31_SHIFT, I31_TAG};
use gantry_module::{FuncType, HeapType};
use gantry_runtime::TagId;

use crate::root::{Item, Root};
use crate::store::{AsStore, AsStoreMut, assert_same, check, root};
use crate::{Error, Module, Val};

macro_rules! references {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Root);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }

        impl $name {
            /// From bits that are not 0.
            pub(crate) fn from_bits(store: &impl AsStore, bits: usize) -> $name {
                $name(root(store, if bits % 2 == 1 { Item::Value(bits) } else { Item::Object(bits) }))
            }

            pub(crate) fn root(&self) -> &Root {
                &self.0
            }

            pub(crate) fn bits(&self) -> usize {
                match self.0.item() {
                    Item::Value(bits) | Item::Object(bits) => bits,
                    _ => unreachable!("made in `from_bits`"),
                }
            }
        })*
    };
}

references! {
    /// A reference that wasm can hold and pass on but not look into: a host value, or an [`AnyRef`] made external.
    ExternRef
    /// A reference of the internal hierarchy: an integer, a struct, an array, or an [`ExternRef`] made internal.
    AnyRef
    /// An exception.
    ExnRef
}

impl ExternRef {
    /// Makes a host value known to the store.
    pub fn new(store: &mut impl AsStoreMut, value: impl Any) -> ExternRef {
        let index = store.shared().values.borrow_mut().insert(Rc::new(value));
        ExternRef(root(store, Item::Value(index << 1 | 1)))
    }

    /// The value; `None` if it is no host value but an internal one.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn data(&self, store: &impl AsStore) -> Option<Rc<dyn Any>> {
        host_value(store, &self.0)
    }

    /// `any.convert_extern`
    pub fn to_any(&self) -> AnyRef {
        AnyRef(self.0.clone())
    }
}

fn host_value(store: &impl AsStore, root: &Root) -> Option<Rc<dyn Any>> {
    assert_same(store, root);
    match root.item() {
        Item::Value(handle) => Some(store.shared().values.borrow()[handle >> 1].clone()),
        _ => None,
    }
}

impl AnyRef {
    /// `ref.i31`: of the integer, the lower 31 bits.
    pub fn from_i31(store: &impl AsStore, value: i32) -> AnyRef {
        let bits = (value as u32 as u64 & 0x7fff_ffff) << I31_SHIFT | I31_TAG;
        AnyRef::from_bits(store, bits as usize)
    }

    /// `i31.get_s`, if it is an integer.
    pub fn as_i31(&self) -> Option<i32> {
        let bits = self.bits() as u64;
        (bits & 0b11 == I31_TAG).then_some(((bits >> I31_SHIFT) as i32) << 1 >> 1)
    }

    /// Whether it is of an abstract type, such as [`HeapType::Struct`].
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn is(&self, store: &impl AsStore, heap: HeapType) -> bool {
        assert_same(store, &self.0);
        store.runtime().reference_is(self.bits(), heap)
    }

    /// `extern.convert_any`
    pub fn to_extern(&self) -> ExternRef {
        ExternRef(self.0.clone())
    }

    /// Whether both are the same reference, as `ref.eq` says.
    pub fn same(&self, other: &AnyRef) -> bool {
        self.bits() == other.bits()
    }
}

/// What exceptions are told apart by, and what they carry.
#[derive(Debug, Clone)]
pub struct Tag(Root);

impl Tag {
    /// A tag whose exceptions carry values of these types.
    pub fn new(store: &mut impl AsStoreMut, params: impl Into<Box<[gantry_module::ValType]>>) -> Tag {
        let id = gantry_runtime::func_type_id(&FuncType::new(params, []));
        let id = store.runtime_mut().new_tag(id);
        Tag::from_id(store, id)
    }

    /// A tag of a type of a module, by its index: of one that belongs to a recursion group.
    pub fn of_type(store: &mut impl AsStoreMut, module: &Module, index: u32) -> Tag {
        let id = store.runtime_mut().new_tag(module.loaded().type_ids()[index as usize]);
        Tag::from_id(store, id)
    }

    pub(crate) fn from_id(store: &impl AsStore, id: TagId) -> Tag {
        Tag(root(store, Item::Tag(id)))
    }

    pub(crate) fn root(&self) -> &Root {
        &self.0
    }

    pub(crate) fn id(&self) -> TagId {
        match self.0.item() {
            Item::Tag(id) => id,
            _ => unreachable!("made in `from_id`"),
        }
    }

    /// The function type whose parameters its exceptions carry.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: &impl AsStore) -> FuncType {
        assert_same(store, &self.0);
        store.runtime().func_type_of(store.runtime().tag_type(self.id()))
    }

    /// Whether both are the same tag.
    pub fn same(&self, other: &Tag) -> bool {
        self.0.item() == other.0.item()
    }
}

impl ExnRef {
    /// An exception that carries these values.
    ///
    /// # Errors
    /// When the values are not of the tag's types, or the heap is full.
    pub fn new(store: &mut impl AsStoreMut, tag: &Tag, values: &[Val]) -> Result<ExnRef, Error> {
        check(store, tag.root())?;
        let params = tag.ty(store).params;
        if params.len() != values.len() {
            let message = format!("expected {} values for an exception, got {}", params.len(), values.len());
            return Err(Error::usage(message));
        }
        let bits = values.iter().zip(&params).map(|(value, ty)| value.to_slot(store, *ty));
        let bits = bits.collect::<Result<Vec<u128>, Error>>()?;
        let exception = store.runtime_mut().new_exception(tag.id(), &bits).ok_or_else(Error::out_of_memory)?;
        Ok(ExnRef::from_bits(store, exception))
    }

    /// Its tag.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn tag(&self, store: &impl AsStore) -> Tag {
        assert_same(store, &self.0);
        // SAFETY: the handle keeps the exception.
        #[expect(unsafe_code, reason = "the contract with the runtime")]
        let id = unsafe { store.runtime().exception_tag(self.bits()) };
        Tag::from_id(store, id)
    }

    /// The values that it carries.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn values(&self, store: &impl AsStore) -> Vec<Val> {
        let params = self.tag(store).ty(store).params;
        let read = |(part, ty): (usize, &gantry_module::ValType)| {
            // SAFETY: the handle keeps the exception, whose tag has such a parameter.
            #[expect(unsafe_code, reason = "the contract with the runtime")]
            let bits = unsafe { store.runtime().exception_value(self.bits(), part) };
            Val::from_slot(store, *ty, bits)
        };
        params.iter().enumerate().map(read).collect()
    }
}

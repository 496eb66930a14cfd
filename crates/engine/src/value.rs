//! Values of any type.

use std::any::Any;

use gantry_module::{HeapType, ValType};
use gantry_runtime::{FuncPtr, VMGlobal};

use crate::root::{Item, Root};
use crate::store::{AsStore, AsStoreMut, check, root};
use crate::{Error, Func};

/// A value.
#[derive(Debug, Clone)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A 32-bit float, as bits.
    F32(u32),
    /// A 64-bit float, as bits.
    F64(u64),
    /// A 128-bit vector, as a little-endian number.
    V128(u128),
    /// A function or null.
    FuncRef(Option<Func>),
    /// A host value or null.
    ExternRef(Option<ExternRef>),
}

/// A host value that wasm can hold and pass on but not look into.
#[derive(Debug, Clone)]
pub struct ExternRef(Root);

impl ExternRef {
    /// Makes a host value known to the store.
    pub fn new(store: &mut impl AsStoreMut, value: impl Any) -> ExternRef {
        let index = store.shared().values.borrow_mut().insert(std::rc::Rc::new(value));
        ExternRef(root(store, Item::Value(index << 1 | 1)))
    }

    /// The value.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn data(&self, store: &impl AsStore) -> std::rc::Rc<dyn Any> {
        crate::store::assert_same(store, &self.0);
        store.shared().values.borrow()[self.handle() >> 1].clone()
    }

    fn handle(&self) -> usize {
        match self.0.item() {
            Item::Value(handle) => handle,
            _ => unreachable!("made in `new` or `from_slot`"),
        }
    }
}

impl Val {
    /// Its type.
    pub fn ty(&self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(_) => ValType::FUNCREF,
            Val::ExternRef(_) => ValType::EXTERNREF,
        }
    }

    /// The zero or null of a type.
    pub fn default_of(ty: ValType) -> Val {
        match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(0),
            ValType::Ref(r) if r.heap == HeapType::Func => Val::FuncRef(None),
            ValType::Ref(_) => Val::ExternRef(None),
        }
    }

    /// The bits of the value, if it is of type `ty` and of this store.
    pub(crate) fn to_slot(&self, store: &impl AsStore, ty: ValType) -> Result<u128, Error> {
        let nullable = matches!(ty, ValType::Ref(r) if r.nullable) || !matches!(ty, ValType::Ref(_));
        let is_null = matches!(self, Val::FuncRef(None) | Val::ExternRef(None));
        let same = match (self.ty(), ty) {
            (ValType::Ref(a), ValType::Ref(b)) => a.heap == b.heap && (nullable || !is_null),
            (a, b) => a == b,
        };
        if !same {
            return Err(Error::usage(format!("expected a value of type {ty}, got {}", self.ty())));
        }
        Ok(match self {
            Val::I32(value) => u128::from(*value as u32),
            Val::I64(value) => u128::from(*value as u64),
            Val::F32(bits) => u128::from(*bits),
            Val::F64(bits) => u128::from(*bits),
            Val::V128(bits) => *bits,
            Val::FuncRef(None) | Val::ExternRef(None) => 0,
            Val::FuncRef(Some(func)) => {
                check(store, func.root())?;
                func.pointer().as_ptr().expose_provenance() as u128
            }
            Val::ExternRef(Some(value)) => {
                check(store, &value.0)?;
                value.handle() as u128
            }
        })
    }

    /// The value of type `ty` with these bits, which come from wasm.
    pub(crate) fn from_slot(store: &impl AsStore, ty: ValType, bits: u128) -> Val {
        match ty {
            ValType::I32 => Val::I32(bits as i32),
            ValType::I64 => Val::I64(bits as i64),
            ValType::F32 => Val::F32(bits as u32),
            ValType::F64 => Val::F64(bits as u64),
            ValType::V128 => Val::V128(bits),
            ValType::Ref(r) if r.heap == HeapType::Func => {
                let func = FuncPtr::new(std::ptr::with_exposed_provenance_mut(bits as usize));
                Val::FuncRef(func.map(|func| Func::from_pointer(store, func)))
            }
            ValType::Ref(_) if bits == 0 => Val::ExternRef(None),
            ValType::Ref(_) => Val::ExternRef(Some(ExternRef(root(store, Item::Value(bits as usize))))),
        }
    }

    pub(crate) fn to_global(&self, store: &impl AsStore, ty: ValType) -> Result<VMGlobal, Error> {
        Ok(VMGlobal(self.to_slot(store, ty)?.to_le_bytes()))
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Self {
        Val::I32(value)
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Val::I64(value)
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Self {
        Val::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Val::F64(value.to_bits())
    }
}

//! Values of any type.

use gantry_module::{HeapType, Hierarchy, RefType, ValType};
use gantry_runtime::{FuncPtr, VMGlobal, heap_type_matches, hierarchy};

use crate::store::{AsStore, check};
use crate::{AnyRef, Error, ExnRef, ExternRef, Func};

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
    /// An integer, struct or array, or null.
    AnyRef(Option<AnyRef>),
    /// An exception or null.
    ExnRef(Option<ExnRef>),
}

impl Val {
    /// Its type: of references, the top of the hierarchy.
    pub fn ty(&self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(_) => ValType::FUNCREF,
            Val::ExternRef(_) => ValType::EXTERNREF,
            Val::AnyRef(_) => ValType::Ref(RefType::ANYREF),
            Val::ExnRef(_) => ValType::Ref(RefType::EXNREF),
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
            ValType::Ref(r) => Val::null(hierarchy(r.heap)),
        }
    }

    /// The null of a hierarchy.
    pub fn null(hierarchy: Hierarchy) -> Val {
        match hierarchy {
            Hierarchy::Func => Val::FuncRef(None),
            Hierarchy::Extern => Val::ExternRef(None),
            Hierarchy::Any => Val::AnyRef(None),
            Hierarchy::Exn => Val::ExnRef(None),
        }
    }

    /// Whether it is a value of a type, which is in canonical numbers.
    fn is_of(&self, store: &impl AsStore, ty: ValType) -> bool {
        let ValType::Ref(wanted) = ty else { return self.ty() == ty };
        let ValType::Ref(own) = self.ty() else { return false };
        if hierarchy(own.heap) != hierarchy(wanted.heap) {
            return false;
        }
        match self {
            Val::FuncRef(Some(func)) => {
                let id = store.runtime().func_type_id(func.pointer());
                heap_type_matches(HeapType::Concrete(id), wanted.heap)
            }
            Val::ExternRef(Some(value)) => store.runtime().reference_is(value.bits(), wanted.heap),
            Val::AnyRef(Some(value)) => store.runtime().reference_is(value.bits(), wanted.heap),
            Val::ExnRef(Some(value)) => store.runtime().reference_is(value.bits(), wanted.heap),
            _ => wanted.nullable,
        }
    }

    /// The bits of the value, if it is of type `ty` and of this store.
    pub(crate) fn to_slot(&self, store: &impl AsStore, ty: ValType) -> Result<u128, Error> {
        let root = match self {
            Val::FuncRef(Some(func)) => Some(func.root()),
            Val::ExternRef(Some(value)) => Some(value.root()),
            Val::AnyRef(Some(value)) => Some(value.root()),
            Val::ExnRef(Some(value)) => Some(value.root()),
            _ => None,
        };
        root.map_or(Ok(()), |root| check(store, root))?;
        if !self.is_of(store, ty) {
            return Err(Error::usage(format!("expected a value of type {ty}, got {}", self.ty())));
        }
        Ok(match self {
            Val::I32(value) => u128::from(*value as u32),
            Val::I64(value) => u128::from(*value as u64),
            Val::F32(bits) => u128::from(*bits),
            Val::F64(bits) => u128::from(*bits),
            Val::V128(bits) => *bits,
            Val::FuncRef(Some(func)) => func.pointer().as_ptr().expose_provenance() as u128,
            Val::ExternRef(Some(value)) => value.bits() as u128,
            Val::AnyRef(Some(value)) => value.bits() as u128,
            Val::ExnRef(Some(value)) => value.bits() as u128,
            Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => 0,
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
            ValType::Ref(r) => Val::from_reference(store, hierarchy(r.heap), bits as usize),
        }
    }

    fn from_reference(store: &impl AsStore, hierarchy: Hierarchy, bits: usize) -> Val {
        match hierarchy {
            _ if bits == 0 => Val::null(hierarchy),
            Hierarchy::Func => {
                let func = FuncPtr::new(std::ptr::with_exposed_provenance_mut(bits));
                Val::FuncRef(func.map(|func| Func::from_pointer(store, func)))
            }
            Hierarchy::Extern => Val::ExternRef(Some(ExternRef::from_bits(store, bits))),
            Hierarchy::Any => Val::AnyRef(Some(AnyRef::from_bits(store, bits))),
            Hierarchy::Exn => Val::ExnRef(Some(ExnRef::from_bits(store, bits))),
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

//! Evaluation of constant expressions.

use gantry_abi::object::{ARRAY_ELEMENTS, I31_SHIFT, I31_TAG};
use gantry_module::{ConstExpr, ConstOp};

use crate::store::{InstanceId, Store};
use crate::types::{self, TypeEntry};

/// A value's bits, in the lowest bytes.
pub(crate) type Bits = u128;

/// Evaluates a validated expression. References are as in a [`Table`](crate::Table). `None` when the heap is full.
pub(crate) fn eval(store: &mut Store, id: InstanceId, expr: &ConstExpr) -> Option<Bits> {
    // Offsets of segments, of which there may be very many.
    if let [ConstOp::I32Const(value)] = expr.ops() {
        return Some(Bits::from(*value as u32));
    }
    let mut stack: Vec<Bits> = Vec::with_capacity(2);
    for op in expr.ops() {
        let instance = store.instance(id);
        let canonical = |ty: u32| types::entry(instance.loaded().type_ids()[ty as usize]);
        let value = match *op {
            ConstOp::I32Const(value) => Bits::from(value as u32),
            ConstOp::I64Const(value) => Bits::from(value as u64),
            ConstOp::F32Const(bits) => Bits::from(bits),
            ConstOp::F64Const(bits) => Bits::from(bits),
            ConstOp::V128Const(bytes) => Bits::from_le_bytes(bytes),
            ConstOp::GlobalGet(global) => u128::from_le_bytes(instance.global_value(global).0),
            ConstOp::RefNull => 0,
            ConstOp::RefFunc(func) => instance.func(func).addr().get() as Bits,
            ConstOp::RefI31 => {
                let value = stack.pop().expect("validated") as u64 & 0x7fff_ffff;
                Bits::from(value << I31_SHIFT | I31_TAG)
            }
            ConstOp::StructNew(ty) => {
                let entry = canonical(ty);
                let fields = stack.split_off(stack.len() - entry.layout.offsets.len());
                make_struct(store, entry, &fields)?
            }
            ConstOp::StructNewDefault(ty) => make_struct(store, canonical(ty), &[])?,
            ConstOp::ArrayNew(ty) => {
                let (init, len) = pop2(&mut stack);
                make_array(store, canonical(ty), len as u32, std::iter::repeat(init))?
            }
            ConstOp::ArrayNewDefault(ty) => {
                let len = stack.pop().expect("validated");
                make_array(store, canonical(ty), len as u32, std::iter::empty())?
            }
            ConstOp::ArrayNewFixed(ty, len) => {
                let elements = stack.split_off(stack.len() - len as usize);
                make_array(store, canonical(ty), len, elements.into_iter())?
            }
            ConstOp::I32Add => binary32(&mut stack, u32::wrapping_add),
            ConstOp::I32Sub => binary32(&mut stack, u32::wrapping_sub),
            ConstOp::I32Mul => binary32(&mut stack, u32::wrapping_mul),
            ConstOp::I64Add => binary64(&mut stack, u64::wrapping_add),
            ConstOp::I64Sub => binary64(&mut stack, u64::wrapping_sub),
            ConstOp::I64Mul => binary64(&mut stack, u64::wrapping_mul),
        };
        stack.push(value);
    }
    Some(stack.pop().expect("validated"))
}

fn make_struct(store: &mut Store, entry: &TypeEntry, fields: &[Bits]) -> Option<Bits> {
    let object = store.allocate_quietly(entry, entry.size() as usize)?;
    for (part, bits) in fields.iter().enumerate() {
        let size = entry.storage(part).expect("a value each").size() as usize;
        // SAFETY: a field of an object that was made just now.
        unsafe { put(object + entry.layout.offsets[part] as usize, *bits, size) };
    }
    Some(object as Bits)
}

fn make_array(store: &mut Store, entry: &TypeEntry, len: u32, elements: impl Iterator<Item = Bits>) -> Option<Bits> {
    let array = store.allocate_array_quietly(entry, len)?;
    let size = entry.size() as usize;
    for (n, bits) in elements.take(len as usize).enumerate() {
        // SAFETY: an element of an array that was made just now.
        unsafe { put(array + ARRAY_ELEMENTS as usize + n * size, bits, size) };
    }
    Some(array as Bits)
}

/// # Safety
/// `size` bytes at the address may be written.
unsafe fn put(at: usize, bits: Bits, size: usize) {
    let at = std::ptr::with_exposed_provenance_mut::<u8>(at);
    // SAFETY: promised by the caller; there are 16 bytes of bits.
    unsafe { at.copy_from_nonoverlapping(bits.to_le_bytes().as_ptr(), size) };
}

fn pop2(stack: &mut Vec<Bits>) -> (Bits, Bits) {
    let second = stack.pop().expect("validated");
    (stack.pop().expect("validated"), second)
}

fn binary32(stack: &mut Vec<Bits>, op: fn(u32, u32) -> u32) -> Bits {
    let (a, b) = pop2(stack);
    Bits::from(op(a as u32, b as u32))
}

fn binary64(stack: &mut Vec<Bits>, op: fn(u64, u64) -> u64) -> Bits {
    let (a, b) = pop2(stack);
    Bits::from(op(a as u64, b as u64))
}

//! The functions that compiled code calls.
//!
//! They run on a fiber, whose stack has little room for them, and hold nothing that needs dropping while they might be
//! left. See [`Libcall`] for what each takes and returns.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use gantry_abi::Libcall;
use gantry_abi::vmctx::VMContextHeader;

use crate::activation::Request;
use crate::object_calls::{
    array_copy, array_init_data, array_init_elem, array_new, array_new_data, array_new_elem, exception_new, is_subtype,
    struct_new, write_barrier,
};
use crate::store::{InstanceId, Store};
use crate::{sys, wait};

pub(crate) type Context = *mut VMContextHeader;

pub(crate) const OK: u32 = 0;
pub(crate) const FAILED: u32 = 1;

fn status(done: Option<()>) -> u32 {
    if done.is_some() { OK } else { FAILED }
}

/// The table that contexts point to.
pub(crate) fn table() -> *const *const u8 {
    struct Table([*const u8; Libcall::ALL.len()]);
    // SAFETY: addresses of functions, never written.
    unsafe impl Sync for Table {}
    static TABLE: Table = {
        let mut table = [std::ptr::null(); Libcall::ALL.len()];
        let mut i = 0;
        while i < table.len() {
            table[i] = address(Libcall::ALL[i]);
            i += 1;
        }
        Table(table)
    };
    TABLE.0.as_ptr()
}

const fn address(libcall: Libcall) -> *const u8 {
    match libcall {
        Libcall::Raise => sys::raise as *const u8,
        Libcall::MemoryGrow => memory_grow as *const u8,
        Libcall::MemoryCopy => memory_copy as *const u8,
        Libcall::MemoryFill => memory_fill as *const u8,
        Libcall::MemoryInit => memory_init as *const u8,
        Libcall::DataDrop => data_drop as *const u8,
        Libcall::TableGrow => table_grow as *const u8,
        Libcall::TableCopy => table_copy as *const u8,
        Libcall::TableFill => table_fill as *const u8,
        Libcall::TableInit => table_init as *const u8,
        Libcall::ElemDrop => elem_drop as *const u8,
        Libcall::F32Ceil => f32_ceil as *const u8,
        Libcall::F64Ceil => f64_ceil as *const u8,
        Libcall::F32Floor => f32_floor as *const u8,
        Libcall::F64Floor => f64_floor as *const u8,
        Libcall::F32Trunc => f32_trunc as *const u8,
        Libcall::F64Trunc => f64_trunc as *const u8,
        Libcall::F32Nearest => f32_nearest as *const u8,
        Libcall::F64Nearest => f64_nearest as *const u8,
        Libcall::IsSubtype => is_subtype as *const u8,
        Libcall::StructNew => struct_new as *const u8,
        Libcall::ArrayNew => array_new as *const u8,
        Libcall::ArrayNewData => array_new_data as *const u8,
        Libcall::ArrayNewElem => array_new_elem as *const u8,
        Libcall::ArrayInitData => array_init_data as *const u8,
        Libcall::ArrayInitElem => array_init_elem as *const u8,
        Libcall::ArrayCopy => array_copy as *const u8,
        Libcall::ExceptionNew => exception_new as *const u8,
        Libcall::Throw => sys::throw as *const u8,
        Libcall::WriteBarrier => write_barrier as *const u8,
        Libcall::AtomicWait32 => atomic_wait32 as *const u8,
        Libcall::AtomicWait64 => atomic_wait64 as *const u8,
        Libcall::AtomicNotify => atomic_notify as *const u8,
        Libcall::F32Fma => f32_fma as *const u8,
        Libcall::F64Fma => f64_fma as *const u8,
        Libcall::CopyBytes => copy_bytes as *const u8,
        Libcall::FillBytes => fill_bytes as *const u8,
    }
}

/// The running store and the instance that calls.
///
/// # Safety
/// `vmctx` is the context of the instance whose code is calling.
pub(crate) unsafe fn caller<'a>(vmctx: Context) -> (&'a mut Store, InstanceId) {
    // SAFETY: while code runs, the store's owner has given it away to code and to what that calls.
    unsafe {
        let store = (*(*vmctx).store).owner.cast::<Store>();
        (&mut *store, InstanceId((*vmctx).id))
    }
}

unsafe extern "C" fn memory_grow(vmctx: Context, memory: u32, delta: u64) -> u64 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let memory = store.instance(id).memory(memory);
    if store.is_foreign(memory) {
        // SAFETY: called by compiled code on its fiber.
        return unsafe { Store::ask(store, Request::Grow { memory, delta }) } as u64;
    }
    let old = store.grow_memory(memory, delta);
    store.memory_grown |= old.is_some();
    old.unwrap_or(u64::MAX)
}

/// The address of `len` bytes at `at`, or `None` outside the memory.
fn range(store: &Store, id: InstanceId, memory: u32, at: u64, len: u64) -> Option<NonNull<u8>> {
    store.memory(store.instance(id).memory(memory)).range(at, len)
}

unsafe extern "C" fn memory_copy(vmctx: Context, to: u32, from: u32, target: u64, source: u64, len: u64) -> u32 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let source = range(store, id, from, source, len);
    let target = range(store, id, to, target, len);
    let (Some(source), Some(target)) = (source, target) else { return FAILED };
    // SAFETY: both ranges were just checked; they may overlap.
    unsafe { target.copy_from(source, len as usize) };
    OK
}

unsafe extern "C" fn memory_fill(vmctx: Context, memory: u32, target: u64, byte: u32, len: u64) -> u32 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let Some(target) = range(store, id, memory, target, len) else { return FAILED };
    // SAFETY: the range was just checked.
    unsafe { target.write_bytes(byte as u8, len as usize) };
    OK
}

unsafe extern "C" fn copy_bytes(target: *mut u8, source: *const u8, len: u64) {
    // SAFETY: compiled code has checked both ranges; they may overlap.
    unsafe { target.copy_from(source, len as usize) }
}

unsafe extern "C" fn fill_bytes(target: *mut u8, byte: u32, len: u64) {
    // SAFETY: compiled code has checked the range.
    unsafe { target.write_bytes(byte as u8, len as usize) }
}

unsafe extern "C" fn memory_init(vmctx: Context, memory: u32, segment: u32, target: u64, source: u32, len: u32) -> u32 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let instance = store.instance(id);
    let dropped = instance.dropped_data[segment as usize];
    let data = if dropped { &[] } else { instance.module().data_bytes(segment as usize) };
    let Some(data) = data.get(source as usize..).and_then(|data| data.get(..len as usize)) else { return FAILED };
    let Some(target) = range(store, id, memory, target, u64::from(len)) else { return FAILED };
    // SAFETY: the range was just checked.
    unsafe { target.as_ptr().copy_from_nonoverlapping(data.as_ptr(), data.len()) };
    OK
}

/// An address that compiled code has checked.
fn checked_address(store: &Store, id: InstanceId, memory: u32, at: u64) -> NonNull<u8> {
    range(store, id, memory, at, 1).expect("memories do not shrink")
}

unsafe extern "C" fn atomic_wait32(vmctx: Context, memory: u32, at: u64, expected: u32, timeout: i64) -> u32 {
    // SAFETY: called by compiled code on its fiber. The address is that of an aligned value.
    unsafe {
        let (store, id) = caller(vmctx);
        let memory_id = store.instance(id).memory(memory);
        if store.is_foreign(memory_id) {
            let request = Request::Wait { memory: memory_id, at, expected: expected.into(), size: 4, timeout };
            return Store::ask(store, request) as u32;
        }
        let address = checked_address(store, id, memory, at).cast::<u32>();
        let is_expected = || AtomicU32::from_ptr(address.as_ptr()).load(Ordering::SeqCst) == expected;
        Store::wait(store, address.addr().get(), timeout, is_expected) as u32
    }
}

unsafe extern "C" fn atomic_wait64(vmctx: Context, memory: u32, at: u64, expected: u64, timeout: i64) -> u32 {
    // SAFETY: as above.
    unsafe {
        let (store, id) = caller(vmctx);
        let memory_id = store.instance(id).memory(memory);
        if store.is_foreign(memory_id) {
            let request = Request::Wait { memory: memory_id, at, expected, size: 8, timeout };
            return Store::ask(store, request) as u32;
        }
        let address = checked_address(store, id, memory, at).cast::<u64>();
        let is_expected = || AtomicU64::from_ptr(address.as_ptr()).load(Ordering::SeqCst) == expected;
        Store::wait(store, address.addr().get(), timeout, is_expected) as u32
    }
}

unsafe extern "C" fn atomic_notify(vmctx: Context, memory: u32, at: u64, count: u32) -> u32 {
    // SAFETY: called by compiled code on its fiber.
    unsafe {
        let (store, id) = caller(vmctx);
        let memory_id = store.instance(id).memory(memory);
        if store.is_foreign(memory_id) {
            return Store::ask(store, Request::Notify { memory: memory_id, at, count }) as u32;
        }
        wait::notify(checked_address(store, id, memory, at).addr().get(), count)
    }
}

unsafe extern "C" fn data_drop(vmctx: Context, segment: u32) {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    store.instance_mut(id).dropped_data[segment as usize] = true;
}

unsafe extern "C" fn table_grow(vmctx: Context, table: u32, init: usize, delta: u64) -> u64 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let table = store.instance(id).table(table);
    store.table_mut(table).grow(delta, init).unwrap_or(u64::MAX)
}

unsafe extern "C" fn table_copy(vmctx: Context, to: u32, from: u32, target: u64, source: u64, len: u64) -> u32 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let (to, from) = (store.instance(id).table(to), store.instance(id).table(from));
    if to == from {
        return status(store.table_mut(to).copy_within(target, source, len));
    }
    let (to, from) = store.tables.get2_mut(to.0 as usize, from.0 as usize).expect("two tables");
    status(to.copy_from(target, from, source, len))
}

unsafe extern "C" fn table_fill(vmctx: Context, table: u32, target: u64, value: usize, len: u64) -> u32 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let table = store.instance(id).table(table);
    status(store.table_mut(table).fill(target, value, len))
}

unsafe extern "C" fn table_init(vmctx: Context, table: u32, segment: u32, target: u64, source: u32, len: u32) -> u32 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let table = store.instance(id).table(table);
    let Ok(values) = store.segment_elements(id, segment, source, len) else { return FAILED };
    status(store.table_mut(table).init(target, &values))
}

unsafe extern "C" fn elem_drop(vmctx: Context, segment: u32) {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    store.instance_mut(id).dropped_elements[segment as usize] = true;
}

/// The value, or the canonical NaN for any NaN: results must not depend on which library computes them.
fn canonical_f32(value: f32) -> f32 {
    if value.is_nan() { f32::from_bits(0x7fc0_0000) } else { value }
}

/// As above, of 64 bits.
fn canonical_f64(value: f64) -> f64 {
    if value.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { value }
}

extern "C" fn f32_fma(a: f32, b: f32, c: f32) -> f32 {
    canonical_f32(a.mul_add(b, c))
}

extern "C" fn f64_fma(a: f64, b: f64, c: f64) -> f64 {
    canonical_f64(a.mul_add(b, c))
}

macro_rules! rounding {
    ($($name:ident $float:ident $canonical:ident $method:ident)*) => {
        $(extern "C" fn $name(value: $float) -> $float {
            $canonical(value.$method())
        })*
    };
}

rounding! {
    f32_ceil f32 canonical_f32 ceil
    f64_ceil f64 canonical_f64 ceil
    f32_floor f32 canonical_f32 floor
    f64_floor f64 canonical_f64 floor
    f32_trunc f32 canonical_f32 trunc
    f64_trunc f64 canonical_f64 trunc
    f32_nearest f32 canonical_f32 round_ties_even
    f64_nearest f64 canonical_f64 round_ties_even
}

//! The functions that compiled code calls for objects and exceptions. As in [`libcalls`](crate::libcalls), nothing needs
//! dropping.

use std::ptr;

use gantry_abi::object::{ARRAY_ELEMENTS, VMArray, VMException};

use crate::libcalls::{Context, FAILED, OK, caller};
use crate::store::{InstanceId, Store};
use crate::types::{self, TypeEntry};

/// What functions that copy from segments return when the array would not fit into the heap.
const FULL: usize = 1;

fn entry_of(store: &Store, id: InstanceId, ty: u32) -> &'static TypeEntry {
    let vm = store.instance(id).loaded().vm_types()[ty as usize];
    // SAFETY: the registry gave it.
    unsafe { TypeEntry::from_vm(vm) }
}

pub(crate) unsafe extern "C" fn is_subtype(vmctx: Context, type_id: u32, of: u32) -> u32 {
    // SAFETY: called by compiled code.
    let (store, id) = unsafe { caller(vmctx) };
    let of = store.instance(id).loaded().type_ids()[of as usize];
    u32::from(types::is_subtype(type_id, of))
}

pub(crate) unsafe extern "C" fn struct_new(vmctx: Context, ty: u32) -> usize {
    // SAFETY: called by compiled code.
    unsafe {
        let (store, id) = caller(vmctx);
        let entry = entry_of(store, id, ty);
        store.allocate(entry, entry.size() as usize).unwrap_or(0)
    }
}

pub(crate) unsafe extern "C" fn array_new(vmctx: Context, ty: u32, len: u32) -> usize {
    // SAFETY: called by compiled code.
    unsafe {
        let (store, id) = caller(vmctx);
        let entry = entry_of(store, id, ty);
        store.allocate_array(entry, len).unwrap_or(0)
    }
}

/// The bytes of a data segment from `offset` on, if there are so many.
fn data(store: &Store, id: InstanceId, segment: u32, offset: u32, len: usize) -> Option<(*const u8, usize)> {
    let instance = store.instance(id);
    let dropped = instance.dropped_data[segment as usize];
    let data = if dropped { &[] } else { instance.module().data_bytes(segment as usize) };
    let bytes = data.get(offset as usize..)?.get(..len)?;
    Some((bytes.as_ptr(), len))
}

pub(crate) unsafe extern "C" fn array_new_data(vmctx: Context, ty: u32, segment: u32, offset: u32, len: u32) -> usize {
    // SAFETY: called by compiled code. Segments stay where they are as long as the instance's module.
    unsafe {
        let (store, id) = caller(vmctx);
        let entry = entry_of(store, id, ty);
        let bytes = len as usize * entry.size() as usize;
        let Some((bytes, len_in_bytes)) = data(store, id, segment, offset, bytes) else { return 0 };
        let Some(array) = store.allocate_array(entry, len) else { return FULL };
        let elements = ptr::with_exposed_provenance_mut::<u8>(array + ARRAY_ELEMENTS as usize);
        elements.copy_from_nonoverlapping(bytes, len_in_bytes);
        array
    }
}

pub(crate) unsafe extern "C" fn array_new_elem(vmctx: Context, ty: u32, segment: u32, offset: u32, len: u32) -> usize {
    // SAFETY: called by compiled code.
    unsafe {
        let (store, id) = caller(vmctx);
        let entry = entry_of(store, id, ty);
        // Checked first; read after the allocation, which may collect.
        if store.segment_elements(id, segment, offset, len).is_err() {
            return 0;
        }
        let Some(array) = store.allocate_array(entry, len) else { return FULL };
        let elements = store.segment_elements(id, segment, offset, len).unwrap_or_default();
        elements.iter().for_each(|reference| store.write_barrier(*reference));
        put_elements(array, 0, &elements);
        array
    }
}

/// # Safety
/// The array has so many elements, which are references.
unsafe fn put_elements(array: usize, index: u32, values: &[usize]) {
    let at = array + ARRAY_ELEMENTS as usize + index as usize * size_of::<usize>();
    // SAFETY: promised by the caller.
    unsafe { ptr::with_exposed_provenance_mut::<usize>(at).copy_from_nonoverlapping(values.as_ptr(), values.len()) };
}

pub(crate) unsafe extern "C" fn array_init_data(
    vmctx: Context,
    ty: u32,
    array: usize,
    index: u32,
    segment: u32,
    offset: u32,
    len: u32,
) -> u32 {
    // SAFETY: called by compiled code, which has checked the range in the array.
    unsafe {
        let (store, id) = caller(vmctx);
        let size = entry_of(store, id, ty).size() as usize;
        let Some((bytes, len)) = data(store, id, segment, offset, len as usize * size) else { return FAILED };
        let at = array + ARRAY_ELEMENTS as usize + index as usize * size;
        ptr::with_exposed_provenance_mut::<u8>(at).copy_from_nonoverlapping(bytes, len);
        OK
    }
}

pub(crate) unsafe extern "C" fn array_init_elem(
    vmctx: Context,
    array: usize,
    index: u32,
    segment: u32,
    offset: u32,
    len: u32,
) -> u32 {
    // SAFETY: called by compiled code, which has checked the range in the array.
    unsafe {
        let (store, id) = caller(vmctx);
        let Ok(elements) = store.segment_elements(id, segment, offset, len) else { return FAILED };
        elements.iter().for_each(|reference| store.write_barrier(*reference));
        put_elements(array, index, &elements);
        OK
    }
}

pub(crate) unsafe extern "C" fn array_copy(vmctx: Context, target: usize, to: u32, source: usize, from: u32, len: u32) {
    // SAFETY: called by compiled code, which has checked both ranges.
    unsafe {
        let (store, _) = caller(vmctx);
        let entry = TypeEntry::from_vm((*ptr::with_exposed_provenance::<VMArray>(target)).ty);
        let size = entry.size() as usize;
        let place = |array: usize, index: u32| array + ARRAY_ELEMENTS as usize + index as usize * size;
        let source = ptr::with_exposed_provenance::<u8>(place(source, from));
        let target = ptr::with_exposed_provenance_mut::<u8>(place(target, to));
        target.copy_from(source, len as usize * size);
        if entry.references.iter().any(|reference| !reference.is_func) && store.heap.is_marking() {
            let copied = std::slice::from_raw_parts(target.cast_const().cast::<usize>(), len as usize);
            copied.iter().for_each(|reference| store.write_barrier(*reference));
        }
    }
}

pub(crate) unsafe extern "C" fn exception_new(vmctx: Context, tag: u32) -> usize {
    // SAFETY: called by compiled code.
    unsafe {
        let (store, id) = caller(vmctx);
        let tag = store.instance(id).tag(tag);
        let entry = types::entry(store.tag_type(tag));
        let Some(exception) = store.allocate(entry, entry.size() as usize) else { return 0 };
        (*ptr::with_exposed_provenance_mut::<VMException>(exception)).tag = store.tag_pointer(tag);
        exception
    }
}

pub(crate) unsafe extern "C" fn write_barrier(vmctx: Context, reference: usize) {
    // SAFETY: called by compiled code.
    let (store, _) = unsafe { caller(vmctx) };
    store.write_barrier(reference);
}

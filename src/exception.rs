//! `WebAssembly.Tag` and `WebAssembly.Exception`, and what JavaScript holds of the wasm heap. Values of exceptions pass
//! through the mailbox.

use gantry_engine::FuncType;
use gantry_module::{CompositeType, FieldType, StorageType, SubType};
use gantry_runtime::{TagId, func_type_id, heap_type_matches, type_id};
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use crate::describe;
use crate::enter::func_from_number;
use crate::host::Host;

#[napi]
impl Host {
    /// Makes a tag whose exceptions carry values of these types; returns its number.
    #[napi]
    pub fn new_tag(&mut self, types: Vec<String>) -> napi::Result<u32> {
        let params = types.iter().map(|ty| describe::value_type_of(ty)).collect::<napi::Result<Vec<_>>>()?;
        Ok(self.state.store.new_tag(func_type_id(&FuncType::new(params, []))).0)
    }

    /// The types of the values that a tag's exceptions carry, as the parameters of a signature.
    #[napi]
    pub fn tag_signature(&self, tag: u32) -> String {
        let store = &self.state.store;
        describe::signature(&store.func_type_of(store.tag_type(TagId(tag))))
    }

    /// Makes an exception of the values in the mailbox's slots. Returns its address, or nothing when the heap is full.
    #[napi]
    pub fn new_exception(&mut self, tag: u32) -> Option<f64> {
        let state = &mut *self.state;
        let count = state.store.func_type_of(state.store.tag_type(TagId(tag))).params.len();
        let slots = state.calls.slots().cast::<u128>();
        // SAFETY: the mailbox has room for all parameters that a type can have.
        let values: Vec<u128> = (0..count).map(|part| unsafe { slots.add(part).read() }).collect();
        state.store.new_exception(TagId(tag), &values).map(|exception| exception as f64)
    }

    /// The tag of an exception.
    #[napi]
    pub fn exception_tag(&self, exception: f64) -> u32 {
        // SAFETY: JavaScript has the address from wasm and has kept the exception.
        unsafe { self.state.store.exception_tag(exception as usize).0 }
    }

    /// Copies one of the values that an exception carries to the first slot of the mailbox.
    #[napi]
    pub fn exception_value(&self, exception: f64, part: u32) {
        // SAFETY: as above; the tag has such a value. The mailbox's slots are aligned.
        unsafe {
            let value = self.state.store.exception_value(exception as usize, part as usize);
            self.state.calls.slots().cast::<u128>().write(value);
        }
    }

    /// Whether wasm would catch what the import throws that is being called.
    #[napi]
    pub fn would_catch(&self) -> bool {
        self.state.store.would_catch()
    }

    /// Keeps an object of the wasm heap alive until [`Host::release_object`].
    #[napi]
    pub fn keep_object(&mut self, object: f64) {
        self.state.objects.borrow_mut().insert(object as usize);
    }

    /// See [`Host::keep_object`].
    #[napi]
    pub fn release_object(&mut self, object: f64) {
        self.state.objects.borrow_mut().remove(&(object as usize));
    }

    /// The canonical number of the type of mutable arrays of i16.
    #[napi]
    pub fn char_code_array_type(&self) -> u32 {
        let element = FieldType { storage: StorageType::I16, mutable: true };
        type_id(&SubType { is_final: true, supertype: None, composite: CompositeType::Array(element) })
    }

    /// The string of the UTF-16 code units in a part of an array of that type; nothing where the array ends before.
    #[napi]
    pub fn string_of_array(&self, array: f64, start: u32, end: u32) -> Option<Utf16String> {
        // SAFETY: JavaScript has the address from wasm, with this type, and keeps the array.
        let units = unsafe { self.state.store.array_bytes(array as usize) };
        let part = units.get(start as usize * 2..end as usize * 2)?;
        let units: Vec<u16> = part.chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]])).collect();
        Some(units.into())
    }

    /// Writes the UTF-16 code units of a string to an array of that type, from `start` on. False where it ends before.
    #[napi]
    pub fn string_to_array(&mut self, array: f64, start: u32, string: Utf16String) -> bool {
        let start = start as usize * 2;
        // SAFETY: as above; no wasm runs meanwhile.
        let bytes = unsafe { self.state.store.array_bytes_mut(array as usize) };
        let Some(target) = bytes.get_mut(start..).and_then(|rest| rest.get_mut(..string.len() * 2)) else {
            return false;
        };
        for (target, unit) in target.chunks_exact_mut(2).zip(string.iter()) {
            target.copy_from_slice(&unit.to_ne_bytes());
        }
        true
    }

    /// Whether a reference that is neither null nor a function is of a type.
    #[napi]
    pub fn reference_is(&self, reference: f64, ty: String) -> napi::Result<bool> {
        let gantry_engine::ValType::Ref(ty) = describe::value_type_of(&ty)? else { return Ok(false) };
        Ok(self.state.store.reference_is(reference as usize, ty.heap))
    }

    /// Whether a function is of a type.
    #[napi]
    pub fn function_is(&self, func: f64, ty: String) -> napi::Result<bool> {
        let gantry_engine::ValType::Ref(ty) = describe::value_type_of(&ty)? else { return Ok(false) };
        let func = func_from_number(func).expect("an address");
        let id = self.state.store.func_type_id(func);
        Ok(heap_type_matches(gantry_engine::HeapType::Concrete(id), ty.heap))
    }
}

//! The layout of objects on the garbage-collected heap, and the bits of references.
//!
//! References of the hierarchies `any` and `extern` are 64 bits: 0 is null; a multiple of [`OBJECT_ALIGN`] is the address
//! of an object; an odd number is the embedder's handle of a host value; and a number whose lowest two bits are
//! [`I31_TAG`] is an integer, in the 31 bits above. `any.convert_extern` and its reverse change nothing.

use std::mem::size_of;

use gantry_module::{FieldType, FuncType, StorageType};

/// Objects begin at multiples of this and their sizes are multiples of it.
pub const OBJECT_ALIGN: u32 = 16;

/// The lowest two bits of an `i31ref`.
pub const I31_TAG: u64 = 0b10;

/// Where in an `i31ref` the integer begins.
pub const I31_SHIFT: u32 = 2;

/// Supertypes that are found in a type itself. Types that are deeper ask the runtime.
pub const DISPLAY: usize = 8;

/// Sizes of objects that the heap has free lists for, in bytes; what is larger is allocated by itself.
pub const SIZE_CLASSES: [u32; 36] = {
    let mut sizes = [0; 36];
    let mut i = 0;
    while i < sizes.len() {
        sizes[i] = if i < 16 {
            16 * (i as u32 + 1)
        } else {
            // Four steps from each power of two to the next.
            let (power, step) = (256 << ((i - 16) / 4), (i as u32 - 16) % 4 + 1);
            power + power / 4 * step
        };
        i += 1;
    }
    sizes
};

/// The position in [`SIZE_CLASSES`] of the smallest class with room for `size` bytes.
pub fn size_class(size: u32) -> Option<usize> {
    let at = SIZE_CLASSES.partition_point(|class| *class < size);
    (at < SIZE_CLASSES.len()).then_some(at)
}

/// What objects of a type are.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// A function type. Functions are no objects of the heap: what has this type there is an exception that carries the
    /// parameters.
    Func = 0,
    /// A struct.
    Struct = 1,
    /// An array.
    Array = 2,
}

/// A canonical type, as compiled code sees it. It stays where it is as long as the process lives.
#[repr(C)]
#[derive(Debug)]
pub struct VMType {
    /// Its canonical number.
    pub id: u32,
    /// What its objects are.
    pub kind: TypeKind,
    /// How many supertypes it has.
    pub depth: u32,
    /// Bytes of an object; of arrays, bytes of an element.
    pub size: u32,
    /// Its supertypes from the outermost, itself last, as far as there is room. Null behind.
    pub supertypes: [*const VMType; DISPLAY],
}

/// The start of every object. An address with 0 in the place of the type is no object.
#[repr(C)]
#[derive(Debug)]
pub struct VMObject {
    /// Its type.
    pub ty: *const VMType,
}

/// The start of an array; its elements are at [`ARRAY_ELEMENTS`].
#[repr(C)]
#[derive(Debug)]
pub struct VMArray {
    /// Its type.
    pub ty: *const VMType,
    /// How many elements it has.
    pub len: u32,
}

/// The start of an exception; what it carries begins at [`EXCEPTION_VALUES`].
#[repr(C)]
#[derive(Debug)]
pub struct VMException {
    /// The function type of its tag.
    pub ty: *const VMType,
    /// Its tag.
    pub tag: *const VMTag,
}

/// A tag: exceptions know theirs by its address.
#[repr(C)]
#[derive(Debug)]
pub struct VMTag {
    /// Its function type.
    pub ty: *const VMType,
    /// Its number in its store.
    pub id: u32,
}

/// Where the fields of structs begin.
pub const STRUCT_FIELDS: u32 = size_of::<VMObject>() as u32;
/// Where the elements of arrays begin.
pub const ARRAY_ELEMENTS: u32 = size_of::<VMArray>() as u32;
/// Where the values of exceptions begin.
pub const EXCEPTION_VALUES: u32 = size_of::<VMException>() as u32;

/// Where the parts of an object are. A supertype's layout is the beginning of its subtypes'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectLayout {
    /// Offsets in bytes, each a multiple of what the part takes, vectors of 8.
    pub offsets: Box<[u32]>,
    /// Bytes in all, a multiple of [`OBJECT_ALIGN`].
    pub size: u32,
}

impl ObjectLayout {
    fn new(start: u32, parts: impl Iterator<Item = StorageType>) -> ObjectLayout {
        let mut at = start;
        let offsets = parts
            .map(|part| {
                let offset = at.next_multiple_of(part.size().min(8));
                at = offset + part.size();
                offset
            })
            .collect();
        ObjectLayout { offsets, size: at.next_multiple_of(OBJECT_ALIGN) }
    }

    /// Of a struct.
    pub fn of_struct(fields: &[FieldType]) -> ObjectLayout {
        ObjectLayout::new(STRUCT_FIELDS, fields.iter().map(|field| field.storage))
    }

    /// Of an exception whose tag has this type.
    pub fn of_exception(ty: &FuncType) -> ObjectLayout {
        ObjectLayout::new(EXCEPTION_VALUES, ty.params.iter().map(|ty| StorageType::Val(*ty)))
    }
}

/// Free memory for objects of one size: taken from the front, all zero.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMFreeRun {
    /// The next object.
    pub next: usize,
    /// Where the run ends.
    pub end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_grow_and_are_aligned() {
        assert!(SIZE_CLASSES.is_sorted());
        assert!(SIZE_CLASSES.iter().all(|size| size % OBJECT_ALIGN == 0));
        assert_eq!(SIZE_CLASSES.last(), Some(&8192));
        assert_eq!(size_class(16), Some(0));
        assert_eq!(size_class(17), Some(1));
        assert_eq!(size_class(8192), Some(35));
        assert_eq!(size_class(8193), None);
    }
}

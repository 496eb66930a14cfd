//! Linear memories.

use std::ptr::NonNull;

use gantry_abi::vmctx::{MemoryStyle, VMMemory};
use gantry_module::MemoryType;

use crate::reservation::{self, RESERVATION};
use crate::{OutOfMemory, sys};

/// A linear memory. Compiled code reads its first field.
#[repr(C)]
#[derive(Debug)]
pub struct Memory {
    definition: VMMemory,
    ty: MemoryType,
    style: MemoryStyle,
    /// Bytes of address space that are this memory's.
    mapped: usize,
    /// Whether it was grown since this was last asked for.
    grown: bool,
}

impl Memory {
    /// A zeroed memory, in this style if its type allows it.
    pub(crate) fn new(ty: MemoryType, style: MemoryStyle) -> Result<Box<Memory>, OutOfMemory> {
        let style = style.of(&ty);
        let len = pages_to_bytes(&ty, ty.min)?;
        let (base, mapped) = match style {
            MemoryStyle::Reserved => (reservation::take(len)?, RESERVATION),
            MemoryStyle::Checked => (sys::map(checked_mapping(len))?, checked_mapping(len)),
        };
        let definition = VMMemory { base: base.as_ptr(), len };
        Ok(Box::new(Memory { definition, ty, style, mapped, grown: false }))
    }

    /// Its type as declared: the minimum is not its present size.
    pub fn ty(&self) -> MemoryType {
        self.ty
    }

    /// How accesses to it are kept inside.
    pub fn style(&self) -> MemoryStyle {
        self.style
    }

    /// Its present size in pages.
    pub fn pages(&self) -> u64 {
        self.definition.len as u64 >> self.ty.page_size_log2
    }

    /// Its first byte. Stays where it is in the reserved style, moves on growth in the checked one.
    pub fn base(&self) -> NonNull<u8> {
        NonNull::new(self.definition.base).expect("always mapped")
    }

    /// Its present size in bytes.
    pub fn len(&self) -> usize {
        self.definition.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its contents. Wasm must not run while the slice is used, which is why it borrows the store.
    pub fn data(&self) -> &[u8] {
        // SAFETY: `len` bytes from `base` are mapped, and compiled code runs only under `&mut Store`.
        unsafe { std::slice::from_raw_parts(self.definition.base, self.definition.len) }
    }

    /// Its contents.
    pub fn data_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `data`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.definition.base, self.definition.len) }
    }

    /// The addresses that are this memory's, accessible or not.
    pub(crate) fn mapping(&self) -> std::ops::Range<usize> {
        let start = self.base().addr().get();
        start..start + self.mapped
    }

    pub(crate) fn definition(&self) -> *const VMMemory {
        &self.definition
    }

    /// Whether it was grown since the last call.
    pub fn take_grown(&mut self) -> bool {
        std::mem::take(&mut self.grown)
    }

    /// Adds `delta` zeroed pages. Returns the old size in pages, or `None` when the maximum or the machine does not
    /// allow it.
    pub fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.pages();
        let new = old.checked_add(delta).filter(|new| self.ty.max.is_none_or(|max| *new <= max))?;
        let new_len = pages_to_bytes(&self.ty, new).ok()?;
        match self.style {
            MemoryStyle::Reserved => self.commit_up_to(new_len).ok()?,
            MemoryStyle::Checked => self.move_to_mapping_of(new_len).ok()?,
        }
        self.definition.len = new_len;
        self.grown = true;
        Some(old)
    }

    fn commit_up_to(&mut self, new_len: usize) -> Result<(), OutOfMemory> {
        let old_len = self.definition.len;
        if new_len == old_len {
            return Ok(());
        }
        // SAFETY: within this memory's reservation, which covers `MAX_PAGES`.
        unsafe { sys::commit(self.base().add(old_len), new_len - old_len) }
    }

    fn move_to_mapping_of(&mut self, new_len: usize) -> Result<(), OutOfMemory> {
        if new_len <= self.mapped {
            return Ok(());
        }
        let mapped = checked_mapping(new_len);
        let base = sys::map(mapped)?;
        // SAFETY: the new mapping is larger than the old contents and apart from them; the old one is this memory's
        // own, and compiled code of this style reads the base anew for each access.
        unsafe {
            std::ptr::copy_nonoverlapping(self.definition.base, base.as_ptr(), self.definition.len);
            sys::unmap(self.base(), self.mapped);
        }
        self.definition.base = base.as_ptr();
        self.mapped = mapped;
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` or `grow`; whoever could access it keeps it alive.
        unsafe {
            match self.style {
                MemoryStyle::Reserved => reservation::put(self.base(), self.definition.len),
                MemoryStyle::Checked => sys::unmap(self.base(), self.mapped),
            }
        }
    }
}

fn pages_to_bytes(ty: &MemoryType, pages: u64) -> Result<usize, OutOfMemory> {
    if pages > ty.max_pages() {
        return Err(OutOfMemory);
    }
    usize::try_from(pages << ty.page_size_log2).map_err(|_| OutOfMemory)
}

fn checked_mapping(len: usize) -> usize {
    len.max(1).next_multiple_of(sys::page_size())
}

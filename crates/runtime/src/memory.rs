//! Linear memories.

use std::ptr::NonNull;
use std::sync::Arc;

use gantry_abi::vmctx::{MemoryStyle, VMMemory};
use gantry_module::MemoryType;

use crate::reservation::{self, RESERVATION};
use crate::shared::SharedMemory;
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
    /// Whether its pages may have a second address: then `mapped` is for its maximum, and what is above its length is
    /// inaccessible.
    aliased: bool,
    /// What it is if other threads use it too; `definition` is then not used.
    shared: Option<Arc<SharedMemory>>,
}

impl Memory {
    /// A zeroed memory, in this style if its type allows it.
    pub(crate) fn new(ty: MemoryType, style: MemoryStyle) -> Result<Box<Memory>, OutOfMemory> {
        if ty.shared {
            return Ok(Memory::of_shared(SharedMemory::new(ty)?));
        }
        let style = style.of(&ty);
        let len = pages_to_bytes(&ty, ty.min)?;
        let (base, mapped) = match style {
            MemoryStyle::Reserved => (reservation::take(len)?, RESERVATION),
            MemoryStyle::Checked => (sys::map(checked_mapping(len))?, checked_mapping(len)),
        };
        let definition = VMMemory { base: base.as_ptr(), len };
        Ok(Box::new(Memory { definition, ty, style, mapped, grown: false, aliased: false, shared: None }))
    }

    /// A memory that other threads have too.
    pub(crate) fn of_shared(shared: Arc<SharedMemory>) -> Box<Memory> {
        let definition = VMMemory { base: shared.base().as_ptr(), len: 0 };
        let (ty, style) = (shared.ty(), MemoryStyle::Checked);
        Box::new(Memory { definition, ty, style, mapped: 0, grown: false, aliased: false, shared: Some(shared) })
    }

    /// What it is if other threads use it too.
    pub fn shared(&self) -> Option<&Arc<SharedMemory>> {
        self.shared.as_ref()
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
        self.len() as u64 >> self.ty.page_size_log2
    }

    /// Its first byte. Stays where it is in the reserved style, moves on growth in the checked one.
    pub fn base(&self) -> NonNull<u8> {
        NonNull::new(self.definition.base).expect("always mapped")
    }

    /// Its present size in bytes.
    pub fn len(&self) -> usize {
        self.shared.as_ref().map_or(self.definition.len, |shared| shared.len())
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its contents. Wasm must not run while the slice is used, which is why it borrows the store.
    ///
    /// # Panics
    /// If it is shared: other threads may write to it.
    pub fn data(&self) -> &[u8] {
        assert!(self.shared.is_none(), "a shared memory has no contents that stay the same");
        // SAFETY: `len` bytes from `base` are mapped, and compiled code runs only under `&mut Store`.
        unsafe { std::slice::from_raw_parts(self.definition.base, self.definition.len) }
    }

    /// Its contents.
    ///
    /// # Panics
    /// As [`Memory::data`].
    pub fn data_mut(&mut self) -> &mut [u8] {
        assert!(self.shared.is_none(), "a shared memory has no contents that stay the same");
        // SAFETY: as in `data`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.definition.base, self.definition.len) }
    }

    /// The address of `len` bytes from `at` on, if they are inside. Of a shared memory, other threads may write there.
    pub(crate) fn range(&self, at: u64, len: u64) -> Option<NonNull<u8>> {
        let end = at.checked_add(len)?;
        // SAFETY: inside the memory or at its end.
        (end <= self.len() as u64).then(|| unsafe { self.base().add(at as usize) })
    }

    /// The addresses that are this memory's, accessible or not.
    pub(crate) fn mapping(&self) -> std::ops::Range<usize> {
        let start = self.base().addr().get();
        start..start + self.mapped
    }

    pub(crate) fn definition(&self) -> *const VMMemory {
        self.shared.as_ref().map_or(&raw const self.definition, |shared| shared.definition())
    }

    /// Whether it was grown since the last call.
    pub fn take_grown(&mut self) -> bool {
        std::mem::take(&mut self.grown)
    }

    /// Adds `delta` zeroed pages. Returns the old size in pages, or `None` when the maximum or the machine does not
    /// allow it.
    pub fn grow(&mut self, delta: u64) -> Option<u64> {
        if let Some(shared) = &self.shared {
            return shared.grow(delta);
        }
        let old = self.pages();
        let new = old.checked_add(delta).filter(|new| self.ty.max.is_none_or(|max| *new <= max))?;
        let new_len = pages_to_bytes(&self.ty, new).ok()?;
        match self.style {
            MemoryStyle::Reserved => self.commit_up_to(new_len).ok()?,
            MemoryStyle::Checked if self.aliased => self.commit_up_to(new_len).ok()?,
            MemoryStyle::Checked => self.move_to_mapping_of(new_len).ok()?,
        }
        self.definition.len = new_len;
        self.grown = true;
        Some(old)
    }

    fn commit_up_to(&mut self, new_len: usize) -> Result<(), OutOfMemory> {
        let old = self.definition.len.next_multiple_of(sys::page_size());
        let new = new_len.next_multiple_of(sys::page_size());
        if new == old {
            return Ok(());
        }
        // SAFETY: within this memory's reservation, which covers `MAX_PAGES` or its maximum.
        unsafe { sys::commit(self.base().add(old), new - old) }
    }

    /// Shows the memory at `at` too, where there is room for its maximum, inaccessible above its length. Nothing has
    /// changed if that fails, but what is at `at` may be gone.
    ///
    /// # Errors
    /// When it has no maximum or one of no bytes, when it is shared, or when the system cannot do it.
    ///
    /// # Safety
    /// The pages from `at` on, as many as the maximum takes, are one mapping that nobody needs the contents of. Nobody
    /// has the memory's base unless its style is that memories do not move.
    pub unsafe fn alias(&mut self, at: NonNull<u8>) -> Result<(), OutOfMemory> {
        let max = self.ty.max.filter(|max| *max > 0 && self.shared.is_none()).ok_or(OutOfMemory)?;
        let max = pages_to_bytes(&self.ty, max)?.next_multiple_of(sys::page_size());
        let used = self.definition.len.next_multiple_of(sys::page_size());
        if !self.aliased {
            // SAFETY: promised by the caller.
            unsafe { self.make_shareable(max, used)? };
        }
        // SAFETY: promised by the caller; the memory's pages are a shareable mapping of its maximum. Of what lies above
        // its length nothing is accessible here, so that nothing needs to be there either.
        unsafe {
            sys::alias(self.base(), max, at)?;
            if used > 0 {
                sys::commit(at, used)?;
            }
            if max > used { sys::make_inaccessible(at.add(used), max - used) } else { Ok(()) }
        }
    }

    /// Replaces its pages by such as can be aliased, `max` bytes of them, of which `used` are accessible.
    ///
    /// # Safety
    /// As for [`Memory::alias`].
    unsafe fn make_shareable(&mut self, max: usize, used: usize) -> Result<(), OutOfMemory> {
        let pages = sys::map_shareable(max)?;
        // SAFETY: new pages, for more bytes than are copied. Then they are moved to where this memory is, whose
        // reservation has room for its maximum, or its own mapping ends, whose address nobody has.
        unsafe {
            std::ptr::copy_nonoverlapping(self.definition.base, pages.as_ptr(), self.definition.len);
            match self.style {
                MemoryStyle::Reserved => sys::move_to(pages, max, self.base())?,
                MemoryStyle::Checked => {
                    sys::unmap(self.base(), self.mapped);
                    self.definition.base = pages.as_ptr();
                    self.mapped = max;
                }
            }
            self.aliased = true;
            if max > used { sys::make_inaccessible(self.base().add(used), max - used) } else { Ok(()) }
        }
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
        if self.shared.is_some() {
            return;
        }
        // SAFETY: mapped by `new` or `grow`; whoever could access it keeps it alive.
        unsafe {
            match self.style {
                // Its pages are no longer those of the reservation.
                MemoryStyle::Reserved if self.aliased => sys::unmap(self.base(), RESERVATION),
                MemoryStyle::Reserved => reservation::put(self.base(), self.definition.len),
                MemoryStyle::Checked => sys::unmap(self.base(), self.mapped),
            }
        }
    }
}

pub(crate) fn pages_to_bytes(ty: &MemoryType, pages: u64) -> Result<usize, OutOfMemory> {
    if pages > ty.max_pages() {
        return Err(OutOfMemory);
    }
    usize::try_from(pages << ty.page_size_log2).map_err(|_| OutOfMemory)
}

fn checked_mapping(len: usize) -> usize {
    len.max(1).next_multiple_of(sys::page_size())
}

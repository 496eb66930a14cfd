//! Memories that several threads use at once, each through a store of its own.

use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use gantry_abi::vmctx::VMMemory;
use gantry_module::MemoryType;
use once_cell::sync::Lazy;

use crate::memory::pages_to_bytes;
use crate::{OutOfMemory, sys, wait};

/// Who has allocated it.
#[derive(Debug)]
enum Backing {
    /// Address space for its maximum.
    Own { mapped: usize },
    /// The embedder, which also makes it grow.
    Foreign,
}

/// A shared memory. It never moves, and its length never decreases.
#[derive(Debug)]
pub struct SharedMemory {
    definition: UnsafeCell<VMMemory>,
    ty: MemoryType,
    backing: Backing,
    growing: Mutex<()>,
    /// Whether its pages may have other addresses too.
    aliasable: AtomicBool,
}

// SAFETY: the base never changes, and the length is accessed atomically. What the memory holds is wasm's, which has rules of
// its own for races.
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

/// Memories of the embedder, by address: whoever takes one twice gets the same.
static FOREIGN: Lazy<Mutex<HashMap<usize, Weak<SharedMemory>>>> = Lazy::new(Mutex::default);

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SharedMemory {
    /// A zeroed memory.
    ///
    /// # Errors
    /// When there is no address space for its maximum, which it must have.
    pub fn new(ty: MemoryType) -> Result<Arc<SharedMemory>, OutOfMemory> {
        let max = ty.max.ok_or(OutOfMemory)?;
        let mapped = pages_to_bytes(&ty, max)?.max(1).next_multiple_of(sys::page_size());
        let len = pages_to_bytes(&ty, ty.min)?;
        let base = sys::reserve(mapped)?;
        let definition = UnsafeCell::new(VMMemory { base: base.as_ptr(), len });
        let memory = SharedMemory {
            definition,
            ty,
            backing: Backing::Own { mapped },
            growing: Mutex::default(),
            aliasable: AtomicBool::new(false),
        };
        if len > 0 {
            // SAFETY: the pages were reserved just now.
            unsafe { sys::commit(base, len.next_multiple_of(sys::page_size()))? };
        }
        Ok(Arc::new(memory))
    }

    /// A memory that the embedder has allocated, `len` bytes long now.
    ///
    /// # Safety
    /// From `base` on there are pages for the memory's maximum, of which at least `len` bytes are accessible, as long as
    /// what is returned lives.
    pub unsafe fn foreign(base: NonNull<u8>, len: usize, ty: MemoryType) -> Arc<SharedMemory> {
        let mut known = lock(&FOREIGN);
        known.retain(|_, memory| memory.strong_count() > 0);
        if let Some(memory) = known.get(&base.addr().get()).and_then(Weak::upgrade)
            && memory.ty.max == ty.max
        {
            memory.len_cell().fetch_max(len, Ordering::SeqCst);
            return memory;
        }
        let definition = UnsafeCell::new(VMMemory { base: base.as_ptr(), len });
        let memory = Arc::new(SharedMemory {
            definition,
            ty,
            backing: Backing::Foreign,
            growing: Mutex::default(),
            aliasable: AtomicBool::new(false),
        });
        known.insert(base.addr().get(), Arc::downgrade(&memory));
        memory
    }

    /// The type of the embedder's memory at an address, if somebody has it.
    pub fn known(base: NonNull<u8>) -> Option<MemoryType> {
        lock(&FOREIGN).get(&base.addr().get()).and_then(Weak::upgrade).map(|memory| memory.ty)
    }

    fn len_cell(&self) -> &AtomicUsize {
        // SAFETY: the field is never accessed otherwise while there are references to this.
        unsafe { AtomicUsize::from_ptr(&raw mut (*self.definition.get()).len) }
    }

    pub(crate) fn definition(&self) -> *const VMMemory {
        self.definition.get()
    }

    /// Its type as declared.
    pub fn ty(&self) -> MemoryType {
        self.ty
    }

    /// Whether the embedder has to make it grow.
    pub fn is_foreign(&self) -> bool {
        matches!(self.backing, Backing::Foreign)
    }

    /// Its first byte.
    pub fn base(&self) -> NonNull<u8> {
        // SAFETY: the base never changes.
        NonNull::new(unsafe { (*self.definition.get()).base }).expect("always mapped")
    }

    /// Its present length in bytes.
    pub fn len(&self) -> usize {
        self.len_cell().load(Ordering::SeqCst)
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says that the embedder has made it longer.
    pub fn has_grown_to(&self, len: usize) {
        self.len_cell().fetch_max(len, Ordering::SeqCst);
    }

    /// Has all threads that wait in this memory call in, as loops do for the poll page of their store.
    pub fn interrupt_waits(&self) {
        let start = self.base().addr().get();
        wait::interrupt(start..start + self.len());
    }

    /// Bytes of its maximum and of its present length, in whole pages of the system.
    fn extent(&self) -> Result<(usize, usize), OutOfMemory> {
        let max = pages_to_bytes(&self.ty, self.ty.max.ok_or(OutOfMemory)?)?;
        Ok((max.next_multiple_of(sys::page_size()), self.len().next_multiple_of(sys::page_size())))
    }

    /// Replaces the pages of a new memory by such as [`SharedMemory::alias`] can show elsewhere. Where the system cannot do
    /// that, nothing changes.
    ///
    /// # Safety
    /// The memory is all zero, nobody uses it yet, and its pages are accessible up to its length only.
    pub unsafe fn make_aliasable(&self) -> Result<(), OutOfMemory> {
        let (max, used) = self.extent()?;
        let pages = sys::map_shareable(max.max(1))?;
        // SAFETY: promised by the caller.
        unsafe {
            sys::move_to(pages, max, self.base())?;
            if max > used {
                sys::make_inaccessible(self.base().add(used), max - used)?;
            }
        }
        self.aliasable.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Shows the memory at `at` too, inaccessible above its present length.
    ///
    /// # Errors
    /// When its pages cannot have other addresses.
    ///
    /// # Safety
    /// The pages from `at` on, as many as the maximum takes, are one mapping that nobody needs the contents of.
    pub unsafe fn alias(&self, at: NonNull<u8>) -> Result<(), OutOfMemory> {
        if !self.aliasable.load(Ordering::SeqCst) {
            return Err(OutOfMemory);
        }
        let (max, used) = self.extent()?;
        // SAFETY: promised by the caller.
        unsafe {
            sys::alias(self.base(), max, at)?;
            if used > 0 {
                sys::commit(at, used)?;
            }
            if max > used { sys::make_inaccessible(at.add(used), max - used) } else { Ok(()) }
        }
    }

    /// Adds zeroed pages to a memory of its own; returns the old size in pages.
    pub(crate) fn grow(&self, delta: u64) -> Option<u64> {
        let Backing::Own { .. } = self.backing else { return None };
        let _growing = lock(&self.growing);
        let len = self.len();
        let old = (len as u64) >> self.ty.page_size_log2;
        let new = old.checked_add(delta).filter(|new| self.ty.max.is_some_and(|max| *new <= max))?;
        let new_len = pages_to_bytes(&self.ty, new).ok()?;
        let (from, to) = (len.next_multiple_of(sys::page_size()), new_len.next_multiple_of(sys::page_size()));
        if to > from {
            // SAFETY: inside the reservation, which is for the maximum.
            unsafe { sys::commit(self.base().add(from), to - from).ok()? };
        }
        self.len_cell().store(new_len, Ordering::SeqCst);
        Some(old)
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        if let Backing::Own { mapped } = self.backing {
            // SAFETY: reserved in `new`, and no store has it any more.
            unsafe { sys::unmap(self.base(), mapped) };
        }
    }
}

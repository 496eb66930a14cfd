//! Memory for code that comes bit by bit. A page is written, made executable, and never written again.
//!
//! Address space is reserved in chunks, which grow; their pages are taken one after the other. So the pages of a module are
//! neighbours, and the system, as the registry of code, has few ranges to keep.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_abi::Piece;
use gantry_module::Module;

use crate::{OutOfMemory, registry, sys};

/// Bytes of the first chunk; each following one is twice as large, up to the second of these.
const CHUNK: (usize, usize) = (64 << 10, 4 << 20);
/// What the rest of a page is filled with: instructions that trap.
const FILLER: u8 = if cfg!(target_arch = "x86_64") { 0xcc } else { 0 };

/// Reserved address space with code at its beginning.
struct Pages {
    at: NonNull<u8>,
    len: usize,
    used: usize,
}

impl Pages {
    fn reserve(len: usize) -> Result<Pages, OutOfMemory> {
        let len = len.next_multiple_of(sys::page_size());
        Ok(Pages { at: sys::reserve(len)?, len, used: 0 })
    }

    fn room(&self) -> usize {
        self.len - self.used
    }

    /// Copies code to the next pages, of which there must be enough.
    fn publish(&mut self, text: &[u8]) -> Result<NonNull<u8>, OutOfMemory> {
        let len = text.len().max(1).next_multiple_of(sys::page_size());
        assert!(len <= self.room(), "there are enough pages");
        // SAFETY: pages of the reservation that were not used before; nothing else refers to them.
        unsafe {
            let at = self.at.add(self.used);
            sys::commit(at, len)?;
            ptr::copy_nonoverlapping(text.as_ptr(), at.as_ptr(), text.len());
            ptr::write_bytes(at.as_ptr().add(text.len()), FILLER, len - text.len());
            sys::make_executable(at, len)?;
            self.used += len;
            Ok(at)
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: reserved in `reserve`. Who holds an address in it holds what this belongs to as well.
        unsafe { sys::unmap(self.at, self.len) };
    }
}

// SAFETY: memory of its own.
unsafe impl Send for Pages {}

/// The size of the next chunk, given the last one's, for `len` bytes of code.
fn next_chunk(last: Option<usize>, len: usize) -> usize {
    last.map_or(CHUNK.0, |last| (last * 2).min(CHUNK.1)).max(len)
}

/// Code that stays for as long as the process and of which nothing need be known.
pub(crate) struct Permanent(Vec<Pages>);

impl Permanent {
    pub const fn new() -> Permanent {
        Permanent(Vec::new())
    }

    pub fn publish(&mut self, text: &[u8]) -> Result<*const u8, OutOfMemory> {
        let len = text.len().next_multiple_of(sys::page_size());
        if self.0.last().is_none_or(|pages| pages.room() < len) {
            self.0.push(Pages::reserve(next_chunk(self.0.last().map(|pages| pages.len), len))?);
        }
        let pages = self.0.last_mut().expect("there is one");
        Ok(pages.publish(text)?.as_ptr())
    }
}

/// A piece where it lies.
pub(crate) struct Placed {
    pub start: usize,
    pub piece: Piece,
}

/// Where to find pieces by address, also for signal handlers: by page.
pub(crate) struct Chunk {
    start: usize,
    pages: Box<[AtomicPtr<Placed>]>,
}

impl Chunk {
    /// The piece that has code on the page of an address of the chunk.
    pub fn piece_at(&self, pc: usize) -> Option<&Placed> {
        let page = self.pages.get((pc - self.start) / sys::page_size())?;
        // SAFETY: null, or a piece that lives as long as the chunk.
        unsafe { page.load(Ordering::Acquire).as_ref() }
    }
}

#[derive(Default)]
struct Chunks {
    pages: Vec<Pages>,
    /// Boxed, because the registry has their addresses.
    #[expect(clippy::vec_box, reason = "chunks must not move")]
    chunks: Vec<Box<Chunk>>,
    #[expect(clippy::vec_box, reason = "pieces must not move")]
    pieces: Vec<Box<Placed>>,
    bytes: usize,
}

/// Bytes that the code of a piece takes up multiples of: it has pages of its own.
pub fn piece_unit() -> usize {
    sys::page_size()
}

/// The pieces of one module.
#[derive(Default)]
pub(crate) struct Pieces(Mutex<Chunks>);

impl Pieces {
    fn lock(&self) -> MutexGuard<'_, Chunks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a piece executable and known to the registry. `with` gets the number and the address of each function.
    ///
    /// `module` must live as long as this.
    pub fn publish(
        &self,
        mut piece: Piece,
        module: &Module,
        mut with: impl FnMut(u32, *mut u8),
    ) -> Result<(), OutOfMemory> {
        let text = std::mem::take(&mut piece.text);
        let page = sys::page_size();
        let len = text.len().max(1).next_multiple_of(page);
        let mut chunks = self.lock();
        if chunks.pages.last().is_none_or(|pages| pages.room() < len) {
            chunks.grow(len, module)?;
        }
        let pages = chunks.pages.last_mut().expect("there is one");
        let at = pages.publish(&text)?;
        let start = at.addr().get();
        let placed = Box::new(Placed { start, piece });
        let chunk = chunks.chunks.last().expect("there is one");
        let first = (start - chunk.start) / page;
        for entry in &chunk.pages[first..first + len / page] {
            entry.store((&raw const *placed).cast_mut(), Ordering::Release);
        }
        for (index, code) in &placed.piece.functions {
            with(*index, at.as_ptr().wrapping_add(code.start as usize));
        }
        chunks.bytes += text.len();
        chunks.pieces.push(placed);
        Ok(())
    }

    /// Bytes of code.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// The addresses where there may be code.
    pub fn addresses(&self) -> Vec<std::ops::Range<usize>> {
        let chunks = self.lock();
        chunks.pages.iter().map(|pages| pages.at.addr().get()..pages.at.addr().get() + pages.len).collect()
    }
}

impl Chunks {
    fn grow(&mut self, len: usize, module: &Module) -> Result<(), OutOfMemory> {
        let pages = Pages::reserve(next_chunk(self.pages.last().map(|pages| pages.len), len))?;
        let (start, len) = (pages.at.addr().get(), pages.len);
        let places = (0..len / sys::page_size()).map(|_| AtomicPtr::default()).collect();
        let chunk = Box::new(Chunk { start, pages: places });
        registry::register(start, len, registry::Code::Pieces(&*chunk), module);
        self.pages.push(pages);
        self.chunks.push(chunk);
        Ok(())
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.chunks.iter().for_each(|chunk| registry::unregister(chunk.start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_by_address() {
        let (module, pieces) = (Module::default(), Pieces::default());
        let mut starts = Vec::new();
        for i in 0..200u32 {
            // Some larger than a page, one than a chunk.
            let len = if i == 100 { (5 << 20) + 100 } else { 100 + i as usize * 97 };
            let piece = Piece { text: vec![0x90; len], functions: vec![(i, 16..len as u32)], ..Piece::default() };
            pieces.publish(piece, &module, |index, at| starts.push((index, at.addr(), len))).unwrap();
        }
        assert_eq!(starts.len(), 200);
        for (index, start, len) in starts {
            for pc in [start, start + len - 17] {
                assert_eq!(registry::locate(pc).iter().map(|location| location.func).collect::<Vec<_>>(), [index]);
            }
            assert!(registry::locate(start - 1).is_empty());
        }
        assert!(pieces.addresses().len() < 16);
        let places = pieces.addresses();
        drop(pieces);
        assert!(places.into_iter().all(|place| registry::locate(place.start + 16).is_empty()));
    }
}

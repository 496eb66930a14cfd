//! The heap's memory: reserved address space in blocks, each for objects of one size, or part of one large object.

use std::ptr::NonNull;

use gantry_abi::object::{OBJECT_ALIGN, SIZE_CLASSES};

use crate::{OutOfMemory, sys};

/// Bytes in a block.
pub const BLOCK: usize = 64 << 10;

/// Address space of a heap: its objects can take no more.
const SPACE: usize = 4 << 30;

const GRANULES: usize = BLOCK / OBJECT_ALIGN as usize;

/// What a block is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Nothing.
    Free,
    /// Objects of a size class.
    Cells { class: u8 },
    /// The start of an object that takes this many blocks.
    Large { blocks: u32 },
    /// What belongs to an object that starts in another block.
    Rest { head: u32 },
}

/// What is known of a block.
pub struct Block {
    pub usage: Use,
    /// Whether it may hold anything but zeros.
    pub dirty: bool,
    /// One bit for each place where an object can begin: found by the last marking, or in use by an allocator since.
    marks: [u64; GRANULES / 64],
}

impl Block {
    fn new() -> Block {
        Block { usage: Use::Free, dirty: false, marks: [0; GRANULES / 64] }
    }

    fn bit(offset: usize) -> (usize, u64) {
        let granule = offset / OBJECT_ALIGN as usize;
        (granule / 64, 1 << (granule % 64))
    }

    pub fn is_marked(&self, offset: usize) -> bool {
        let (word, bit) = Block::bit(offset);
        self.marks[word] & bit != 0
    }

    /// Returns whether it was not marked.
    pub fn mark(&mut self, offset: usize) -> bool {
        let (word, bit) = Block::bit(offset);
        let new = self.marks[word] & bit == 0;
        self.marks[word] |= bit;
        new
    }

    pub fn unmark(&mut self, offset: usize) {
        let (word, bit) = Block::bit(offset);
        self.marks[word] &= !bit;
    }

    pub fn has_marks(&self) -> bool {
        self.marks.iter().any(|word| *word != 0)
    }

    pub fn clear_marks(&mut self) {
        self.marks.fill(0);
    }
}

/// The blocks of a heap, in one piece of address space.
pub struct Blocks {
    base: NonNull<u8>,
    all: Vec<Block>,
    free: Vec<u32>,
}

impl Blocks {
    pub fn new() -> Result<Blocks, OutOfMemory> {
        Ok(Blocks { base: sys::reserve(SPACE)?, all: Vec::new(), free: Vec::new() })
    }

    /// Bytes in blocks that are in use.
    pub fn bytes(&self) -> usize {
        (self.all.len() - self.free.len()) * BLOCK
    }

    pub fn block(&self, index: u32) -> &Block {
        &self.all[index as usize]
    }

    pub fn block_mut(&mut self, index: u32) -> &mut Block {
        &mut self.all[index as usize]
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Block)> {
        self.all.iter_mut().enumerate().map(|(index, block)| (index as u32, block))
    }

    /// Where a block begins.
    pub fn address(&self, index: u32) -> usize {
        self.base.addr().get() + index as usize * BLOCK
    }

    /// The block that an address lies in, and where in it.
    pub fn locate(&self, address: usize) -> Option<(u32, usize)> {
        let offset = address.checked_sub(self.base.addr().get())?;
        (offset / BLOCK < self.all.len()).then_some(((offset / BLOCK) as u32, offset % BLOCK))
    }

    /// The start of the object, or of the free cell, that an address lies in.
    pub fn cell_of(&self, address: usize) -> Option<usize> {
        let (index, offset) = self.locate(address)?;
        match self.block(index).usage {
            Use::Free => None,
            Use::Cells { class } => {
                let size = SIZE_CLASSES[class as usize] as usize;
                let cell = offset / size * size;
                (cell + size <= BLOCK).then(|| self.address(index) + cell)
            }
            Use::Large { .. } => Some(self.address(index)),
            Use::Rest { head } => Some(self.address(head)),
        }
    }

    /// A block for objects of a size class.
    pub fn take(&mut self, class: usize) -> Result<u32, OutOfMemory> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => self.extend(1)?,
        };
        self.block_mut(index).usage = Use::Cells { class: class as u8 };
        Ok(index)
    }

    /// Blocks in a row for one object of zeros; its address is returned.
    pub fn take_large(&mut self, size: usize) -> Result<usize, OutOfMemory> {
        let count = size.div_ceil(BLOCK);
        let head = match self.find_free(count) {
            Some(head) => {
                self.free.retain(|index| !(head..head + count as u32).contains(index));
                head
            }
            None => self.extend(count)?,
        };
        for index in head..head + count as u32 {
            let at = self.address(index);
            let block = self.block_mut(index);
            if std::mem::replace(&mut block.dirty, true) {
                // SAFETY: the block is committed, and free.
                unsafe { std::ptr::with_exposed_provenance_mut::<u8>(at).write_bytes(0, BLOCK) };
            }
            block.usage = if index == head { Use::Large { blocks: count as u32 } } else { Use::Rest { head } };
        }
        Ok(self.address(head))
    }

    fn find_free(&self, count: usize) -> Option<u32> {
        if self.free.len() < count {
            return None;
        }
        let mut run = 0;
        for (index, block) in self.all.iter().enumerate() {
            run = if block.usage == Use::Free { run + 1 } else { 0 };
            if run == count {
                return Some((index + 1 - count) as u32);
            }
        }
        None
    }

    /// New blocks at the end.
    fn extend(&mut self, count: usize) -> Result<u32, OutOfMemory> {
        let first = self.all.len();
        if (first + count) * BLOCK > SPACE {
            return Err(OutOfMemory);
        }
        // SAFETY: inside the reservation, which is this heap's.
        unsafe { sys::commit(self.base.add(first * BLOCK), count * BLOCK)? };
        self.base.as_ptr().expose_provenance();
        self.all.extend(std::iter::repeat_with(Block::new).take(count));
        Ok(first as u32)
    }

    /// Takes a block back, or all blocks of a large object by its first. Memory of large ones goes back to the system.
    pub fn release(&mut self, index: u32) {
        let count = match self.block(index).usage {
            Use::Large { blocks } => blocks,
            _ => 1,
        };
        // SAFETY: the blocks are this heap's, and nothing refers to what is in them.
        let clean =
            count > 1 && unsafe { sys::decommit(self.base.add(index as usize * BLOCK), count as usize * BLOCK) };
        for index in index..index + count {
            let block = self.block_mut(index);
            block.usage = Use::Free;
            block.dirty = !clean;
            block.clear_marks();
            self.free.push(index);
        }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        // SAFETY: reserved in `new`; the store that goes away held all references.
        unsafe { sys::unmap(self.base, SPACE) };
    }
}

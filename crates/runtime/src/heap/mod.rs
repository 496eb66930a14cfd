//! The garbage-collected heap of a store: structs, arrays and exceptions.
//!
//! Objects never move, so that compiled code and the runtime hold plain addresses, and stacks are read conservatively.
//! Blocks hold objects of one size; compiled code takes them from the front of a free run. Marking proceeds in steps
//! between allocations, sweeping when a block's turn comes to be allocated from.

mod blocks;
mod mark;

pub(crate) use self::mark::Outside;

use gantry_abi::object::{SIZE_CLASSES, VMFreeRun, VMObject, size_class};
use gantry_abi::vmctx::VMStoreContext;

use self::blocks::{BLOCK, Blocks, Use};
use crate::OutOfMemory;

/// Bytes that are allocated at the least between two collections.
const MIN_ALLOWANCE: usize = 16 << 20;

/// What a heap may take unless its owner says otherwise.
const DEFAULT_LIMIT: usize = 2 << 30;

/// A class of sizes: which blocks have been looked at since the last collection.
#[derive(Default)]
struct Class {
    /// The block that runs are taken from, and where to look on.
    current: Option<(u32, usize)>,
    /// Blocks that have not been looked at.
    unswept: Vec<u32>,
}

/// A store's heap.
pub(crate) struct Heap {
    blocks: Option<Blocks>,
    classes: Vec<Class>,
    /// Bytes handed out since the last collection.
    allocated: usize,
    /// How many of those start the next one.
    allowance: usize,
    limit: usize,
    marker: mark::HeapMarker,
}

impl Default for Heap {
    fn default() -> Heap {
        Heap {
            blocks: None,
            classes: Vec::new(),
            allocated: 0,
            allowance: MIN_ALLOWANCE,
            limit: DEFAULT_LIMIT,
            marker: mark::HeapMarker::default(),
        }
    }
}

/// Why an allocation failed or has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// A collection may help.
    Limit,
    /// Nothing can: the object alone is too large.
    Never,
}

impl Heap {
    /// Sets how many bytes it may take.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.blocks.as_ref().map_or(0, Blocks::bytes)
    }

    /// Whether enough has been allocated for a collection to begin.
    pub fn is_due(&self) -> bool {
        self.allocated > self.allowance
    }

    fn blocks(&mut self) -> Result<&mut Blocks, OutOfMemory> {
        if self.blocks.is_none() {
            self.blocks = Some(Blocks::new()?);
            self.classes.resize_with(SIZE_CLASSES.len(), Class::default);
        }
        Ok(self.blocks.as_mut().expect("just made"))
    }

    /// Memory for an object, all zero.
    pub fn allocate(&mut self, context: &mut VMStoreContext, size: usize) -> Result<usize, Full> {
        let Some(class) = u32::try_from(size).ok().and_then(size_class) else {
            return self.allocate_large(size);
        };
        let size = SIZE_CLASSES[class] as usize;
        if context.free[class].next == context.free[class].end {
            context.free[class] = self.next_run(class)?;
        }
        let run = &mut context.free[class];
        let at = run.next;
        run.next += size;
        Ok(at)
    }

    fn allocate_large(&mut self, size: usize) -> Result<usize, Full> {
        if size > self.limit {
            return Err(Full::Never);
        }
        let limit = self.limit;
        let blocks = self.blocks().map_err(|OutOfMemory| Full::Never)?;
        if blocks.bytes() + size > limit {
            return Err(Full::Limit);
        }
        let at = blocks.take_large(size).map_err(|OutOfMemory| Full::Limit)?;
        self.allocated += size;
        if self.marker.is_active() {
            self.mark_new(at, at + 1, size);
        }
        Ok(at)
    }

    /// The next free run of a size class.
    fn next_run(&mut self, class: usize) -> Result<VMFreeRun, Full> {
        let limit = self.limit;
        self.blocks().map_err(|OutOfMemory| Full::Limit)?;
        let blocks = self.blocks.as_mut().expect("made above");
        let size = SIZE_CLASSES[class] as usize;
        let state = &mut self.classes[class];
        let run = loop {
            if let Some((block, from)) = state.current
                && let Some(run) = free_run(blocks, block, from, size)
            {
                state.current = Some((block, run.end - blocks.address(block)));
                break run;
            }
            state.current = match state.unswept.pop() {
                Some(block) => Some((block, 0)),
                None if blocks.bytes() + BLOCK > limit => return Err(Full::Limit),
                None => Some((blocks.take(class).map_err(|OutOfMemory| Full::Limit)?, 0)),
            };
        };
        let block = blocks.locate(run.next).expect("of this heap").0;
        if std::mem::replace(&mut blocks.block_mut(block).dirty, true) {
            // SAFETY: the run is free memory of this heap.
            unsafe { std::ptr::with_exposed_provenance_mut::<u8>(run.next).write_bytes(0, run.end - run.next) };
        }
        self.allocated += run.end - run.next;
        if self.marker.is_active() {
            self.mark_new(run.next, run.end, size);
            self.marker.add_run(class, run);
        }
        Ok(run)
    }

    /// Marks what is allocated while marking goes on: it survives. What it refers to is followed later: objects are filled
    /// without a barrier.
    fn mark_new(&mut self, start: usize, end: usize, size: usize) {
        let blocks = self.blocks.as_mut().expect("something was allocated");
        for cell in (start..end).step_by(size) {
            let (block, offset) = blocks.locate(cell).expect("of this heap");
            blocks.block_mut(block).mark(offset);
        }
    }

    /// Forgets the free runs: what is left of them is found again by sweeping.
    fn retire_runs(&mut self, context: &mut VMStoreContext) {
        let Some(blocks) = self.blocks.as_mut() else { return };
        for (class, run) in context.free.iter_mut().enumerate() {
            for cell in (run.next..run.end).step_by(SIZE_CLASSES[class] as usize) {
                let (block, offset) = blocks.locate(cell).expect("of this heap");
                blocks.block_mut(block).unmark(offset);
            }
            *run = VMFreeRun { next: 0, end: 0 };
        }
    }

    /// Makes sure that each cell is either an object or begins with a zero, as marking needs it.
    fn finish_sweeping(&mut self) {
        let Some(blocks) = self.blocks.as_mut() else { return };
        for (class, state) in self.classes.iter_mut().enumerate() {
            let size = SIZE_CLASSES[class] as usize;
            let rest = state.current.take().into_iter().chain(state.unswept.drain(..).map(|block| (block, 0)));
            for (block, from) in rest {
                let start = blocks.address(block);
                for offset in (from..=BLOCK - size).step_by(size) {
                    if !blocks.block(block).is_marked(offset) {
                        let object = std::ptr::with_exposed_provenance_mut::<VMObject>(start + offset);
                        // SAFETY: a cell of this heap that nothing refers to.
                        unsafe { (*object).ty = std::ptr::null() };
                    }
                }
            }
        }
    }

    /// After marking: what is not marked is free. Returns how many bytes may survive.
    fn start_sweeping(&mut self) -> usize {
        let Some(blocks) = self.blocks.as_mut() else { return 0 };
        self.classes.iter_mut().for_each(|class| *class = Class::default());
        let mut released = Vec::new();
        for (index, block) in blocks.iter_mut() {
            match block.usage {
                Use::Free | Use::Rest { .. } => {}
                Use::Cells { class } if block.has_marks() => self.classes[class as usize].unswept.push(index),
                Use::Large { .. } if block.is_marked(0) => {}
                Use::Cells { .. } | Use::Large { .. } => released.push(index),
            }
        }
        released.into_iter().for_each(|index| blocks.release(index));
        blocks.bytes()
    }
}

/// The first run of unmarked cells in a block, from an offset on.
fn free_run(blocks: &Blocks, index: u32, from: usize, size: usize) -> Option<VMFreeRun> {
    let block = blocks.block(index);
    let end = BLOCK / size * size;
    let first = (from..end).step_by(size).find(|offset| !block.is_marked(*offset))?;
    let last = (first..end).step_by(size).find(|offset| block.is_marked(*offset)).unwrap_or(end);
    let start = blocks.address(index);
    Some(VMFreeRun { next: start + first, end: start + last })
}

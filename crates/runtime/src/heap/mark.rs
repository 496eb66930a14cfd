//! Marking: which objects can be reached.
//!
//! In steps, with a barrier: a reference that is written to an object while marking goes on is marked at once. Roots,
//! stacks among them, are read again at the end.

use std::collections::BTreeMap;

use gantry_abi::object::{ARRAY_ELEMENTS, SIZE_CLASSES, TypeKind, VMArray, VMFreeRun, VMObject};
use gantry_abi::vmctx::VMStoreContext;

use super::{Heap, MIN_ALLOWANCE};
use crate::types::{Reference, TypeEntry};

/// Objects whose references have to be followed.
#[derive(Default)]
pub(crate) struct HeapMarker {
    active: bool,
    pending: Vec<Pending>,
    /// By size class, the run that objects are taken from since marking began.
    current_runs: BTreeMap<usize, VMFreeRun>,
    /// Runs of objects made since then, with the size of each.
    full_runs: Vec<(VMFreeRun, u32)>,
}

/// An object, and from which element on its references have to be followed.
struct Pending {
    object: usize,
    from: u32,
}

/// Elements of an array that are followed in one go.
const ARRAY_STEP: u32 = 4096;

impl HeapMarker {
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// A run from which objects of a class are taken from here on.
    pub fn add_run(&mut self, class: usize, run: VMFreeRun) {
        if let Some(full) = self.current_runs.insert(class, run) {
            self.full_runs.push((full, SIZE_CLASSES[class]));
        }
    }
}

/// A reference to something that is not an object of the heap.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outside {
    /// The address of a function.
    Func(usize),
    /// A handle of a host value.
    Handle(usize),
    /// The address of a tag.
    Tag(usize),
}

impl Heap {
    /// Begins to mark.
    pub fn start_marking(&mut self, context: &mut VMStoreContext) {
        self.finish_sweeping();
        self.retire_runs(context);
        if let Some(blocks) = self.blocks.as_mut() {
            blocks.iter_mut().for_each(|(_, block)| block.clear_marks());
        }
        self.marker.pending.clear();
        self.marker.full_runs.clear();
        self.marker.current_runs.clear();
        self.marker.active = true;
        context.marking = 1;
    }

    /// Marks what a reference outside the `func` hierarchy refers to. Anything may be passed: what is no object is ignored.
    pub fn mark(&mut self, reference: usize) {
        let Some(blocks) = self.blocks.as_mut() else { return };
        let Some((block, offset)) = blocks.locate(reference) else { return };
        if blocks.block_mut(block).mark(offset) {
            self.marker.pending.push(Pending { object: reference, from: 0 });
        }
    }

    /// Marks the object that a word on a stack may point into.
    pub fn mark_word(&mut self, word: usize) {
        let Some(cell) = self.blocks.as_ref().and_then(|blocks| blocks.cell_of(word)) else { return };
        // SAFETY: cells are readable, and begin with a type or a zero.
        let ty = unsafe { (*std::ptr::with_exposed_provenance::<VMObject>(cell)).ty };
        if !ty.is_null() {
            self.mark(cell);
        }
    }

    /// Follows references until `budget` of them have been followed. Returns whether all have.
    pub fn mark_step(&mut self, mut budget: usize, outside: &mut dyn FnMut(Outside)) -> bool {
        loop {
            let Some(Pending { object, from }) = self.marker.pending.pop() else {
                match self.marker.full_runs.pop() {
                    Some((run, size)) => {
                        let objects = (run.next..run.end).step_by(size as usize);
                        self.marker.pending.extend(objects.map(|object| Pending { object, from: 0 }));
                        continue;
                    }
                    None => return true,
                }
            };
            let followed = self.follow(object, from, outside);
            budget = budget.saturating_sub(1 + followed as usize);
            if budget == 0 {
                return self.marker.pending.is_empty() && self.marker.full_runs.is_empty();
            }
        }
    }

    /// Has the runs followed too that objects are being taken from: for the end, when nothing else runs.
    pub fn follow_current_runs(&mut self) {
        let runs = std::mem::take(&mut self.marker.current_runs);
        self.marker.full_runs.extend(runs.into_iter().map(|(class, run)| (run, SIZE_CLASSES[class])));
    }

    fn follow(&mut self, object: usize, from: u32, outside: &mut dyn FnMut(Outside)) -> u32 {
        let header = std::ptr::with_exposed_provenance::<VMObject>(object);
        // SAFETY: only objects become pending, and nothing is freed while marking.
        let vm = unsafe { (*header).ty };
        if vm.is_null() {
            return 0; // Memory that was marked for an allocator and not taken by it.
        }
        // SAFETY: headers hold what the registry gave.
        let entry = unsafe { TypeEntry::from_vm(vm) };
        match entry.kind() {
            TypeKind::Struct => entry.references.iter().for_each(|r| self.follow_field(object, *r, outside)),
            TypeKind::Func => {
                // SAFETY: what has a function type is an exception.
                let tag = unsafe { (*header.cast::<gantry_abi::object::VMException>()).tag };
                outside(Outside::Tag(tag.addr()));
                entry.references.iter().for_each(|r| self.follow_field(object, *r, outside));
            }
            TypeKind::Array => {
                let Some(Reference { is_func, .. }) = entry.references.first().copied() else { return 0 };
                // SAFETY: it is an array.
                let len = unsafe { (*header.cast::<VMArray>()).len };
                let to = len.min(from.saturating_add(ARRAY_STEP));
                if to < len {
                    self.marker.pending.push(Pending { object, from: to });
                }
                for element in from..to {
                    let offset = ARRAY_ELEMENTS as usize + element as usize * size_of::<usize>();
                    self.follow_at(object + offset, is_func, outside);
                }
                return to - from;
            }
        }
        entry.references.len() as u32
    }

    fn follow_field(&mut self, object: usize, reference: Reference, outside: &mut dyn FnMut(Outside)) {
        self.follow_at(object + reference.offset as usize, reference.is_func, outside);
    }

    fn follow_at(&mut self, at: usize, is_func: bool, outside: &mut dyn FnMut(Outside)) {
        // SAFETY: a place in an object where its type says that there is a reference.
        let value = unsafe { std::ptr::with_exposed_provenance::<usize>(at).read() };
        match value {
            0 => {}
            func if is_func => outside(Outside::Func(func)),
            handle if handle % 2 == 1 => outside(Outside::Handle(handle)),
            object => self.mark(object),
        }
    }

    /// Ends marking, when all roots have been read and followed.
    pub fn end_marking(&mut self, context: &mut VMStoreContext) {
        debug_assert!(self.marker.pending.is_empty());
        self.retire_runs(context);
        self.marker.active = false;
        context.marking = 0;
        let surviving = self.start_sweeping();
        self.allocated = 0;
        self.allowance = surviving.max(MIN_ALLOWANCE);
    }

    /// Whether marking goes on.
    pub fn is_marking(&self) -> bool {
        self.marker.is_active()
    }
}

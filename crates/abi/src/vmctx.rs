//! The layout of what compiled code reads and writes.
//!
//! Structs of fixed size are `repr(C)`: the runtime uses them as they are and compilation uses their field offsets.
//! The one block whose size depends on the module, the vmctx, has a [`VMContextLayout`].
//!
//! Pointers here are 64 bits wide: that is the only width compiled for.

use std::mem::size_of;
use std::sync::atomic::AtomicPtr;

use crate::object::{SIZE_CLASSES, VMFreeRun, VMTag, VMType};
use gantry_module::{AddressType, MemoryType, Module, WASM_PAGE_SIZE};

/// One slot of a code table: the entry point of a function's current code.
pub type CodeSlot = AtomicPtr<u8>;

/// Bytes in a value slot of the arrays that pass arguments and results between host and wasm.
pub const VALUE_SIZE: usize = 16;

/// Slots that an array for the arguments and results of a call from the host has at least: code for a shape that several signatures
/// share reads so many and writes the first.
pub const MIN_SLOTS: usize = 5;

/// Per-store state, shared by everything in a store.
#[repr(C)]
#[derive(Debug)]
pub struct VMStoreContext {
    /// Function prologues trap when the stack pointer would go below this address.
    pub stack_limit: usize,
    /// Loops load a word from here at each turn. The page is made inaccessible to interrupt them.
    pub poll: *const u32,
    /// Frame pointer of the trampoline through which the host was called last.
    pub exit_fp: usize,
    /// The vmctx that made the last call which may have left its module.
    pub caller: *mut VMContextHeader,
    /// Stack pointer at which the innermost entry from the host saved its registers; 0 outside wasm.
    pub entry_sp: usize,
    /// The runtime's store that this belongs to. Compiled code does not read it.
    pub owner: *mut (),
    /// The fiber that is running.
    pub fiber: *mut VMFiber,
    /// Not 0 while objects are being marked: writes of references then tell the runtime of what is written.
    pub marking: u32,
    /// Free memory, by size class.
    pub free: [VMFreeRun; SIZE_CLASSES.len()],
}

/// Where a stack that waits goes on. Cranelift's `stack_switch` has this layout built in.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMContinuation {
    /// Stack pointer.
    pub sp: usize,
    /// Frame pointer.
    pub fp: usize,
    /// Program counter.
    pub pc: usize,
}

/// The two ends of a switch of stacks. Each side leaves one word for the other.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMFiber {
    /// The fiber, while it waits.
    pub own: VMContinuation,
    /// What the fiber was resumed from, while the fiber runs.
    pub parent: VMContinuation,
}

/// What a context pointer that functions receive can point to.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// The vmctx of an instance.
    Instance = 0,
    /// A host function's own context.
    Host = 1,
}

/// The start of every context.
#[repr(C)]
#[derive(Debug)]
pub struct VMContextHeader {
    /// Which kind it is.
    pub kind: ContextKind,
    /// The number of the instance or host function in its store.
    pub id: u32,
    /// The store's state.
    pub store: *mut VMStoreContext,
    /// Functions of the runtime, in the order of [`Libcall::ALL`](crate::Libcall::ALL).
    pub libcalls: *const *const u8,
    /// The module's code table, a slot a defined function. Null for host functions.
    pub code_table: *const CodeSlot,
    /// Canonical type ids, by type index. Null for host functions.
    pub type_ids: *const u32,
    /// Canonical types, by type index. Null for host functions.
    pub types: *const *const VMType,
    /// What quick code counts, roughly: see [`profile`](crate::profile). Null for host functions.
    pub counters: *mut u32,
}

/// What compiled code knows of a host function: the context it is called with.
#[repr(C)]
#[derive(Debug)]
pub struct VMHostContext {
    /// Common to all contexts.
    pub header: VMContextHeader,
    /// Called by the host trampoline with this context and the arguments, each in [`VALUE_SIZE`] bytes; results
    /// replace them. Anything but 0 means that it failed and wasm is to be left.
    pub call: unsafe extern "C" fn(*mut VMHostContext, *mut u8) -> u32,
    /// Where arguments and results of a function are that suspends the fiber; null for a function that is called, whose
    /// arguments are on the stack. Where compiled code can switch stacks itself, it does so without `call`, and leaves
    /// the address of this context.
    pub values: *mut u8,
}

/// A function as a value: what a funcref points to.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMFuncRef {
    /// Where its code pointer is.
    pub slot: *const CodeSlot,
    /// The context it is called with.
    pub vmctx: *mut VMContextHeader,
    /// Its canonical type.
    pub type_id: u32,
    /// Its function index in its module; 0 for a host function.
    pub index: u32,
    /// The trampoline that calls it with arguments in an array.
    pub entry: *const u8,
}

/// An imported function, in the vmctx.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMFunctionImport {
    /// As in [`VMFuncRef`].
    pub slot: *const CodeSlot,
    /// As in [`VMFuncRef`].
    pub vmctx: *mut VMContextHeader,
    /// The imported function as a value.
    pub funcref: *const VMFuncRef,
}

/// A linear memory as compiled code sees it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMMemory {
    /// Its first byte. Changes on growth only in the style with explicit checks.
    pub base: *mut u8,
    /// Its length in bytes. Of a shared memory, other threads may increase it.
    pub len: usize,
}

/// A memory's entry in the vmctx.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMMemoryEntry {
    /// Copy of the base. Read only by code for memories whose base never moves.
    pub base: *mut u8,
    /// The memory.
    pub memory: *const VMMemory,
}

/// A table as compiled code sees it: elements are references, 0 being null.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct VMTable {
    /// Its first element.
    pub base: *mut usize,
    /// How many elements there are.
    pub len: usize,
}

/// A global's value. Scalars occupy the lowest bytes.
#[repr(C, align(16))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VMGlobal(pub [u8; 16]);

/// Offsets in bytes of the parts of a module's vmctx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VMContextLayout {
    funcs: u32,
    tables: u32,
    memories: u32,
    imported_globals: u32,
    globals: u32,
    funcrefs: u32,
    tags: u32,
    size: u32,
}

impl VMContextLayout {
    /// The layout for a module.
    pub fn new(module: &Module) -> Self {
        let mut at = size_of::<VMContextHeader>() as u32;
        let mut array = |count: usize, size: usize| {
            let start = at.next_multiple_of(if size == 16 { 16 } else { 8 });
            // The limits of the specification's appendix keep this far from overflow.
            at = start + (count * size) as u32;
            start
        };
        let funcs = array(module.imported_funcs as usize, size_of::<VMFunctionImport>());
        let tables = array(module.tables.len(), size_of::<*const VMTable>());
        let memories = array(module.memories.len(), size_of::<VMMemoryEntry>());
        let imported_globals = array(module.imported_globals as usize, size_of::<*const VMGlobal>());
        let globals = array(module.global_inits.len(), size_of::<VMGlobal>());
        let funcrefs = array(module.escaped_funcs.len(), size_of::<VMFuncRef>());
        let tags = array(module.tags.len(), size_of::<*const VMTag>());
        VMContextLayout { funcs, tables, memories, imported_globals, globals, funcrefs, tags, size: at }
    }

    /// Bytes in the vmctx, which is aligned to 16.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// Offset of the [`VMFunctionImport`] of imported function `index`.
    pub fn function_import(&self, index: u32) -> u32 {
        self.funcs + index * size_of::<VMFunctionImport>() as u32
    }

    /// Offset of the pointer to the [`VMTable`] of table `index`.
    pub fn table(&self, index: u32) -> u32 {
        self.tables + index * size_of::<*const VMTable>() as u32
    }

    /// Offset of the [`VMMemoryEntry`] of memory `index`.
    pub fn memory(&self, index: u32) -> u32 {
        self.memories + index * size_of::<VMMemoryEntry>() as u32
    }

    /// Offset of the pointer to the [`VMGlobal`] of imported global `index`.
    pub fn imported_global(&self, index: u32) -> u32 {
        self.imported_globals + index * size_of::<*const VMGlobal>() as u32
    }

    /// Offset of the [`VMGlobal`] of the defined global `index`, counted among the defined ones.
    pub fn defined_global(&self, index: u32) -> u32 {
        self.globals + index * size_of::<VMGlobal>() as u32
    }

    /// Offset of the [`VMFuncRef`] of the escaped function at position `index`.
    pub fn funcref(&self, index: u32) -> u32 {
        self.funcrefs + index * size_of::<VMFuncRef>() as u32
    }

    /// Offset of the pointer to the [`VMTag`] of tag `index`.
    pub fn tag(&self, index: u32) -> u32 {
        self.tags + index * size_of::<*const VMTag>() as u32
    }
}

/// How accesses to a linear memory are kept inside it. Both sides derive it from the memory's type alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemoryStyle {
    /// The memory lies in reserved address space that covers all 32-bit addresses and a guard of
    /// [`GUARD_SIZE`] bytes. Its base never moves.
    Reserved,
    /// Every access compares with the length. The base may move.
    Checked,
}

impl MemoryStyle {
    /// The style of a memory of this type where this one is preferred: only memories whose addresses and pages are the
    /// usual ones can be reserved, and shared ones may be allocated by the embedder.
    pub fn of(self, ty: &MemoryType) -> MemoryStyle {
        let usual = ty.address == AddressType::I32 && ty.page_size() == WASM_PAGE_SIZE && !ty.shared;
        if usual { self } else { MemoryStyle::Checked }
    }
}

/// Bytes after the 4 GiB of a reserved memory that fault too, so that small constant offsets need no check.
pub const GUARD_SIZE: u64 = 32 << 20;

/// Bytes that the frame of a function may have that calls no other, and does not compare the stack pointer with the limit.
pub const LEAF_FRAME: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_overlap_and_are_aligned() {
        let text = "(module (import \"a\" \"f\" (func)) (import \"a\" \"g\" (global i32)) (memory 1) (table 1 funcref)
            (global v128 (v128.const i64x2 0 0)) (tag) (func $f (export \"f\")))";
        let mut decoder = gantry_module::Decoder::new();
        decoder.push(&wat::parse_str(text).unwrap(), &mut |_, _| {}).unwrap();
        let module = decoder.finish(&mut |_, _| {}).unwrap().module;
        let layout = VMContextLayout::new(&module);
        let ends = [
            (size_of::<VMContextHeader>() as u32, layout.function_import(0)),
            (layout.function_import(1), layout.table(0)),
            (layout.table(1), layout.memory(0)),
            (layout.memory(1), layout.imported_global(0)),
            (layout.imported_global(1), layout.defined_global(0)),
            (layout.defined_global(1), layout.funcref(0)),
            (layout.funcref(1), layout.tag(0)),
            (layout.tag(1), layout.size),
        ];
        for (end, start) in ends {
            assert!(end <= start && start - end < 16, "{end} {start}");
            assert_eq!(start % 8, 0);
        }
        assert_eq!(layout.defined_global(0) % 16, 0);
    }
}

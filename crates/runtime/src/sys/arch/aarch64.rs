//! AArch64 with the AAPCS64 convention. Compiled for, but not yet run.

use std::arch::{asm, naked_asm};
use std::mem::offset_of;

use gantry_abi::vmctx::{VMContextHeader, VMStoreContext};

/// As on x86-64: see there.
///
/// # Safety
/// The arguments are a trampoline and what it is made for. Nothing between here and a point that raises has
/// destructors to run.
#[unsafe(naked)]
pub unsafe extern "C" fn enter(
    entry_sp: *mut usize,
    trampoline: *const u8,
    vmctx: *mut VMContextHeader,
    code: *const u8,
    values: *mut u8,
) -> u32 {
    naked_asm!(
        "stp x29, x30, [sp, #-160]!",
        "mov x29, sp",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x9, sp",
        "str x9, [x0]",
        "mov x9, x1",
        "mov x0, x2",
        "mov x1, x3",
        "mov x2, x4",
        "blr x9",
        "mov w0, #0",
        "b {restore}",
        restore = sym restore,
    )
}

/// Restores what [`enter`] saved and returns from it.
#[unsafe(naked)]
unsafe extern "C" fn restore() {
    naked_asm!(
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "ldp x29, x30, [sp], #160",
        "ret",
    )
}

/// Where execution goes on after a fault, with the stack pointer that [`enter`] stored.
///
/// # Safety
/// Not to be called: a signal handler sets the program counter to it.
#[unsafe(naked)]
pub unsafe extern "C" fn landing() {
    naked_asm!("mov w0, #1", "b {restore}", restore = sym restore)
}

/// Leaves wasm: returns 1 from the innermost [`enter`] of the context's store.
///
/// # Safety
/// The store is inside an [`enter`]; nothing in between has destructors to run.
#[unsafe(naked)]
pub unsafe extern "C" fn raise(vmctx: *mut VMContextHeader) -> ! {
    naked_asm!(
        "ldr x9, [x0, {store}]",
        "ldr x9, [x9, {entry_sp}]",
        "mov sp, x9",
        "b {landing}",
        store = const offset_of!(VMContextHeader, store),
        entry_sp = const offset_of!(VMStoreContext, entry_sp),
        landing = sym landing,
    )
}

/// Makes written code visible to instruction fetch on all cores.
pub fn flush_instruction_cache(at: *const u8, len: usize) {
    const LINE: usize = 16; // The smallest that the architecture allows.
    let (start, end) = (at.addr() & !(LINE - 1), at.addr() + len);
    // SAFETY: cache maintenance by address of memory that is mapped has no other effect.
    unsafe {
        for line in (start..end).step_by(LINE) {
            asm!("dc cvau, {}", in(reg) line);
        }
        asm!("dsb ish");
        for line in (start..end).step_by(LINE) {
            asm!("ic ivau, {}", in(reg) line);
        }
        asm!("dsb ish", "isb");
    }
}

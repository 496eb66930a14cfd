//! x86-64 with the System V convention.

use std::arch::naked_asm;
use std::mem::offset_of;

use gantry_abi::vmctx::{VMContextHeader, VMStoreContext};

/// Calls `trampoline(vmctx, code, values)` and returns 0; or returns 1 when wasm was left by [`raise`] or through
/// [`landing`], with the stack pointer that was stored to `entry_sp`.
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
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov [rdi], rsp",
        "mov rax, rsi",
        "mov rdi, rdx",
        "mov rsi, rcx",
        "mov rdx, r8",
        "call rax",
        "xor eax, eax",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Where execution goes on after a fault, with the stack pointer that [`enter`] stored.
///
/// # Safety
/// Not to be called: a signal handler sets the program counter to it.
#[unsafe(naked)]
pub unsafe extern "C" fn landing() {
    naked_asm!("mov eax, 1", "add rsp, 8", "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp", "ret",)
}

/// Leaves wasm: returns 1 from the innermost [`enter`] of the context's store.
///
/// # Safety
/// The store is inside an [`enter`]; nothing in between has destructors to run.
#[unsafe(naked)]
pub unsafe extern "C" fn raise(vmctx: *mut VMContextHeader) -> ! {
    naked_asm!(
        "mov rax, [rdi + {store}]",
        "mov rsp, [rax + {entry_sp}]",
        "jmp {landing}",
        store = const offset_of!(VMContextHeader, store),
        entry_sp = const offset_of!(VMStoreContext, entry_sp),
        landing = sym landing,
    )
}

/// Nothing to do: the processor keeps instructions coherent.
pub fn flush_instruction_cache(_at: *const u8, _len: usize) {}

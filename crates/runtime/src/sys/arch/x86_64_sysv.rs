//! x86-64 with the System V convention.

use std::arch::{asm, naked_asm};
use std::mem::offset_of;

use gantry_abi::vmctx::{VMContextHeader, VMContinuation};

use crate::unwind::Landing;

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

/// Returns 1 from the [`enter`] that stored this stack pointer.
///
/// # Safety
/// As for [`raise`].
#[unsafe(naked)]
pub unsafe extern "C" fn leave(entry_sp: usize) -> ! {
    naked_asm!("mov rsp, rdi", "jmp {landing}", landing = sym landing)
}

/// Goes on at the address on top of the stack after calling [`interrupted`](crate::trap::interrupted), with all
/// registers as they were.
///
/// # Safety
/// Not to be called: a signal handler sets the program counter to it.
#[unsafe(naked)]
pub unsafe extern "C" fn interruption() {
    naked_asm!(
        "pushfq",
        "push rbp",
        "mov rbp, rsp",
        "push rax",
        "push rbx",
        "push rcx",
        "push rdx",
        "push rsi",
        "push rdi",
        "push r8",
        "push r9",
        "push r10",
        "push r11",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 256",
        "and rsp, -16",
        "movaps [rsp + 0], xmm0",
        "movaps [rsp + 16], xmm1",
        "movaps [rsp + 32], xmm2",
        "movaps [rsp + 48], xmm3",
        "movaps [rsp + 64], xmm4",
        "movaps [rsp + 80], xmm5",
        "movaps [rsp + 96], xmm6",
        "movaps [rsp + 112], xmm7",
        "movaps [rsp + 128], xmm8",
        "movaps [rsp + 144], xmm9",
        "movaps [rsp + 160], xmm10",
        "movaps [rsp + 176], xmm11",
        "movaps [rsp + 192], xmm12",
        "movaps [rsp + 208], xmm13",
        "movaps [rsp + 224], xmm14",
        "movaps [rsp + 240], xmm15",
        "call {interrupted}",
        "movaps xmm0, [rsp + 0]",
        "movaps xmm1, [rsp + 16]",
        "movaps xmm2, [rsp + 32]",
        "movaps xmm3, [rsp + 48]",
        "movaps xmm4, [rsp + 64]",
        "movaps xmm5, [rsp + 80]",
        "movaps xmm6, [rsp + 96]",
        "movaps xmm7, [rsp + 112]",
        "movaps xmm8, [rsp + 128]",
        "movaps xmm9, [rsp + 144]",
        "movaps xmm10, [rsp + 160]",
        "movaps xmm11, [rsp + 176]",
        "movaps xmm12, [rsp + 192]",
        "movaps xmm13, [rsp + 208]",
        "movaps xmm14, [rsp + 224]",
        "movaps xmm15, [rsp + 240]",
        "lea rsp, [rbp - 112]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop r11",
        "pop r10",
        "pop r9",
        "pop r8",
        "pop rdi",
        "pop rsi",
        "pop rdx",
        "pop rcx",
        "pop rbx",
        "pop rax",
        "pop rbp",
        "popfq",
        "ret",
        interrupted = sym crate::trap::interrupted,
    )
}

/// Calls a function with the place of the call that led here, and goes on where it says.
macro_rules! unwind {
    ($function:path) => {
        naked_asm!(
            "mov rdx, [rsp]",
            "mov rcx, rbp",
            "sub rsp, 40",
            "mov r8, rsp",
            "call {function}",
            "mov rcx, [rsp + {pc}]",
            "mov rbp, [rsp + {fp}]",
            "mov rax, [rsp + {exception}]",
            "mov rsp, [rsp + {sp}]",
            "jmp rcx",
            function = sym $function,
            pc = const offset_of!(Landing, pc),
            fp = const offset_of!(Landing, fp),
            sp = const offset_of!(Landing, sp),
            exception = const offset_of!(Landing, exception),
        )
    };
}

/// Goes on where [`raised`](crate::unwind::raised) says, after a host function failed.
///
/// # Safety
/// Called by compiled code inside an [`enter`]; nothing in between has destructors to run.
#[unsafe(naked)]
pub unsafe extern "C" fn raise(vmctx: *mut VMContextHeader) -> ! {
    unwind!(crate::unwind::raised)
}

/// Goes on at the innermost handler of an exception, or returns 1 from the innermost [`enter`].
///
/// # Safety
/// As for [`raise`].
#[unsafe(naked)]
pub unsafe extern "C" fn throw(vmctx: *mut VMContextHeader, exception: usize) -> ! {
    unwind!(crate::unwind::thrown)
}

/// Notes in `from` where this goes on, and goes on at `to`, which gets `payload`. Returns what is left by whoever
/// switches back. Jumps, because a return to another stack is never predicted.
///
/// # Safety
/// `to` is a stack that waits, of this thread.
#[inline(always)]
pub unsafe fn switch(from: *mut VMContinuation, to: *const VMContinuation, payload: usize) -> usize {
    let left;
    // SAFETY: all registers that are not clobbered here are stored: `rbp` in the continuation and `rbx` on the stack.
    unsafe {
        asm!(
            "push rbx",
            "lea rax, [rip + 2f]",
            "mov [rsi], rsp",
            "mov [rsi + 8], rbp",
            "mov [rsi + 16], rax",
            "mov rsp, [rdx]",
            "mov rbp, [rdx + 8]",
            "jmp [rdx + 16]",
            "2:",
            "pop rbx",
            inlateout("rdi") payload => left,
            inlateout("rsi") from => _,
            inlateout("rdx") to => _,
            lateout("r12") _,
            lateout("r13") _,
            lateout("r14") _,
            lateout("r15") _,
            clobber_abi("sysv64"),
        );
    }
    left
}

/// How a new stack that ends at `base`, a multiple of 16, begins: `main` gets what the first switch leaves.
///
/// # Safety
/// There are writable pages below `base`.
pub unsafe fn new_stack(base: usize, _limit: usize, main: extern "C" fn(usize) -> !) -> VMContinuation {
    let sp = base - 16;
    // SAFETY: promised by the caller.
    unsafe { std::ptr::with_exposed_provenance_mut::<usize>(sp).write(main as usize) };
    VMContinuation { sp, fp: 0, pc: begin as *const () as usize }
}

#[unsafe(naked)]
unsafe extern "C" fn begin() {
    naked_asm!("call [rsp]", "ud2")
}

/// Calls `f` on the stack of a continuation, below what is in use there.
///
/// # Safety
/// `f` does not unwind. The continuation waits, and nobody switches to it meanwhile.
#[unsafe(naked)]
pub unsafe extern "C" fn call_on(
    stack: *const VMContinuation,
    f: unsafe extern "C" fn(*mut ()) -> u32,
    argument: *mut (),
) -> u32 {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "mov rsp, [rdi]",
        "and rsp, -16",
        "mov rdi, rdx",
        "call rsi",
        "mov rsp, rbp",
        "pop rbp",
        "ret",
    )
}

/// The registers that callees keep, as they are now: callers' values may be in them and nowhere else.
#[inline(always)]
pub fn saved_registers() -> [usize; 5] {
    let mut registers = [0; 5];
    // SAFETY: stores to the array.
    unsafe {
        asm!(
            "mov [{0} + 0], rbx",
            "mov [{0} + 8], r12",
            "mov [{0} + 16], r13",
            "mov [{0} + 24], r14",
            "mov [{0} + 32], r15",
            in(reg) registers.as_mut_ptr(),
            options(nostack, preserves_flags)
        );
    }
    registers
}

/// Bytes of a stub.
pub const STUB_LEN: usize = 16;
/// Bytes of what ends a block of stubs.
pub const STUB_END_LEN: usize = 16;

/// A stub: `mov eax, function`, `jmp end`.
pub fn stub(function: u32, to_end: u32) -> [u8; STUB_LEN] {
    const LEN: u32 = 10;
    let mut stub = [0xcc; STUB_LEN];
    stub[0] = 0xb8;
    stub[1..5].copy_from_slice(&function.to_le_bytes());
    stub[5] = 0xe9;
    stub[6..10].copy_from_slice(&(to_end - LEN).to_le_bytes());
    stub
}

/// Where all stubs of a block go on: `mov r11, target`, `jmp r11`.
pub fn stub_end(target: usize) -> [u8; STUB_END_LEN] {
    let mut end = [0xcc; STUB_END_LEN];
    end[..2].copy_from_slice(&[0x49, 0xbb]);
    end[2..10].copy_from_slice(&(target as u64).to_le_bytes());
    end[10..13].copy_from_slice(&[0x41, 0xff, 0xe3]);
    end
}

/// Goes on where the pointer at an address leads to at the moment: `mov r11, address`, `jmp [r11]`.
pub fn through(pointer: usize) -> [u8; 16] {
    let mut jump = [0xcc; 16];
    jump[..2].copy_from_slice(&[0x49, 0xbb]);
    jump[2..10].copy_from_slice(&(pointer as u64).to_le_bytes());
    jump[10..13].copy_from_slice(&[0x41, 0xff, 0x23]);
    jump
}

/// Whether the address of a place for results comes before the context, given how many results are integers or references and
/// how many are not: Cranelift's convention for wasm has eight registers for each.
pub fn has_context_behind_results(integers: usize, floats: usize) -> bool {
    integers > 8 || floats > 8
}

/// Keeps the registers that hold arguments, calls [`called`](crate::lazy::called) with the function that a stub left in
/// `eax`, and goes on at the code that it returns, as if that had been called.
macro_rules! called {
    ($($context:literal)?) => {
        naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "push rdi",
            "push rsi",
            "push rdx",
            "push rcx",
            "push r8",
            "push r9",
            "sub rsp, 128",
            "movaps [rsp + 0], xmm0",
            "movaps [rsp + 16], xmm1",
            "movaps [rsp + 32], xmm2",
            "movaps [rsp + 48], xmm3",
            "movaps [rsp + 64], xmm4",
            "movaps [rsp + 80], xmm5",
            "movaps [rsp + 96], xmm6",
            "movaps [rsp + 112], xmm7",
            $($context,)?
            "mov esi, eax",
            "mov rdx, rbp",
            "call {called}",
            "movaps xmm0, [rsp + 0]",
            "movaps xmm1, [rsp + 16]",
            "movaps xmm2, [rsp + 32]",
            "movaps xmm3, [rsp + 48]",
            "movaps xmm4, [rsp + 64]",
            "movaps xmm5, [rsp + 80]",
            "movaps xmm6, [rsp + 96]",
            "movaps xmm7, [rsp + 112]",
            "add rsp, 128",
            "pop r9",
            "pop r8",
            "pop rcx",
            "pop rdx",
            "pop rsi",
            "pop rdi",
            "pop rbp",
            "jmp rax",
            called = sym crate::lazy::called,
        )
    };
}

/// Where stubs lead.
///
/// # Safety
/// Not to be called: stubs jump to it.
#[unsafe(naked)]
pub unsafe extern "C" fn called() {
    called!()
}

/// Where stubs of functions lead whose context is the second argument.
///
/// # Safety
/// As for [`called`].
#[unsafe(naked)]
pub unsafe extern "C" fn called_behind_results() {
    called!("mov rdi, rsi")
}

/// Nothing to do: the processor keeps instructions coherent.
pub fn flush_instruction_cache(_at: *const u8, _len: usize) {}

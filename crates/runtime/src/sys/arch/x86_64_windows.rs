//! x86-64 with Microsoft's convention. Written but untested on Windows; the instructions were tried on Linux, where
//! functions can have this convention as well.

use std::arch::{asm, naked_asm};
use std::mem::offset_of;

use gantry_abi::vmctx::{VMContextHeader, VMContinuation};

use crate::unwind::Landing;

/// As for the System V convention: see there.
///
/// The convention keeps `rbx`, `rbp`, `rdi`, `rsi`, `r12` to `r15` and `xmm6` to `xmm15`. Below them the frame has the
/// 32 bytes in which the callee may keep its register arguments. The fifth argument comes on the stack.
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
        "push rdi",
        "push rsi",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 200",
        "movaps [rsp + 32], xmm6",
        "movaps [rsp + 48], xmm7",
        "movaps [rsp + 64], xmm8",
        "movaps [rsp + 80], xmm9",
        "movaps [rsp + 96], xmm10",
        "movaps [rsp + 112], xmm11",
        "movaps [rsp + 128], xmm12",
        "movaps [rsp + 144], xmm13",
        "movaps [rsp + 160], xmm14",
        "movaps [rsp + 176], xmm15",
        "mov [rcx], rsp",
        "mov rax, rdx",
        "mov rcx, r8",
        "mov rdx, r9",
        "mov r8, [rbp + 48]",
        "call rax",
        "xor eax, eax",
        "jmp {restore}",
        restore = sym restore,
    )
}

/// Restores what [`enter`] saved and returns from it.
#[unsafe(naked)]
unsafe extern "C" fn restore() {
    naked_asm!(
        "movaps xmm6, [rsp + 32]",
        "movaps xmm7, [rsp + 48]",
        "movaps xmm8, [rsp + 64]",
        "movaps xmm9, [rsp + 80]",
        "movaps xmm10, [rsp + 96]",
        "movaps xmm11, [rsp + 112]",
        "movaps xmm12, [rsp + 128]",
        "movaps xmm13, [rsp + 144]",
        "movaps xmm14, [rsp + 160]",
        "movaps xmm15, [rsp + 176]",
        "add rsp, 200",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rsi",
        "pop rdi",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Where execution goes on after a fault, with the stack pointer that [`enter`] stored.
///
/// # Safety
/// Not to be called: an exception handler sets the program counter to it.
#[unsafe(naked)]
pub unsafe extern "C" fn landing() {
    naked_asm!("mov eax, 1", "jmp {restore}", restore = sym restore)
}

/// Returns 1 from the [`enter`] that stored this stack pointer.
///
/// # Safety
/// As for [`raise`].
#[unsafe(naked)]
pub unsafe extern "C" fn leave(entry_sp: usize) -> ! {
    naked_asm!("mov rsp, rcx", "jmp {landing}", landing = sym landing)
}

/// Goes on at the address on top of the stack after calling [`interrupted`](crate::trap::interrupted), with all
/// registers as they were.
///
/// # Safety
/// Not to be called: an exception handler sets the program counter to it.
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
        "sub rsp, 288",
        "and rsp, -16",
        "movaps [rsp + 32], xmm0",
        "movaps [rsp + 48], xmm1",
        "movaps [rsp + 64], xmm2",
        "movaps [rsp + 80], xmm3",
        "movaps [rsp + 96], xmm4",
        "movaps [rsp + 112], xmm5",
        "movaps [rsp + 128], xmm6",
        "movaps [rsp + 144], xmm7",
        "movaps [rsp + 160], xmm8",
        "movaps [rsp + 176], xmm9",
        "movaps [rsp + 192], xmm10",
        "movaps [rsp + 208], xmm11",
        "movaps [rsp + 224], xmm12",
        "movaps [rsp + 240], xmm13",
        "movaps [rsp + 256], xmm14",
        "movaps [rsp + 272], xmm15",
        "call {interrupted}",
        "movaps xmm0, [rsp + 32]",
        "movaps xmm1, [rsp + 48]",
        "movaps xmm2, [rsp + 64]",
        "movaps xmm3, [rsp + 80]",
        "movaps xmm4, [rsp + 96]",
        "movaps xmm5, [rsp + 112]",
        "movaps xmm6, [rsp + 128]",
        "movaps xmm7, [rsp + 144]",
        "movaps xmm8, [rsp + 160]",
        "movaps xmm9, [rsp + 176]",
        "movaps xmm10, [rsp + 192]",
        "movaps xmm11, [rsp + 208]",
        "movaps xmm12, [rsp + 224]",
        "movaps xmm13, [rsp + 240]",
        "movaps xmm14, [rsp + 256]",
        "movaps xmm15, [rsp + 272]",
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
            "mov r8, [rsp]",
            "mov r9, rbp",
            "sub rsp, 88",
            "lea rax, [rsp + 48]",
            "mov [rsp + 32], rax",
            "call {function}",
            "mov rcx, [rsp + 48 + {pc}]",
            "mov rbp, [rsp + 48 + {fp}]",
            "mov rax, [rsp + 48 + {exception}]",
            "mov rsp, [rsp + 48 + {sp}]",
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

/// As for the System V convention: see there. The thread's block knows the bounds of its stack: they are kept on the
/// stack while it waits.
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
            "push qword ptr gs:[0x8]",
            "push qword ptr gs:[0x10]",
            "push qword ptr gs:[0x1478]",
            "push qword ptr gs:[0x1748]",
            "lea rax, [rip + 2f]",
            "mov [rdx], rsp",
            "mov [rdx + 8], rbp",
            "mov [rdx + 16], rax",
            "mov rsp, [r8]",
            "mov rbp, [r8 + 8]",
            "jmp [r8 + 16]",
            "2:",
            "pop qword ptr gs:[0x1748]",
            "pop qword ptr gs:[0x1478]",
            "pop qword ptr gs:[0x10]",
            "pop qword ptr gs:[0x8]",
            "pop rbx",
            inlateout("rcx") payload => left,
            inlateout("rdx") from => _,
            inlateout("r8") to => _,
            lateout("rdi") _,
            lateout("rsi") _,
            lateout("r12") _,
            lateout("r13") _,
            lateout("r14") _,
            lateout("r15") _,
            lateout("xmm6") _,
            lateout("xmm7") _,
            lateout("xmm8") _,
            lateout("xmm9") _,
            lateout("xmm10") _,
            lateout("xmm11") _,
            lateout("xmm12") _,
            lateout("xmm13") _,
            lateout("xmm14") _,
            lateout("xmm15") _,
            clobber_abi("win64"),
        );
    }
    left
}

/// As for the System V convention: see there. `limit` is the lowest address that is writable.
///
/// # Safety
/// There are writable pages below `base`.
pub unsafe fn new_stack(base: usize, limit: usize, main: extern "C" fn(usize) -> !) -> VMContinuation {
    let sp = base - 80;
    // What `begin` takes from the stack: the bounds, from below, and the function. Its frame has 32 bytes above.
    let words = [0, limit, limit, base, main as usize];
    // SAFETY: promised by the caller.
    unsafe { std::ptr::with_exposed_provenance_mut::<[usize; 5]>(sp).write(words) };
    VMContinuation { sp, fp: 0, pc: begin as *const () as usize }
}

#[unsafe(naked)]
unsafe extern "C" fn begin() {
    naked_asm!(
        "pop qword ptr gs:[0x1748]",
        "pop qword ptr gs:[0x1478]",
        "pop qword ptr gs:[0x10]",
        "pop qword ptr gs:[0x8]",
        "pop rax",
        "sub rsp, 8",
        "call rax",
        "ud2",
    )
}

/// As for the System V convention: see there.
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
        "push qword ptr gs:[0x8]",
        "push qword ptr gs:[0x10]",
        "push qword ptr gs:[0x1478]",
        "push qword ptr gs:[0x1748]",
        // The bounds of the other stack, as `switch` left them.
        "mov rax, [rcx]",
        "mov r9, [rax]",
        "mov gs:[0x1748], r9",
        "mov r9, [rax + 8]",
        "mov gs:[0x1478], r9",
        "mov r9, [rax + 16]",
        "mov gs:[0x10], r9",
        "mov r9, [rax + 24]",
        "mov gs:[0x8], r9",
        "mov rsp, rax",
        "and rsp, -16",
        "sub rsp, 32",
        "mov rcx, r8",
        "call rdx",
        "lea rsp, [rbp - 32]",
        "pop qword ptr gs:[0x1748]",
        "pop qword ptr gs:[0x1478]",
        "pop qword ptr gs:[0x10]",
        "pop qword ptr gs:[0x8]",
        "pop rbp",
        "ret",
    )
}

/// The registers that callees keep, as they are now: callers' values may be in them and nowhere else.
#[inline(always)]
pub fn saved_registers() -> [usize; 7] {
    let mut registers = [0; 7];
    // SAFETY: stores to the array.
    unsafe {
        asm!(
            "mov [{0} + 0], rbx",
            "mov [{0} + 8], rdi",
            "mov [{0} + 16], rsi",
            "mov [{0} + 24], r12",
            "mov [{0} + 32], r13",
            "mov [{0} + 40], r14",
            "mov [{0} + 48], r15",
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
    ($context:literal) => {
        naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "push rdi",
            "push rsi",
            "push rdx",
            "push rcx",
            "push r8",
            "push r9",
            "sub rsp, 160",
            "movaps [rsp + 32], xmm0",
            "movaps [rsp + 48], xmm1",
            "movaps [rsp + 64], xmm2",
            "movaps [rsp + 80], xmm3",
            "movaps [rsp + 96], xmm4",
            "movaps [rsp + 112], xmm5",
            "movaps [rsp + 128], xmm6",
            "movaps [rsp + 144], xmm7",
            $context,
            "mov edx, eax",
            "mov r8, rbp",
            "call {called}",
            "movaps xmm0, [rsp + 32]",
            "movaps xmm1, [rsp + 48]",
            "movaps xmm2, [rsp + 64]",
            "movaps xmm3, [rsp + 80]",
            "movaps xmm4, [rsp + 96]",
            "movaps xmm5, [rsp + 112]",
            "movaps xmm6, [rsp + 128]",
            "movaps xmm7, [rsp + 144]",
            "add rsp, 160",
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
    called!("mov rcx, rdi")
}

/// Where stubs of functions lead whose context is the second argument.
///
/// # Safety
/// As for [`called`].
#[unsafe(naked)]
pub unsafe extern "C" fn called_behind_results() {
    called!("mov rcx, rsi")
}

/// Nothing to do: the processor keeps instructions coherent.
pub fn flush_instruction_cache(_at: *const u8, _len: usize) {}

//! AArch64 with the AAPCS64 convention. Compiled for, but not yet run.

use std::arch::{asm, naked_asm};
use std::mem::offset_of;

use gantry_abi::vmctx::{VMContextHeader, VMContinuation};

use crate::unwind::Landing;

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

/// Returns 1 from the [`enter`] that stored this stack pointer.
///
/// # Safety
/// As for [`raise`].
#[unsafe(naked)]
pub unsafe extern "C" fn leave(entry_sp: usize) -> ! {
    naked_asm!("mov sp, x0", "b {landing}", landing = sym landing)
}

/// Goes on at the address on top of the stack after calling [`interrupted`](crate::trap::interrupted), with all
/// registers as they were but x17, which Cranelift does not keep values in.
///
/// # Safety
/// Not to be called: a signal handler sets the program counter to it.
#[unsafe(naked)]
pub unsafe extern "C" fn interruption() {
    naked_asm!(
        "sub sp, sp, #784",
        "stp x0, x1, [sp, #16]",
        "stp x2, x3, [sp, #32]",
        "stp x4, x5, [sp, #48]",
        "stp x6, x7, [sp, #64]",
        "stp x8, x9, [sp, #80]",
        "stp x10, x11, [sp, #96]",
        "stp x12, x13, [sp, #112]",
        "stp x14, x15, [sp, #128]",
        "stp x16, x17, [sp, #144]",
        "stp x18, x19, [sp, #160]",
        "stp x20, x21, [sp, #176]",
        "stp x22, x23, [sp, #192]",
        "stp x24, x25, [sp, #208]",
        "stp x26, x27, [sp, #224]",
        "stp x28, x29, [sp, #240]",
        "mrs x9, nzcv",
        "stp x30, x9, [sp, #256]",
        "stp q0, q1, [sp, #272]",
        "stp q2, q3, [sp, #304]",
        "stp q4, q5, [sp, #336]",
        "stp q6, q7, [sp, #368]",
        "stp q8, q9, [sp, #400]",
        "stp q10, q11, [sp, #432]",
        "stp q12, q13, [sp, #464]",
        "stp q14, q15, [sp, #496]",
        "stp q16, q17, [sp, #528]",
        "stp q18, q19, [sp, #560]",
        "stp q20, q21, [sp, #592]",
        "stp q22, q23, [sp, #624]",
        "stp q24, q25, [sp, #656]",
        "stp q26, q27, [sp, #688]",
        "stp q28, q29, [sp, #720]",
        "stp q30, q31, [sp, #752]",
        "bl {interrupted}",
        "ldp q0, q1, [sp, #272]",
        "ldp q2, q3, [sp, #304]",
        "ldp q4, q5, [sp, #336]",
        "ldp q6, q7, [sp, #368]",
        "ldp q8, q9, [sp, #400]",
        "ldp q10, q11, [sp, #432]",
        "ldp q12, q13, [sp, #464]",
        "ldp q14, q15, [sp, #496]",
        "ldp q16, q17, [sp, #528]",
        "ldp q18, q19, [sp, #560]",
        "ldp q20, q21, [sp, #592]",
        "ldp q22, q23, [sp, #624]",
        "ldp q24, q25, [sp, #656]",
        "ldp q26, q27, [sp, #688]",
        "ldp q28, q29, [sp, #720]",
        "ldp q30, q31, [sp, #752]",
        "ldp x30, x9, [sp, #256]",
        "msr nzcv, x9",
        "ldp x0, x1, [sp, #16]",
        "ldp x2, x3, [sp, #32]",
        "ldp x4, x5, [sp, #48]",
        "ldp x6, x7, [sp, #64]",
        "ldp x8, x9, [sp, #80]",
        "ldp x10, x11, [sp, #96]",
        "ldp x12, x13, [sp, #112]",
        "ldp x14, x15, [sp, #128]",
        "ldp x16, x17, [sp, #144]",
        "ldp x18, x19, [sp, #160]",
        "ldp x20, x21, [sp, #176]",
        "ldp x22, x23, [sp, #192]",
        "ldp x24, x25, [sp, #208]",
        "ldp x26, x27, [sp, #224]",
        "ldp x28, x29, [sp, #240]",
        "add sp, sp, #784",
        "ldr x17, [sp], #16",
        "br x17",
        interrupted = sym crate::trap::interrupted,
    )
}

/// Calls a function with the place of the call that led here, and goes on where it says.
macro_rules! unwind {
    ($function:path) => {
        naked_asm!(
            "mov x2, x30",
            "mov x3, x29",
            "sub sp, sp, #32",
            "mov x4, sp",
            "bl {function}",
            "ldr x9, [sp, #{pc}]",
            "ldr x10, [sp, #{sp}]",
            "ldr x29, [sp, #{fp}]",
            "ldr x0, [sp, #{exception}]",
            "mov sp, x10",
            "br x9",
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

/// As on x86-64: see there.
///
/// # Safety
/// `to` is a stack that waits, of this thread.
#[inline(always)]
pub unsafe fn switch(from: *mut VMContinuation, to: *const VMContinuation, payload: usize) -> usize {
    let left;
    // SAFETY: all registers that are not clobbered here are stored: `x29` in the continuation and `x19` on the stack.
    unsafe {
        asm!(
            "str x19, [sp, #-16]!",
            "adr x9, 2f",
            "mov x10, sp",
            "stp x10, x29, [x1]",
            "str x9, [x1, #16]",
            "ldp x10, x29, [x2]",
            "ldr x17, [x2, #16]",
            "mov sp, x10",
            "br x17",
            "2:",
            "ldr x19, [sp], #16",
            inlateout("x0") payload => left,
            inlateout("x1") from => _,
            inlateout("x2") to => _,
            lateout("x20") _,
            lateout("x21") _,
            lateout("x22") _,
            lateout("x23") _,
            lateout("x24") _,
            lateout("x25") _,
            lateout("x26") _,
            lateout("x27") _,
            lateout("x28") _,
            lateout("x30") _,
            lateout("d8") _,
            lateout("d9") _,
            lateout("d10") _,
            lateout("d11") _,
            lateout("d12") _,
            lateout("d13") _,
            lateout("d14") _,
            lateout("d15") _,
            clobber_abi("C"),
        );
    }
    left
}

/// As on x86-64: see there.
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
    naked_asm!("ldr x9, [sp]", "blr x9", "brk #1")
}

/// As on x86-64: see there.
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
        "stp x29, x30, [sp, #-16]!",
        "mov x29, sp",
        "ldr x9, [x0]",
        "mov sp, x9",
        "mov x0, x2",
        "blr x1",
        "mov sp, x29",
        "ldp x29, x30, [sp], #16",
        "ret",
    )
}

/// The registers that callees keep, as they are now: callers' values may be in them and nowhere else.
#[inline(always)]
pub fn saved_registers() -> [usize; 10] {
    let mut registers = [0; 10];
    // SAFETY: stores to the array.
    unsafe {
        asm!(
            "stp x19, x20, [{0}, #0]",
            "stp x21, x22, [{0}, #16]",
            "stp x23, x24, [{0}, #32]",
            "stp x25, x26, [{0}, #48]",
            "stp x27, x28, [{0}, #64]",
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

fn words<const N: usize, const M: usize>(words: [u32; N]) -> [u8; M] {
    let mut bytes = [0; M];
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// A stub: `movz w16, low`, `movk w16, high, lsl #16`, `b end`.
pub fn stub(function: u32, to_end: u32) -> [u8; STUB_LEN] {
    let (low, high) = (function & 0xffff, function >> 16);
    words([0x5280_0010 | low << 5, 0x72a0_0010 | high << 5, 0x1400_0000 | (to_end - 8) / 4])
}

/// Where all stubs of a block go on: `ldr x17, [pc, #8]`, `br x17`, target.
pub fn stub_end(target: usize) -> [u8; STUB_END_LEN] {
    words([0x5800_0051, 0xd61f_0220, target as u32, (target as u64 >> 32) as u32])
}

/// Goes on where the pointer at an address leads to at the moment: `ldr x17, [pc, #16]`, `ldr x17, [x17]`, `br x17`, `nop`,
/// address.
pub fn through(pointer: usize) -> [u8; 24] {
    let address = pointer as u64;
    words([0x5800_0091, 0xf940_0231, 0xd61f_0220, 0xd503_201f, address as u32, (address >> 32) as u32])
}

/// Whether the address of a place for results comes before the context: it has a register of its own.
pub fn has_context_behind_results(_integers: usize, _floats: usize) -> bool {
    false
}

/// Keeps the registers that hold arguments (the context is `x2`, the address of a place for results `x8`), calls
/// [`called`](crate::lazy::called) with the function that a stub left in `w16`, and goes on at the code that it returns, as
/// if that had been called.
///
/// # Safety
/// Not to be called: stubs jump to it.
#[unsafe(naked)]
pub unsafe extern "C" fn called() {
    naked_asm!(
        "stp x29, x30, [sp, #-224]!",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "stp x2, x3, [sp, #32]",
        "stp x4, x5, [sp, #48]",
        "stp x6, x7, [sp, #64]",
        "str x8, [sp, #80]",
        "stp q0, q1, [sp, #96]",
        "stp q2, q3, [sp, #128]",
        "stp q4, q5, [sp, #160]",
        "stp q6, q7, [sp, #192]",
        "mov x0, x2",
        "mov w1, w16",
        "mov x2, x29",
        "bl {called}",
        "mov x17, x0",
        "ldp q0, q1, [sp, #96]",
        "ldp q2, q3, [sp, #128]",
        "ldp q4, q5, [sp, #160]",
        "ldp q6, q7, [sp, #192]",
        "ldp x0, x1, [sp, #16]",
        "ldp x2, x3, [sp, #32]",
        "ldp x4, x5, [sp, #48]",
        "ldp x6, x7, [sp, #64]",
        "ldr x8, [sp, #80]",
        "ldp x29, x30, [sp], #224",
        "br x17",
        called = sym crate::lazy::called,
    )
}

/// As [`called`]: no function has its context elsewhere.
///
/// # Safety
/// As for [`called`].
#[unsafe(naked)]
pub unsafe extern "C" fn called_behind_results() {
    naked_asm!("b {called}", called = sym called)
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

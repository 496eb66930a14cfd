//! Hardware faults in compiled code, as vectored exceptions. Written but untested: not yet run on Windows.
//!
//! A fault is ours when the program counter is in our code at an instruction that declared it. Everything else goes
//! on to the handlers behind ours. Vectored handlers come before those that are found by unwinding, so that compiled
//! code needs no unwind information.

use std::sync::Once;

use windows_sys::Win32::Foundation::{
    EXCEPTION_ACCESS_VIOLATION, EXCEPTION_ILLEGAL_INSTRUCTION, EXCEPTION_INT_DIVIDE_BY_ZERO, EXCEPTION_INT_OVERFLOW,
};
use windows_sys::Win32::System::Diagnostics::Debug::{AddVectoredExceptionHandler, EXCEPTION_POINTERS};

use crate::trap;

const CONTINUE_EXECUTION: i32 = -1;
const CONTINUE_SEARCH: i32 = 0;

/// Installs the handler, once a process.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `handler` has the signature that is asked for, and stays: it is never removed.
        let handle = unsafe { AddVectoredExceptionHandler(1, Some(handler)) };
        assert!(!handle.is_null(), "AddVectoredExceptionHandler");
    });
}

unsafe extern "system" fn handler(exception: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system passes a record, and a context that is ours to change until we return.
    let (code, context) = unsafe {
        let exception = &*exception;
        ((*exception.ExceptionRecord).ExceptionCode, &mut *exception.ContextRecord)
    };
    let ours = matches!(
        code,
        EXCEPTION_ACCESS_VIOLATION
            | EXCEPTION_ILLEGAL_INSTRUCTION
            | EXCEPTION_INT_DIVIDE_BY_ZERO
            | EXCEPTION_INT_OVERFLOW
    );
    if !ours {
        return CONTINUE_SEARCH;
    }
    // SAFETY: called on the thread that faulted, with its registers.
    match unsafe { trap::catch(context.Rip as usize, context.Rbp as usize, context.Rsp as usize) } {
        Some(landing) => {
            (context.Rip, context.Rsp) = (landing.pc as u64, landing.sp as u64);
            CONTINUE_EXECUTION
        }
        None => CONTINUE_SEARCH,
    }
}

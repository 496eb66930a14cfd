//! Hardware faults in compiled code, as signals.
//!
//! A fault is ours when the program counter is in our code at an instruction that declared it. Everything else goes
//! to the handler that was there before.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::Once;

use libc::{c_int, c_void, siginfo_t, ucontext_t};

use crate::trap;

#[cfg(target_os = "macos")]
const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];
#[cfg(not(target_os = "macos"))]
const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// The handlers that were there before ours.
struct Previous(UnsafeCell<[MaybeUninit<libc::sigaction>; SIGNALS.len()]>);

// SAFETY: written once, under `Once`, before the handlers that read it are installed.
unsafe impl Sync for Previous {}

static PREVIOUS: Previous = Previous(UnsafeCell::new([MaybeUninit::zeroed(); SIGNALS.len()]));

/// Installs the handlers, once a process.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (i, signal) in SIGNALS.into_iter().enumerate() {
            // SAFETY: `handler` has the signature that SA_SIGINFO asks for and is async-signal-safe. The slot is
            // filled by reading the old action before the new one can run.
            unsafe {
                let slot = (*PREVIOUS.0.get())[i].as_mut_ptr();
                let read = libc::sigaction(signal, std::ptr::null(), slot);
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_ONSTACK;
                action.sa_sigaction = handler as *const () as usize;
                libc::sigemptyset(&mut action.sa_mask);
                let set = libc::sigaction(signal, &action, std::ptr::null_mut());
                assert!(read == 0 && set == 0, "sigaction");
            }
        }
    });
}

extern "C" fn handler(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a context that is ours to change until we return.
    let ours = unsafe {
        let context = &mut *context.cast::<ucontext_t>();
        let (pc, fp, sp) = registers(context);
        match trap::catch(pc, fp, sp) {
            Some(landing) => {
                set_registers(context, landing.pc, landing.sp);
                true
            }
            None => false,
        }
    };
    if !ours {
        chain(signal, info, context);
    }
}

/// Hands a signal to whoever handled it before.
fn chain(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let index = SIGNALS.iter().position(|s| *s == signal).expect("installed for these only");
    // SAFETY: initialised before the handler was installed. The handler called has the signature that its flags say.
    unsafe {
        let previous = &*(*PREVIOUS.0.get())[index].as_ptr();
        match previous.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                // Restored, the faulting instruction runs again and meets the default action.
                libc::sigaction(signal, previous, std::ptr::null_mut());
            }
            address if previous.sa_flags & libc::SA_SIGINFO != 0 => {
                let call: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = std::mem::transmute(address);
                call(signal, info, context);
            }
            address => {
                let call: extern "C" fn(c_int) = std::mem::transmute(address);
                call(signal);
            }
        }
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn registers(context: &ucontext_t) -> (usize, usize, usize) {
    let registers = &context.uc_mcontext.gregs;
    let register = |index: libc::c_int| registers[index as usize] as usize;
    (register(libc::REG_RIP), register(libc::REG_RBP), register(libc::REG_RSP))
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn set_registers(context: &mut ucontext_t, pc: usize, sp: usize) {
    let registers = &mut context.uc_mcontext.gregs;
    registers[libc::REG_RIP as usize] = pc as i64;
    registers[libc::REG_RSP as usize] = sp as i64;
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn registers(context: &ucontext_t) -> (usize, usize, usize) {
    let registers = &context.uc_mcontext;
    (registers.pc as usize, registers.regs[29] as usize, registers.sp as usize)
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn set_registers(context: &mut ucontext_t, pc: usize, sp: usize) {
    context.uc_mcontext.pc = pc as u64;
    context.uc_mcontext.sp = sp as u64;
}

#[cfg(all(target_os = "macos", target_arch = "x86_64"))]
fn registers(context: &ucontext_t) -> (usize, usize, usize) {
    // SAFETY: the kernel fills in `uc_mcontext`.
    let state = unsafe { &(*context.uc_mcontext).__ss };
    (state.__rip as usize, state.__rbp as usize, state.__rsp as usize)
}

#[cfg(all(target_os = "macos", target_arch = "x86_64"))]
fn set_registers(context: &mut ucontext_t, pc: usize, sp: usize) {
    // SAFETY: as above.
    let state = unsafe { &mut (*context.uc_mcontext).__ss };
    (state.__rip, state.__rsp) = (pc as u64, sp as u64);
}

#[cfg(all(target_os = "macos", target_arch = "aarch64"))]
fn registers(context: &ucontext_t) -> (usize, usize, usize) {
    // SAFETY: the kernel fills in `uc_mcontext`.
    let state = unsafe { &(*context.uc_mcontext).__ss };
    (state.__pc as usize, state.__fp as usize, state.__sp as usize)
}

#[cfg(all(target_os = "macos", target_arch = "aarch64"))]
fn set_registers(context: &mut ucontext_t, pc: usize, sp: usize) {
    // SAFETY: as above.
    let state = unsafe { &mut (*context.uc_mcontext).__ss };
    (state.__pc, state.__sp) = (pc as u64, sp as u64);
}

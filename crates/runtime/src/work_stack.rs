//! A stack for making code in the middle of a call: a fiber's own has no room, and how much is left of the embedder's is
//! not known.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gantry_abi::vmctx::VMContinuation;

use crate::fiber::FiberStack;
use crate::{OutOfMemory, sys};

struct WorkStack {
    top: VMContinuation,
    _stack: FiberStack,
}

impl WorkStack {
    fn new() -> Result<WorkStack, OutOfMemory> {
        extern "C" fn never(_: usize) -> ! {
            unreachable!("nobody switches to this stack")
        }
        let stack = FiberStack::new()?;
        // SAFETY: the stack was made just now.
        let top = unsafe { sys::new_stack(stack.base(), stack.limit(), never) };
        Ok(WorkStack { top, _stack: stack })
    }
}

thread_local! {
    static STACK: OnceCell<WorkStack> = const { OnceCell::new() };
}

/// Runs `f` on this thread's work stack; `f` must not do the same. None if there is no memory for it or `f` panics.
pub(crate) fn run<R, F: FnOnce() -> R>(f: F) -> Option<R> {
    unsafe extern "C" fn call<R, F: FnOnce() -> R>(job: *mut ()) -> u32 {
        // SAFETY: the job below, which waits.
        let job = unsafe { &mut *job.cast::<(Option<F>, Option<R>)>() };
        let f = job.0.take().expect("called once");
        job.1 = catch_unwind(AssertUnwindSafe(f)).ok();
        0
    }
    STACK
        .try_with(|stack| {
            if stack.get().is_none() {
                // Nobody else has set it.
                let _ = stack.set(WorkStack::new().ok()?);
            }
            let top = &raw const stack.get()?.top;
            let mut job: (Option<F>, Option<R>) = (Some(f), None);
            // SAFETY: nothing is on that stack, and `call` does not unwind.
            unsafe { sys::call_on(top, call::<R, F>, (&raw mut job).cast()) };
            job.1
        })
        .ok()
        .flatten()
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_elsewhere_and_survives_panics() {
        let here = 0u8;
        let there = super::run(|| {
            let there = 0u8;
            (&raw const there).addr()
        });
        assert!(there.unwrap().abs_diff((&raw const here).addr()) > 64 << 10);
        assert_eq!(super::run(|| -> u32 { panic!("in the middle") }), None);
        assert_eq!(super::run(|| 5), Some(5));
    }
}

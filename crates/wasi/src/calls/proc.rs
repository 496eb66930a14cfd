//! `proc_*` and `sched_yield`.

use crate::context::Outcome;
use crate::{Context, Errno, Exit, Guest, Signal};

pub(crate) fn proc_exit(_context: &Context, _guest: &mut Guest<'_>, code: u32) -> Outcome {
    Err(Exit::Code(code).into())
}

pub(crate) fn proc_raise(_context: &Context, _guest: &mut Guest<'_>, signal: u32) -> Outcome {
    let signal = Signal::from_raw(signal).ok_or(Errno::INVAL)?;
    Err(Exit::Signal(signal).into())
}

pub(crate) fn sched_yield(context: &Context, _guest: &mut Guest<'_>) -> Outcome {
    std::thread::yield_now();
    context.check_interrupt()
}

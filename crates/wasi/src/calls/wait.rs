//! Waiting in such a way that the host can end it.

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Context;
use crate::context::Outcome;
use crate::fs::{File, Interest};

/// How long nobody looks at the interrupt hook, in nanoseconds.
const SLICE: u64 = 10_000_000;

/// How long nobody looks at a file that the operating system cannot wait for.
const LOOK: u64 = 1_000_000;

/// Something to wait for.
pub(crate) type Awaited<'a> = (&'a dyn File, Interest);

/// Waits until the file is ready.
pub(crate) fn wait(context: &Context, file: &dyn File, interest: Interest) -> Outcome {
    while file.readiness(interest)?.is_none() {
        context.check_interrupt()?;
        sleep(context, &[(file, interest)], None)?;
    }
    Ok(())
}

/// Waits until one of the files is ready, the time in nanoseconds is over, or it is time to look again.
pub(crate) fn sleep(context: &Context, files: &[Awaited<'_>], timeout: Option<u64>) -> Outcome {
    let mut timeout = timeout.unwrap_or(u64::MAX);
    if context.interrupt.is_some() {
        timeout = timeout.min(SLICE);
    }
    let mut poll_fds = Vec::with_capacity(files.len());
    for &(file, interest) in files {
        match file.wait_fd() {
            Some(fd) => poll_fds.push(PollFd::from_borrowed_fd(fd, flags(interest))),
            None => timeout = timeout.min(LOOK),
        }
    }
    let time = Timespec { tv_sec: (timeout / 1_000_000_000) as i64, tv_nsec: (timeout % 1_000_000_000) as i64 };
    match poll(&mut poll_fds, Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn flags(interest: Interest) -> PollFlags {
    match interest {
        Interest::Read => PollFlags::IN,
        Interest::Write => PollFlags::OUT,
    }
}

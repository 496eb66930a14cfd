//! `random_get`.

use crate::context::Outcome;
use crate::{Context, Errno, Guest};

/// How many bytes are made between two looks at the interrupt hook.
const CHUNK: u32 = 1 << 20;

pub(crate) fn random_get(context: &Context, guest: &mut Guest<'_>, buffer: u32, length: u32) -> Outcome {
    let (mut start, mut left) = (buffer, length);
    // All of it or nothing.
    guest.check_range(buffer, length)?;
    while left > 0 {
        let now = left.min(CHUNK);
        guest.fill(start, now, |bytes| context.random.fill(bytes).map(|()| bytes.len()))?;
        left -= now;
        if left > 0 {
            start = start.checked_add(now).ok_or(Errno::FAULT)?;
            context.check_interrupt()?;
        }
    }
    Ok(())
}

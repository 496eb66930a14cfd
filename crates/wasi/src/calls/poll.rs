//! `poll_oneoff`: waits for clocks and descriptors.

use super::wait::sleep;
use crate::clock::Id;
use crate::context::Outcome;
use crate::fs::Interest;
use crate::table::{Descriptor, Object};
use crate::{Context, Errno, Guest, Rights, Timestamp, Version};

/// The bytes of an event.
const EVENT: u32 = 32;

/// The other side has gone.
const HANGUP: u16 = 1;

/// The time given is one of the clock, not a duration.
const ABSTIME: u16 = 1;

struct Subscription {
    userdata: u64,
    event_type: u8,
    what: What,
}

enum What {
    Clock { id: Id, deadline: Timestamp },
    File { fd: u32, interest: Interest },
    Failed(Errno),
}

/// What happened: an error, or the bytes that there are, and flags.
struct Event {
    errno: Errno,
    bytes: u64,
    flags: u16,
}

pub(crate) fn poll_oneoff(
    version: Version,
    context: &Context,
    guest: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    out: u32,
) -> Outcome {
    if count == 0 {
        return Err(Errno::INVAL.into());
    }
    guest.check_range(events, count.checked_mul(EVENT).ok_or(Errno::INVAL)?)?;
    guest.check_range(out, 4)?;
    let subscriptions = parse(version, context, guest, subscriptions, count)?;
    loop {
        let mut stored = 0;
        for subscription in &subscriptions {
            if let Some(event) = look(context, subscription) {
                store(guest, events + stored * EVENT, subscription, &event)?;
                stored += 1;
            }
        }
        if stored > 0 {
            return Ok(guest.write_u32(out, stored)?);
        }
        context.check_interrupt()?;
        pause(context, &subscriptions)?;
    }
}

fn parse(
    version: Version,
    context: &Context,
    guest: &Guest<'_>,
    address: u32,
    count: u32,
) -> Result<Vec<Subscription>, Errno> {
    let (size, clock) = match version {
        Version::Preview1 => (48, 16),
        // Here the clock has a number of its own in front.
        Version::Unstable => (56, 24),
    };
    guest.check_range(address, count.checked_mul(size).ok_or(Errno::INVAL)?)?;
    (0..count)
        .map(|index| {
            let at = address + index * size;
            let event_type = guest.read_u8(at + 8)?;
            let what = match event_type {
                0 => parse_clock(context, guest, at + clock)?,
                1 => What::File { fd: guest.read_u32(at + 16)?, interest: Interest::Read },
                2 => What::File { fd: guest.read_u32(at + 16)?, interest: Interest::Write },
                _ => return Err(Errno::INVAL),
            };
            Ok(Subscription { userdata: guest.read_u64(at)?, event_type, what })
        })
        .collect()
}

fn parse_clock(context: &Context, guest: &Guest<'_>, at: u32) -> Result<What, Errno> {
    let Ok(id) = Id::from_raw(guest.read_u32(at)?) else { return Ok(What::Failed(Errno::INVAL)) };
    let timeout = guest.read_u64(at + 8)?;
    let flags = guest.read_u16(at + 24)?;
    Ok(match (id, flags) {
        // Nobody can wait for a time that only passes while the program runs.
        (Id::ProcessCpuTime | Id::ThreadCpuTime, _) => What::Failed(Errno::NOTSUP),
        (_, ABSTIME) => What::Clock { id, deadline: timeout },
        (_, 0) => What::Clock { id, deadline: context.clock.now(id).saturating_add(timeout) },
        _ => What::Failed(Errno::INVAL),
    })
}

fn look(context: &Context, subscription: &Subscription) -> Option<Event> {
    let fail = |errno| Some(Event { errno, bytes: 0, flags: 0 });
    match subscription.what {
        What::Failed(errno) => fail(errno),
        What::Clock { id, deadline } => {
            (context.clock.now(id) >= deadline).then_some(Event { errno: Errno::SUCCESS, bytes: 0, flags: 0 })
        }
        What::File { fd, interest } => match file(context, fd, interest) {
            Ok(descriptor) => match descriptor.as_file(Rights::empty()).and_then(|file| file.readiness(interest)) {
                Ok(Some(ready)) => Some(Event {
                    errno: Errno::SUCCESS,
                    bytes: ready.bytes,
                    flags: if ready.hangup { HANGUP } else { 0 },
                }),
                Ok(None) => None,
                Err(errno) => fail(errno),
            },
            Err(errno) => fail(errno),
        },
    }
}

/// The descriptor of a file that may be waited for.
fn file(context: &Context, fd: u32, interest: Interest) -> Result<Descriptor, Errno> {
    let descriptor = context.table.get(fd)?;
    if matches!(*descriptor.object, Object::Dir(_)) {
        return Err(Errno::BADF);
    }
    descriptor.need(Rights::POLL_FD_READWRITE)?;
    descriptor.need(match interest {
        Interest::Read => Rights::FD_READ,
        Interest::Write => Rights::FD_WRITE,
    })?;
    Ok(descriptor)
}

/// Waits until something may have happened.
fn pause(context: &Context, subscriptions: &[Subscription]) -> Outcome {
    let mut files = Vec::new();
    let mut timeout: Option<u64> = None;
    for subscription in subscriptions {
        match subscription.what {
            What::Clock { id, deadline } => {
                let left = deadline.saturating_sub(context.clock.now(id));
                timeout = Some(timeout.map_or(left, |timeout| timeout.min(left)));
            }
            What::File { fd, interest } => files.push((file(context, fd, interest)?, interest)),
            What::Failed(_) => {}
        }
    }
    match timeout {
        Some(timeout) if context.clock.skip(timeout) => Ok(()),
        timeout => {
            let mut awaited = Vec::with_capacity(files.len());
            for (descriptor, interest) in &files {
                awaited.push((descriptor.as_file(Rights::empty())?, *interest));
            }
            sleep(context, &awaited, timeout)
        }
    }
}

fn store(guest: &mut Guest<'_>, at: u32, subscription: &Subscription, event: &Event) -> Outcome {
    let mut bytes = [0; EVENT as usize];
    bytes[0..8].copy_from_slice(&subscription.userdata.to_le_bytes());
    bytes[8..10].copy_from_slice(&event.errno.raw().to_le_bytes());
    bytes[10] = subscription.event_type;
    bytes[16..24].copy_from_slice(&event.bytes.to_le_bytes());
    bytes[24..26].copy_from_slice(&event.flags.to_le_bytes());
    Ok(guest.write(at, &bytes)?)
}

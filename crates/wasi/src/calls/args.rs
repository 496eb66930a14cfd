//! `args_*` and `environ_*`.

use crate::context::{Outcome, Strings};
use crate::{Context, Errno, Guest};

pub(crate) fn args_get(context: &Context, guest: &mut Guest<'_>, argv: u32, buffer: u32) -> Outcome {
    store(&context.args, guest, argv, buffer)
}

pub(crate) fn args_sizes_get(context: &Context, guest: &mut Guest<'_>, count: u32, size: u32) -> Outcome {
    store_sizes(&context.args, guest, count, size)
}

pub(crate) fn environ_get(context: &Context, guest: &mut Guest<'_>, environ: u32, buffer: u32) -> Outcome {
    store(&context.env, guest, environ, buffer)
}

pub(crate) fn environ_sizes_get(context: &Context, guest: &mut Guest<'_>, count: u32, size: u32) -> Outcome {
    store_sizes(&context.env, guest, count, size)
}

fn store(strings: &Strings, guest: &mut Guest<'_>, mut pointers: u32, buffer: u32) -> Outcome {
    guest.write(buffer, &strings.bytes)?;
    for start in &strings.starts {
        guest.write_u32(pointers, buffer + start)?;
        pointers = pointers.checked_add(4).ok_or(Errno::FAULT)?;
    }
    Ok(())
}

fn store_sizes(strings: &Strings, guest: &mut Guest<'_>, count: u32, size: u32) -> Outcome {
    guest.write_u32(count, strings.starts.len() as u32)?;
    guest.write_u32(size, strings.bytes.len() as u32)?;
    Ok(())
}

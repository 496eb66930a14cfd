//! `clock_*`.

use crate::clock::Id;
use crate::context::Outcome;
use crate::{Context, Guest};

pub(crate) fn clock_res_get(context: &Context, guest: &mut Guest<'_>, id: u32, out: u32) -> Outcome {
    guest.write_u64(out, context.clock.resolution(Id::from_raw(id)?))?;
    Ok(())
}

pub(crate) fn clock_time_get(context: &Context, guest: &mut Guest<'_>, id: u32, _precision: u64, out: u32) -> Outcome {
    guest.write_u64(out, context.clock.now(Id::from_raw(id)?))?;
    Ok(())
}

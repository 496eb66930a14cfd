//! Everything that differs between operating systems and processors, and all of their calls.
//!
//! A port is a new folder beside `unix` and `windows` or a new file in `arch`.

mod arch;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;

#[cfg_attr(not(target_os = "linux"), path = "no_alias.rs")]
mod alias;

pub(crate) use alias::{alias, map_shareable, move_to};
pub(crate) use arch::{
    STUB_END_LEN, STUB_LEN, call_on, called, called_behind_results, enter, has_context_behind_results, interruption,
    landing, leave, new_stack, raise, saved_registers, stub, stub_end, switch, through, throw,
};
pub(crate) use os::pages::{
    commit, decommit, guard, make_executable, make_inaccessible, map, map_file, max_mappings, page_size, populate,
    prefer_large_pages, reserve, unmap,
};
pub(crate) use os::traps::install as install_trap_handler;

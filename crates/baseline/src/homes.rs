//! Where locals live: the most used ones in registers, each for the whole function, the others in the frame.
//!
//! A home never changes, so that nothing has to be moved where paths meet.

use crate::asm::{Gpr, Xmm};
use crate::env::ModuleEnv;
use crate::scan::Scan;
use gantry_abi::vmctx::MemoryStyle;

/// Where a local lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    Gpr(Gpr),
    Xmm(Xmm),
    /// In its slot only.
    Frame,
}

/// Registers with a purpose for a whole function, and the rest.
pub(crate) struct Registers {
    /// Holds the context.
    pub vmctx: Gpr,
    /// Holds the base of memory 0, if that never moves and is accessed.
    pub memory_base: Option<Gpr>,
    /// General registers for operands.
    pub temps: u16,
    /// Vector registers for operands.
    pub vector_temps: u16,
    /// Registers to be kept for the caller.
    pub saved: Vec<Gpr>,
    /// Locals whose homes calls do not keep, in order.
    pub volatile: Vec<u32>,
}

/// Never given to anything: for moves and addresses.
pub(crate) const SCRATCH: Gpr = Gpr::R11;
/// The same for vectors.
pub(crate) const VECTOR_SCRATCH: Xmm = Xmm(15);

/// Registers for operands that are never homes.
const TEMPS: [Gpr; 5] = [Gpr::RAX, Gpr::RCX, Gpr::RDX, Gpr::RSI, Gpr::RDI];
/// Registers that calls do not keep, for homes or operands.
const VOLATILE: [Gpr; 3] = [Gpr::R8, Gpr::R9, Gpr::R10];
/// Registers that calls keep, for homes.
const KEPT: [Gpr; 4] = [Gpr::RBX, Gpr::R12, Gpr::R13, Gpr::R15];
/// The first vector register that may be a home.
const FIRST_VECTOR_HOME: u8 = 8;
/// What keeping a register for the caller is worth, in uses.
const KEEPING: u32 = 3;

fn set(registers: &[Gpr]) -> u16 {
    registers.iter().fold(0, |set, register| set | register.bit())
}

/// Gives homes to locals and purposes to registers.
pub(crate) fn assign(env: &ModuleEnv<'_>, scan: &Scan, homes: &mut Vec<Home>) -> Registers {
    let leaf = scan.calls == 0;
    homes.clear();
    homes.resize(scan.locals.len(), Home::Frame);
    let has_base = scan.accesses > 0 && env.style(0) == MemoryStyle::Reserved;
    // In a function without calls, what calls do not keep costs nothing.
    let vmctx = if leaf { Gpr::RDI } else { Gpr::R14 };
    let memory_base = has_base.then_some(if leaf { Gpr::R8 } else { Gpr::R15 });
    let mut registers = Registers {
        vmctx,
        memory_base,
        temps: set(&TEMPS) & !vmctx.bit(),
        vector_temps: (1 << FIRST_VECTOR_HOME) - 1,
        saved: if leaf { Vec::new() } else { [Some(vmctx), memory_base].into_iter().flatten().collect() },
        volatile: Vec::new(),
    };
    // Where a handler begins, nothing is in registers, also of what the caller wants to have kept.
    if scan.catches {
        registers.saved = [KEPT.as_slice(), &[Gpr::R14]].concat();
    }
    let locals = if scan.catches { 0 } else { scan.locals.len() as u32 };
    let mut by_use: Vec<u32> = (0..locals).filter(|local| scan.uses[*local as usize] > 1).collect();
    by_use.sort_by_key(|local| (std::cmp::Reverse(scan.uses[*local as usize]), *local));
    let free = |register: &&Gpr| Some(**register) != memory_base;
    let mut kept = KEPT.iter().filter(free);
    let mut volatile = VOLATILE.iter().filter(free);
    let mut vectors = (FIRST_VECTOR_HOME..VECTOR_SCRATCH.0).map(Xmm);
    // Around each call such a home is saved and read again.
    let volatile_pays = |uses: u32| uses > scan.calls.saturating_mul(2);
    for local in by_use {
        let uses = scan.uses[local as usize];
        let (mut home, mut is_volatile) = (Home::Frame, false);
        if !scan.locals[local as usize].is_int() {
            if volatile_pays(uses) {
                home = vectors.next().map_or(Home::Frame, Home::Xmm);
                is_volatile = home != Home::Frame;
            }
        } else if leaf && let Some(register) = volatile.next() {
            (home, is_volatile) = (Home::Gpr(*register), true);
        } else if uses > KEEPING
            && let Some(register) = kept.next()
        {
            registers.saved.push(*register);
            home = Home::Gpr(*register);
        } else if volatile_pays(uses)
            && let Some(register) = volatile.next()
        {
            (home, is_volatile) = (Home::Gpr(*register), true);
        }
        homes[local as usize] = home;
        if is_volatile {
            registers.volatile.push(local);
        }
    }
    registers.temps |= volatile.fold(0, |set, register| set | register.bit());
    registers.vector_temps |= vectors.fold(0, |set, register| set | register.bit());
    registers
}

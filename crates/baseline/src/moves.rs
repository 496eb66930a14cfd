//! Several values to their places at once: arguments and results.

use crate::asm::{Gpr, Mem, Xmm};
use crate::env::{Place, Ty};
use crate::generator::Generator;
use crate::homes::{SCRATCH, VECTOR_SCRATCH};
use crate::stack::{Entry, Loc};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Const(i64),
    Gpr(Gpr),
    Xmm(Xmm),
    Mem(Mem),
}

/// One of several moves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub from: Source,
    pub ty: Ty,
    pub to: Place,
}

impl Move {
    fn reads(&self, place: Place) -> bool {
        match (self.from, place) {
            (Source::Gpr(from), Place::Gpr(to)) => from == to,
            (Source::Xmm(from), Place::Xmm(to)) => from == to,
            _ => false,
        }
    }

    fn is_between_registers(&self) -> bool {
        matches!(self.from, Source::Gpr(_) | Source::Xmm(_))
    }
}

impl Generator<'_> {
    /// Where an operand can be moved from.
    pub fn source(&self, entry: Entry) -> Source {
        match self.place(entry) {
            Loc::Const(value) => Source::Const(value),
            Loc::Gpr(reg) => Source::Gpr(reg),
            Loc::Xmm(reg) => Source::Xmm(reg),
            _ => Source::Mem(self.memory_of(entry)),
        }
    }

    /// Stores in memory, by a scratch register if need be.
    pub fn move_to_memory(&mut self, from: Source, ty: Ty, to: Mem) {
        let w = ty.is_wide();
        match from {
            Source::Gpr(reg) => self.asm.store(w, to, reg),
            Source::Xmm(reg) => self.store_xmm(ty, to, reg),
            _ if ty == Ty::V128 => {
                self.move_to_register(from, ty, Place::Xmm(VECTOR_SCRATCH));
                self.store_xmm(ty, to, VECTOR_SCRATCH);
            }
            Source::Const(value) => {
                self.asm.mov_imm(SCRATCH, if w { value } else { i64::from(value as u32) });
                self.asm.store(w, to, SCRATCH);
            }
            Source::Mem(from) => {
                self.asm.mov(w, SCRATCH, from);
                self.asm.store(w, to, SCRATCH);
            }
        }
    }

    fn move_to_register(&mut self, from: Source, ty: Ty, to: Place) {
        let w = ty.is_wide();
        match (to, from) {
            (Place::Gpr(to), Source::Const(value)) => {
                self.asm.mov_imm(to, if w { value } else { i64::from(value as u32) });
            }
            (Place::Gpr(to), Source::Gpr(from)) => self.asm.mov(w, to, from),
            (Place::Gpr(to), Source::Mem(from)) => self.asm.mov(w, to, from),
            (Place::Xmm(to), Source::Const(0)) => self.asm.zero_xmm(to),
            (Place::Xmm(to), Source::Const(bits)) => {
                let from = self.float_constant(ty, bits);
                self.load_xmm(ty, to, from);
            }
            (Place::Xmm(to), Source::Xmm(from)) => self.asm.movaps(to, from),
            (Place::Xmm(to), Source::Mem(from)) => self.load_xmm(ty, to, from),
            _ => unreachable!("integers are in general registers, all else in vector registers"),
        }
    }

    /// Moves to registers, in whatever order none overwrites what another reads. Leaves `moves` empty.
    pub fn move_to_registers(&mut self, moves: &mut Vec<Move>) {
        moves.retain(|m| !(m.is_between_registers() && m.reads(m.to)));
        let mut between = moves.iter().filter(|m| m.is_between_registers()).count();
        while between > 0 {
            let is_free = |m: &Move| {
                m.is_between_registers() && !moves.iter().any(|other| other.is_between_registers() && other.reads(m.to))
            };
            if let Some(at) = moves.iter().position(is_free) {
                let Move { from, ty, to } = moves.swap_remove(at);
                self.move_to_register(from, ty, to);
                between -= 1;
                continue;
            }
            // All that is left goes round in circles: what one of them would overwrite is put aside.
            let circular = moves.iter().find(|m| m.is_between_registers()).expect("counted").to;
            let aside = match circular {
                Place::Gpr(reg) => {
                    self.asm.mov(true, SCRATCH, reg);
                    Source::Gpr(SCRATCH)
                }
                Place::Xmm(reg) => {
                    self.asm.movaps(VECTOR_SCRATCH, reg);
                    Source::Xmm(VECTOR_SCRATCH)
                }
                Place::Stack(_) => unreachable!("moves to registers"),
            };
            for other in moves.iter_mut().filter(|m| m.is_between_registers()) {
                if other.reads(circular) {
                    other.from = aside;
                }
            }
        }
        for Move { from, ty, to } in moves.drain(..) {
            self.move_to_register(from, ty, to);
        }
    }
}

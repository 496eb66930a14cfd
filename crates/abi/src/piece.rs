//! Code of some functions of a module, made while others run. It never leaves the process.

use std::ops::Range;

use crate::artifact::Handler;
use crate::trap::TrapCode;

/// Machine code and what must be known of it. All offsets are into `text`; all lists are sorted by offset.
#[derive(Debug, Default)]
pub struct Piece {
    /// Machine code, which needs no linking and can lie anywhere.
    pub text: Vec<u8>,
    /// The numbers of defined functions, and where each one's code is.
    pub functions: Vec<(u32, Range<u32>)>,
    /// Instructions that may trap.
    pub traps: Vec<(u32, TrapCode)>,
    /// From which byte of the module the code at an offset, up to the next entry, was made; `u32::MAX` for none.
    pub positions: Vec<(u32, u32)>,
    /// Where exceptions go from calls.
    pub handlers: Vec<Handler>,
}

impl Piece {
    /// Why the instruction at `offset` traps, if it may.
    pub fn trap_at(&self, offset: u32) -> Option<TrapCode> {
        let at = self.traps.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        Some(self.traps[at].1)
    }

    /// Where an exception goes from the call that returns to `offset`.
    pub fn handler_at(&self, offset: u32) -> Option<Handler> {
        let at = self.handlers.binary_search_by_key(&offset, |handler| handler.call).ok()?;
        Some(self.handlers[at])
    }

    /// The defined function that has code at `offset`.
    pub fn function_at(&self, offset: u32) -> Option<u32> {
        let at = self.functions.partition_point(|(_, code)| code.end <= offset);
        self.functions.get(at).filter(|(_, code)| code.contains(&offset)).map(|(index, _)| *index)
    }

    /// The byte of the module that the code at `offset` was made from.
    pub fn position_at(&self, offset: u32) -> Option<u32> {
        let at = self.positions.partition_point(|(start, _)| *start <= offset);
        at.checked_sub(1).map(|at| self.positions[at].1).filter(|position| *position != u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_answer() {
        let handler = Handler { call: 9, code: 30, frame: 16 };
        let piece = Piece {
            text: vec![0x90; 64],
            functions: vec![(7, 0..40), (3, 48..60)],
            traps: vec![(5, TrapCode::Unreachable), (50, TrapCode::MemoryOutOfBounds)],
            positions: vec![(0, 100), (20, u32::MAX), (48, 200)],
            handlers: vec![handler],
        };
        assert_eq!((piece.trap_at(50), piece.trap_at(51)), (Some(TrapCode::MemoryOutOfBounds), None));
        assert_eq!((piece.handler_at(9), piece.handler_at(10)), (Some(handler), None));
        assert_eq!([0, 39, 40, 48, 60].map(|at| piece.function_at(at)), [Some(7), Some(7), None, Some(3), None]);
        assert_eq!([19, 20, 63].map(|at| piece.position_at(at)), [Some(100), None, Some(200)]);
    }
}

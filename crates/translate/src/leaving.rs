//! Blocks that leave a loop from its middle are placed behind the function, so that what goes round does not jump over them.
//!
//! Must not know: what operators do.

use crate::control::Kind;
use crate::translator::FuncTranslator;

impl FuncTranslator<'_> {
    /// Notes the current block with the innermost loop if a jump from here leaves all loops.
    pub(crate) fn note_exit(&mut self, depth: u32) {
        let block = self.b.current_block();
        let target_end = self.controls.len() - depth as usize;
        let (outside, inside) = self.controls.split_at_mut(target_end);
        if outside.iter().any(|control| matches!(control.kind, Kind::Loop { .. })) {
            return;
        }
        let innermost = inside.iter_mut().rev().find_map(|control| match &mut control.kind {
            Kind::Loop { header, exits, .. } => Some((*header, exits)),
            _ => None,
        });
        if let (Some(block), Some((header, Some(exits)))) = (block, innermost)
            && block != header
        {
            exits.push(block);
        }
    }

    /// Blocks that leave a loop, between others that go round, are placed behind the function.
    pub(crate) fn place_exits_behind(&mut self, at: usize) {
        if let Kind::Loop { exits: Some(exits), .. } = &mut self.controls[at].kind {
            for block in exits.drain(..) {
                self.b.set_cold_block(block);
            }
        }
    }

    /// All loops around a `br_table` keep their exits where they are.
    pub(crate) fn keep_exits(&mut self) {
        for control in &mut self.controls {
            if let Kind::Loop { exits, .. } = &mut control.kind {
                *exits = None;
            }
        }
    }
}

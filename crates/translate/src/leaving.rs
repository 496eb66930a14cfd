//! Blocks that leave a loop from its middle are placed behind the function, so that what goes round does not jump over them.
//!
//! Must not know: what operators do.

use crate::control::Kind;
use crate::translator::FuncTranslator;

impl FuncTranslator<'_> {
    /// Notes the current block with the innermost loop if a jump from here leaves all loops.
    pub(crate) fn note_exit(&mut self, depth: u32) {
        let target = &self.controls[self.controls.len() - 1 - depth as usize];
        let innermost = self.controls.last().and_then(|control| control.in_loop);
        let (None, Some(innermost), Some(block)) = (target.in_loop, innermost, self.b.current_block()) else { return };
        if let Kind::Loop { header, exits: Some(exits), .. } = &mut self.controls[innermost].kind
            && block != *header
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
        let mut around = self.controls.last().and_then(|control| control.in_loop);
        while let Some(at) = around {
            let Kind::Loop { exits, .. } = &mut self.controls[at].kind else { unreachable!("a loop") };
            // Those around a loop that was here before were, too.
            if exits.take().is_none() {
                break;
            }
            around = self.controls[at - 1].in_loop;
        }
    }
}

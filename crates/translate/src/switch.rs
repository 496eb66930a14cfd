//! Jumps that go through a switch: Go's compiler translates each jump of a function to `i32.const n, local.set x, br $loop`, where the loop
//! begins with `br_table` of that local. Where the number is known, the jump goes to where the table would lead.
//!
//! Must not know: what operators do.

use cranelift_codegen::ir::Block;
use wasmparser::{BlockType, Operator, OperatorsReader};

use crate::control::Kind;
use crate::translator::FuncTranslator;

/// The `br_table` that a loop begins with.
pub(crate) struct Switch {
    /// The local that decides.
    local: u32,
    /// Where its values lead, the last one all others; empty as long as it has not been translated.
    targets: Vec<Block>,
}

/// The local that decides, if a `br_table` of one is the first thing there.
fn switch_at_start(mut operators: OperatorsReader<'_>) -> Option<u32> {
    loop {
        match operators.read().ok()? {
            Operator::Block { blockty: BlockType::Empty } => {}
            Operator::LocalGet { local_index } => {
                return matches!(operators.read().ok()?, Operator::BrTable { .. }).then_some(local_index);
            }
            _ => return None,
        }
    }
}

impl FuncTranslator<'_> {
    /// Looks whether the loop that was just opened begins with a switch. `operators` are those inside of it.
    pub(crate) fn expect_switch(&mut self, operators: &OperatorsReader<'_>) {
        if let Some(Kind::Loop { switch, .. }) = self.controls.last_mut().map(|control| &mut control.kind) {
            *switch = switch_at_start(operators.clone()).map(|local| Switch { local, targets: Vec::new() });
        }
    }

    /// Notes where the `br_table` that is being translated leads, if it is the switch of a loop. The last target is the default.
    pub(crate) fn note_switch(&mut self, targets: Vec<Block>) {
        let innermost = self.controls.last().and_then(|control| control.in_loop);
        if let Some(innermost) = innermost
            && let Kind::Loop { switch: Some(switch), .. } = &mut self.controls[innermost].kind
            && switch.targets.is_empty()
        {
            self.jumped_to.extend(&targets);
            switch.targets = targets;
        }
    }

    /// Where a branch to a loop leads, if the loop begins with a switch whose way is known here, and whether that is backwards.
    pub(crate) fn behind_switch(&mut self, depth: u32) -> Option<(Block, bool)> {
        let at = self.controls.len() - 1 - depth as usize;
        let Kind::Loop { switch: Some(Switch { local, targets }), .. } = &self.controls[at].kind else { return None };
        let (default, others) = targets.split_last()?;
        let local = self.locals[*local as usize];
        let value = self.b.use_var(local);
        let target = *others.get(self.known_number(value)? as usize).unwrap_or(default);
        let is_open = self.controls.iter().any(|control| control.after == target);
        Some((target, !is_open))
    }
}

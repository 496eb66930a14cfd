//! Unrolling: bodies of some loops are translated several times, so that one turn of the code is several turns of the loop.
//!
//! Loops that count to a number are left where the processor can foresee it, and values that move from local to local at each turn need not
//! move at all: in each copy of the body, the locals are other registers.

use std::iter::Peekable;
use std::slice;

use cranelift_codegen::ir::Block;
use wasmparser::{Operator, OperatorsReader};

use crate::control::Kind;
use crate::env::Calls;
use crate::translator::FuncTranslator;

/// How often in all.
const TURNS: u32 = 4;
/// Bytes of a body that is worth it when the loop counts to a number.
const SHORT: u64 = 100;
/// Bytes of one where code may grow. Then the number may also be zero, which many loops count to.
const LONGER: u64 = 200;
/// Bytes of one that is worth it when values move.
const MOVING: u64 = 500;
/// How many have to.
const MOVES: usize = 3;

/// What is found out of a loop's body.
#[derive(Default)]
struct Body {
    /// How many locals are set to others.
    moves: usize,
    /// Locals that a sum is assigned to.
    counters: Vec<u32>,
    /// The last operators, the very last one first.
    last: [Class; 3],
}

/// What an operator is for a condition.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Class {
    #[default]
    Other,
    Local(u32),
    Number,
    Sum,
}

impl Class {
    fn of(operator: &Operator<'_>) -> Class {
        match *operator {
            Operator::LocalGet { local_index } | Operator::LocalTee { local_index } => Class::Local(local_index),
            Operator::I32Add | Operator::I32Sub | Operator::I64Add | Operator::I64Sub => Class::Sum,
            Operator::I32Const { .. } | Operator::I64Const { .. } => Class::Number,
            _ => Class::Other,
        }
    }
}

impl Body {
    /// Takes the next operator in. False if loops with such are not unrolled.
    fn take(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => match self.last[0] {
                Class::Sum => self.counters.push(local_index),
                Class::Local(_) => self.moves += 1,
                _ => {}
            },
            Operator::Loop { .. }
            | Operator::BrTable { .. }
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => return false,
            _ => {}
        }
        let [last, before, _] = self.last;
        self.last = [Class::of(operator), last, before];
        true
    }

    /// Whether it was a counter that was compared with a number last, or with zero if that counts.
    fn is_counted(&self, zero_counts: bool) -> bool {
        let is_counter = |class| matches!(class, Class::Local(local) if self.counters.contains(&local));
        let [last, right, left] = self.last;
        (zero_counts && is_counter(last))
            || (is_counter(left) && right == Class::Number)
            || (is_counter(right) && left == Class::Number)
    }
}

/// Whether a loop is worth it, of whose body these are the operators.
fn is_worth_it(mut operators: OperatorsReader<'_>, may_grow: bool) -> bool {
    let start = operators.original_position();
    let short = if may_grow { LONGER } else { SHORT };
    let (mut body, mut depth, mut is_counted) = (Body::default(), 0, false);
    while let Ok(operator) = operators.read() {
        let size = operators.original_position() - start;
        match operator {
            Operator::End if depth == 0 => return (is_counted && size <= short) || body.moves >= MOVES,
            Operator::End => depth -= 1,
            Operator::Block { .. } | Operator::If { .. } => depth += 1,
            _ => {}
        }
        is_counted = matches!(operator, Operator::BrIf { relative_depth } if relative_depth == depth)
            && body.is_counted(may_grow);
        if size > MOVING || !body.take(&operator) {
            return false;
        }
    }
    false
}

/// Operators, and the branch hints for them.
pub(crate) type Start<'b> = (OperatorsReader<'b>, Peekable<slice::Iter<'b, (u32, bool)>>);

/// A loop that is being unrolled.
pub(crate) struct Unrolled<'b> {
    /// Where its body begins.
    pub start: Start<'b>,
    /// How often it is still to be translated.
    left: u32,
    /// How many blocks are open inside of it.
    depth: usize,
}

impl Unrolled<'_> {
    /// Whether its body has been translated before.
    pub fn is_again(&self) -> bool {
        self.left < TURNS - 1
    }

    /// Whether it is open, when so many blocks are.
    pub fn is_in(&self, open: usize) -> bool {
        open >= self.depth
    }
}

impl FuncTranslator<'_> {
    /// Begins to unroll the loop that was just opened, if that is worth it.
    pub(crate) fn unroll<'b>(&mut self, start: &Start<'b>) -> Option<Unrolled<'b>> {
        if !self.reachable || self.env.calls != Calls::Near || !is_worth_it(start.0.clone(), self.may_grow()) {
            return None;
        }
        self.aim_at_new_block();
        Some(Unrolled { start: start.clone(), left: TURNS - 1, depth: self.controls.len() })
    }

    /// Has branches to the innermost loop lead to what is translated next.
    fn aim_at_new_block(&mut self) {
        let params = self.controls.last().expect("the loop").params.clone();
        let block = self.block_with_params(&params);
        let (_, next) = self.innermost_loop().expect("open");
        *next = block;
    }

    /// The header of the innermost block, which is a loop, and where branches to it lead.
    fn innermost_loop(&mut self) -> Option<(Block, &mut Block)> {
        match &mut self.controls.last_mut()?.kind {
            Kind::Loop { header, next, .. } => Some((*header, next)),
            _ => None,
        }
    }

    /// At the end of a block: whether it is the loop, which is then to be translated again.
    pub(crate) fn next_turn(&mut self, unrolled: &mut Unrolled<'_>) -> bool {
        if self.controls.len() != unrolled.depth || unrolled.left == 0 {
            return false;
        }
        if self.reachable {
            self.jump_after();
        }
        unrolled.left -= 1;
        let height = self.controls.last().expect("the loop").height;
        let (header, next) = self.innermost_loop().expect("open");
        let turn = std::mem::replace(next, header);
        self.b.seal_block(turn);
        self.b.switch_to_block(turn);
        self.stack.truncate(height);
        self.stack.extend_from_slice(self.b.block_params(turn));
        self.reachable = true;
        if unrolled.left > 0 {
            self.aim_at_new_block();
        }
        true
    }
}

//! Structured control: blocks, loops, branches, and what happens where code cannot be reached.
//!
//! Where paths meet, locals are in their homes, and operands are constants or in their slots; but the only result of a
//! block is in a register.

use std::collections::HashMap;

use gantry_abi::TrapCode;
use wasmparser::{BlockType, BrTable, Catch, Operator};

use crate::asm::{Alu, Cc, Gpr, Label, Mem, Xmm};
use crate::env::Ty;
use crate::generator::{Generator, Outcome};
use crate::homes::SCRATCH;
use crate::moves::Move;
use crate::stack::{Condition, Loc};

/// What is particular to a kind of block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The function's own: branches to it return.
    Function,
    Block,
    /// Branches go to its start.
    Loop,
    /// With what is executed when the condition is false.
    If(Label),
    Else,
    TryTable,
    /// Of the legacy encoding, up to its first clause.
    Try,
    /// A clause, and where exceptions are that it does not catch.
    Catch {
        otherwise: Option<Label>,
    },
}

/// An open block.
pub(crate) struct Control<'a> {
    pub kind: Kind,
    /// Where branches go.
    target: Label,
    params: &'a [Ty],
    results: &'a [Ty],
    /// Operands below its parameters.
    pub height: usize,
    /// Whether paths meet at its end.
    joined: bool,
    /// Where exceptions go from inside, and whether any do.
    pub handler: Option<Label>,
    pub handler_used: bool,
    pub catches: Box<[Catch]>,
}

impl<'a> Control<'a> {
    /// What a branch takes along.
    fn branch_types(&self) -> &'a [Ty] {
        if self.kind == Kind::Loop { self.params } else { self.results }
    }
}

/// Where the only result of a block is.
const RESULT: Gpr = Gpr::RAX;
const VECTOR_RESULT: Xmm = Xmm(0);

fn one(ty: Ty) -> &'static [Ty] {
    match ty {
        Ty::I32 => &[Ty::I32],
        Ty::I64 => &[Ty::I64],
        Ty::F32 => &[Ty::F32],
        Ty::F64 => &[Ty::F64],
        Ty::V128 => &[Ty::V128],
    }
}

impl<'a> Generator<'a> {
    /// Opens the function's own block.
    pub fn start_body(&mut self) {
        let (target, results) = (self.epilogue, &self.signature.results);
        let kind = Kind::Function;
        self.push_control(kind, target, (&[], results), 0);
    }

    #[inline]
    pub fn control_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        match op {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.trap(TrapCode::Unreachable);
                self.leave_path();
            }
            Operator::Block { blockty } => self.open_block(Kind::Block, *blockty),
            Operator::Loop { blockty } => self.loop_(*blockty),
            Operator::If { blockty } => self.if_(*blockty),
            Operator::Else => self.else_(),
            Operator::End => self.end()?,
            Operator::Br { relative_depth } => self.br(*relative_depth),
            Operator::BrIf { relative_depth } => {
                let condition = self.pop_condition();
                self.branch_if(condition, *relative_depth);
            }
            Operator::BrTable { targets } => self.br_table(targets)?,
            Operator::Return => self.br(self.controls.len() as u32 - 1),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Code that cannot be reached is left out; only the nesting of blocks is followed.
    pub fn unreachable_operator(&mut self, op: &Operator<'_>) -> Outcome {
        match op {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => self.skipped += 1,
            Operator::End | Operator::Delegate { .. } if self.skipped > 0 => self.skipped -= 1,
            Operator::Else if self.skipped == 0 => self.else_(),
            Operator::End => self.end()?,
            _ if self.skipped == 0 => self.clause_operator(op)?,
            _ => {}
        }
        Ok(())
    }

    /// What follows cannot be reached from here.
    pub fn leave_path(&mut self) {
        let height = self.controls.last().expect("validated").height;
        self.truncate(height);
        self.reachable = false;
    }

    fn block_type(&self, ty: BlockType) -> (&'a [Ty], &'a [Ty]) {
        match ty {
            BlockType::Empty => (&[], &[]),
            BlockType::Type(ty) => (&[], one(ty.into())),
            BlockType::FuncType(index) => {
                let signature = self.env.signature(index);
                (&signature.params, &signature.results)
            }
        }
    }

    fn open(&mut self, kind: Kind, target: Label, ty: BlockType, height: usize) {
        let types = self.block_type(ty);
        self.push_control(kind, target, types, height);
    }

    fn push_control(&mut self, kind: Kind, target: Label, (params, results): (&'a [Ty], &'a [Ty]), height: usize) {
        let (joined, handler, handler_used, catches) = (false, None, false, Box::default());
        let control = Control { kind, target, params, results, height, joined, handler, handler_used, catches };
        self.controls.push(control);
    }

    /// Opens a block whose end is where branches to it go.
    pub fn open_block(&mut self, kind: Kind, ty: BlockType) {
        let (params, _) = self.block_type(ty);
        self.settle_all();
        let target = self.asm.label();
        self.open(kind, target, ty, self.stack.len() - params.len());
    }

    fn loop_(&mut self, ty: BlockType) {
        let (params, _) = self.block_type(ty);
        self.settle_params(params.len());
        let header = self.asm.here();
        self.open(Kind::Loop, header, ty, self.stack.len() - params.len());
        self.poll_interrupt();
        self.count(self.registers.vmctx);
    }

    /// Lets the host in where code may go round: the load faults when it wants to be.
    pub fn poll_interrupt(&mut self) {
        let page = self.frame(self.poll_slot as i32);
        self.asm.mov(true, SCRATCH, page);
        self.may_trap(TrapCode::Interrupt);
        self.asm.mov(false, SCRATCH, Mem::new(SCRATCH, 0));
    }

    fn if_(&mut self, ty: BlockType) {
        let (params, _) = self.block_type(ty);
        let condition = self.pop_condition();
        // Keeps the flags.
        self.settle_params(params.len());
        let otherwise = self.asm.label();
        self.jump_if(condition.inverted(), otherwise);
        let target = self.asm.label();
        self.open(Kind::If(otherwise), target, ty, self.stack.len() - params.len());
    }

    fn else_(&mut self) {
        let control = self.controls.last().expect("validated");
        let Kind::If(otherwise) = control.kind else { unreachable!("validated: an else belongs to an if") };
        let (height, params, target) = (control.height, control.params, control.target);
        if self.reachable {
            self.move_to_target(0);
            self.asm.jmp(target);
        }
        let reachable = self.reachable;
        let control = self.controls.last_mut().expect("as above");
        control.kind = Kind::Else;
        control.joined |= reachable;
        self.truncate(height);
        self.asm.bind(otherwise);
        for ty in params {
            self.push(*ty, Loc::Slot);
        }
        self.settled = self.stack.len();
        self.reachable = true;
    }

    fn end(&mut self) -> Outcome {
        if matches!(self.controls.last().expect("validated").kind, Kind::If(_)) {
            self.else_(); // An `if` without `else` passes its parameters on.
        }
        let control = self.controls.last().expect("validated");
        let (kind, joined, height, results, target) =
            (control.kind, control.joined, control.height, control.results, control.target);
        if kind == Kind::Function {
            if self.reachable {
                self.move_to_target(0);
            }
            self.asm.bind(target);
            self.controls.pop();
            self.truncate(0);
            return Ok(());
        }
        let handler = control.handler.filter(|_| control.handler_used);
        if handler.is_some() || matches!(kind, Kind::Catch { .. }) {
            self.jump_behind();
            let control = self.controls.pop().expect("as above");
            self.end_handlers(kind, handler, &control.catches, height)?;
            self.go_on_behind(&control);
            return Ok(());
        }
        if joined {
            if self.reachable {
                self.move_to_target(0);
            }
            self.truncate(height);
            self.push_results(results);
            self.reachable = true;
        }
        if kind != Kind::Loop {
            self.asm.bind(target);
        }
        self.controls.pop();
        Ok(())
    }

    /// Leaves the innermost block for what is behind it, if this can be reached.
    pub fn jump_behind(&mut self) {
        if self.reachable {
            self.move_to_target(0);
            let target = self.join(0);
            self.asm.jmp(target);
        }
    }

    /// Goes on behind a block that all paths have jumped out of.
    pub fn go_on_behind(&mut self, control: &Control<'a>) {
        self.truncate(control.height);
        self.owners.unpin();
        self.reachable = control.joined;
        if control.joined {
            self.push_results(control.results);
        }
        self.asm.bind(control.target);
    }

    /// Operands where paths have met.
    fn push_results(&mut self, results: &[Ty]) {
        match results {
            [ty] if ty.is_int() => self.push_gpr(*ty, RESULT),
            [ty] => self.push_xmm(*ty, VECTOR_RESULT),
            _ => {
                for ty in results {
                    self.push(*ty, Loc::Slot);
                }
                self.settled = self.stack.len();
            }
        }
    }

    // Branches

    fn control_at(&mut self, depth: u32) -> &mut Control<'a> {
        let at = self.controls.len() - 1 - depth as usize;
        &mut self.controls[at]
    }

    /// Moves what a branch takes along to where the target wants it. Operands stay what they are, as for a branch that
    /// is not taken.
    pub fn move_to_target(&mut self, depth: u32) {
        let control = self.control_at(depth);
        let (kind, types, height) = (control.kind, control.branch_types(), control.height);
        let first = self.stack.len() - types.len();
        match types {
            _ if kind == Kind::Function => self.move_to_results(),
            [] => {}
            [ty] if kind != Kind::Loop => {
                let entry = self.stack[first];
                match ty.is_int() {
                    true => self.load(RESULT, entry),
                    false => self.load_vector(VECTOR_RESULT, entry),
                }
            }
            _ => {
                let mut slot = self.slots_below(height);
                for (index, ty) in (first..).zip(types) {
                    slot += ty.slot_size();
                    let entry = self.stack[index];
                    if entry.loc != Loc::Slot || entry.slot != slot {
                        self.store_to_slot(entry, slot);
                    }
                }
            }
        }
    }

    /// Moves the function's results to where its caller wants them.
    fn move_to_results(&mut self) {
        let signature = self.signature;
        let first = self.stack.len() - signature.results.len();
        let mut moves = Vec::with_capacity(signature.results.len());
        for (index, (ty, place)) in signature.results.iter().zip(&signature.result_places).enumerate() {
            let from = self.source(self.stack[first + index]);
            moves.push(Move { from, ty: *ty, to: *place });
        }
        self.move_to_registers(&mut moves);
    }

    /// Whether something has to be moved for a branch.
    fn moves_for(&mut self, depth: u32) -> bool {
        !self.control_at(depth).branch_types().is_empty()
    }

    /// The target of a branch that is about to be made.
    pub fn join(&mut self, depth: u32) -> Label {
        let control = self.control_at(depth);
        control.joined |= control.kind != Kind::Loop;
        control.target
    }

    fn br(&mut self, depth: u32) {
        self.move_to_target(depth);
        let target = self.join(depth);
        self.asm.jmp(target);
        self.leave_path();
    }

    /// Branches when a condition holds.
    pub fn branch_if(&mut self, condition: Condition, depth: u32) {
        let target = self.join(depth);
        if !self.moves_for(depth) {
            return self.jump_if(condition, target);
        }
        let next = self.asm.label();
        self.jump_if(condition.inverted(), next);
        self.move_to_target(depth);
        self.asm.jmp(target);
        self.asm.bind(next);
    }

    /// Jumps when a condition holds.
    pub fn jump_if(&mut self, condition: Condition, target: Label) {
        match condition {
            Condition::Is(cc) => self.asm.jcc(cc, target),
            Condition::FloatEqual => {
                let next = self.asm.label();
                self.asm.jcc(Cc::Parity, next);
                self.asm.jcc(Cc::Equal, target);
                self.asm.bind(next);
            }
            Condition::FloatNotEqual => {
                self.asm.jcc(Cc::Parity, target);
                self.asm.jcc(Cc::NotEqual, target);
            }
        }
    }

    fn br_table(&mut self, targets: &BrTable<'_>) -> Outcome {
        let entry = self.pop();
        let index = self.in_own_register(entry);
        let default = targets.default();
        let mut depths = Vec::with_capacity(targets.len() as usize);
        for depth in targets.targets() {
            depths.push(depth?);
        }
        let mut ways = HashMap::new();
        let with_moves = self.moves_for(default);
        let mut way = |g: &mut Self, depth: u32| match with_moves {
            true => *ways.entry(depth).or_insert_with(|| g.asm.label()),
            false => g.join(depth),
        };
        let labels: Vec<Label> = depths.iter().map(|depth| way(self, *depth)).collect();
        let default = way(self, default);
        self.asm.alu_imm(Alu::Cmp, false, index, labels.len() as i32);
        self.asm.jcc(Cc::AboveEqual, default);
        if !labels.is_empty() {
            let table = self.asm.label();
            self.asm.lea_label(SCRATCH, table);
            self.asm.movsx32(index, Mem::indexed(SCRATCH, index, 2, 0));
            self.asm.alu(Alu::Add, true, index, SCRATCH);
            self.asm.jmp_to(index);
            self.asm.jump_table(table, labels.into_iter());
        }
        let mut ways: Vec<(u32, Label)> = ways.into_iter().collect();
        ways.sort_unstable_by_key(|(depth, _)| *depth);
        for (depth, label) in ways {
            self.asm.bind(label);
            self.move_to_target(depth);
            self.check_size()?;
            let target = self.join(depth);
            self.asm.jmp(target);
        }
        self.leave_path();
        Ok(())
    }
}

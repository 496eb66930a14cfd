//! Structured control: blocks, loops, branches, and what happens where code cannot be reached.

use std::mem::offset_of;

use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, MemFlagsData, Type, Value, types};
use gantry_abi::TrapCode;
use gantry_abi::vmctx::VMStoreContext;
use gantry_module::{Result, ValType};
use wasmparser::{BlockType, Operator};

use crate::env::{POINTER, trap};
use crate::switch::Switch;
use crate::translator::FuncTranslator;

/// What is particular to a kind of block.
pub(crate) enum Kind {
    Block,
    Loop {
        header: Block,
        /// Where branches to it lead.
        next: Block,
        switch: Option<Switch>,
        /// Blocks that lead out of all loops; none of a loop around a `br_table`, which many ways leave.
        exits: Option<Vec<Block>>,
    },
    /// `otherwise` is taken when the condition is false and has the block's parameters.
    If {
        otherwise: Block,
    },
    Else,
    /// `try_table`
    TryTable {
        catches: Vec<wasmparser::Catch>,
    },
    /// The body of a legacy `try`.
    Try,
    /// A handler of a legacy `try`: what it caught, and where to go on with what its clauses do not catch.
    Catch {
        exception: Value,
        otherwise: Option<Block>,
    },
    /// Opened where nothing is reachable: branches to it cannot exist.
    Unreachable,
}

/// An open block.
pub(crate) struct Control {
    pub kind: Kind,
    /// Where exceptions from inside go; it gets the exception.
    pub handler: Option<Block>,
    /// Whether some do.
    pub handler_used: bool,
    /// Where execution goes on after `end`. Has the results as parameters.
    pub after: Block,
    pub params: Vec<Type>,
    results: Vec<Type>,
    /// Height of the operand stack below the block's parameters.
    pub height: usize,
    /// Whether some branch goes to `after`.
    pub after_used: bool,
    /// Whether some way to `after` is not said to be unlikely.
    after_warm: bool,
    /// The innermost loop that this is or is in. Looking for it each time would take very long where blocks are nested very deeply.
    pub in_loop: Option<usize>,
    /// The same of the blocks that had a handler when they were opened.
    pub in_try: Option<usize>,
}

impl Control {
    /// Where a branch to this block goes, and what it takes with it.
    fn target(&self) -> (Block, usize) {
        match self.kind {
            Kind::Loop { next, .. } => (next, self.params.len()),
            _ => (self.after, self.results.len()),
        }
    }
}

pub(crate) fn block_args(values: &[Value]) -> Vec<BlockArg> {
    values.iter().map(|v| BlockArg::Value(*v)).collect()
}

impl FuncTranslator<'_> {
    /// Opens the function's own block.
    pub(crate) fn start_body(&mut self, results: &[ValType]) {
        let results = Self::clif_types(results);
        let after = self.block_with_params(&results);
        self.push_control(Kind::Block, None, after, Vec::new(), results, self.stack.len());
    }

    fn push_control(
        &mut self,
        kind: Kind,
        handler: Option<Block>,
        after: Block,
        params: Vec<Type>,
        results: Vec<Type>,
        height: usize,
    ) {
        let here = Some(self.controls.len());
        let (loop_around, try_around) =
            self.controls.last().map_or((None, None), |around| (around.in_loop, around.in_try));
        let in_loop = if matches!(kind, Kind::Loop { .. }) { here } else { loop_around };
        let in_try = if handler.is_some() { here } else { try_around };
        self.controls.push(Control {
            kind,
            handler,
            handler_used: false,
            after,
            params,
            results,
            height,
            after_used: false,
            after_warm: false,
            in_loop,
            in_try,
        });
    }

    pub(crate) fn control_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::Nop => {}
            Operator::Unreachable => self.trap_always(TrapCode::Unreachable),
            Operator::Block { blockty } => self.open_block(Kind::Block, *blockty),
            Operator::Loop { blockty } => self.loop_(*blockty),
            Operator::If { blockty } => self.if_(*blockty),
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(*relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(*relative_depth),
            Operator::BrTable { targets } => self.br_table(targets),
            Operator::Return => self.br((self.controls.len() - self.function_base()) as u32 - 1),
            _ => return false,
        }
        true
    }

    /// Code that cannot be reached is validated but not translated; only the nesting of blocks is followed.
    pub(crate) fn unreachable_operator(&mut self, op: &Operator<'_>) -> Result<()> {
        match op {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => {
                let after = self.controls.last().expect("validated").after;
                let height = self.stack.len();
                self.push_control(Kind::Unreachable, None, after, Vec::new(), Vec::new(), height);
            }
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Catch { .. } | Operator::CatchAll | Operator::Delegate { .. } => {
                self.exception_operator(op);
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the current path with a trap.
    pub(crate) fn trap_always(&mut self, code: TrapCode) {
        self.b.ins().trap(trap(code));
        self.reachable = false;
    }

    pub(crate) fn block_with_params(&mut self, params: &[Type]) -> Block {
        let block = self.b.create_block();
        for ty in params {
            self.b.append_block_param(block, *ty);
        }
        block
    }

    fn block_type(&self, ty: BlockType) -> (Vec<Type>, Vec<Type>) {
        match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![clif_type_of(ty)]),
            BlockType::FuncType(index) => {
                let ty = self.env.module.types.func(index);
                (Self::clif_types(&ty.params), Self::clif_types(&ty.results))
            }
        }
    }

    fn open(&mut self, kind: Kind, params: Vec<Type>, results: Vec<Type>) {
        let after = self.block_with_params(&results);
        let height = self.stack.len() - params.len();
        let handler = match kind {
            Kind::Try | Kind::TryTable { .. } => Some(self.block_with_params(&[POINTER])),
            _ => None,
        };
        self.push_control(kind, handler, after, params, results, height);
    }

    /// Opens a block of a given type around what follows.
    pub(crate) fn open_block(&mut self, kind: Kind, ty: BlockType) {
        let (params, results) = self.block_type(ty);
        self.open(kind, params, results);
    }

    fn loop_(&mut self, ty: BlockType) {
        let (params, results) = self.block_type(ty);
        let header = self.block_with_params(&params);
        let args = self.pop_n(params.len());
        self.b.ins().jump(header, &block_args(&args));
        self.b.switch_to_block(header);
        self.stack.extend_from_slice(self.b.block_params(header));
        self.open(Kind::Loop { header, next: header, switch: None, exits: Some(Vec::new()) }, params, results);
        self.poll_interrupt();
        self.count();
    }

    /// Lets the host in at each turn of a loop: the load faults when it wants to be. Atomic, so that it is neither
    /// merged with others nor left out.
    /// Where code may go round: at loops and tail calls.
    pub(crate) fn poll_interrupt(&mut self) {
        let store = self.store_context();
        let page = self.load_constant(store, offset_of!(VMStoreContext, poll));
        let flags = MemFlagsData::new().with_aligned().with_trap_code(Some(trap(TrapCode::Interrupt)));
        self.b.ins().atomic_load(types::I32, flags, page);
    }

    fn if_(&mut self, ty: BlockType) {
        let (params, results) = self.block_type(ty);
        let condition = self.pop();
        let then = self.b.create_block();
        let otherwise = self.block_with_params(&params);
        let args = self.pop_n(params.len());
        self.b.ins().brif(condition, then, &[], otherwise, &block_args(&args));
        self.b.seal_block(then);
        self.b.seal_block(otherwise);
        match self.likely {
            Some(true) => self.b.set_cold_block(otherwise),
            Some(false) => self.b.set_cold_block(then),
            None => {}
        }
        self.b.switch_to_block(then);
        self.stack.extend_from_slice(&args);
        self.open(Kind::If { otherwise }, params, results);
    }

    fn else_(&mut self) {
        if self.reachable {
            self.jump_after();
        }
        let control = self.controls.last_mut().expect("validated");
        let Kind::If { otherwise } = control.kind else {
            return; // The `if` was unreachable, and so is this.
        };
        control.kind = Kind::Else;
        self.stack.truncate(control.height);
        self.b.switch_to_block(otherwise);
        self.stack.extend_from_slice(self.b.block_params(otherwise));
        self.reachable = true;
    }

    /// Leaves the innermost block at its end, with its results.
    pub(crate) fn jump_after(&mut self) {
        let control = self.controls.last_mut().expect("validated");
        control.after_used = true;
        control.after_warm = true;
        let (after, results) = (control.after, control.results.len());
        let args = self.pop_n(results);
        self.b.ins().jump(after, &block_args(&args));
    }

    fn end(&mut self) {
        if matches!(self.controls.last().expect("validated").kind, Kind::Unreachable) {
            self.controls.pop();
            return;
        }
        if matches!(self.controls.last().expect("validated").kind, Kind::If { .. }) {
            self.else_(); // An `if` without `else` passes its parameters on.
        }
        if self.reachable {
            self.jump_after();
        }
        let control = self.controls.pop().expect("validated");
        if let Kind::Loop { header, .. } = control.kind {
            self.b.seal_block(header);
        }
        self.stack.truncate(control.height);
        let (after, after_used) = (control.after, control.after_used);
        if after_used && !control.after_warm && !self.controls.is_empty() {
            self.b.set_cold_block(after);
        }
        self.end_handlers(control);
        self.go_on_after(after, after_used);
    }

    /// Goes on behind a block that has been closed.
    pub(crate) fn go_on_after(&mut self, after: Block, used: bool) {
        if !self.jumped_to.contains(&after) {
            self.b.seal_block(after);
        }
        self.b.switch_to_block(after);
        self.reachable = used;
        if self.controls.is_empty() {
            self.return_from(after);
        } else {
            self.stack.extend_from_slice(self.b.block_params(after));
        }
    }

    fn return_from(&mut self, exit: Block) {
        if self.reachable {
            let results = self.b.block_params(exit).to_vec();
            self.b.ins().return_(&results);
        } else {
            self.b.ins().trap(trap(TrapCode::Unreachable)); // The block needs an end, though nothing comes here.
        }
    }

    /// Whether what is translated may run again and again.
    pub(crate) fn is_in_loop(&self) -> bool {
        self.controls.last().is_some_and(|control| control.in_loop.is_some())
    }

    /// The destination of a branch, and how many operands it takes with it.
    pub(crate) fn branch_target(&mut self, depth: u32) -> (Block, usize) {
        let at = self.controls.len() - 1 - depth as usize;
        self.place_exits_behind(at);
        let control = &mut self.controls[at];
        control.after_used |= !matches!(control.kind, Kind::Loop { .. });
        control.after_warm |= self.likely != Some(false);
        control.target()
    }

    /// The topmost operands, left in place, in canonical types.
    fn peek_n(&mut self, n: usize) -> Vec<Value> {
        let values = self.pop_n(n);
        self.stack.extend_from_slice(&values);
        values
    }

    pub(crate) fn br(&mut self, depth: u32) {
        if let Some((target, is_backward)) = self.behind_switch(depth) {
            if is_backward {
                self.poll_interrupt();
                self.count();
            }
            self.b.ins().jump(target, &[]);
            self.reachable = false;
            return;
        }
        self.note_exit(depth);
        let (target, arity) = self.branch_target(depth);
        let args = self.pop_n(arity);
        self.b.ins().jump(target, &block_args(&args));
        self.reachable = false;
    }

    fn br_if(&mut self, depth: u32) {
        let condition = self.pop();
        self.branch_if(condition, depth);
    }

    /// Branches when the condition is not 0.
    pub(crate) fn branch_if(&mut self, condition: Value, depth: u32) {
        let (target, arity) = self.branch_target(depth);
        let args = self.peek_n(arity);
        let next = self.b.create_block();
        self.b.ins().brif(condition, target, &block_args(&args), next, &[]);
        self.b.seal_block(next);
        if self.likely == Some(true) {
            self.b.set_cold_block(next);
        }
        self.b.switch_to_block(next);
    }

    /// Branches when the condition is 0.
    pub(crate) fn branch_unless(&mut self, condition: Value, depth: u32) {
        let (target, arity) = self.branch_target(depth);
        let args = self.peek_n(arity);
        let next = self.b.create_block();
        self.b.ins().brif(condition, next, &[], target, &block_args(&args));
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }
}

fn clif_type_of(ty: wasmparser::ValType) -> Type {
    match ty {
        wasmparser::ValType::I32 => types::I32,
        wasmparser::ValType::I64 => types::I64,
        wasmparser::ValType::F32 => types::F32,
        wasmparser::ValType::F64 => types::F64,
        wasmparser::ValType::V128 => types::I8X16,
        wasmparser::ValType::Ref(_) => POINTER,
    }
}

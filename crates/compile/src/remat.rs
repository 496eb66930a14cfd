//! Computes anew what is cheaper to compute than to keep: constants in each block that uses them, additions of constants where they
//! would otherwise be kept through a loop.
//!
//! Cranelift's optimiser does that for the first copy of a value that it places, but values whose place does not dominate all uses are placed
//! several times, and all are moved out of loops before. What is left would take registers, or stack slots, in all of a function.
//!
//! Must not know: wasm.

use std::collections::HashMap;

use cranelift_codegen::ir::{Block, Function, Inst, Opcode, Value};
use cranelift_codegen::loop_analysis::LoopAnalysis;

/// Does so in all of a function that has been optimised.
pub(crate) fn rematerialize(func: &mut Function, loops: &LoopAnalysis) {
    let mut pass = Pass { func, loops, copies: HashMap::new() };
    let mut block = pass.func.layout.entry_block();
    while let Some(current) = block {
        let mut inst = pass.func.layout.first_inst(current);
        while let Some(user) = inst {
            pass.visit(user, current);
            inst = pass.func.layout.next_inst(user);
        }
        block = pass.func.layout.next_block(current);
    }
}

struct Pass<'a> {
    func: &'a mut Function,
    loops: &'a LoopAnalysis,
    /// The copies of values in blocks.
    copies: HashMap<(Block, Value), Value>,
}

impl Pass<'_> {
    /// Has an instruction use copies where they are better.
    fn visit(&mut self, user: Inst, block: Block) {
        if self.func.dfg.inst_values(user).any(|value| self.to_copy(value, block).is_some()) {
            self.replace(user, |pass, value| pass.copy(value, block, user));
        }
    }

    fn replace(&mut self, user: Inst, mut with: impl FnMut(&mut Self, Value) -> Value) {
        let values: Vec<Value> = self.func.dfg.inst_values(user).collect();
        let values: Vec<Value> = values.into_iter().map(|value| with(self, value)).collect();
        self.func.dfg.overwrite_inst_values(user, values.into_iter());
    }

    /// The block's copy of a value, or the value. A first copy is inserted before an instruction.
    fn copy(&mut self, value: Value, block: Block, before: Inst) -> Value {
        if let Some(copy) = self.copies.get(&(block, value)) {
            return *copy;
        }
        let Some(def) = self.to_copy(value, block) else { return value };
        let inst = self.func.dfg.clone_inst(def);
        self.func.layout.insert_inst(inst, before);
        // Nothing but the constant: additions of additions could be many.
        self.replace(inst, |pass, arg| if pass.is_integer(arg) { pass.copy(arg, block, inst) } else { arg });
        let copy = self.func.dfg.first_result(inst);
        self.copies.insert((block, value), copy);
        copy
    }

    /// What computes a value, if the block should do that itself.
    fn to_copy(&self, value: Value, block: Block) -> Option<Inst> {
        let def = self.func.dfg.value_def(value).inst()?;
        let from = self.func.layout.inst_block(def)?;
        let copied = match self.func.dfg.insts[def].opcode() {
            Opcode::Iconst | Opcode::F32const | Opcode::F64const => from != block,
            Opcode::Iadd => {
                let innermost = self.loops.innermost_loop(block);
                innermost.is_some_and(|innermost| !self.loops.is_in_loop(from, innermost))
                    && self.func.dfg.inst_args(def).iter().any(|arg| self.is_integer(*arg))
            }
            _ => false,
        };
        copied.then_some(def)
    }

    fn is_integer(&self, value: Value) -> bool {
        let def = self.func.dfg.value_def(value).inst();
        def.is_some_and(|def| self.func.dfg.insts[def].opcode() == Opcode::Iconst)
    }
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::Context;
    use cranelift_codegen::cursor::{Cursor, FuncCursor};
    use cranelift_codegen::ir::{InstBuilder, types};

    use super::*;

    /// In a block: a constant and the sum of a number and it. In a loop behind: both are used, twice.
    fn function() -> Context {
        let mut context = Context::new();
        let entry = context.func.dfg.make_block();
        let around = context.func.dfg.make_block();
        let number = context.func.dfg.append_block_param(entry, types::I32);
        let mut at = FuncCursor::new(&mut context.func);
        at.insert_block(entry);
        let constant = at.ins().iconst(types::I32, 5);
        let sum = at.ins().iadd(number, constant);
        at.ins().jump(around, &[]);
        at.insert_block(around);
        for _ in 0..2 {
            at.ins().imul(sum, constant);
        }
        at.ins().jump(around, &[]);
        context.compute_cfg();
        context.compute_domtree();
        context.compute_loop_analysis();
        context
    }

    #[test]
    fn constants_and_their_sums_are_not_kept_through_loops() {
        let Context { func, loop_analysis, .. } = &mut function();
        rematerialize(func, loop_analysis);
        let around = func.layout.last_block().unwrap();
        let opcodes: Vec<Opcode> = func.layout.block_insts(around).map(|inst| func.dfg.insts[inst].opcode()).collect();
        assert_eq!(opcodes, [Opcode::Iconst, Opcode::Iadd, Opcode::Imul, Opcode::Imul, Opcode::Jump]);
        let number = func.dfg.block_params(func.layout.entry_block().unwrap())[0];
        for value in func.layout.block_insts(around).flat_map(|inst| func.dfg.inst_values(inst)) {
            let def = func.dfg.value_def(value).inst();
            assert!(value == number || func.layout.inst_block(def.unwrap()) == Some(around));
        }
    }

    #[test]
    fn sums_outside_of_loops_stay() {
        let Context { func, .. } = &mut function();
        rematerialize(func, &LoopAnalysis::new());
        let around = func.layout.last_block().unwrap();
        let opcodes: Vec<Opcode> = func.layout.block_insts(around).map(|inst| func.dfg.insts[inst].opcode()).collect();
        assert_eq!(opcodes, [Opcode::Iconst, Opcode::Imul, Opcode::Imul, Opcode::Jump]);
    }
}

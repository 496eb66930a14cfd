//! Blocks that do nothing but leave a loop are left out.
//!
//! Where a loop is left with other values than it goes on with, WebAssembly has a block in between that only jumps on. Cranelift's optimiser takes
//! a loop for finished at the first block that it meets outside, and no longer moves in front of the loop what does not change in blocks that
//! come later, though the module may have had it there. So branches lead to where such blocks do.
//!
//! Must not know: WebAssembly.

use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, BlockCall, Function, Inst, InstructionData, Opcode};
use cranelift_codegen::loop_analysis::LoopAnalysis;

/// Has conditional branches leave loops at once.
pub(crate) fn shorten(func: &mut Function) {
    let cfg = ControlFlowGraph::with_function(func);
    let mut loops = LoopAnalysis::new();
    loops.compute(func, &cfg, &DominatorTree::with_function(func, &cfg));
    if loops.loops().len() == 0 {
        return;
    }
    let branches: Vec<_> = func.layout.blocks().filter_map(|block| Some((block, branch(func, block)?))).collect();
    for (block, branch) in branches {
        for arm in 0..2 {
            if loops.loop_level(targets(func, branch)[arm]) < loops.loop_level(block)
                && let Some(destination) = beyond(func, &cfg, branch, arm)
            {
                skip(func, branch, arm, destination);
            }
        }
    }
}

/// The conditional branch at a block's end.
fn branch(func: &Function, block: Block) -> Option<Inst> {
    let last = func.layout.last_inst(block)?;
    (func.dfg.insts[last].opcode() == Opcode::Brif).then_some(last)
}

/// Where each arm of a conditional branch leads.
fn arms(func: &mut Function, branch: Inst) -> &mut [BlockCall; 2] {
    match &mut func.dfg.insts[branch] {
        InstructionData::Brif { blocks, .. } => blocks,
        _ => unreachable!("a conditional branch"),
    }
}

fn targets(func: &Function, branch: Inst) -> [Block; 2] {
    match &func.dfg.insts[branch] {
        InstructionData::Brif { blocks, .. } => blocks.map(|call| call.block(&func.dfg.value_lists)),
        _ => unreachable!("a conditional branch"),
    }
}

/// Where the block jumps to that an arm of a branch leads to, if that is all it does and no other branch leads there.
fn beyond(func: &Function, cfg: &ControlFlowGraph, branch: Inst, arm: usize) -> Option<BlockCall> {
    let targets = targets(func, branch);
    let (block, other) = (targets[arm], targets[1 - arm]);
    let jump = func.layout.last_inst(block)?;
    let InstructionData::Jump { destination, .. } = func.dfg.insts[jump] else { return None };
    let is_constant =
        |inst: Inst| matches!(func.dfg.insts[inst].opcode(), Opcode::Iconst | Opcode::F32const | Opcode::F64const);
    let only_jumps = func.dfg.block_params(block).is_empty()
        && func.layout.block_insts(block).all(|inst| inst == jump || is_constant(inst));
    let is_only_way = block != other && cfg.pred_iter(block).count() == 1;
    (only_jumps && is_only_way && destination.block(&func.dfg.value_lists) != other).then_some(destination)
}

/// Leaves out the block that an arm of a branch leads to. What is constant there is so before the branch.
fn skip(func: &mut Function, branch: Inst, arm: usize, destination: BlockCall) {
    let block = targets(func, branch)[arm];
    let insts: Vec<Inst> = func.layout.block_insts(block).collect();
    let (jump, constants) = insts.split_last().expect("it jumps");
    for constant in constants {
        func.layout.remove_inst(*constant);
        func.layout.insert_inst(*constant, branch);
    }
    func.layout.remove_inst(*jump);
    func.layout.remove_block(block);
    arms(func, branch)[arm] = destination;
}

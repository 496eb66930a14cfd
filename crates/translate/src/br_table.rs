//! Branches to one of many blocks: `br_table`.
//!
//! Toolchains make one of each choice between two cases or more. Where few ranges of the index lead to different blocks, comparing it is less
//! code than looking the block up.
//!
//! Must not know: what operators do.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, JumpTableData, Value};
use wasmparser::BrTable;

use crate::control::block_args;
use crate::translator::FuncTranslator;

/// Ranges up to which the index is compared.
const FEW: usize = 5;

/// Indices that lead to the same block, from where the range before ends.
struct Range {
    /// The first index that is no longer in it. The last range has none.
    end: u32,
    block: Block,
}

impl FuncTranslator<'_> {
    pub(crate) fn br_table(&mut self, targets: &BrTable<'_>) {
        self.keep_exits();
        let index = self.pop();
        let (default, arity) = self.branch_target(targets.default());
        let args = block_args(&self.pop_n(arity));
        // Validation has read all targets already.
        let depths: Vec<u32> = targets.targets().map(|depth| depth.expect("validated")).collect();
        let blocks: Vec<Block> = depths.into_iter().map(|depth| self.branch_target(depth).0).chain([default]).collect();
        match few_ranges(&blocks) {
            Some(ranges) => self.branch_by_comparing(index, &ranges, &args),
            None => self.branch_by_table(index, &blocks, &args),
        }
        self.note_switch(blocks);
        self.reachable = false;
    }

    /// Halves the ranges until one is left.
    fn branch_by_comparing(&mut self, index: Value, ranges: &[Range], args: &[BlockArg]) {
        if let [only] = ranges {
            self.b.ins().jump(only.block, args);
            return;
        }
        let (lower, upper) = ranges.split_at(ranges.len() / 2);
        let is_lower = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, index, i64::from(lower[lower.len() - 1].end));
        let ways = [lower, upper].map(|half| match half {
            [only] => (only.block, args, None),
            more => (self.b.create_block(), &[][..], Some(more)),
        });
        self.b.ins().brif(is_lower, ways[0].0, ways[0].1, ways[1].0, ways[1].1);
        for (block, _, more) in ways {
            if let Some(ranges) = more {
                self.b.seal_block(block);
                self.b.switch_to_block(block);
                self.branch_by_comparing(index, ranges, args);
            }
        }
    }

    fn branch_by_table(&mut self, index: Value, blocks: &[Block], args: &[BlockArg]) {
        let calls: Vec<_> = blocks.iter().map(|block| self.b.func.dfg.block_call(*block, args)).collect();
        let (default, others) = calls.split_last().expect("the default is there");
        let table = self.b.create_jump_table(JumpTableData::new(*default, others));
        self.b.ins().br_table(index, table);
    }
}

/// The ranges of indices with the same block, if they are few. The last block is that of all indices behind the others.
fn few_ranges(blocks: &[Block]) -> Option<Vec<Range>> {
    let mut ranges: Vec<Range> = Vec::new();
    for (end, block) in (1..).zip(blocks) {
        match ranges.last_mut().filter(|last| last.block == *block) {
            Some(last) => last.end = end,
            None => ranges.push(Range { end, block: *block }),
        }
        if ranges.len() > FEW {
            return None;
        }
    }
    Some(ranges)
}

//! Numbers of 32 bits that index memory are made as 64 bits.
//!
//! x86-64 adds whole registers, so the upper half of an index has to be zero. Instructions on the lower half see to that, and Cranelift
//! knows it of arithmetic. Of what comes in from other blocks, of loads and of selections it does not, and copies the index before it is used.
//! Here these become numbers of 64 bits wherever one of them is extended, directly or by way of others. Their lower half costs nothing.
//!
//! Must not know: WebAssembly.

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::entity::{EntitySet, SecondaryMap};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, BlockArg, BlockCall, Function, Inst, InstBuilder, InstructionData};
use cranelift_codegen::ir::{Opcode, Value, ValueDef};

/// Extends to 64 bits, where they are made, the numbers of a function that are used so.
pub(crate) fn extend_early(func: &mut Function) {
    let insts: Vec<Inst> = func.layout.blocks().flat_map(|block| func.layout.block_insts(block)).collect();
    let extensions: Vec<Inst> = insts.iter().copied().filter(|inst| extended(func, *inst).is_some()).collect();
    if extensions.is_empty() {
        return;
    }
    let branches: Vec<Inst> = insts.into_iter().filter(|inst| !destinations(func, *inst).is_empty()).collect();
    let sources = sources(func, &extensions, &Arguments::of(func, &branches));
    let mut whole = Whole::default();
    for (value, source) in &sources {
        whole.make(func, *value, source);
    }
    for (_, source) in &sources {
        if let Source::Select(inst) = source {
            whole.extend_choices(func, *inst);
        }
    }
    for branch in branches {
        whole.extend_arguments(func, branch);
    }
    for inst in extensions {
        whole.replace_extension(func, inst);
    }
}

/// The number that an instruction extends.
fn extended(func: &Function, inst: Inst) -> Option<Value> {
    match func.dfg.insts[inst] {
        InstructionData::Unary { opcode: Opcode::Uextend, arg } => (func.dfg.value_type(arg) == I32).then_some(arg),
        _ => None,
    }
}

/// Where an instruction may branch to.
fn destinations(func: &Function, inst: Inst) -> &[BlockCall] {
    let dfg = &func.dfg;
    dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables)
}

/// What branches bring for each parameter of blocks; nothing for those that get the result of a call.
struct Arguments(HashMap<Value, Option<Vec<Value>>>);

impl Arguments {
    fn of(func: &Function, branches: &[Inst]) -> Arguments {
        let mut arguments = HashMap::new();
        let lists = &func.dfg.value_lists;
        for call in branches.iter().flat_map(|branch| destinations(func, *branch)) {
            let params = func.dfg.block_params(call.block(lists)).iter().zip(call.args(lists));
            for (param, argument) in params.filter(|(param, _)| func.dfg.value_type(**param) == I32) {
                let known = arguments.entry(*param).or_insert_with(|| Some(Vec::new()));
                match (argument, known.as_mut()) {
                    (BlockArg::Value(value), Some(values)) => values.push(value),
                    _ => *known = None,
                }
            }
        }
        Arguments(arguments)
    }

    fn get(&self, param: Value) -> Option<&[Value]> {
        self.0.get(&param)?.as_deref()
    }
}

/// How a number is made that can as well be made as 64 bits.
enum Source {
    /// It comes with branches to a block.
    Param(Block),
    /// By a load, which does not care.
    Load(Inst),
    /// By a choice between numbers.
    Select(Inst),
}

impl Source {
    fn of(func: &Function, value: Value) -> Option<Source> {
        if func.dfg.value_type(value) != I32 {
            return None;
        }
        match func.dfg.value_def(value) {
            ValueDef::Param(block, _) => Some(Source::Param(block)),
            ValueDef::Result(inst, _) => match func.dfg.insts[inst].opcode() {
                Opcode::Load | Opcode::Uload8 | Opcode::Uload16 => Some(Source::Load(inst)),
                Opcode::Select => Some(Source::Select(inst)),
                _ => None,
            },
            ValueDef::Union(..) => None,
        }
    }
}

/// What is extended, and what that is made of.
fn sources(func: &Function, extensions: &[Inst], arguments: &Arguments) -> Vec<(Value, Source)> {
    let mut seen = EntitySet::new();
    let mut waiting: Vec<Value> = extensions.iter().filter_map(|inst| extended(func, *inst)).collect();
    let mut sources = Vec::new();
    while let Some(value) = waiting.pop() {
        if !seen.insert(value) {
            continue;
        }
        let Some(source) = Source::of(func, value) else { continue };
        match source {
            // The function's own have no branches.
            Source::Param(_) => match arguments.get(value) {
                Some(values) => waiting.extend_from_slice(values),
                None => continue,
            },
            Source::Load(_) => {}
            Source::Select(inst) => waiting.extend_from_slice(&func.dfg.inst_args(inst)[1..]),
        }
        sources.push((value, source));
    }
    sources
}

/// Numbers as 64 bits.
#[derive(Default)]
struct Whole {
    /// By what they were as 32.
    values: SecondaryMap<Value, PackedOption<Value>>,
    /// Those that come with branches.
    params: EntitySet<Value>,
}

impl Whole {
    /// Makes a number as 64 bits, and what it was the lower half of that.
    fn make(&mut self, func: &mut Function, value: Value, source: &Source) {
        let mut cursor = FuncCursor::new(func);
        let whole = match *source {
            Source::Param(block) => {
                cursor.goto_first_insertion_point(block);
                let whole = cursor.func.dfg.replace_block_param(value, I64);
                self.params.insert(whole);
                whole
            }
            Source::Load(inst) | Source::Select(inst) => {
                cursor = cursor.after_inst(inst);
                let dfg = &mut cursor.func.dfg;
                if let InstructionData::Load { opcode: opcode @ Opcode::Load, .. } = &mut dfg.insts[inst] {
                    *opcode = Opcode::Uload32;
                }
                dfg.detach_inst_results(inst);
                dfg.make_inst_results(inst, I64);
                dfg.first_result(inst)
            }
        };
        cursor.ins().with_result(value).ireduce(I32, whole);
        self.values[value] = whole.into();
    }

    /// A number as 64 bits, extended in front of an instruction if need be.
    fn of(&self, func: &mut Function, value: Value, user: Inst) -> Value {
        let whole = self.values[value].expand();
        whole.unwrap_or_else(|| FuncCursor::new(func).at_inst(user).ins().uextend(I64, value))
    }

    fn extend_choices(&self, func: &mut Function, select: Inst) {
        for at in 1..3 {
            let choice = self.of(func, func.dfg.inst_args(select)[at], select);
            func.dfg.inst_args_mut(select)[at] = choice;
        }
    }

    /// Has a branch bring as 64 bits what blocks take so.
    fn extend_arguments(&self, func: &mut Function, branch: Inst) {
        let mut extended = HashMap::new();
        for at in 0..destinations(func, branch).len() {
            let call = destinations(func, branch)[at];
            let lists = &func.dfg.value_lists;
            let is_whole = func.dfg.block_params(call.block(lists)).iter().map(|param| self.params.contains(*param));
            let mut arguments: Vec<(BlockArg, bool)> = call.args(lists).zip(is_whole).collect();
            for (argument, is_whole) in &mut arguments {
                if let BlockArg::Value(value) = argument
                    && *is_whole
                {
                    *value = *extended.entry(*value).or_insert_with(|| self.of(func, *value, branch));
                }
            }
            let mut arguments = arguments.into_iter().map(|(argument, _)| argument);
            let dfg = &mut func.dfg;
            let (tables, exceptions) = (&mut dfg.jump_tables, &mut dfg.exception_tables);
            let call = &mut dfg.insts[branch].branch_destination_mut(tables, exceptions)[at];
            call.update_args(&mut dfg.value_lists, |old| arguments.next().unwrap_or(old));
        }
    }

    /// What is 64 bits already need not be extended.
    fn replace_extension(&self, func: &mut Function, inst: Inst) {
        let Some(whole) = extended(func, inst).and_then(|value| self.values[value].expand()) else { return };
        let extension = func.dfg.first_result(inst);
        func.dfg.detach_inst_results(inst);
        func.dfg.change_to_alias(extension, whole);
        func.layout.remove_inst(inst);
    }
}

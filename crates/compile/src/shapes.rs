//! Gives operations shapes for which there are shorter machine instructions: low bytes are taken as such rather than by masks, comparisons
//! of low bytes compare bytes, conditions are not extended, and constants are added rather than subtracted.
//!
//! Cranelift's optimiser has few rules for bytes, and compilers to wasm, which has no bytes, use masks.
//!
//! Must not know: wasm.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, Opcode, Type, Value};

/// Does so in all of a function that has been optimised.
pub(crate) fn reshape(func: &mut Function) {
    let mut cursor = FuncCursor::new(func);
    while cursor.next_block().is_some() {
        while let Some(inst) = cursor.next_inst() {
            visit(&mut cursor, inst);
        }
    }
}

fn visit(cursor: &mut FuncCursor, inst: Inst) {
    match cursor.func.dfg.insts[inst] {
        InstructionData::Binary { opcode: Opcode::Band, args: [x, mask] } => take_low(cursor, inst, x, mask),
        InstructionData::Binary { opcode: Opcode::Isub, args: [x, y] } => add_constant(cursor, inst, x, y),
        InstructionData::IntCompare { opcode: Opcode::Icmp, args, cond } => compare_bytes(cursor, inst, cond, args),
        InstructionData::Brif { arg, .. } | InstructionData::Ternary { opcode: Opcode::Select, args: [arg, ..] } => {
            if let Some(narrow) = extended(cursor.func, arg) {
                cursor.func.dfg.inst_args_mut(inst)[0] = narrow;
            }
        }
        _ => {}
    }
}

/// `x & 0xff` as what it is of the low byte.
fn take_low(cursor: &mut FuncCursor, inst: Inst, x: Value, mask: Value) {
    let ty = cursor.func.dfg.value_type(x);
    let low = match constant(cursor.func, mask) {
        Some(0xff) => I8,
        Some(0xffff) => I16,
        _ => return,
    };
    if is_word(ty) {
        let low = cursor.ins().ireduce(low, x);
        cursor.func.replace(inst).uextend(ty, low);
    }
}

/// An addition of a constant leaves the other operand as it is.
fn add_constant(cursor: &mut FuncCursor, inst: Inst, x: Value, y: Value) {
    let ty = cursor.func.dfg.value_type(x);
    let Some(constant) = constant(cursor.func, y).filter(|_| is_word(ty)) else { return };
    let negated = constant.wrapping_neg();
    let negated = cursor.ins().iconst(ty, if ty == I32 { negated & 0xffff_ffff } else { negated });
    cursor.func.replace(inst).iadd(x, negated);
}

/// Bytes that were extended compare like unsigned ones.
fn compare_bytes(cursor: &mut FuncCursor, inst: Inst, cond: IntCC, [x, y]: [Value; 2]) {
    if byte(cursor, x).is_none() && byte(cursor, y).is_none() {
        return;
    }
    let Some(x) = byte(cursor, x).or_else(|| byte_constant(cursor, x)) else { return };
    let Some(y) = byte(cursor, y).or_else(|| byte_constant(cursor, y)) else { return };
    cursor.func.replace(inst).icmp(cond.unsigned(), x, y);
}

/// The byte that a value of this block is the extension of. Behind other blocks, the byte is something more to keep.
fn byte(cursor: &FuncCursor, value: Value) -> Option<Value> {
    let def = cursor.func.dfg.value_def(value).inst()?;
    let is_near = cursor.func.layout.inst_block(def) == cursor.current_block();
    extended(cursor.func, value).filter(|narrow| is_near && cursor.func.dfg.value_type(*narrow) == I8)
}

/// What a value is the extension of, with zeros.
fn extended(func: &Function, value: Value) -> Option<Value> {
    match func.dfg.insts[func.dfg.value_def(value).inst()?] {
        InstructionData::Unary { opcode: Opcode::Uextend, arg } => Some(arg),
        _ => None,
    }
}

fn byte_constant(cursor: &mut FuncCursor, value: Value) -> Option<Value> {
    let constant = constant(cursor.func, value).filter(|constant| (0..0x100).contains(constant))?;
    Some(cursor.ins().iconst(I8, constant))
}

fn constant(func: &Function, value: Value) -> Option<i64> {
    match func.dfg.insts[func.dfg.value_def(value).inst()?] {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
        _ => None,
    }
}

fn is_word(ty: Type) -> bool {
    ty == I32 || ty == I64
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::ir::Signature;
    use cranelift_codegen::ir::{AbiParam, UserFuncName};
    use cranelift_codegen::isa::CallConv;
    use cranelift_codegen::settings::{self, Flags};
    use cranelift_codegen::verifier::verify_function;

    use super::*;

    /// What becomes of what `build` makes of a number and another, line by line.
    fn reshaped(build: impl FnOnce(&mut FuncCursor, Value, Value)) -> String {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params.extend([AbiParam::new(I32); 2]);
        let mut func = Function::with_name_signature(UserFuncName::default(), signature);
        let block = func.dfg.make_block();
        let [x, y] = [(); 2].map(|()| func.dfg.append_block_param(block, I32));
        let mut at = FuncCursor::new(&mut func);
        at.insert_block(block);
        build(&mut at, x, y);
        at.ins().return_(&[]);
        reshape(&mut func);
        verify_function(&func, &Flags::new(settings::builder())).expect("still valid");
        let line = |inst| func.dfg.display_inst(inst).to_string();
        let lines = func.layout.block_insts(block).map(|inst| line(inst).split("  ;").next().unwrap().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What becomes of a comparison of a low byte with a constant.
    fn compared(constant: i64) -> String {
        reshaped(|at, x, _| {
            let mask = at.ins().iconst(I32, 0xff);
            let low = at.ins().band(x, mask);
            let constant = at.ins().iconst(I32, constant);
            at.ins().icmp(IntCC::SignedLessThan, low, constant);
        })
    }

    #[test]
    fn masked_bytes_are_compared_as_bytes() {
        let text = compared(0xac);
        assert!(text.contains("v6 = ireduce.i8 v0\nv3 = uextend.i32 v6"), "{text}");
        assert!(text.contains("v7 = iconst.i8 -84\nv5 = icmp.i8 ult v6, v7"), "{text}");
    }

    #[test]
    fn masked_bytes_and_larger_constants_are_compared_as_they_are() {
        let text = compared(0x100);
        assert!(text.contains("v5 = icmp.i32 slt v3, v4"), "{text}");
    }

    #[test]
    fn other_masks_stay() {
        let text = reshaped(|at, x, _| {
            let mask = at.ins().iconst(I32, 0x7f);
            at.ins().band(x, mask);
        });
        assert!(text.contains("v3 = band.i32 v0, v2"), "{text}");
    }

    #[test]
    fn constants_are_added() {
        let text = reshaped(|at, x, y| {
            let five = at.ins().iconst(I32, 5);
            at.ins().isub(x, five);
            at.ins().isub(x, y);
            at.ins().isub(five, x);
        });
        let expected = "v6 = iconst.i32 -5\nv3 = iadd.i32 v0, v6\nv4 = isub.i32 v0, v1\nv5 = isub.i32 v2, v0";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn conditions_are_not_extended() {
        let text = reshaped(|at, x, y| {
            let less = at.ins().icmp(IntCC::SignedLessThan, x, y);
            let condition = at.ins().uextend(I32, less);
            at.ins().select(condition, x, y);
        });
        assert!(text.contains("v4 = select.i32 v2, v0, v1"), "{text}");
    }
}

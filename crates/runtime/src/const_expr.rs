//! Evaluation of constant expressions.

use gantry_module::{ConstExpr, ConstOp};

use crate::instance::Instance;

/// A value's bits, in the lowest bytes.
pub(crate) type Bits = u128;

/// Evaluates a validated expression. References are addresses or handles; see [`Table`](crate::Table).
pub(crate) fn eval(instance: &Instance, expr: &ConstExpr) -> Bits {
    let mut stack: Vec<Bits> = Vec::with_capacity(2);
    for op in &expr.0 {
        let value = match *op {
            ConstOp::I32Const(value) => Bits::from(value as u32),
            ConstOp::I64Const(value) => Bits::from(value as u64),
            ConstOp::F32Const(bits) => Bits::from(bits),
            ConstOp::F64Const(bits) => Bits::from(bits),
            ConstOp::V128Const(bits) => bits,
            ConstOp::GlobalGet(global) => u128::from_le_bytes(instance.global_value(global).0),
            ConstOp::RefNull => 0,
            ConstOp::RefFunc(func) => instance.func(func).addr().get() as Bits,
            ConstOp::I32Add => binary32(&mut stack, u32::wrapping_add),
            ConstOp::I32Sub => binary32(&mut stack, u32::wrapping_sub),
            ConstOp::I32Mul => binary32(&mut stack, u32::wrapping_mul),
            ConstOp::I64Add => binary64(&mut stack, u64::wrapping_add),
            ConstOp::I64Sub => binary64(&mut stack, u64::wrapping_sub),
            ConstOp::I64Mul => binary64(&mut stack, u64::wrapping_mul),
        };
        stack.push(value);
    }
    stack.pop().expect("validated")
}

fn pop2(stack: &mut Vec<Bits>) -> (Bits, Bits) {
    let second = stack.pop().expect("validated");
    (stack.pop().expect("validated"), second)
}

fn binary32(stack: &mut Vec<Bits>, op: fn(u32, u32) -> u32) -> Bits {
    let (a, b) = pop2(stack);
    Bits::from(op(a as u32, b as u32))
}

fn binary64(stack: &mut Vec<Bits>, op: fn(u64, u64) -> u64) -> Bits {
    let (a, b) = pop2(stack);
    Bits::from(op(a as u64, b as u64))
}

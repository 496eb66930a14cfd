//! Vector operators that do not touch memory: dispatch, bitwise operators, and what the families share.
//!
//! [`lanes`] moves lanes, [`compare`], [`integer`] and [`float`] calculate, [`by_lane`] stands in where a processor
//! has no vector instruction, [`relaxed`] has the operators that leave a choice.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use wasmparser::Operator;

use crate::translator::FuncTranslator;

use types::I8X16;

/// One-line arms: pop vectors of a shape, apply Cranelift instructions, push the result.
macro_rules! vector {
    ($t:ident, $ty:ident unary $inst:ident) => {{
        let a = $t.pop_vector($ty);
        let result = $t.b.ins().$inst(a);
        $t.push(result);
    }};
    ($t:ident, $ty:ident binary $inst:ident) => {{
        let (a, b) = $t.pop2_vectors($ty);
        let result = $t.b.ins().$inst(a, b);
        $t.push(result);
    }};
    ($t:ident, $ty:ident to $to:ident $inst:ident) => {{
        let a = $t.pop_vector($ty);
        let result = $t.b.ins().$inst($to, a);
        $t.push(result);
    }};
    // Cranelift shifts by the amount modulo the lane's width, as wasm does.
    ($t:ident, $ty:ident shift $inst:ident) => {{
        let amount = $t.pop();
        let a = $t.pop_vector($ty);
        let result = $t.b.ins().$inst(a, amount);
        $t.push(result);
    }};
    ($t:ident, $ty:ident extmul $widen:ident) => {{
        let (a, b) = $t.pop2_vectors($ty);
        let a = $t.b.ins().$widen(a);
        let b = $t.b.ins().$widen(b);
        let result = $t.b.ins().imul(a, b);
        $t.push(result);
    }};
    ($t:ident, $ty:ident extadd_pairwise $low:ident $high:ident) => {{
        let a = $t.pop_vector($ty);
        let low = $t.b.ins().$low(a);
        let high = $t.b.ins().$high(a);
        let result = $t.b.ins().iadd_pairwise(low, high);
        $t.push(result);
    }};
}

mod by_lane;
mod compare;
mod float;
mod integer;
mod lanes;
mod relaxed;

impl FuncTranslator<'_> {
    pub(crate) fn simd_operator(&mut self, op: &Operator<'_>) -> bool {
        self.lane_operator(op)
            || self.bitwise_vector_operator(op)
            || self.compare_vector_operator(op)
            || self.integer_vector_operator(op)
            || self.float_vector_operator(op)
            || self.relaxed_vector_operator(op)
    }

    fn bitwise_vector_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::V128Not => vector!(self, I8X16 unary bnot),
            O::V128And => vector!(self, I8X16 binary band),
            O::V128AndNot => vector!(self, I8X16 binary band_not),
            O::V128Or => vector!(self, I8X16 binary bor),
            O::V128Xor => vector!(self, I8X16 binary bxor),
            O::V128Bitselect => self.bitselect(),
            O::V128AnyTrue => self.any_true(),
            _ => return false,
        }
        true
    }

    fn bitselect(&mut self) {
        let condition = self.pop();
        // In the condition's own type, for then Cranelift sees whether a comparison made it, and blends whole bytes.
        let ty = self.b.func.dfg.value_type(condition);
        let (a, b) = self.pop2_vectors(ty);
        let result = self.b.ins().bitselect(condition, a, b);
        self.push(result);
    }

    fn any_true(&mut self) {
        // Whether any bit is set does not depend on the lanes.
        let a = self.pop();
        let bit = self.b.ins().vany_true(a);
        self.push_bool(bit);
    }

    /// Pops two vectors as a given type, in the order in which they were pushed.
    fn pop2_vectors(&mut self, ty: Type) -> (Value, Value) {
        let second = self.pop_vector(ty);
        (self.pop_vector(ty), second)
    }

    /// Sixteen constant bytes as a given type.
    fn vector_const(&mut self, ty: Type, bytes: [u8; 16]) -> Value {
        let constant = self.b.func.dfg.constants.insert(bytes.to_vec().into());
        self.b.ins().vconst(ty, constant)
    }
}

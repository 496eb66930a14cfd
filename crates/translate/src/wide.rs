//! Wide arithmetic: 128-bit sums, and products of 64-bit numbers, in two halves each.

use cranelift_codegen::ir::{InstBuilder, Value};
use wasmparser::Operator;

use crate::translator::FuncTranslator;

impl FuncTranslator<'_> {
    pub(crate) fn wide_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::I64Add128 => self.wide_sum(|t, a, b| t.b.ins().iadd(a, b)),
            Operator::I64Sub128 => self.wide_sum(|t, a, b| t.b.ins().isub(a, b)),
            Operator::I64MulWideS => self.wide_product(|t, a, b| t.b.ins().smulhi(a, b)),
            Operator::I64MulWideU => self.wide_product(|t, a, b| t.b.ins().umulhi(a, b)),
            _ => return false,
        }
        true
    }

    fn wide_sum(&mut self, calculate: impl Fn(&mut Self, Value, Value) -> Value) {
        let (b_low, b_high) = self.pop2();
        let (a_low, a_high) = self.pop2();
        let a = self.b.ins().iconcat(a_low, a_high);
        let b = self.b.ins().iconcat(b_low, b_high);
        let result = calculate(self, a, b);
        let (low, high) = self.b.ins().isplit(result);
        self.push(low);
        self.push(high);
    }

    fn wide_product(&mut self, high_half: impl Fn(&mut Self, Value, Value) -> Value) {
        let (a, b) = self.pop2();
        let low = self.b.ins().imul(a, b);
        let high = high_half(self, a, b);
        self.push(low);
        self.push(high);
    }
}

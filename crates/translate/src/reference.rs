//! References: null, functions as values.

use std::mem::offset_of;

use cranelift_codegen::ir::InstBuilder;
use cranelift_codegen::ir::condcodes::IntCC;
use gantry_abi::vmctx::VMFunctionImport;
use wasmparser::Operator;

use crate::env::POINTER;
use crate::translator::FuncTranslator;

impl FuncTranslator<'_> {
    pub(crate) fn reference_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::RefNull { .. } => {
                let null = self.b.ins().iconst(POINTER, 0);
                self.push(null);
            }
            Operator::RefIsNull => {
                let reference = self.pop();
                let bit = self.b.ins().icmp_imm_s(IntCC::Equal, reference, 0);
                self.push_bool(bit);
            }
            Operator::RefFunc { function_index } => self.ref_func(*function_index),
            _ => return false,
        }
        true
    }

    fn ref_func(&mut self, func: u32) {
        let layout = &self.env.layout;
        let funcref = if func < self.env.module.imported_funcs {
            let offset = layout.function_import(func) as usize + offset_of!(VMFunctionImport, funcref);
            self.load_constant(self.vmctx, offset)
        } else {
            let escaped = self.env.module.escaped_index(func).expect("ref.func needs a declaration: validated");
            let offset = layout.funcref(escaped);
            self.b.ins().iadd_imm_u(self.vmctx, i64::from(offset))
        };
        self.push(funcref);
    }
}

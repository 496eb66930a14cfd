//! Calls: direct, of imports, and through tables.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Inst, InstBuilder, MemFlagsData, Value, types};
use gantry_abi::TrapCode;
use gantry_abi::vmctx::{VMContextHeader, VMFuncRef, VMFunctionImport, VMStoreContext};
use wasmparser::Operator;

use crate::env::{POINTER, trap};
use crate::translator::FuncTranslator;

impl FuncTranslator<'_> {
    pub(crate) fn call_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::Call { function_index } => self.call(*function_index),
            Operator::CallIndirect { type_index, table_index } => self.call_indirect(*type_index, *table_index),
            _ => return false,
        }
        true
    }

    /// The context, then the operands that a function of this type takes.
    fn call_args(&mut self, vmctx: Value, ty: u32) -> Vec<Value> {
        let params = self.env.module.types[ty as usize].params.len();
        let mut args = vec![vmctx];
        args.extend(self.pop_n(params));
        args
    }

    fn push_results(&mut self, call: Inst) {
        self.stack.extend_from_slice(self.b.inst_results(call));
    }

    fn call(&mut self, func: u32) {
        let ty = self.env.module.funcs[func as usize];
        if func < self.env.module.imported_funcs {
            return self.call_import(func, ty);
        }
        let args = self.call_args(self.vmctx, ty);
        let callee = self.func_ref(func);
        let call = self.b.ins().call(callee, &args);
        self.push_results(call);
    }

    fn call_import(&mut self, func: u32, ty: u32) {
        let import = self.env.layout.function_import(func) as usize;
        let slot = self.load_constant(self.vmctx, import + offset_of!(VMFunctionImport, slot));
        let vmctx = self.load_constant(self.vmctx, import + offset_of!(VMFunctionImport, vmctx));
        self.call_slot(slot, vmctx, ty);
    }

    /// Calls the current code of a function that may be another instance's or the host's.
    fn call_slot(&mut self, slot: Value, vmctx: Value, ty: u32) {
        let store = self.store_context();
        let flags = self.runtime_flags();
        self.b.ins().store(flags, self.vmctx, store, offset_of!(VMStoreContext, caller) as i32);
        let code = self.b.ins().load(POINTER, flags, slot, 0);
        let args = self.call_args(vmctx, ty);
        let signature = self.type_sig(ty);
        let call = self.b.ins().call_indirect(signature, code, &args);
        self.push_results(call);
    }

    fn call_indirect(&mut self, ty: u32, table: u32) {
        let index = self.pop();
        let funcref = self.table_element(table, index, TrapCode::UndefinedElement);
        self.check_type(funcref, ty);
        // Not to be moved before the check: the reference may be null.
        let flags = MemFlagsData::trusted().with_readonly();
        let slot = self.b.ins().load(POINTER, flags, funcref, offset_of!(VMFuncRef, slot) as i32);
        let vmctx = self.b.ins().load(POINTER, flags, funcref, offset_of!(VMFuncRef, vmctx) as i32);
        self.call_slot(slot, vmctx, ty);
    }

    /// Traps unless a function reference is of the expected type. The load faults on null.
    fn check_type(&mut self, funcref: Value, ty: u32) {
        let null_faults = MemFlagsData::new()
            .with_aligned()
            .with_readonly()
            .with_trap_code(Some(trap(TrapCode::UninitializedElement)));
        let actual = self.b.ins().load(types::I32, null_faults, funcref, offset_of!(VMFuncRef, type_id) as i32);
        let ids = self.load_constant(self.vmctx, offset_of!(VMContextHeader, type_ids));
        let expected = self.b.ins().load(types::I32, Self::constant_flags(), ids, ty as i32 * 4);
        let differ = self.b.ins().icmp(IntCC::NotEqual, actual, expected);
        self.b.ins().trapnz(differ, trap(TrapCode::IndirectCallTypeMismatch));
    }
}

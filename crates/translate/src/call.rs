//! Calls: direct, of imports, and through tables.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, SigRef, Value, types};
use gantry_abi::TrapCode;
use gantry_abi::vmctx::{CodeSlot, VMContextHeader, VMFuncRef, VMFunctionImport, VMStoreContext};
use wasmparser::Operator;

use crate::env::{Calls, POINTER, trap};
use crate::exception::Callee;
use crate::translator::FuncTranslator;

/// A function that is called through its slot.
#[derive(Clone, Copy)]
struct Target {
    slot: Value,
    vmctx: Value,
}

impl FuncTranslator<'_> {
    pub(crate) fn call_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::Call { function_index } => self.call(*function_index),
            Operator::CallIndirect { type_index, table_index } => {
                let target = self.indirect_target(*type_index, *table_index);
                self.call_slot(target, *type_index);
            }
            Operator::ReturnCall { function_index } => self.return_call(*function_index),
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.poll_interrupt();
                let target = self.indirect_target(*type_index, *table_index);
                self.return_call_slot(target, *type_index);
            }
            Operator::CallRef { type_index } => {
                let target = self.reference_target();
                self.call_slot(target, *type_index);
            }
            Operator::ReturnCallRef { type_index } => {
                self.poll_interrupt();
                let target = self.reference_target();
                self.return_call_slot(target, *type_index);
            }
            _ => return false,
        }
        true
    }

    /// The context, then the operands that a function of this type takes.
    fn call_args(&mut self, vmctx: Value, ty: u32) -> Vec<Value> {
        let params = self.env.module.types.func(ty).params.len();
        let mut args = vec![vmctx];
        args.extend(self.pop_n(params));
        args
    }

    fn call(&mut self, func: u32) {
        let ty = self.env.module.funcs[func as usize];
        if func < self.env.module.imported_funcs {
            let target = self.import_target(func);
            return self.call_slot(target, ty);
        }
        if let Some(body) = self.inlinable(func, false) {
            return self.inline(body);
        }
        self.makes_calls = true;
        let args = self.call_args(self.vmctx, ty);
        let callee = match self.env.calls {
            Calls::Near => Callee::Direct(self.func_ref(func)),
            Calls::Slots => {
                self.count_call();
                Callee::Indirect(self.type_sig(ty), self.current_code(func))
            }
        };
        self.call_and_push(callee, &args);
    }

    /// Calls a function in place of this one, whose frame is gone by then.
    fn return_call(&mut self, func: u32) {
        if self.owns_frame() && self.env.calls == Calls::Near {
            if func == self.frame_function()
                && let Some(start) = self.start
            {
                return self.begin_again(start);
            }
            if !self.is_in_try()
                && let Some(body) = self.inlinable(func, true)
            {
                return self.inline_tail(body);
            }
        }
        self.poll_interrupt();
        let ty = self.env.module.funcs[func as usize];
        if func < self.env.module.imported_funcs {
            let target = self.import_target(func);
            return self.return_call_slot(target, ty);
        }
        self.makes_calls = true;
        let args = self.call_args(self.vmctx, ty);
        match self.env.calls {
            Calls::Near => {
                let callee = self.func_ref(func);
                self.b.ins().return_call(callee, &args);
            }
            Calls::Slots => {
                self.count_call();
                let (signature, code) = (self.type_sig(ty), self.current_code(func));
                self.b.ins().return_call_indirect(signature, code, &args);
            }
        }
        self.reachable = false;
    }

    /// Jumps to the start of the function with new arguments.
    fn begin_again(&mut self, start: Block) {
        self.poll_interrupt();
        let args = self.pop_n(self.params.len());
        for (param, arg) in self.params.clone().into_iter().zip(args) {
            self.b.def_var(param, arg);
        }
        self.b.ins().jump(start, &[]);
        self.reachable = false;
    }

    /// What a function of this module has in its slot.
    fn current_code(&mut self, func: u32) -> Value {
        let table = self.load_constant(self.vmctx, offset_of!(VMContextHeader, code_table));
        let slot = (func - self.env.module.imported_funcs) as usize * size_of::<CodeSlot>();
        let slot = i32::try_from(slot).expect("a module has a million functions at most");
        let flags = self.runtime_flags();
        self.b.ins().load(POINTER, flags, table, slot)
    }

    fn import_target(&mut self, func: u32) -> Target {
        let store = self.store_context();
        self.note_caller(store);
        let import = self.env.layout.function_import(func) as usize;
        let slot = self.load_constant(self.vmctx, import + offset_of!(VMFunctionImport, slot));
        let vmctx = self.load_constant(self.vmctx, import + offset_of!(VMFunctionImport, vmctx));
        Target { slot, vmctx }
    }

    /// Pops an index and finds the function there, which must be of type `ty`.
    fn indirect_target(&mut self, ty: u32, table: u32) -> Target {
        let index = self.pop();
        let funcref = self.table_element(table, index, TrapCode::UndefinedElement);
        self.check_type(funcref, ty);
        // Not to be moved before the check: the reference may be null.
        self.function_parts(funcref, MemFlagsData::trusted().with_readonly())
    }

    /// Pops a function. Null is found out by the first load.
    fn reference_target(&mut self) -> Target {
        let funcref = self.pop();
        let null_faults =
            MemFlagsData::new().with_aligned().with_readonly().with_trap_code(Some(trap(TrapCode::NullFunction)));
        self.function_parts(funcref, null_faults)
    }

    fn function_parts(&mut self, funcref: Value, flags: MemFlagsData) -> Target {
        let slot = self.b.ins().load(POINTER, flags, funcref, offset_of!(VMFuncRef, slot) as i32);
        let vmctx = self.b.ins().load(POINTER, flags, funcref, offset_of!(VMFuncRef, vmctx) as i32);
        Target { slot, vmctx: self.likely_own(vmctx) }
    }

    /// The context of a function that is mostly of this instance. By way of a branch, which is predicted, the callee has it at once: where
    /// it had to wait for the loads that lead to it, so would each of its addresses, and reads overtake writes that they depend on.
    fn likely_own(&mut self, vmctx: Value) -> Value {
        let [elsewhere, done] = [(); 2].map(|()| self.b.create_block());
        self.b.set_cold_block(elsewhere);
        let context = self.b.append_block_param(done, POINTER);
        let own = self.b.ins().icmp(IntCC::Equal, vmctx, self.vmctx);
        self.b.ins().brif(own, done, &[self.vmctx.into()], elsewhere, &[]);
        self.b.seal_block(elsewhere);
        self.b.switch_to_block(elsewhere);
        // Not as a constant, which would be kept for this in all of a loop.
        let flags = self.runtime_flags();
        let store = self.b.ins().load(POINTER, flags, self.vmctx, offset_of!(VMContextHeader, store) as i32);
        self.note_caller(store);
        self.b.ins().jump(done, &[vmctx.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        context
    }

    /// Says whose code is about to leave its instance.
    fn note_caller(&mut self, store: Value) {
        let flags = self.runtime_flags();
        self.b.ins().store(flags, self.vmctx, store, offset_of!(VMStoreContext, caller) as i32);
    }

    /// The current code of a function that may be another instance's or the host's, and what it is called with.
    fn prepare(&mut self, target: Target, ty: u32) -> (SigRef, Value, Vec<Value>) {
        self.makes_calls = true;
        let flags = self.runtime_flags();
        let code = self.b.ins().load(POINTER, flags, target.slot, 0);
        let args = self.call_args(target.vmctx, ty);
        (self.type_sig(ty), code, args)
    }

    fn call_slot(&mut self, target: Target, ty: u32) {
        let (signature, code, args) = self.prepare(target, ty);
        self.call_and_push(Callee::Indirect(signature, code), &args);
    }

    fn return_call_slot(&mut self, target: Target, ty: u32) {
        let (signature, code, args) = self.prepare(target, ty);
        self.b.ins().return_call_indirect(signature, code, &args);
        self.reachable = false;
    }

    /// Traps unless a function reference is of the expected type. The load faults on null.
    fn check_type(&mut self, funcref: Value, ty: u32) {
        let null_faults = MemFlagsData::new()
            .with_aligned()
            .with_readonly()
            .with_trap_code(Some(trap(TrapCode::UninitializedElement)));
        let actual = self.b.ins().load(types::I32, null_faults, funcref, offset_of!(VMFuncRef, type_id) as i32);
        let fits = self.is_func_type(actual, ty);
        self.b.ins().trapz(fits, trap(TrapCode::IndirectCallTypeMismatch));
    }
}

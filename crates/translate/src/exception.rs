//! Exceptions: `try_table`, throwing, and the legacy encoding.
//!
//! Calls inside a `try` say where exceptions go; the runtime finds that by the return address, so that entering a `try` costs
//! nothing. What is thrown inside the function that catches it is a jump.

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem, FuncRef, InstBuilder, MemFlagsData, SigRef,
    Value,
};
use gantry_abi::object::{ObjectLayout, VMException};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::ValType;
use wasmparser::{Catch, Operator};

use crate::control::{Control, Kind, block_args};
use crate::env::{POINTER, clif_type, trap};
use crate::translator::FuncTranslator;

/// What is called.
#[derive(Clone, Copy)]
pub(crate) enum Callee {
    /// A function of the module.
    Direct(FuncRef),
    /// Code at an address.
    Indirect(SigRef, Value),
}

impl FuncTranslator<'_> {
    pub(crate) fn exception_operator(&mut self, op: &Operator<'_>) -> bool {
        match op {
            Operator::TryTable { try_table } => {
                self.open_block(Kind::TryTable { catches: try_table.catches.clone() }, try_table.ty);
            }
            Operator::Throw { tag_index } => self.throw(*tag_index),
            Operator::ThrowRef => {
                let exception = self.pop();
                self.b.ins().trapz(exception, trap(TrapCode::NullReference));
                self.throw_exception(exception);
            }
            Operator::Try { blockty } => self.open_block(Kind::Try, *blockty),
            Operator::Catch { tag_index } => self.catch(Some(*tag_index)),
            Operator::CatchAll => self.catch(None),
            Operator::Delegate { relative_depth } => self.delegate(*relative_depth),
            Operator::Rethrow { relative_depth } => {
                let at = self.controls.len() - 1 - *relative_depth as usize;
                let Kind::Catch { exception, .. } = self.controls[at].kind else {
                    unreachable!("validated: a catch clause");
                };
                self.throw_exception(exception);
            }
            _ => return false,
        }
        true
    }

    // Calls

    /// Calls a function; results are pushed. Exceptions go to the innermost handler around it.
    pub(crate) fn call_and_push(&mut self, callee: Callee, args: &[Value]) {
        let Some(handler) = self.handler_outside(self.controls.len()) else {
            let call = match callee {
                Callee::Direct(func) => self.b.ins().call(func, args),
                Callee::Indirect(signature, code) => self.b.ins().call_indirect(signature, code, args),
            };
            self.stack.extend_from_slice(self.b.inst_results(call));
            return;
        };
        let signature = match callee {
            Callee::Direct(func) => self.b.func.dfg.ext_funcs[func].signature,
            Callee::Indirect(signature, _) => signature,
        };
        let next = self.b.create_block();
        let returns: Vec<_> = self.b.func.dfg.signatures[signature].returns.iter().map(|r| r.value_type).collect();
        for ty in &returns {
            self.b.append_block_param(next, *ty);
        }
        let returned = (0..returns.len()).map(|n| BlockArg::TryCallRet(n as u32));
        let pool = &mut self.b.func.dfg.value_lists;
        let normal = BlockCall::new(next, returned, pool);
        let caught = BlockCall::new(handler, [BlockArg::TryCallExn(0)], pool);
        let table = ExceptionTableData::new(signature, normal, [ExceptionTableItem::Default(caught)]);
        let table = self.b.func.dfg.exception_tables.push(table);
        match callee {
            Callee::Direct(func) => self.b.ins().try_call(func, args, table),
            Callee::Indirect(_, code) => self.b.ins().try_call_indirect(code, args, table),
        };
        self.b.seal_block(next);
        self.b.switch_to_block(next);
        self.stack.extend_from_slice(self.b.block_params(next));
    }

    /// The innermost block with a handler among the outermost so many.
    fn try_outside(&self, height: usize) -> Option<usize> {
        let mut at = self.controls[..height].last()?.in_try?;
        // In a legacy `catch`, the handler of its `try` is no more.
        while self.controls[at].handler.is_none() {
            at = self.controls[..at].last()?.in_try?;
        }
        Some(at)
    }

    /// Whether exceptions that leave the innermost block go somewhere in this function.
    pub(crate) fn is_in_try(&self) -> bool {
        self.try_outside(self.controls.len()).is_some()
    }

    /// Where exceptions go that leave the block at `height` in the stack of blocks.
    fn handler_outside(&mut self, height: usize) -> Option<Block> {
        let at = self.try_outside(height)?;
        self.controls[at].handler_used = true;
        self.controls[at].handler
    }

    // Throwing

    fn throw(&mut self, tag: u32) {
        let ty = self.env.module.types.func(self.env.module.tags[tag as usize]);
        let layout = ObjectLayout::of_exception(ty);
        let values = self.pop_n(ty.params.len());
        let tag = self.i32_const(tag);
        let exception = self.libcall(Libcall::ExceptionNew, &[tag]).expect("returns the exception");
        self.b.ins().trapz(exception, trap(TrapCode::OutOfHeap));
        for ((value, offset), ty) in values.into_iter().zip(&layout.offsets).zip(&ty.params) {
            self.b.ins().store(Self::exception_flags(), value, exception, *offset as i32);
            if Self::is_large(layout.size) && matches!(ty, ValType::Ref(_)) {
                self.write_barrier(value);
            }
        }
        self.throw_exception(exception);
    }

    fn exception_flags() -> MemFlagsData {
        MemFlagsData::new().with_notrap()
    }

    fn throw_exception(&mut self, exception: Value) {
        self.throw_outside(exception, self.controls.len());
        self.reachable = false;
    }

    /// Throws where the block at `height` in the stack of blocks is left.
    fn throw_outside(&mut self, exception: Value, height: usize) {
        if let Some(handler) = self.handler_outside(height) {
            self.b.ins().jump(handler, &[exception.into()]);
            return;
        }
        self.libcall(Libcall::Throw, &[exception]);
        self.b.ins().trap(trap(TrapCode::Unreachable));
    }

    // Catching

    /// What is left to do when a block is closed and what it may have caught goes elsewhere.
    pub(crate) fn end_handlers(&mut self, control: Control) {
        match control.kind {
            Kind::TryTable { catches } => {
                if let Some(exception) = self.enter_handler(control.handler, control.handler_used) {
                    self.dispatch(&catches, exception);
                }
            }
            Kind::Try => {
                if let Some(exception) = self.enter_handler(control.handler, control.handler_used) {
                    self.throw_outside(exception, self.controls.len());
                }
            }
            Kind::Catch { exception, otherwise: Some(otherwise) } => {
                self.b.switch_to_block(otherwise);
                self.throw_outside(exception, self.controls.len());
            }
            _ => {}
        }
    }

    /// Continues in a handler's block, if anything goes there; returns the exception.
    fn enter_handler(&mut self, handler: Option<Block>, used: bool) -> Option<Value> {
        let handler = handler.filter(|_| used)?;
        self.b.seal_block(handler);
        self.b.set_cold_block(handler);
        self.b.switch_to_block(handler);
        Some(self.b.block_params(handler)[0])
    }

    fn dispatch(&mut self, catches: &[Catch], exception: Value) {
        for catch in catches {
            let (tag, label, with_exception) = match *catch {
                Catch::One { tag, label } => (Some(tag), label, false),
                Catch::OneRef { tag, label } => (Some(tag), label, true),
                Catch::All { label } => (None, label, false),
                Catch::AllRef { label } => (None, label, true),
            };
            let (target, _) = self.branch_target(label);
            let next = tag.map(|tag| self.branch_unless_tag(exception, tag));
            let mut values = tag.map_or(Vec::new(), |tag| self.exception_values(exception, tag));
            values.extend(with_exception.then_some(exception));
            self.b.ins().jump(target, &block_args(&values));
            match next {
                Some(next) => self.b.switch_to_block(next),
                None => return,
            }
        }
        self.throw_outside(exception, self.controls.len());
    }

    /// Goes on where the exception is of a tag; the block for all others is returned.
    fn branch_unless_tag(&mut self, exception: Value, tag: u32) -> Block {
        let actual =
            self.b.ins().load(POINTER, Self::exception_flags(), exception, offset_of!(VMException, tag) as i32);
        let wanted = self.load_constant(self.vmctx, self.env.layout.tag(tag) as usize);
        let same = self.b.ins().icmp(IntCC::Equal, actual, wanted);
        let [matching, next] = [(); 2].map(|()| self.b.create_block());
        self.b.ins().brif(same, matching, &[], next, &[]);
        self.b.seal_block(matching);
        self.b.seal_block(next);
        self.b.switch_to_block(matching);
        next
    }

    fn exception_values(&mut self, exception: Value, tag: u32) -> Vec<Value> {
        let ty = self.env.module.types.func(self.env.module.tags[tag as usize]);
        let layout = ObjectLayout::of_exception(ty);
        let load = |(ty, offset): (&ValType, &u32)| {
            self.b.ins().load(clif_type(*ty), Self::exception_flags(), exception, *offset as i32)
        };
        ty.params.iter().zip(&layout.offsets).map(load).collect()
    }

    // The legacy encoding

    /// `catch` and `catch_all`: ends the body or the clause before.
    fn catch(&mut self, tag: Option<u32>) {
        if matches!(self.controls.last().expect("validated").kind, Kind::Unreachable) {
            return;
        }
        if self.reachable {
            self.jump_after();
        }
        let control = self.controls.last_mut().expect("validated");
        let (handler, used, height) = (control.handler.take(), control.handler_used, control.height);
        let clause = match control.kind {
            Kind::Catch { exception, otherwise } => otherwise.map(|otherwise| (exception, otherwise)),
            _ => None,
        };
        self.stack.truncate(height);
        let exception = match clause {
            Some((exception, otherwise)) => {
                self.b.switch_to_block(otherwise);
                exception
            }
            None => match self.enter_handler(handler, used) {
                Some(exception) => exception,
                None => {
                    self.reachable = false;
                    return;
                }
            },
        };
        let otherwise = tag.map(|tag| self.branch_unless_tag(exception, tag));
        if let Some(tag) = tag {
            let values = self.exception_values(exception, tag);
            self.stack.extend(values);
        }
        self.controls.last_mut().expect("validated").kind = Kind::Catch { exception, otherwise };
        self.reachable = true;
    }

    /// Ends a `try` whose exceptions go to what is around the block at `depth`.
    fn delegate(&mut self, depth: u32) {
        if matches!(self.controls.last().expect("validated").kind, Kind::Unreachable) {
            self.controls.pop();
            return;
        }
        if self.reachable {
            self.jump_after();
        }
        let control = self.controls.pop().expect("validated");
        self.stack.truncate(control.height);
        if let Some(exception) = self.enter_handler(control.handler, control.handler_used) {
            self.throw_outside(exception, self.controls.len() - depth as usize);
        }
        self.go_on_after(control.after, control.after_used);
    }
}

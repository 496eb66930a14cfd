//! Exceptions: `try_table`, throwing, and the legacy encoding.
//!
//! Functions that catch keep their locals, context and all of the caller's registers in the frame, because none is as it was where a handler
//! begins: the exception is in `rax`, and operands outside of the `try` are in their slots.

use std::mem::offset_of;

use gantry_abi::artifact::Handler;
use gantry_abi::object::{ObjectLayout, VMException, size_class};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::StorageType;
use wasmparser::{Catch, Operator};

use crate::asm::{Alu, Cc, Gpr, Label, Mem};
use crate::call::Argument::{Const, Operand};
use crate::control::Kind;
use crate::env::Ty;
use crate::generator::{Generator, Outcome, Stop};
use crate::homes::SCRATCH;

/// Where the runtime leaves an exception.
const EXCEPTION: Gpr = Gpr::RAX;

impl Generator<'_> {
    pub fn exception_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        match op {
            Operator::TryTable { try_table } => {
                self.open_try(Kind::TryTable, try_table.ty);
                self.controls.last_mut().expect("just opened").catches = try_table.catches.clone().into();
            }
            Operator::Try { blockty } => self.open_try(Kind::Try, *blockty),
            Operator::Throw { tag_index } => self.throw(*tag_index)?,
            Operator::ThrowRef => {
                let exception = self.pop();
                let reg = self.in_register(exception);
                self.asm.test(true, reg, reg);
                self.trap_if(Cc::Equal, TrapCode::NullReference);
                self.throw_exception(reg)?;
            }
            Operator::Rethrow { relative_depth } => {
                let at = self.controls.len() - 1 - *relative_depth as usize;
                self.load_caught(self.controls[at].height);
                self.throw_exception(EXCEPTION)?;
            }
            Operator::Catch { .. } | Operator::CatchAll | Operator::Delegate { .. } => self.clause_operator(op)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Those that end a body or a clause, which need not be reachable.
    pub fn clause_operator(&mut self, op: &Operator<'_>) -> Outcome {
        match *op {
            Operator::Catch { tag_index } => self.catch(Some(tag_index)),
            Operator::CatchAll => self.catch(None),
            Operator::Delegate { relative_depth } => self.delegate(relative_depth),
            _ => Ok(()),
        }
    }

    fn open_try(&mut self, kind: Kind, ty: wasmparser::BlockType) {
        self.open_block(kind, ty);
        let handler = self.asm.label();
        self.controls.last_mut().expect("just opened").handler = Some(handler);
    }

    /// Where exceptions go that leave the block at `height` in the stack of blocks.
    fn handler_outside(&mut self, height: usize) -> Option<Label> {
        let control = self.controls[..height].iter_mut().rev().find(|control| control.handler.is_some())?;
        control.handler_used = true;
        control.handler
    }

    /// Notes where exceptions go from the call that was just made.
    pub fn note_handler(&mut self) {
        if let Some(handler) = self.handler_outside(self.controls.len()) {
            self.handlers.push((self.asm.offset(), handler));
        }
    }

    /// Where exceptions go from calls, when all labels are bound.
    pub fn finish_handlers(&self, frame: usize) -> Vec<Handler> {
        let handler = |(call, label): &(u32, Label)| Handler {
            call: *call,
            code: self.asm.offset_of(*label),
            frame: frame as u32,
        };
        self.handlers.iter().map(handler).collect()
    }

    // Throwing

    fn throw(&mut self, tag: u32) -> Outcome {
        let ty = self.env.module.types.func(self.env.module.tags[tag as usize]);
        let layout = ObjectLayout::of_exception(ty);
        // What is allocated by itself needs the barrier for each value.
        size_class(layout.size).ok_or(Stop::Unsupported)?;
        self.libcall(Libcall::ExceptionNew, 0, &[Const(tag)])?;
        let exception = self.pop();
        let reg = self.in_register(exception);
        self.asm.test(true, reg, reg);
        self.trap_if(Cc::Equal, TrapCode::OutOfHeap);
        let first = self.stack.len() - ty.params.len();
        for ((index, offset), ty) in (first..).zip(&layout.offsets).zip(&ty.params) {
            self.fill_part(StorageType::Val(*ty), Mem::new(reg, *offset as i32), self.stack[index]);
        }
        self.truncate(first);
        self.throw_exception(reg)
    }

    fn throw_exception(&mut self, exception: Gpr) -> Outcome {
        self.throw_outside(exception, self.controls.len())?;
        self.leave_path();
        Ok(())
    }

    /// Throws where the block at `height` in the stack of blocks is left.
    fn throw_outside(&mut self, exception: Gpr, height: usize) -> Outcome {
        if let Some(handler) = self.handler_outside(height) {
            self.check_calls()?;
            if exception != EXCEPTION {
                self.asm.mov(true, EXCEPTION, exception);
            }
            self.asm.jmp(handler);
            return Ok(());
        }
        self.push_gpr(Ty::I64, exception);
        self.libcall(Libcall::Throw, 1, &[Operand(0)])?;
        self.trap(TrapCode::Unreachable);
        Ok(())
    }

    // Catching

    /// Begins a handler: what is in registers for the whole function is there again.
    fn land(&mut self, handler: Label, height: usize) {
        self.asm.bind(handler);
        self.truncate(height);
        let vmctx = self.frame(self.vmctx_slot as i32);
        self.asm.mov(true, self.registers.vmctx, vmctx);
        if let Some(base) = self.registers.memory_base {
            let at = self.memory_base_at(0);
            self.load_vmctx(base, at);
        }
        self.pin_exception();
    }

    /// Keeps the exception where it is; registers that were needed otherwise are free again.
    fn pin_exception(&mut self) {
        self.owners.unpin();
        self.reserve(EXCEPTION);
    }

    /// What is left to do when a block has been closed, and what it may have caught goes elsewhere.
    pub fn end_handlers(&mut self, kind: Kind, handler: Option<Label>, catches: &[Catch], height: usize) -> Outcome {
        match (kind, handler) {
            (Kind::TryTable, Some(handler)) => {
                self.land(handler, height);
                self.dispatch(catches, height)
            }
            (Kind::Try, Some(handler)) => {
                self.land(handler, height);
                self.throw_outside(EXCEPTION, self.controls.len())
            }
            (Kind::Catch { otherwise: Some(otherwise) }, _) => {
                self.truncate(height);
                self.asm.bind(otherwise);
                self.load_caught(height);
                self.throw_outside(EXCEPTION, self.controls.len())
            }
            _ => Ok(()),
        }
    }

    fn dispatch(&mut self, catches: &[Catch], height: usize) -> Outcome {
        for catch in catches {
            let (tag, label, with_exception) = match *catch {
                Catch::One { tag, label } => (Some(tag), label, false),
                Catch::OneRef { tag, label } => (Some(tag), label, true),
                Catch::All { label } => (None, label, false),
                Catch::AllRef { label } => (None, label, true),
            };
            let next = tag.map(|tag| self.branch_unless_tag(tag));
            if let Some(tag) = tag {
                self.push_values(tag);
            }
            if with_exception {
                self.push_gpr(Ty::I64, EXCEPTION);
            }
            self.move_to_target(label);
            let target = self.join(label);
            self.asm.jmp(target);
            self.check_size()?;
            self.truncate(height);
            self.pin_exception();
            match next {
                Some(next) => self.asm.bind(next),
                None => return Ok(()),
            }
        }
        self.throw_outside(EXCEPTION, self.controls.len())
    }

    /// Goes on where the exception is of a tag. Returns where all others go.
    fn branch_unless_tag(&mut self, tag: u32) -> Label {
        let next = self.asm.label();
        let at = self.env.layout.tag(tag);
        self.scratch_from_vmctx(at);
        self.asm.alu(Alu::Cmp, true, SCRATCH, Mem::new(EXCEPTION, offset_of!(VMException, tag) as i32));
        self.asm.jcc(Cc::NotEqual, next);
        next
    }

    /// Pushes what the exception carries.
    fn push_values(&mut self, tag: u32) {
        let ty = self.env.module.types.func(self.env.module.tags[tag as usize]);
        let layout = ObjectLayout::of_exception(ty);
        for (ty, offset) in ty.params.iter().zip(&layout.offsets) {
            let (ty, from) = (Ty::from(*ty), Mem::new(EXCEPTION, *offset as i32));
            if ty.is_int() {
                let to = self.alloc();
                self.asm.mov(ty.is_wide(), to, from);
                self.push_gpr(ty, to);
            } else {
                let to = self.alloc_xmm();
                self.load_xmm(ty, to, from);
                self.push_xmm(ty, to);
            }
            self.pin_exception();
        }
    }

    // The legacy encoding: while a clause is executed, the exception is the operand below all of the clause's.

    /// Loads what a clause has caught.
    fn load_caught(&mut self, height: usize) {
        self.pin_exception();
        let slot = self.slots_below(height) + Ty::I64.slot_size();
        let from = self.frame(slot as i32);
        self.asm.mov(true, EXCEPTION, from);
    }

    /// `catch` and `catch_all`: ends the body or the clause before.
    fn catch(&mut self, tag: Option<u32>) -> Outcome {
        self.jump_behind();
        let control = self.controls.last_mut().expect("validated");
        let (handler, used, height) = (control.handler.take(), control.handler_used, control.height);
        match control.kind {
            Kind::Catch { otherwise: Some(otherwise) } => {
                self.truncate(height);
                self.asm.bind(otherwise);
                self.load_caught(height);
            }
            Kind::Try if used => {
                self.land(handler.expect("until the first clause"), height);
            }
            _ => {
                // Nothing can be caught by this clause.
                control.kind = Kind::Catch { otherwise: None };
                self.truncate(height);
                self.reachable = false;
                return Ok(());
            }
        }
        self.push_gpr(Ty::I64, EXCEPTION);
        self.settle_all();
        self.pin_exception();
        let otherwise = tag.map(|tag| self.branch_unless_tag(tag));
        if let Some(tag) = tag {
            self.push_values(tag);
        }
        self.controls.last_mut().expect("validated").kind = Kind::Catch { otherwise };
        self.reachable = true;
        self.check_size()
    }

    /// Ends a `try` whose exceptions go to what is around the block at `depth`.
    fn delegate(&mut self, depth: u32) -> Outcome {
        self.jump_behind();
        let control = self.controls.pop().expect("validated");
        if let Some(handler) = control.handler.filter(|_| control.handler_used) {
            self.land(handler, control.height);
            self.throw_outside(EXCEPTION, self.controls.len() - depth as usize)?;
        }
        self.go_on_behind(&control);
        Ok(())
    }
}

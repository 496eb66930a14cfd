//! Calls: direct, of imports, through tables and references, and of the runtime.

use std::mem::offset_of;

use gantry_abi::profile::call_counter;
use gantry_abi::vmctx::{CodeSlot, VMContextHeader, VMFuncRef, VMFunctionImport, VMStoreContext};
use gantry_abi::{AbiType, Libcall, TrapCode};
use wasmparser::Operator;

use crate::asm::{Alu, Cc, Gpr, Mem, Xmm};
use crate::env::{ARGUMENTS, Place, Signature, Ty};
use crate::generator::{Generator, Outcome, Stop};
use crate::homes::{Home, SCRATCH};
use crate::moves::{Move, Source};
use crate::stack::Loc;

/// The context that a function is called with.
const CONTEXT: Gpr = ARGUMENTS[0];
/// Holds what leads to the code while arguments are moved: none is there.
const CODE: Gpr = Gpr::RAX;

/// What is called.
#[derive(Clone, Copy)]
enum Callee {
    /// A function of this module, by its number among those.
    Defined(u32),
    Import(u32),
    /// What the reference in this register stands for.
    Reference {
        funcref: Gpr,
        null: Option<TrapCode>,
    },
}

/// An argument of a function of the runtime.
#[derive(Clone, Copy)]
pub(crate) enum Argument {
    Const(u32),
    /// An operand, counted from the lowest that the operator takes.
    Operand(usize),
}

impl Generator<'_> {
    pub fn call_operator(&mut self, op: &Operator<'_>) -> Outcome<bool> {
        match op {
            Operator::Call { function_index } => {
                let (callee, ty) = self.known(*function_index);
                self.call(callee, ty)?;
            }
            Operator::CallIndirect { type_index, table_index } => {
                let callee = self.indirect(*type_index, *table_index)?;
                self.call(callee, *type_index)?;
            }
            Operator::CallRef { type_index } => {
                let callee = self.reference();
                self.call(callee, *type_index)?;
            }
            Operator::ReturnCall { function_index } => {
                self.poll_interrupt();
                let (callee, ty) = self.known(*function_index);
                self.return_call(callee, ty)?;
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.poll_interrupt();
                let callee = self.indirect(*type_index, *table_index)?;
                self.return_call(callee, *type_index)?;
            }
            Operator::ReturnCallRef { type_index } => {
                self.poll_interrupt();
                let callee = self.reference();
                self.return_call(callee, *type_index)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn known(&self, func: u32) -> (Callee, u32) {
        let module = self.env.module;
        let callee = module.defined_func(func).map_or(Callee::Import(func), Callee::Defined);
        (callee, module.funcs[func as usize])
    }

    /// Pops an index and finds the function there, which must be of the type.
    fn indirect(&mut self, ty: u32, table: u32) -> Outcome<Callee> {
        if !self.env.module.types.get(ty).is_final {
            return Err(Stop::Unsupported);
        }
        let funcref = self.table_element(table, TrapCode::UndefinedElement);
        self.scratch_from_vmctx(offset_of!(VMContextHeader, type_ids) as u32);
        self.asm.mov(false, SCRATCH, Mem::new(SCRATCH, ty as i32 * 4));
        // Faults on null.
        self.may_trap(TrapCode::UninitializedElement);
        self.asm.alu(Alu::Cmp, false, SCRATCH, Mem::new(funcref, offset_of!(VMFuncRef, type_id) as i32));
        self.trap_if(Cc::NotEqual, TrapCode::IndirectCallTypeMismatch);
        Ok(Callee::Reference { funcref, null: None })
    }

    fn reference(&mut self) -> Callee {
        let funcref = self.pop();
        let funcref = self.in_register(funcref);
        Callee::Reference { funcref, null: Some(TrapCode::NullFunction) }
    }

    /// Moves a reference to where it stays while arguments are moved.
    fn keep_reference(&mut self, callee: Callee) {
        if let Callee::Reference { funcref, .. } = callee {
            self.reserve(CODE);
            if funcref != CODE {
                self.asm.mov(true, CODE, funcref);
            }
        }
    }

    fn call(&mut self, callee: Callee, ty: u32) -> Outcome {
        let signature = self.env.signature(ty);
        if !signature.in_registers {
            return Err(Stop::Unsupported);
        }
        self.keep_reference(callee);
        let count = signature.params.len();
        self.prepare_call(count)?;
        let mut moves = Vec::with_capacity(count + 1);
        self.pass_arguments(signature, &mut moves);
        self.move_to_registers(&mut moves);
        self.count_call(callee);
        let code = self.code_of(callee);
        self.mark();
        self.asm.call(code);
        self.note_handler();
        self.truncate(self.stack.len() - count);
        let places = signature.results.iter().copied().zip(signature.result_places.iter().copied());
        self.take_results(places);
        Ok(())
    }

    /// Notes that a function of this module is called.
    fn count_call(&mut self, callee: Callee) {
        if let Callee::Defined(_) = callee
            && self.env.counts
        {
            let counter = call_counter(self.env.module.defined_funcs(), self.position);
            self.add_to_counter(self.registers.vmctx, counter);
        }
    }

    /// Stores what a call does not keep, but for the topmost operands, which are its arguments.
    fn prepare_call(&mut self, arguments: usize) -> Outcome {
        self.check_calls()?;
        self.settle_registers(self.stack.len() - arguments);
        self.save_homes();
        Ok(())
    }

    /// Whether a function that calls can be made of this one.
    pub fn check_calls(&self) -> Outcome {
        // Otherwise nobody has told the scan of this call.
        if self.registers.vmctx == CONTEXT { Err(Stop::Unsupported) } else { Ok(()) }
    }

    /// Stores homes that a call does not keep.
    fn save_homes(&mut self) {
        for index in 0..self.registers.volatile.len() {
            let local = self.locals[self.registers.volatile[index] as usize];
            let to = self.frame(local.slot);
            match local.home {
                Home::Gpr(reg) => self.asm.store(local.ty.is_wide(), to, reg),
                Home::Xmm(reg) => self.store_xmm(local.ty, to, reg),
                Home::Frame => {}
            }
        }
    }

    /// Stores all that a call does not keep. Operands stay where they are.
    pub fn save_registers(&mut self) {
        for index in self.settled..self.stack.len() {
            let entry = self.stack[index];
            if matches!(entry.loc, Loc::Gpr(_) | Loc::Xmm(_)) {
                self.store_to_slot(entry, entry.slot);
            }
        }
        self.save_homes();
    }

    /// Reads all of it again.
    pub fn load_registers(&mut self) {
        for index in self.settled..self.stack.len() {
            let entry = self.stack[index];
            let from = self.frame(entry.slot as i32);
            match entry.loc {
                Loc::Gpr(reg) => self.asm.mov(entry.ty.is_wide(), reg, from),
                Loc::Xmm(reg) => self.load_xmm(entry.ty, reg, from),
                _ => {}
            }
        }
        self.restore_homes();
    }

    /// Reads again what a call has not kept.
    fn restore_homes(&mut self) {
        for index in 0..self.registers.volatile.len() {
            let local = self.locals[self.registers.volatile[index] as usize];
            let from = self.frame(local.slot);
            match local.home {
                Home::Gpr(reg) => self.asm.mov(local.ty.is_wide(), reg, from),
                Home::Xmm(reg) => self.load_xmm(local.ty, reg, from),
                Home::Frame => {}
            }
        }
    }

    /// Stores arguments on the stack and says where the others are to be moved.
    fn pass_arguments(&mut self, signature: &Signature, moves: &mut Vec<Move>) {
        let first = self.stack.len() - signature.params.len();
        if signature.stack_args > 0 {
            self.outgoing = self.outgoing.max(signature.stack_args);
            self.asm.alu_imm(Alu::Sub, true, Gpr::RSP, signature.stack_args as i32);
        }
        for (index, (ty, place)) in signature.params.iter().zip(&signature.param_places).enumerate() {
            let from = self.source(self.stack[first + index]);
            match *place {
                Place::Stack(at) => self.move_to_memory(from, *ty, Mem::new(Gpr::RSP, at as i32)),
                to => moves.push(Move { from, ty: *ty, to }),
            }
        }
    }

    /// Says who calls, loads the callee's context, and finds its code.
    fn code_of(&mut self, callee: Callee) -> Mem {
        let vmctx = self.registers.vmctx;
        if let Callee::Defined(func) = callee {
            self.load_vmctx(CODE, offset_of!(VMContextHeader, code_table) as u32);
            self.asm.mov(true, CONTEXT, vmctx);
            return Mem::new(CODE, (func as usize * size_of::<CodeSlot>()) as i32);
        }
        self.load_store_context(SCRATCH);
        self.asm.store(true, Mem::new(SCRATCH, offset_of!(VMStoreContext, caller) as i32), vmctx);
        match callee {
            Callee::Reference { null, .. } => {
                if let Some(null) = null {
                    self.may_trap(null);
                }
                self.asm.mov(true, CONTEXT, Mem::new(CODE, offset_of!(VMFuncRef, vmctx) as i32));
                self.asm.mov(true, CODE, Mem::new(CODE, offset_of!(VMFuncRef, slot) as i32));
            }
            Callee::Import(func) | Callee::Defined(func) => {
                let import = self.env.layout.function_import(func);
                self.load_vmctx(CODE, import + offset_of!(VMFunctionImport, slot) as u32);
                self.load_vmctx(CONTEXT, import + offset_of!(VMFunctionImport, vmctx) as u32);
            }
        }
        Mem::new(CODE, 0)
    }

    /// Pushes results that are in registers and gets locals back.
    fn take_results(&mut self, results: impl Iterator<Item = (Ty, Place)>) {
        for (ty, place) in results {
            let loc = match place {
                Place::Gpr(reg) => Loc::Gpr(reg),
                Place::Xmm(reg) => Loc::Xmm(reg),
                Place::Stack(_) => unreachable!("such functions are not called"),
            };
            // The upper half is anything.
            if let (Ty::I32, Loc::Gpr(reg)) = (ty, loc) {
                self.asm.mov(false, reg, reg);
            }
            if self.owners.is_temp(loc) {
                self.push(ty, loc);
            } else {
                self.push(ty, Loc::Slot);
                let mut entry = *self.stack.last().expect("just pushed");
                entry.loc = loc;
                self.store_to_slot(entry, entry.slot);
            }
        }
        self.restore_homes();
    }

    /// Calls a function in place of this one, whose frame is gone by then.
    fn return_call(&mut self, callee: Callee, ty: u32) -> Outcome {
        let signature = self.env.signature(ty);
        if !signature.in_registers || signature.stack_args > 0 {
            return Err(Stop::Unsupported);
        }
        self.keep_reference(callee);
        let mut moves = Vec::with_capacity(signature.params.len());
        let first = self.stack.len() - signature.params.len();
        for (index, (ty, place)) in signature.params.iter().zip(&signature.param_places).enumerate() {
            let from = self.source(self.stack[first + index]);
            moves.push(Move { from, ty: *ty, to: *place });
        }
        self.move_to_registers(&mut moves);
        self.count_call(callee);
        let code = self.code_of(callee);
        self.asm.mov(true, CODE, code);
        self.leave_frame();
        let own = self.signature.stack_args;
        if own > 0 {
            self.asm.mov(true, SCRATCH, Mem::new(Gpr::RSP, 0));
            self.asm.alu_imm(Alu::Add, true, Gpr::RSP, own as i32);
            self.asm.store(true, Mem::new(Gpr::RSP, 0), SCRATCH);
        }
        self.mark();
        self.asm.jmp_to(CODE);
        self.leave_path();
        Ok(())
    }

    // The runtime

    /// Calls a function of the runtime, which takes the topmost `count` operands and constants. The result is pushed.
    pub fn libcall(&mut self, libcall: Libcall, count: usize, arguments: &[Argument]) -> Outcome {
        self.prepare_call(count)?;
        let described = libcall.signature();
        let (mut gprs, mut vectors) = (ARGUMENTS.iter(), (0..8).map(Xmm));
        let mut moves = Vec::with_capacity(arguments.len() + 1);
        if described.vmctx {
            let from = Source::Gpr(self.registers.vmctx);
            moves.push(Move { from, ty: Ty::I64, to: Place::Gpr(*gprs.next().expect("six")) });
        }
        let first = self.stack.len() - count;
        for argument in arguments {
            let (from, ty) = match *argument {
                Argument::Const(value) => (Source::Const(i64::from(value)), Ty::I64),
                // 32 bits extend with zeros to what the runtime wants.
                Argument::Operand(index) => (self.source(self.stack[first + index]), self.stack[first + index].ty),
            };
            let to = if ty.is_int() { gprs.next().copied().map(Place::Gpr) } else { vectors.next().map(Place::Xmm) };
            moves.push(Move { from, ty, to: to.ok_or(Stop::Unsupported)? });
        }
        self.move_to_registers(&mut moves);
        self.load_vmctx(CODE, offset_of!(VMContextHeader, libcalls) as u32);
        self.mark();
        self.asm.call(Mem::new(CODE, libcall as i32 * 8));
        self.truncate(first);
        let result = described.result.map(|ty| match ty {
            AbiType::I32 => (Ty::I32, Place::Gpr(Gpr::RAX)),
            AbiType::I64 | AbiType::Ptr => (Ty::I64, Place::Gpr(Gpr::RAX)),
            AbiType::F32 => (Ty::F32, Place::Xmm(Xmm(0))),
            AbiType::F64 => (Ty::F64, Place::Xmm(Xmm(0))),
        });
        self.take_results(result.into_iter());
        Ok(())
    }

    /// Calls a function of the runtime that returns non-zero for its one reason to fail.
    pub fn checked_libcall(
        &mut self,
        libcall: Libcall,
        count: usize,
        arguments: &[Argument],
        reason: TrapCode,
    ) -> Outcome {
        self.libcall(libcall, count, arguments)?;
        let failed = self.pop();
        let failed = self.in_register(failed);
        self.asm.test(false, failed, failed);
        self.trap_if(Cc::NotEqual, reason);
        Ok(())
    }
}

//! What a function does on entry and before it returns.
//!
//! From the frame pointer downwards: registers kept for the caller, the poll page's address, locals, operands. The size is
//! known at the end only, and written into the prologue then.

use std::mem::offset_of;

use gantry_abi::TrapCode;
use gantry_abi::vmctx::{VMContextHeader, VMStoreContext};

use crate::asm::{Alu, Cc, Gpr, Mem};
use crate::env::{Place, Ty};
use crate::generator::{Generator, Local};
use crate::homes::{Home, SCRATCH, VECTOR_SCRATCH};
use crate::moves::{Move, Source};
use crate::scan::Scan;

/// Holds the store's context in the prologue: no argument is there.
const STORE: Gpr = Gpr::R10;
/// Bytes above the frame pointer where arguments on the stack begin.
const ARGUMENTS_BASE: i32 = 16;
/// Bytes of arguments for which there is room below the stack's limit.
const ROOM_BELOW: u32 = 256;
/// From this many slots on, they are set to zero by one instruction.
const MANY_SLOTS: u32 = 32;

impl Generator<'_> {
    /// Says where locals live. Those that nobody uses have no slot.
    pub fn lay_out_frame(&mut self, scan: &Scan, homes: &[Home]) {
        self.frame_base = 8 * self.registers.saved.len() as u32;
        if scan.polls {
            self.frame_base += 8;
            self.poll_slot = self.frame_base;
        }
        if scan.catches {
            self.frame_base += 8;
            self.vmctx_slot = self.frame_base;
        }
        self.locals.clear();
        let signature = self.signature;
        for (index, (ty, home)) in scan.locals.iter().zip(homes).enumerate() {
            let argument = signature.param_places.get(index);
            let slot = match argument {
                Some(Place::Stack(at)) => -(ARGUMENTS_BASE + *at as i32),
                _ if scan.uses[index] == 0 || self.needs_no_slot(index as u32, *home) => 0,
                _ => {
                    self.frame_base += ty.slot_size();
                    self.frame_base as i32
                }
            };
            self.locals.push(Local { ty: *ty, home: *home, slot, pending: 0 });
        }
        self.frame_size = self.frame_base;
    }

    /// Whether a local stays in its register all the time.
    fn needs_no_slot(&self, local: u32, home: Home) -> bool {
        home != Home::Frame && !self.registers.volatile.contains(&local)
    }

    /// Code for the entry. Returns where the frame's size is to be written.
    pub fn prologue(&mut self, scan: &Scan, is_checked: bool) -> u32 {
        self.asm.push(Gpr::RBP);
        self.asm.mov(true, Gpr::RBP, Gpr::RSP);
        self.count(Gpr::RDI);
        let size_at = if is_checked { self.check_stack() } else { self.make_frame(Gpr::RSP) };
        for (index, reg) in self.registers.saved.clone().into_iter().enumerate() {
            let to = self.frame(8 * (index as i32 + 1));
            self.asm.store(true, to, reg);
        }
        if scan.polls {
            self.asm.mov(true, STORE, Mem::new(Gpr::RDI, offset_of!(VMContextHeader, store) as i32));
            self.asm.mov(true, STORE, Mem::new(STORE, offset_of!(VMStoreContext, poll) as i32));
            let to = self.frame(self.poll_slot as i32);
            self.asm.store(true, to, STORE);
        }
        if scan.catches {
            let to = self.frame(self.vmctx_slot as i32);
            self.asm.store(true, to, Gpr::RDI);
        }
        if self.registers.vmctx != Gpr::RDI {
            self.asm.mov(true, self.registers.vmctx, Gpr::RDI);
        }
        self.receive_arguments();
        if let Some(base) = self.registers.memory_base {
            let at = self.memory_base_at(0);
            self.load_vmctx(base, at);
        }
        self.clear_locals(scan);
        size_at
    }

    /// Traps when the frame would go below the stack's limit, and makes it.
    fn check_stack(&mut self) -> u32 {
        self.asm.mov(true, STORE, Mem::new(Gpr::RDI, offset_of!(VMContextHeader, store) as i32));
        let size_at = self.make_frame(SCRATCH);
        self.asm.alu(Alu::Cmp, true, SCRATCH, Mem::new(STORE, offset_of!(VMStoreContext, stack_limit) as i32));
        self.trap_if(Cc::Below, TrapCode::StackOverflow);
        self.asm.mov(true, Gpr::RSP, SCRATCH);
        size_at
    }

    /// Takes the frame's size from the stack pointer. Returns where it is to be written.
    fn make_frame(&mut self, to: Gpr) -> u32 {
        // The displacement is that of a large frame until it is known.
        self.asm.lea(true, to, Mem::new(Gpr::RSP, i32::MIN));
        self.asm.offset() - 4
    }

    /// Writes the frame's size into the prologue.
    pub fn finish_frame(&mut self, size_at: u32) -> usize {
        // Few arguments on the stack may lie below the limit.
        let outgoing = if self.outgoing > ROOM_BELOW { self.outgoing } else { 0 };
        let size = (self.frame_size + outgoing).next_multiple_of(16);
        self.asm.patch(size_at, (size as i32).wrapping_neg() as u32);
        size as usize
    }

    fn receive_arguments(&mut self) {
        let signature = self.signature;
        let mut moves = Vec::new();
        for (index, (ty, place)) in signature.params.iter().zip(&signature.param_places).enumerate() {
            let Local { home, slot, .. } = self.locals[index];
            let (from, from_stack) = match *place {
                Place::Gpr(reg) => (Source::Gpr(reg), false),
                Place::Xmm(reg) => (Source::Xmm(reg), false),
                Place::Stack(_) => (Source::Mem(self.frame(slot)), true),
            };
            match home {
                Home::Gpr(reg) => moves.push(Move { from, ty: *ty, to: Place::Gpr(reg) }),
                Home::Xmm(reg) => moves.push(Move { from, ty: *ty, to: Place::Xmm(reg) }),
                // Slot 0: nobody uses it.
                Home::Frame if from_stack || slot == 0 => {}
                Home::Frame => self.move_to_memory(from, *ty, self.frame(slot)),
            }
        }
        self.move_to_registers(&mut moves);
        // The upper halves of 32-bit arguments are anything.
        for (index, place) in signature.param_places.iter().enumerate() {
            if let Local { ty: Ty::I32, home: Home::Gpr(home), .. } = self.locals[index]
                && *place == Place::Gpr(home)
            {
                self.asm.mov(false, home, home);
            }
        }
    }

    fn clear_locals(&mut self, scan: &Scan) {
        let first = self.signature.params.len();
        let (mut lowest, mut highest) = (i32::MAX, 0);
        for (index, local) in self.locals.iter().enumerate().skip(first) {
            match local.home {
                _ if scan.uses[index] == 0 => {}
                Home::Gpr(reg) => self.asm.alu(Alu::Xor, false, reg, reg),
                Home::Xmm(reg) => self.asm.zero_xmm(reg),
                Home::Frame => {
                    lowest = lowest.min(local.slot - local.ty.slot_size() as i32);
                    highest = highest.max(local.slot);
                }
            }
        }
        if highest > 0 {
            self.clear_slots(lowest, highest);
        }
    }

    /// Sets a part of the frame to zero, given by its ends below the frame pointer.
    fn clear_slots(&mut self, lowest: i32, highest: i32) {
        let count = (highest - lowest) as u32 / 8;
        if count > MANY_SLOTS {
            return self.clear_many(highest, count);
        }
        let mut at = highest;
        if count > 1 {
            self.asm.zero_xmm(VECTOR_SCRATCH);
        }
        while at - lowest >= 16 {
            let to = self.frame(at);
            self.asm.store_vector(to, VECTOR_SCRATCH);
            at -= 16;
        }
        if at > lowest {
            let to = self.frame(at);
            self.asm.store_imm(true, to, 0);
        }
    }

    fn clear_many(&mut self, highest: i32, count: u32) {
        // The context may be in rdi; all arguments are in their homes.
        self.asm.mov(true, SCRATCH, Gpr::RDI);
        let start = self.frame(highest);
        self.asm.lea(true, Gpr::RDI, start);
        self.asm.mov_imm(Gpr::RCX, i64::from(count));
        self.asm.mov_imm(Gpr::RAX, 0);
        self.asm.rep_stosq();
        self.asm.mov(true, Gpr::RDI, SCRATCH);
    }

    /// Restores what was kept for the caller and takes the frame away.
    pub fn leave_frame(&mut self) {
        for (index, reg) in self.registers.saved.clone().into_iter().enumerate() {
            let from = self.frame(8 * (index as i32 + 1));
            self.asm.mov(true, reg, from);
        }
        self.asm.leave();
    }

    pub fn epilogue(&mut self) {
        self.leave_frame();
        self.asm.ret(self.signature.stack_args as u16);
    }
}

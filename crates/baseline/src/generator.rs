//! The state of one function's compilation, and what all operator families share.

use std::mem::offset_of;

use gantry_abi::TrapCode;
use gantry_abi::vmctx::VMContextHeader;
use wasmparser::{BinaryReaderError, Operator};

use crate::asm::{Alu, Assembler, Cc, Gpr, Label, Mem};
use crate::control::Control;
use crate::env::{ModuleEnv, Signature, Ty};
use crate::homes::{Home, Registers, SCRATCH};
use crate::stack::{Entry, Loc, Owners};

/// Bytes of code that a function may have: short operators can stand for many moves.
const LARGEST: u32 = 1 << 26;

/// Why no code was made.
pub(crate) enum Stop {
    /// The body is malformed.
    Malformed(BinaryReaderError),
    /// There is an operator, or a use of one, that this compiler does not know.
    Unsupported,
}

impl From<BinaryReaderError> for Stop {
    fn from(error: BinaryReaderError) -> Stop {
        Stop::Malformed(error)
    }
}

pub(crate) type Outcome<T = ()> = Result<T, Stop>;

/// A local.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    pub ty: Ty,
    pub home: Home,
    /// Bytes below the frame pointer; negative for arguments on the stack.
    pub slot: i32,
    /// Operands that stand for its present value.
    pub pending: u32,
}

/// A trapping instruction to be placed behind the function.
struct ColdTrap {
    label: Label,
    code: TrapCode,
    position: u32,
}

/// Allocations that are used again for the next function.
#[derive(Default)]
pub(crate) struct Buffers {
    pub asm: Assembler,
    pub stack: Vec<Entry>,
    pub locals: Vec<Local>,
    pub homes: Vec<Home>,
}

/// One function being compiled.
pub(crate) struct Generator<'a> {
    pub asm: &'a mut Assembler,
    pub env: &'a ModuleEnv<'a>,
    pub signature: &'a Signature,
    /// The function's number among those of the module.
    pub index: u32,
    pub registers: Registers,
    /// Operands, the top last.
    pub stack: &'a mut Vec<Entry>,
    /// Operands below this are constants or in their slots.
    pub settled: usize,
    pub owners: Owners,
    pub locals: &'a mut Vec<Local>,
    pub controls: Vec<Control<'a>>,
    pub reachable: bool,
    /// Blocks that were opened where nothing is reachable.
    pub skipped: u32,
    /// Bytes below the frame pointer that are in use for good.
    pub frame_base: u32,
    /// Bytes below the frame pointer that were ever in use.
    pub frame_size: u32,
    /// The most that was ever taken for arguments on the stack.
    pub outgoing: u32,
    /// Where the address of the poll page is.
    pub poll_slot: u32,
    /// Where the context is for handlers of exceptions, if there are any.
    pub vmctx_slot: u32,
    /// Offsets behind calls, and where exceptions go from there.
    pub handlers: Vec<(u32, Label)>,
    pub epilogue: Label,
    /// The present operator's offset in the module.
    pub position: u32,
    pub writes_tables: bool,
    pub traps: Vec<(u32, TrapCode)>,
    pub positions: Vec<(u32, u32)>,
    cold: Vec<ColdTrap>,
}

impl<'a> Generator<'a> {
    pub fn new(
        env: &'a ModuleEnv<'a>,
        signature: &'a Signature,
        index: u32,
        buffers: &'a mut Buffers,
        registers: Registers,
    ) -> Generator<'a> {
        let Buffers { asm, stack, locals, .. } = buffers;
        asm.clear();
        stack.clear();
        let epilogue = asm.label();
        let owners = Owners::new(registers.temps, registers.vector_temps);
        Generator {
            asm,
            env,
            signature,
            index,
            registers,
            stack,
            settled: 0,
            owners,
            locals,
            controls: Vec::new(),
            reachable: true,
            skipped: 0,
            frame_base: 0,
            frame_size: 0,
            outgoing: 0,
            poll_slot: 0,
            vmctx_slot: 0,
            handlers: Vec::new(),
            epilogue,
            position: u32::MAX,
            writes_tables: false,
            traps: Vec::new(),
            positions: vec![(0, u32::MAX)],
            cold: Vec::new(),
        }
    }

    /// Makes code for an operator.
    pub fn operator(&mut self, op: &Operator<'_>, offset: u64) -> Outcome {
        self.position = offset as u32;
        if !self.reachable {
            self.unreachable_operator(op)?;
            self.owners.unpin();
            return Ok(());
        }
        if let Some(Entry { loc: Loc::Flags(_), .. }) = self.stack.last()
            && !matches!(op, Operator::BrIf { .. } | Operator::If { .. } | Operator::I32Eqz | Operator::Select)
        {
            self.settle_flags();
        }
        let handled = self.variable_operator(op)
            || self.integer_operator(op)
            || self.memory_operator(op)
            || self.control_operator(op)?
            || self.call_operator(op)?
            || self.float_operator(op)?
            || self.conversion_operator(op)
            || self.table_operator(op)?
            || self.bulk_operator(op)?
            || self.atomic_operator(op)?
            || self.simd_operator(op)
            || self.object_operator(op)?
            || self.array_operator(op)?
            || self.cast_operator(op)?
            || self.exception_operator(op)?;
        self.owners.unpin();
        self.check_size()?;
        if handled && !self.owners.exhausted { Ok(()) } else { Err(Stop::Unsupported) }
    }

    /// Gives up where there is too much code.
    pub fn check_size(&self) -> Outcome {
        if self.asm.offset() > LARGEST { Err(Stop::Unsupported) } else { Ok(()) }
    }

    // Traps and positions

    /// Says that the next instruction belongs to the present operator.
    pub fn mark(&mut self) {
        let (offset, position) = (self.asm.offset(), self.position);
        if self.positions.last().is_some_and(|(_, last)| *last != position) {
            self.positions.push((offset, position));
        }
    }

    /// Says that the next instruction may fault.
    pub fn may_trap(&mut self, code: TrapCode) {
        self.mark();
        self.traps.push((self.asm.offset(), code));
    }

    /// Traps here.
    pub fn trap(&mut self, code: TrapCode) {
        self.may_trap(code);
        self.asm.ud2();
    }

    /// Where a trap of the present operator is raised.
    pub fn cold_trap(&mut self, code: TrapCode) -> Label {
        if let Some(last) = self.cold.last()
            && last.code == code
            && last.position == self.position
        {
            return last.label;
        }
        let label = self.asm.label();
        self.cold.push(ColdTrap { label, code, position: self.position });
        label
    }

    /// Traps if the flags say so.
    pub fn trap_if(&mut self, cc: Cc, code: TrapCode) {
        let label = self.cold_trap(code);
        self.asm.jcc(cc, label);
    }

    /// Places all traps that are raised out of line.
    pub fn place_cold_traps(&mut self) {
        for ColdTrap { label, code, position } in std::mem::take(&mut self.cold) {
            self.position = position;
            self.asm.bind(label);
            self.trap(code);
        }
    }

    // The runtime's data

    /// A field of the context.
    pub fn vmctx(&self, offset: u32) -> Mem {
        Mem::new(self.registers.vmctx, offset as i32)
    }

    /// Notes that the function was entered or a loop went round. Not atomic: what gets lost does not matter.
    pub fn count(&mut self, vmctx: Gpr) {
        if self.env.counts {
            self.add_to_counter(vmctx, self.index as usize);
        }
    }

    pub fn add_to_counter(&mut self, vmctx: Gpr, counter: usize) {
        self.asm.mov(true, SCRATCH, Mem::new(vmctx, offset_of!(VMContextHeader, counters) as i32));
        self.asm.alu_imm(Alu::Add, false, Mem::new(SCRATCH, counter as i32 * 4), 1);
    }

    /// Loads the address of the store's context.
    pub fn load_store_context(&mut self, to: Gpr) {
        let store = self.vmctx(offset_of!(VMContextHeader, store) as u32);
        self.asm.mov(true, to, store);
    }

    /// Where something in the frame is.
    pub fn frame(&self, slot: i32) -> Mem {
        Mem::new(Gpr::RBP, -slot)
    }

    /// Loads a pointer from the context.
    pub fn load_vmctx(&mut self, to: Gpr, offset: u32) {
        let from = self.vmctx(offset);
        self.asm.mov(true, to, from);
    }

    /// Loads a pointer from the context into the scratch register.
    pub fn scratch_from_vmctx(&mut self, offset: u32) {
        self.load_vmctx(SCRATCH, offset);
    }
}

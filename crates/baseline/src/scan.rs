//! A first look at a body: validates it if nobody has, and finds out what decides how registers are used.

use gantry_module::{FunctionBody, Result};
use wasmparser::{FuncValidatorAllocations, MemArg, MemArgTarget, Operator};

use crate::env::{ModuleEnv, Ty};

/// What a body does, weighted: what is in a loop counts eight times.
#[derive(Default)]
pub(crate) struct Scan {
    /// Types of parameters and locals.
    pub locals: Vec<Ty>,
    /// How often each is used.
    pub uses: Vec<u32>,
    /// How often functions are called.
    pub calls: u32,
    /// Functions that are called by index, where they are.
    pub callees: Vec<u32>,
    /// How often memory 0 is accessed.
    pub accesses: u32,
    /// Whether it may go round.
    pub polls: bool,
    /// Whether it may catch exceptions.
    pub catches: bool,
}

/// Loops deeper than this count as much as these.
const DEEPEST: usize = 5;

impl Scan {
    /// Reads a body.
    pub fn read(
        &mut self,
        env: &ModuleEnv<'_>,
        body: &FunctionBody,
        allocations: &mut FuncValidatorAllocations,
        validate: bool,
    ) -> Result<()> {
        let mut validator = validate.then(|| body.validator(std::mem::take(allocations)));
        let func = body.index + env.module.imported_funcs;
        let signature = env.signature(env.module.funcs[func as usize]);
        self.clear();
        self.locals.extend_from_slice(&signature.params);
        let reader = body.reader();
        let mut locals = reader.get_locals_reader()?;
        for _ in 0..locals.get_count() {
            let offset = locals.original_position();
            let (count, ty) = locals.read()?;
            if let Some(validator) = &mut validator {
                validator.define_locals(offset, count, ty)?;
            }
            self.locals.extend(std::iter::repeat_n(Ty::from(ty), count as usize));
        }
        self.uses.resize(self.locals.len(), 0);
        let mut operators = reader.get_operators_reader()?;
        let mut loops = Loops::default();
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            if let Some(validator) = &mut validator {
                validator.op(offset, &operator)?;
            }
            self.count(&operator, &mut loops);
        }
        if let Some(validator) = validator {
            operators.finish()?;
            *allocations = validator.into_allocations();
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.locals.clear();
        self.uses.clear();
        self.callees.clear();
        (self.calls, self.accesses, self.polls, self.catches) = (0, 0, false, false);
    }

    #[inline]
    fn count(&mut self, operator: &Operator<'_>, loops: &mut Loops) {
        if let Operator::Call { function_index } | Operator::ReturnCall { function_index } = operator {
            self.callees.push(*function_index);
        }
        match operator {
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => {
                let uses = &mut self.uses[*local_index as usize];
                *uses = uses.saturating_add(loops.weight());
            }
            Operator::Loop { .. } => {
                self.polls = true;
                loops.open(true);
            }
            Operator::TryTable { .. } | Operator::Try { .. } => {
                self.catches = true;
                loops.open(false);
            }
            Operator::Block { .. } | Operator::If { .. } => loops.open(false),
            Operator::End | Operator::Delegate { .. } => loops.close(),
            Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => {
                self.polls = true;
            }
            other if calls(other) => self.calls = self.calls.saturating_add(loops.weight()),
            other if accessed_memory(other) == Some(0) => self.accesses = self.accesses.saturating_add(loops.weight()),
            _ => {}
        }
    }
}

/// The blocks around an operator.
#[derive(Default)]
struct Loops {
    blocks: Vec<bool>,
    depth: usize,
}

impl Loops {
    fn open(&mut self, is_loop: bool) {
        self.blocks.push(is_loop);
        self.depth += usize::from(is_loop);
    }

    fn close(&mut self) {
        self.depth -= usize::from(self.blocks.pop() == Some(true));
    }

    fn weight(&self) -> u32 {
        1 << (3 * self.depth.min(DEEPEST))
    }
}

/// Whether code for it calls a function of the module, the host or the runtime.
fn calls(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::Call { .. }
            | O::CallIndirect { .. }
            | O::CallRef { .. }
            | O::StructNew { .. }
            | O::StructNewDefault { .. }
            | O::StructSet { .. }
            | O::ArrayNew { .. }
            | O::ArrayNewDefault { .. }
            | O::ArrayNewFixed { .. }
            | O::ArrayNewData { .. }
            | O::ArrayNewElem { .. }
            | O::ArraySet { .. }
            | O::ArrayCopy { .. }
            | O::ArrayFill { .. }
            | O::Throw { .. }
            | O::ThrowRef
            | O::Rethrow { .. }
            | O::MemoryGrow { .. }
            | O::MemoryCopy { .. }
            | O::MemoryFill { .. }
            | O::MemoryInit { .. }
            | O::DataDrop { .. }
            | O::TableGrow { .. }
            | O::TableCopy { .. }
            | O::TableFill { .. }
            | O::TableInit { .. }
            | O::ElemDrop { .. }
            | O::MemoryAtomicWait32 { .. }
            | O::MemoryAtomicWait64 { .. }
            | O::MemoryAtomicNotify { .. }
    )
}

/// The memory that a load or store accesses.
fn accessed_memory(operator: &Operator<'_>) -> Option<u32> {
    use Operator as O;
    let memarg = match operator {
        O::I32Load { memarg }
        | O::I64Load { memarg }
        | O::F32Load { memarg }
        | O::F64Load { memarg }
        | O::I32Load8S { memarg }
        | O::I32Load8U { memarg }
        | O::I32Load16S { memarg }
        | O::I32Load16U { memarg }
        | O::I64Load8S { memarg }
        | O::I64Load8U { memarg }
        | O::I64Load16S { memarg }
        | O::I64Load16U { memarg }
        | O::I64Load32S { memarg }
        | O::I64Load32U { memarg }
        | O::I32Store { memarg }
        | O::I64Store { memarg }
        | O::F32Store { memarg }
        | O::F64Store { memarg }
        | O::I32Store8 { memarg }
        | O::I32Store16 { memarg }
        | O::I64Store8 { memarg }
        | O::I64Store16 { memarg }
        | O::I64Store32 { memarg }
        | O::V128Load { memarg }
        | O::V128Store { memarg }
        | O::V128Load8x8S { memarg }
        | O::V128Load8x8U { memarg }
        | O::V128Load16x4S { memarg }
        | O::V128Load16x4U { memarg }
        | O::V128Load32x2S { memarg }
        | O::V128Load32x2U { memarg }
        | O::V128Load8Splat { memarg }
        | O::V128Load16Splat { memarg }
        | O::V128Load32Splat { memarg }
        | O::V128Load64Splat { memarg }
        | O::V128Load32Zero { memarg }
        | O::V128Load64Zero { memarg }
        | O::V128Load8Lane { memarg, .. }
        | O::V128Load16Lane { memarg, .. }
        | O::V128Load32Lane { memarg, .. }
        | O::V128Load64Lane { memarg, .. }
        | O::V128Store8Lane { memarg, .. }
        | O::V128Store16Lane { memarg, .. }
        | O::V128Store32Lane { memarg, .. }
        | O::V128Store64Lane { memarg, .. } => memarg,
        _ => return None,
    };
    Some(memory_index(memarg))
}

pub(crate) fn memory_index(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(index) => index,
        MemArgTarget::Array(_) => unreachable!("validation refuses accesses to arrays: not enabled"),
    }
}

//! One function: from Cranelift IR to machine code and what must be known of it.

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{self, ExternalName};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{
    CodegenResult, CompiledCode, Context, Final, FinalizedMachExceptionHandler, FinalizedRelocTarget,
    MachBufferFinalized, binemit,
};
use gantry_abi::TrapCode;
use gantry_abi::artifact::{Handler, INLINED, Inlined, NO_POSITION};
use gantry_module::FunctionBody;
use gantry_translate::Inlinable;

use crate::placement::Places;
use crate::{remat, shapes};

/// A call of another function of the module, to be linked.
pub(crate) struct Call {
    /// Where the instruction's operand is.
    pub offset: u32,
    /// How it is encoded.
    pub kind: binemit::Reloc,
    /// Added to the target.
    pub addend: i64,
    /// The function index called.
    pub callee: u32,
}

/// Machine code of one function. Offsets count from its start.
pub(crate) struct CompiledFunction {
    pub code: Vec<u8>,
    pub calls: Vec<Call>,
    pub traps: Vec<(u32, TrapCode)>,
    /// Offset in the code, position. Positions in inlined code refer to `inlined`.
    pub positions: Vec<(u32, u32)>,
    /// What positions in inlined code refer to.
    pub inlined: Vec<Inlined>,
    /// Where exceptions go from calls.
    pub handlers: Vec<Handler>,
    /// Functions that it calls, if that is known.
    pub callees: Vec<u32>,
    /// Where it should begin.
    pub places: Places,
    /// Whether it can put references into tables.
    pub writes_tables: bool,
    /// Whether it compares the stack pointer with its limit.
    pub is_checked: bool,
    /// Bytes between stack pointer and frame pointer.
    pub frame: usize,
}

impl CompiledFunction {
    /// Bytes without a meaning.
    pub fn room(len: usize) -> CompiledFunction {
        CompiledFunction {
            code: vec![0; len],
            calls: Vec::new(),
            traps: Vec::new(),
            positions: Vec::new(),
            inlined: Vec::new(),
            handlers: Vec::new(),
            callees: Vec::new(),
            places: Places::ANY,
            writes_tables: false,
            is_checked: true,
            frame: 0,
        }
    }

    /// Keeps those entries of the list that positions refer to, and adapts the positions.
    pub fn keep_inlined(&mut self, all: &[Inlined]) {
        let mut kept = vec![None; all.len()];
        for (_, position) in &mut self.positions {
            *position = keep(*position, all, &mut kept, &mut self.inlined);
        }
    }
}

/// What becomes of a position when entries that nothing refers to are left out. Callers are kept first.
fn keep(position: u32, all: &[Inlined], kept: &mut [Option<u32>], list: &mut Vec<Inlined>) -> u32 {
    if position == NO_POSITION || position & INLINED == 0 {
        return position;
    }
    let index = (position & !INLINED) as usize;
    if let Some(kept) = kept[index] {
        return kept;
    }
    let caller = keep(all[index].caller, all, kept, list);
    let position = INLINED | list.len() as u32;
    list.push(Inlined { caller, ..all[index] });
    kept[index] = Some(position);
    position
}

fn machine_code(context: &mut Context, isa: &dyn TargetIsa) -> CodegenResult<CompiledCode> {
    let control = &mut ControlPlane::default();
    context.optimize(isa, control)?;
    shapes::reshape(&mut context.func);
    remat::rematerialize(&mut context.func, &context.loop_analysis);
    context.verify_if(isa)?;
    let code = isa.compile_function(&context.func, &context.domtree, &mut Default::default(), false, control)?;
    Ok(code.apply_params(&context.func.params))
}

/// Compiles what `context` holds.
pub(crate) fn compile(context: &mut Context, isa: &dyn TargetIsa) -> Result<CompiledFunction, String> {
    let compiled = machine_code(context, isa)
        .map_err(|error| cranelift_codegen::print_errors::pretty_error(&context.func, error))?;
    let buffer = &compiled.buffer;
    let mut calls = Vec::with_capacity(buffer.relocs().len());
    for reloc in buffer.relocs() {
        let FinalizedRelocTarget::ExternalName(ExternalName::User(name)) = &reloc.target else {
            return Err(format!("unexpected relocation {:?}", reloc.target));
        };
        let callee = context.func.params.user_named_funcs()[*name].index;
        calls.push(Call { offset: reloc.offset, kind: reloc.kind, addend: reloc.addend, callee });
    }
    let traps = buffer.traps().iter().map(|t| (t.offset, trap_code(t.code))).collect();
    let mut positions = Vec::new();
    let mut push = |offset: u32, position: u32| {
        if positions.last().is_none_or(|(_, last)| *last != position) {
            positions.push((offset, position));
        }
    };
    push(0, NO_POSITION);
    let mut end = 0;
    for location in buffer.get_srclocs_sorted() {
        if location.start > end {
            push(end, NO_POSITION);
        }
        push(location.start, if location.loc.is_default() { NO_POSITION } else { location.loc.bits() });
        end = location.end;
    }
    let handlers = handlers(buffer)?;
    let places = Places::of(&compiled.bb_starts, &compiled.bb_edges, buffer.data().len() as u32);
    let (code, inlined) = (buffer.data().to_vec(), Vec::new());
    let frame = buffer.frame_layout().map_or(0, |frame| frame.frame_to_fp_offset as usize);
    Ok(CompiledFunction {
        code,
        calls,
        traps,
        positions,
        inlined,
        handlers,
        callees: Vec::new(),
        places,
        writes_tables: false,
        is_checked: false,
        frame,
    })
}

/// Each call in a `try` has one handler, which takes everything.
fn handlers(buffer: &MachBufferFinalized<Final>) -> Result<Vec<Handler>, String> {
    let mut handlers = Vec::new();
    for site in buffer.call_sites() {
        match site.exception_handlers {
            [] => {}
            [FinalizedMachExceptionHandler::Default(code)] => {
                let frame = site.frame_offset.ok_or("a call site without a frame")?;
                handlers.push(Handler { call: site.ret_addr, code: *code, frame });
            }
            other => return Err(format!("unexpected exception handlers {other:?}")),
        }
    }
    handlers.sort_unstable_by_key(|handler| handler.call);
    Ok(handlers)
}

impl CompiledFunction {
    /// Tells reasons apart for which Cranelift has one code, by the operators that trap: those of the function's body, and of
    /// bodies inlined in it.
    pub fn refine_traps(&mut self, body: &FunctionBody, inlined: &[Inlined], inlinable: &Inlinable<'_>) {
        let opcode_at = |position: u32| {
            let (body, offset) = match position & INLINED {
                0 => (body, position),
                _ => {
                    let source = inlined.get((position & !INLINED) as usize)?;
                    (inlinable.body(source.func)?, source.offset)
                }
            };
            body.bytes.get(u64::from(offset).checked_sub(body.offset)? as usize)
        };
        for (at, code) in &mut self.traps {
            if !matches!(code, TrapCode::IntegerDivideByZero | TrapCode::IntegerOverflow) {
                continue;
            }
            let next = self.positions.partition_point(|(start, _)| start <= at);
            // The opcodes of remainders and of conversions that trap, in their order in the specification.
            match next.checked_sub(1).and_then(|index| opcode_at(self.positions[index].1)) {
                Some(0x6f | 0x70 | 0x81 | 0x82) => *code = TrapCode::IntegerRemainderByZero,
                Some(0xa8..=0xab | 0xae..=0xb1) => *code = TrapCode::ConversionOverflow,
                _ => {}
            }
        }
    }
}

/// The reverse of [`gantry_translate::trap`].
fn trap_code(code: ir::TrapCode) -> TrapCode {
    TrapCode::ALL
        .into_iter()
        .find(|ours| gantry_translate::trap(*ours) == code)
        .expect("translation uses no other codes")
}

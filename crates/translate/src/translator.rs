//! The state of one function's translation and what all operator families share.

use std::collections::{HashMap, HashSet};
use std::mem::offset_of;

use cranelift_codegen::ir::{self, AliasRegion, AliasRegionData, FuncRef, InstBuilder, MemFlagsData, SigRef};
use cranelift_codegen::ir::{Block, Type, Value, types};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use gantry_abi::artifact::Inlined;
use gantry_abi::profile::call_counter;
use gantry_abi::vmctx::{VMContextHeader, VMStoreContext};
use gantry_abi::{Libcall, TrapCode};
use gantry_module::{AddressType, Error, FunctionBody, Resources, Result, ValType};
use wasmparser::{BlockType, FuncValidator, FuncValidatorAllocations, Operator};

use crate::control::Control;
use crate::env::{self, Calls, ModuleEnv, POINTER, clif_type};
use crate::exits;
use crate::index;
use crate::inline::Inlining;
use crate::unroll::Unrolled;

/// Parts of memory that accesses to each other never touch.
#[derive(Clone, Copy)]
pub(crate) struct Regions {
    /// The vmctx's globals.
    pub globals: AliasRegion,
    /// What the runtime owns: lengths, slots, function references.
    pub runtime: AliasRegion,
    /// Elements of tables.
    pub tables: AliasRegion,
    /// Linear memories.
    pub heap: AliasRegion,
    /// Structs and arrays.
    pub objects: AliasRegion,
}

/// One function being translated.
pub(crate) struct FuncTranslator<'a> {
    /// Builds the function.
    pub b: FunctionBuilder<'a>,
    /// The module and target.
    pub env: &'a ModuleEnv<'a>,
    /// The function's context parameter.
    pub vmctx: Value,
    /// Operands, the top last.
    pub stack: Vec<Value>,
    /// Open blocks, the innermost last.
    pub controls: Vec<Control>,
    /// Whether the next instruction can be reached.
    pub reachable: bool,
    /// Parameters and locals, with the type each is kept in.
    pub locals: Vec<Variable>,
    /// Alias regions.
    pub regions: Regions,
    /// Whether an instruction was seen that puts references into a table.
    pub writes_tables: bool,
    /// Whether the branch being translated is likely taken.
    pub likely: Option<bool>,
    /// Inside of which functions it is.
    pub inlining: Inlining,
    /// Blocks that later jumps may lead to, though they have begun.
    pub jumped_to: HashSet<Block>,
    /// Whether it calls a function that may need as much stack again.
    pub makes_calls: bool,
    /// Where the function begins anew when it calls itself in its place, and the parameters that are set before.
    pub start: Option<Block>,
    pub params: Vec<Variable>,
    /// Offset of the function's counter, if it counts.
    counter: Option<i32>,
    func_refs: HashMap<u32, FuncRef>,
    type_sigs: HashMap<u32, SigRef>,
    libcall_sigs: HashMap<Libcall, SigRef>,
}

/// Allocations that are reused from function to function.
#[derive(Default)]
pub struct Translator {
    builder: FunctionBuilderContext,
    validator: FuncValidatorAllocations,
}

/// Which functions compare the stack pointer with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackCheck {
    /// All of them.
    Always,
    /// Those that call others. The frames of the rest must be smaller than what lies below the limit for them.
    UnlessLeaf,
}

/// What is known of a function when it has been translated.
pub struct Translated {
    /// Whether it compares the stack pointer with its limit.
    pub is_checked: bool,
    /// Whether it can put references into tables.
    pub writes_tables: bool,
    /// What its positions in inlined code refer to.
    pub inlined: Vec<Inlined>,
}

/// Validates a body and translates it into `func`, which must be empty.
pub fn translate_function(
    translator: &mut Translator,
    env: &ModuleEnv<'_>,
    frontend_config: TargetFrontendConfig,
    body: &FunctionBody,
    stack_check: StackCheck,
    func: &mut ir::Function,
) -> Result<Translated> {
    let index = body.index + env.module.imported_funcs;
    let ty = env.module.func_type(index);
    func.signature = env::wasm_signature(ty);
    func.name = ir::UserFuncName::User(env::func_name(index));

    let inlining = Inlining::new(index, body.bytes.len(), &env.inlinable);
    let mut t = FuncTranslator::new(func, &mut translator.builder, env, inlining);
    let mut validator = body.validator(std::mem::take(&mut translator.validator));
    if env.calls == Calls::Near && may_begin_again(body, index, env.inlinable.makes_tail_calls) {
        t.prepare_to_begin_again();
    }
    t.counter = env.counts.then_some(body.index as i32 * size_of::<u32>() as i32);
    t.start_body(&ty.results);
    t.count();
    t.body(body, Some(&mut validator))?;
    translator.validator = validator.into_allocations();
    let is_checked = t.makes_calls || stack_check == StackCheck::Always;
    if !is_checked {
        t.b.func.stack_limit = None;
    }
    let inlined = std::mem::take(&mut t.inlining.sources);
    let translated = Translated { writes_tables: t.writes_tables, is_checked, inlined };
    t.finish(frontend_config);
    func.dfg.resolve_all_aliases();
    exits::shorten(func);
    if env.adds_whole_registers {
        index::extend_early(func);
    }
    Ok(translated)
}

/// Whether a body may call its function in its own place, by itself or through what is inlined. Looks at bytes, not at operators, which
/// is quicker and may say yes once too often.
fn may_begin_again(body: &FunctionBody, func: u32, through_others: bool) -> bool {
    const RETURN_CALL: u8 = 0x12;
    let operand = wasm_u32(func);
    let mut calls = body.bytes.iter().enumerate().filter(|(_, byte)| **byte == RETURN_CALL);
    calls.any(|(at, _)| through_others || body.bytes[at + 1..].starts_with(&operand))
}

/// A number as binaries have it.
fn wasm_u32(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

impl<'a> FuncTranslator<'a> {
    fn new(
        func: &'a mut ir::Function,
        builder: &'a mut FunctionBuilderContext,
        env: &'a ModuleEnv<'a>,
        inlining: Inlining,
    ) -> Self {
        let mut region = |user_id, description: &str| {
            func.dfg.alias_regions.insert(AliasRegionData { user_id, description: description.to_owned().into() })
        };
        let regions = Regions {
            globals: region(0, "globals"),
            runtime: region(1, "runtime"),
            tables: region(2, "tables"),
            heap: region(3, "heap"),
            objects: region(4, "objects"),
        };
        let mut b = FunctionBuilder::new(func, builder);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let vmctx = b.block_params(entry)[0];
        let mut t = FuncTranslator {
            b,
            env,
            vmctx,
            stack: Vec::new(),
            controls: Vec::new(),
            reachable: true,
            locals: Vec::new(),
            regions,
            writes_tables: false,
            likely: None,
            inlining,
            jumped_to: HashSet::new(),
            makes_calls: false,
            start: None,
            params: Vec::new(),
            counter: None,
            func_refs: HashMap::new(),
            type_sigs: HashMap::new(),
            libcall_sigs: HashMap::new(),
        };
        t.check_stack_in_prologue();
        let params = t.b.block_params(entry)[1..].to_vec();
        for param in params {
            t.declare_local(param);
        }
        t
    }

    /// Translates the locals and operators of a body, whose parameters are there. With a validator they are validated first.
    pub(crate) fn body(
        &mut self,
        body: &FunctionBody,
        mut validator: Option<&mut FuncValidator<Resources>>,
    ) -> Result<()> {
        let reader = body.reader();
        let mut locals = reader.get_locals_reader()?;
        for _ in 0..locals.get_count() {
            let offset = locals.original_position();
            let (count, local_type) = locals.read()?;
            if let Some(validator) = &mut validator {
                validator.define_locals(offset, count, local_type)?;
            }
            self.declare_locals(count, Self::local_type(local_type));
        }
        let env = self.env;
        let hints = env.module.branch_hints.of(body.index + env.module.imported_funcs).iter().peekable();
        let mut rest = (reader.get_operators_reader()?, hints);
        let mut unrolled: Option<Unrolled<'_>> = None;
        while !rest.0.eof() {
            let (operator, offset) = rest.0.read_with_offset()?;
            if let Some(validator) = &mut validator
                && !unrolled.as_ref().is_some_and(Unrolled::is_again)
            {
                validator.op(offset, &operator)?;
            }
            self.set_position(offset);
            self.likely = None;
            while let Some((at, taken)) = rest.1.next_if(|(at, _)| body.offset + u64::from(*at) <= offset) {
                let is_here = body.offset + u64::from(*at) == offset;
                let is_branch = matches!(operator, Operator::If { .. } | Operator::BrIf { .. });
                self.likely = (is_here && is_branch).then_some(*taken);
            }
            if matches!(operator, Operator::End)
                && let Some(unrolled) = &mut unrolled
                && self.next_turn(unrolled)
            {
                rest = unrolled.start.clone();
                continue;
            }
            self.operator(&operator, offset)?;
            if let Operator::Loop { blockty } = operator {
                if blockty == BlockType::Empty {
                    self.expect_switch(&rest.0);
                }
                unrolled = self.unroll(&rest);
            }
            unrolled = unrolled.filter(|unrolled| unrolled.is_in(self.controls.len()));
        }
        Ok(rest.0.finish()?)
    }

    /// Begins a block that tail calls of the function itself jump to.
    fn prepare_to_begin_again(&mut self) {
        let start = self.b.create_block();
        self.b.ins().jump(start, &[]);
        self.b.switch_to_block(start);
        (self.start, self.params) = (Some(start), self.locals.clone());
    }

    /// Declares the next local, with a value.
    pub(crate) fn declare_local(&mut self, value: Value) {
        let variable = self.b.declare_var(self.b.func.dfg.value_type(value));
        self.b.def_var(variable, value);
        self.locals.push(variable);
    }

    /// Lets the prologue compare the stack pointer with the store's limit.
    fn check_stack_in_prologue(&mut self) {
        let readonly = self.b.func.dfg.mem_flags.insert_unchecked(MemFlagsData::trusted().with_readonly());
        let trusted = self.b.func.dfg.mem_flags.insert_unchecked(MemFlagsData::trusted());
        let vmctx = self.b.create_global_value(ir::GlobalValueData::VMContext);
        let mut load = |base, offset: usize, flags| {
            let offset = (offset as i32).into();
            self.b.create_global_value(ir::GlobalValueData::Load { base, offset, global_type: POINTER, flags })
        };
        let store = load(vmctx, offset_of!(VMContextHeader, store), readonly);
        let limit = load(store, offset_of!(VMStoreContext, stack_limit), trusted);
        self.b.func.stack_limit = Some(limit);
    }

    /// Notes that the function was entered or a loop went round. Not atomic: what gets lost does not matter.
    pub fn count(&mut self) {
        if let Some(offset) = self.counter {
            self.add_to_counter(offset);
        }
    }

    fn add_to_counter(&mut self, offset: i32) {
        let counters = self.load_constant(self.vmctx, offset_of!(VMContextHeader, counters));
        let flags = self.runtime_flags();
        let count = self.b.ins().load(types::I32, flags, counters, offset);
        let count = self.b.ins().iadd_imm_s(count, 1);
        self.b.ins().store(flags, count, counters, offset);
    }

    /// Notes that a call is made.
    pub fn count_call(&mut self) {
        if self.counter.is_some() {
            let counter = call_counter(self.env.module.defined_funcs(), self.inlining.offset());
            self.add_to_counter(counter as i32 * size_of::<u32>() as i32);
        }
    }

    fn local_type(ty: wasmparser::ValType) -> Type {
        match ty {
            wasmparser::ValType::I32 => types::I32,
            wasmparser::ValType::I64 => types::I64,
            wasmparser::ValType::F32 => types::F32,
            wasmparser::ValType::F64 => types::F64,
            wasmparser::ValType::V128 => types::I8X16,
            wasmparser::ValType::Ref(_) => POINTER,
        }
    }

    fn declare_locals(&mut self, count: u32, ty: Type) {
        if count == 0 {
            return;
        }
        let zero = self.zero(ty);
        for _ in 0..count {
            self.declare_local(zero);
        }
    }

    /// The zero or null of a type.
    pub fn zero(&mut self, ty: Type) -> Value {
        match ty {
            types::F32 => self.b.ins().f32const(0.0),
            types::F64 => self.b.ins().f64const(0.0),
            types::I8X16 => {
                let zeros = self.b.func.dfg.constants.insert(vec![0; 16].into());
                self.b.ins().vconst(types::I8X16, zeros)
            }
            int => self.b.ins().iconst(int, 0),
        }
    }

    fn finish(mut self, frontend_config: TargetFrontendConfig) {
        debug_assert!(self.controls.is_empty());
        self.b.seal_all_blocks();
        self.b.finalize(frontend_config);
    }

    fn operator(&mut self, op: &Operator<'_>, offset: u64) -> Result<()> {
        if !self.reachable {
            return self.unreachable_operator(op);
        }
        let handled = self.control_operator(op)
            || self.variable_operator(op)
            || self.numeric_operator(op)
            || self.memory_operator(op)
            || self.call_operator(op)
            || self.table_operator(op)
            || self.reference_operator(op)
            || self.simd_operator(op)
            || self.simd_memory_operator(op)
            || self.wide_operator(op)
            || self.atomic_operator(op)
            || self.exception_operator(op)
            || self.object_operator(op)
            || self.array_operator(op)
            || self.cast_operator(op, offset)?;
        if handled { Ok(()) } else { Err(Error::new(format!("instruction {op:?} is not enabled"), offset)) }
    }

    // Operands

    /// Pushes an operand.
    pub fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    /// Pops an operand. Validation has made sure that there is one.
    pub fn pop(&mut self) -> Value {
        self.stack.pop().expect("validated")
    }

    /// Pops two operands, in the order in which they were pushed.
    pub fn pop2(&mut self) -> (Value, Value) {
        let second = self.pop();
        (self.pop(), second)
    }

    /// Pops `n` operands, in the order in which they were pushed, vectors in canonical type.
    pub fn pop_n(&mut self, n: usize) -> Vec<Value> {
        let at = self.stack.len() - n;
        let values: Vec<Value> = self.stack.drain(at..).collect();
        values.into_iter().map(|v| self.canonical(v)).collect()
    }

    /// Pops a vector as a given vector type.
    pub fn pop_vector(&mut self, ty: Type) -> Value {
        let value = self.pop();
        self.as_type(value, ty)
    }

    /// The same bits as another vector type.
    pub fn as_type(&mut self, value: Value, ty: Type) -> Value {
        if self.b.func.dfg.value_type(value) == ty {
            return value;
        }
        self.b.ins().bitcast(ty, MemFlagsData::new().with_endianness(ir::Endianness::Little), value)
    }

    /// Vectors have the type of whatever made them. Wherever paths or functions meet they are `i8x16`.
    pub fn canonical(&mut self, value: Value) -> Value {
        if self.b.func.dfg.value_type(value).is_vector() { self.as_type(value, types::I8X16) } else { value }
    }

    // The runtime's data

    /// Flags for what never changes while an instance lives.
    pub fn constant_flags() -> MemFlagsData {
        MemFlagsData::trusted().with_readonly().with_can_move()
    }

    /// Flags for what the runtime or other code may change.
    pub fn runtime_flags(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_alias_region(Some(self.regions.runtime))
    }

    /// Loads a pointer from the vmctx that stays the same for the instance's life.
    pub fn load_constant(&mut self, base: Value, offset: usize) -> Value {
        self.b.ins().load(POINTER, Self::constant_flags(), base, offset as i32)
    }

    /// The store's context.
    pub fn store_context(&mut self) -> Value {
        self.load_constant(self.vmctx, offset_of!(VMContextHeader, store))
    }

    /// Calls a function of the runtime. `args` come after the vmctx.
    pub fn libcall(&mut self, libcall: Libcall, args: &[Value]) -> Option<Value> {
        let call_conv = self.env.host_call_conv;
        let b = &mut self.b;
        let signature = *self
            .libcall_sigs
            .entry(libcall)
            .or_insert_with(|| b.import_signature(env::libcall_signature(libcall, call_conv)));
        let table = self.load_constant(self.vmctx, offset_of!(VMContextHeader, libcalls));
        let function = self.load_constant(table, libcall as usize * 8);
        let mut all = Vec::with_capacity(args.len() + 1);
        if libcall.signature().vmctx {
            all.push(self.vmctx);
        }
        all.extend_from_slice(args);
        let call = self.b.ins().call_indirect(signature, function, &all);
        self.b.inst_results(call).first().copied()
    }

    /// Calls a function of the runtime that returns non-zero for its one reason to fail.
    pub fn checked_libcall(&mut self, libcall: Libcall, args: &[Value], reason: TrapCode) {
        let failed = self.libcall(libcall, args).expect("fallible libcalls return a status");
        self.b.ins().trapnz(failed, env::trap(reason));
    }

    /// A reference to a function of this module, for direct calls.
    pub fn func_ref(&mut self, func: u32) -> FuncRef {
        if let Some(func_ref) = self.func_refs.get(&func) {
            return *func_ref;
        }
        let signature = self.type_sig(self.env.module.funcs[func as usize]);
        let name = self.b.func.declare_imported_user_function(env::func_name(func));
        let data = ir::ExtFuncData { name: ir::ExternalName::user(name), signature, colocated: true, patchable: false };
        let func_ref = self.b.import_function(data);
        self.func_refs.insert(func, func_ref);
        func_ref
    }

    /// The signature of functions of a type.
    pub fn type_sig(&mut self, ty: u32) -> SigRef {
        let b = &mut self.b;
        let module = self.env.module;
        *self.type_sigs.entry(ty).or_insert_with(|| b.import_signature(env::wasm_signature(module.types.func(ty))))
    }

    /// The Cranelift types of value types.
    pub fn clif_types(types: &[ValType]) -> Vec<Type> {
        types.iter().map(|ty| clif_type(*ty)).collect()
    }

    /// An i32 constant.
    pub fn i32_const(&mut self, value: u32) -> Value {
        self.b.ins().iconst(types::I32, i64::from(value))
    }

    /// An address or length as 64 bits.
    pub fn extend(&mut self, value: Value) -> Value {
        if self.b.func.dfg.value_type(value) == types::I64 { value } else { self.b.ins().uextend(types::I64, value) }
    }

    /// Pushes 64 bits as an address.
    pub fn push_address(&mut self, ty: AddressType, value: Value) {
        let address = match ty {
            AddressType::I32 => self.b.ins().ireduce(types::I32, value),
            AddressType::I64 => value,
        };
        self.push(address);
    }
}

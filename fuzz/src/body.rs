//! Bodies of functions that compute.

use wasm_encoder::{BlockType, Catch, Encode, InstructionSink, MemArg, MemArgTarget, ValType};

use crate::dense::{
    ARRAY, ARRAY_REF, BYTES, CARRIED, CAUGHT, Context, FIELDS, FIRST, SCRATCH, STRUCT, STRUCT_REF, Signature,
};
use crate::operators::{self, Immediate, Operator};
use crate::rng::Rng;
use crate::value::{Choice, Kind, choose};

/// Expressions inside each other.
const DEEPEST: u32 = 10;
/// Calls in one function: each may call as many.
const CALLS: u32 = 4;
/// Loops inside each other: as many as there are counters.
const LOOPS: u32 = 3;
/// Elements of an array.
const LENGTH: i32 = 8;

/// A body that is being made.
pub struct Body<'a> {
    rng: &'a mut Rng,
    context: &'a Context,
    /// Parameters and locals.
    places: Vec<ValType>,
    /// Which function it is of.
    function: usize,
    /// Expressions that may still be made.
    budget: i32,
    depth: u32,
    calls: u32,
    loops: u32,
    /// The labels around: whether values are not needed for going there, and it is forward.
    labels: Vec<bool>,
    bytes: Vec<u8>,
}

impl<'a> Body<'a> {
    pub fn new(rng: &'a mut Rng, context: &'a Context, places: Vec<ValType>, function: usize, budget: i32) -> Body<'a> {
        Body {
            rng,
            context,
            places,
            function,
            budget,
            depth: 0,
            calls: 0,
            loops: 0,
            labels: Vec::new(),
            bytes: Vec::new(),
        }
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.bytes)
    }

    /// The whole body. Leaves call nothing, have no loops, and take no fuel: they are small.
    pub fn function(&mut self, signature: &Signature, leaf: bool) {
        if leaf {
            (self.calls, self.loops) = (CALLS, LOOPS);
        } else {
            self.burn();
            self.fill_references();
        }
        let statements = if leaf { 1 } else { self.rng.between(1, 8) };
        self.statements(statements);
        for ty in &signature.results {
            self.expression(*ty);
        }
        self.sink().end();
    }

    /// Takes fuel, or traps.
    fn burn(&mut self) {
        let fuel = self.context.globals.len() as u32 - 1;
        let mut sink = self.sink();
        sink.global_get(fuel).i32_eqz().if_(BlockType::Empty).unreachable().end();
        sink.global_get(fuel).i32_const(1).i32_sub().global_set(fuel);
    }

    /// Puts objects where references are null.
    fn fill_references(&mut self) {
        for place in 0..self.places.len() as u32 {
            let ty = self.places[place as usize];
            if ty != STRUCT_REF && ty != ARRAY_REF {
                continue;
            }
            self.sink().local_get(place).ref_is_null().if_(BlockType::Empty);
            self.object(ty);
            self.sink().local_set(place).end();
        }
    }

    /// Makes an object with default values.
    fn object(&mut self, ty: ValType) {
        if ty == STRUCT_REF {
            self.sink().struct_new_default(STRUCT);
        } else {
            self.sink().i32_const(LENGTH).array_new_default(ARRAY);
        }
    }

    /// A place that may be assigned.
    fn place(&mut self, ty: ValType) -> Option<u32> {
        let free = self.places.len() - SCRATCH.len();
        let places: Vec<u32> = (0..free as u32).filter(|n| self.places[*n as usize] == ty).collect();
        if places.is_empty() { None } else { Some(self.rng.pick(&places)) }
    }

    fn global(&mut self, ty: ValType, assigned: bool) -> Option<u32> {
        // The fuel is not to be touched.
        let globals = &self.context.globals[..self.context.globals.len() - 1];
        let fits = |n: &u32| globals[*n as usize].0 == ty && (globals[*n as usize].1 || !assigned);
        let globals: Vec<u32> = (0..globals.len() as u32).filter(fits).collect();
        if globals.is_empty() { None } else { Some(self.rng.pick(&globals)) }
    }

    /// Puts what is on the stack anywhere.
    fn assign(&mut self, ty: ValType) {
        match (self.place(ty), self.global(ty, true)) {
            (Some(place), _) if self.rng.chance(2, 3) => self.sink().local_set(place),
            (_, Some(global)) => self.sink().global_set(global),
            _ => self.sink().drop(),
        };
    }

    // Expressions

    fn leaf(&mut self, ty: ValType) {
        let place = self.place(ty);
        let global = self.global(ty, false);
        match (self.rng.below(4), place, global) {
            (0..=1, Some(place), _) => drop(self.sink().local_get(place)),
            (2, _, Some(global)) if !matches!(ty, ValType::Ref(_)) => drop(self.sink().global_get(global)),
            _ => self.constant(ty),
        }
    }

    fn constant(&mut self, ty: ValType) {
        let kind = match ty {
            ValType::I32 => Kind::I32,
            ValType::I64 => Kind::I64,
            ValType::F32 => Kind::F32,
            ValType::F64 => Kind::F64,
            ValType::V128 => Kind::V128,
            ValType::Ref(_) if ty == ValType::EXTERNREF => {
                let number = self.rng.next() as i32;
                self.sink().i32_const(number).ref_i31().extern_convert_any();
                return;
            }
            ValType::Ref(_) => return self.object(ty),
        };
        let choice = choose(kind, self.rng.next(), |_| 0);
        let mut sink = self.sink();
        match choice.expect("a number") {
            Choice::I32(value) => sink.i32_const(value),
            Choice::I64(value) => sink.i64_const(value),
            Choice::F32(bits) => sink.f32_const(f32::from_bits(bits).into()),
            Choice::F64(bits) => sink.f64_const(f64::from_bits(bits).into()),
            Choice::V128(bits) => sink.v128_const(bits as i128),
            other => unreachable!("not a number: {other:?}"),
        };
    }

    /// Something of a type.
    pub fn expression(&mut self, ty: ValType) {
        self.budget -= 1;
        if self.budget <= 0 || self.depth >= DEEPEST {
            return self.leaf(ty);
        }
        self.depth += 1;
        match self.rng.below(20) {
            0..=3 => self.leaf(ty),
            4 => {
                self.expression(ty);
                self.expression(ty);
                self.expression(ValType::I32);
                match ty {
                    ValType::Ref(_) => self.sink().typed_select(ty),
                    _ => self.sink().select(),
                };
            }
            5 => self.if_else(ty),
            6 => self.block(ty),
            7 => self.call_for(ty),
            8..=9 => self.get(ty),
            10 => {
                self.expression(ty);
                if let Some(place) = self.place(ty) {
                    self.sink().local_tee(place);
                }
            }
            _ => self.operator(ty),
        }
        self.depth -= 1;
    }

    fn if_else(&mut self, ty: ValType) {
        self.expression(ValType::I32);
        self.sink().if_(BlockType::Result(ty));
        self.labels.push(false);
        self.statements(1);
        self.expression(ty);
        self.sink().else_();
        self.expression(ty);
        self.labels.pop();
        self.sink().end();
    }

    fn block(&mut self, ty: ValType) {
        self.sink().block(BlockType::Result(ty));
        self.labels.push(false);
        self.expression(ty);
        self.expression(ValType::I32);
        self.sink().br_if(0);
        self.assign(ty);
        self.statements(1);
        self.expression(ty);
        self.labels.pop();
        self.sink().end();
    }

    /// A call of a function whose first result is wanted.
    fn call_for(&mut self, ty: ValType) {
        let context = self.context;
        let fits = |number: &usize| context.functions[*number].results.first() == Some(&ty);
        match self.callee(fits) {
            Some(number) => {
                self.call(number);
                for ty in context.functions[number].results[1..].iter().rev() {
                    self.assign(*ty);
                }
            }
            None => self.operator(ty),
        }
    }

    /// A function to call: mostly a later one, so that calls end.
    fn callee(&mut self, fits: impl Fn(&usize) -> bool) -> Option<usize> {
        let first = self.function + usize::from(!self.rng.chance(1, 8));
        let imported = self.rng.chance(1, 4).then_some(0);
        let all: Vec<usize> = (first..self.context.functions.len()).chain(imported).filter(fits).collect();
        if all.is_empty() || self.calls == CALLS {
            return None;
        }
        self.calls += 1;
        Some(self.rng.pick(&all))
    }

    fn call(&mut self, number: usize) {
        let context = self.context;
        for ty in &context.functions[number].params {
            self.expression(*ty);
        }
        if self.rng.chance(2, 3) {
            self.sink().call(number as u32);
            return;
        }
        self.index(number);
        self.sink().call_indirect(0, FIRST + number as u32);
    }

    /// The index of a function in the table; now and then anything.
    fn index(&mut self, number: usize) {
        let wild = self.rng.chance(1, 40);
        match (self.context.table64, wild) {
            (true, true) => self.expression(ValType::I64),
            (false, true) => self.expression(ValType::I32),
            (true, false) => drop(self.sink().i64_const(number as i64)),
            (false, false) => drop(self.sink().i32_const(number as i32)),
        }
    }

    /// What an object has of this type.
    fn get(&mut self, ty: ValType) {
        let fields: Vec<u32> = (0..FIELDS.len() as u32).filter(|n| FIELDS[*n as usize] == ty).collect();
        if ty == ValType::I64 && self.rng.chance(1, 2) {
            self.expression(ARRAY_REF);
            self.element();
            self.sink().array_get(ARRAY);
        } else if fields.is_empty() || ty == STRUCT_REF {
            self.leaf(ty);
        } else {
            self.expression(STRUCT_REF);
            self.sink().struct_get(STRUCT, fields[0]);
        }
    }

    /// An index of an element, mostly.
    fn element(&mut self) {
        self.expression(ValType::I32);
        if !self.rng.chance(1, 40) {
            self.sink().i32_const(LENGTH - 1).i32_and();
        }
    }

    fn operator(&mut self, ty: ValType) {
        if matches!(ty, ValType::Ref(_)) {
            return self.new_object(ty);
        }
        let traps = self.rng.chance(1, 30);
        let canonical = self.context.canonical;
        let fits = |operator: &&Operator| {
            *operator.results == [ty] && (traps || !operator.may_trap()) && !(canonical && operator.is_relaxed())
        };
        let operators: Vec<&Operator> = operators::all().iter().filter(fits).collect();
        let operator = self.rng.pick(&operators);
        self.apply(operator);
        if canonical && let Some(lanes) = operator.float_results() {
            self.make_canonical(ty, lanes);
        }
    }

    fn new_object(&mut self, ty: ValType) {
        if ty == STRUCT_REF {
            for field in FIELDS {
                match field {
                    ValType::Ref(_) => self.leaf(field),
                    _ => self.expression(field),
                }
            }
            self.sink().struct_new(STRUCT);
        } else if ty == ARRAY_REF {
            self.expression(ValType::I64);
            self.sink().i32_const(LENGTH).array_new(ARRAY);
        } else {
            self.constant(ty);
        }
    }

    /// Operands and the instruction.
    fn apply(&mut self, operator: &Operator) {
        let memory = self.rng.below(self.context.memories.len());
        let params = match operator.immediate {
            Immediate::Memory { .. } | Immediate::MemoryLane { .. } => {
                self.address(memory, matches!(operator.immediate, Immediate::Memory { exact: true, .. }));
                &operator.params[1..]
            }
            _ => &operator.params[..],
        };
        for param in params {
            self.expression(*param);
        }
        self.bytes.extend_from_slice(&operator.code);
        match operator.immediate {
            Immediate::None => {}
            Immediate::Memory { align, exact } => self.memarg(memory, align, exact),
            Immediate::MemoryLane { lanes } => {
                self.memarg(memory, 0, false);
                let lane = self.rng.below(lanes.into()) as u8;
                self.bytes.push(lane);
            }
            Immediate::Lane(lanes) => {
                let lane = self.rng.below(lanes.into()) as u8;
                self.bytes.push(lane);
            }
            Immediate::Shuffle => {
                let lanes: Vec<u8> = (0..16).map(|_| self.rng.below(32) as u8).collect();
                self.bytes.extend(lanes);
            }
        }
    }

    /// An address, in the first half of a memory, mostly.
    fn address(&mut self, memory: usize, aligned: bool) {
        let wild = self.rng.chance(1, 60);
        let mask = (BYTES / 2 - 1) & if aligned { !7 } else { !0 };
        if self.context.memories[memory].memory64 {
            self.expression(ValType::I64);
            if !wild {
                self.sink().i64_const(mask as i64).i64_and();
            }
        } else {
            self.expression(ValType::I32);
            if !wild {
                self.sink().i32_const(mask as i32).i32_and();
            }
        }
    }

    fn memarg(&mut self, memory: usize, align: u32, exact: bool) {
        let offset = match self.rng.below(60) {
            0 => 0xffff_fff0,
            1 if self.context.memories[memory].memory64 => u64::MAX - 15,
            2..=9 => BYTES / 2 - 16,
            10..=29 if exact => 64,
            10..=29 => self.rng.below(1000) as u64,
            _ => 0,
        };
        let align = if exact { align } else { self.rng.below(align as usize + 1) as u32 };
        let target = MemArgTarget::Memory(memory as u32);
        MemArg { offset, align, target, ordering: None }.encode(&mut self.bytes);
    }

    /// Makes NaNs on the stack canonical, lane by lane.
    fn make_canonical(&mut self, ty: ValType, lanes: ValType) {
        let scratch = (self.places.len() - SCRATCH.len()) as u32;
        let mut sink = InstructionSink::new(&mut self.bytes);
        match (ty, lanes) {
            (ValType::F32, _) => {
                sink.local_tee(scratch).f32_const(f32::NAN.into()).local_get(scratch).local_get(scratch);
                sink.f32_eq().select();
            }
            (ValType::F64, _) => {
                sink.local_tee(scratch + 1).f64_const(f64::NAN.into()).local_get(scratch + 1).local_get(scratch + 1);
                sink.f64_eq().select();
            }
            (_, ValType::F32) => {
                sink.local_tee(scratch + 2).v128_const(0x7fc00000_7fc00000_7fc00000_7fc00000);
                sink.local_get(scratch + 2).local_get(scratch + 2).f32x4_eq().v128_bitselect();
            }
            _ => {
                sink.local_tee(scratch + 2).v128_const(0x7ff80000_00000000_7ff80000_00000000);
                sink.local_get(scratch + 2).local_get(scratch + 2).f64x2_eq().v128_bitselect();
            }
        }
    }

    // Statements

    fn statements(&mut self, count: usize) {
        for _ in 0..count {
            if self.budget > 0 && self.depth < DEEPEST {
                self.depth += 1;
                self.statement();
                self.depth -= 1;
            }
        }
    }

    fn statement(&mut self) {
        let ty = self.rng.pick(&self.places);
        match self.rng.below(24) {
            0..=6 => {
                self.expression(ty);
                self.assign(ty);
            }
            7..=11 => self.effect(),
            12 => {
                self.expression(ValType::I32);
                self.sink().if_(BlockType::Empty);
                self.inside(true, 2);
            }
            13..=14 => self.repeat(),
            15 => self.switch(),
            16 => {
                self.sink().block(BlockType::Empty);
                self.inside(true, 3);
            }
            17..=18 => {
                if let Some(number) = self.callee(|_| true) {
                    self.call(number);
                    let context = self.context;
                    context.functions[number].results.iter().rev().for_each(|ty| self.assign(*ty));
                }
            }
            19 => self.set(),
            20 => self.bulk(),
            21 => self.catch(),
            22 => self.leave(),
            _ => self.branch(),
        }
    }

    /// The rest of a block without values.
    fn inside(&mut self, forward: bool, statements: usize) {
        self.labels.push(forward);
        self.statements(statements);
        self.labels.pop();
        self.sink().end();
    }

    /// An instruction with no result, or with two.
    fn effect(&mut self) {
        let fits = |operator: &&Operator| operator.results.len() != 1;
        let operators: Vec<&Operator> = operators::all().iter().filter(fits).collect();
        let operator = self.rng.pick(&operators);
        self.apply(operator);
        operator.results.iter().rev().for_each(|ty| self.assign(*ty));
    }

    /// A loop of some turns.
    fn repeat(&mut self) {
        if self.loops == LOOPS {
            return;
        }
        let counter = (self.places.len() as u32) - 1 - self.loops;
        self.loops += 1;
        let turns = self.rng.between(1, 5) as i32;
        self.sink().i32_const(turns).local_set(counter).loop_(BlockType::Empty);
        self.labels.push(false);
        self.burn();
        self.statements(3);
        self.sink().local_get(counter).i32_const(1).i32_sub().local_tee(counter).br_if(0).end();
        self.labels.pop();
        self.loops -= 1;
    }

    fn switch(&mut self) {
        let cases = self.rng.between(1, 5) as u32;
        (0..=cases).for_each(|_| {
            self.sink().block(BlockType::Empty);
            self.labels.push(true);
        });
        self.expression(ValType::I32);
        if self.rng.chance(3, 4) {
            self.sink().i32_const(7).i32_and();
        }
        let targets: Vec<u32> = (0..cases).map(|_| self.rng.below(cases as usize + 1) as u32).collect();
        self.sink().br_table(targets, cases);
        for _ in 0..=cases {
            self.labels.pop();
            self.sink().end();
            self.statements(1);
        }
    }

    /// Writes to an object.
    fn set(&mut self) {
        if self.rng.chance(1, 2) {
            self.expression(ARRAY_REF);
            self.element();
            self.expression(ValType::I64);
            self.sink().array_set(ARRAY);
        } else {
            let field = self.rng.below(FIELDS.len());
            self.expression(STRUCT_REF);
            self.expression(FIELDS[field]);
            self.sink().struct_set(STRUCT, field as u32);
        }
    }

    /// A memory as a whole: its size, growth, and parts of it.
    fn bulk(&mut self) {
        let memory = self.rng.below(self.context.memories.len());
        let wide = self.context.memories[memory].memory64;
        let size = if wide { ValType::I64 } else { ValType::I32 };
        let number = memory as u32;
        match self.rng.below(4) {
            0 => drop(self.sink().memory_size(number)),
            1 => {
                let delta = self.rng.below(3) as i32;
                self.number(wide, delta);
                self.sink().memory_grow(number);
            }
            which => {
                self.address(memory, false);
                if which == 2 {
                    self.address(memory, false)
                } else {
                    self.expression(ValType::I32)
                }
                let len = self.rng.below(300) as i32;
                self.number(wide, len);
                if which == 2 {
                    self.sink().memory_copy(number, number);
                } else {
                    self.sink().memory_fill(number);
                }
                return;
            }
        }
        self.assign(size);
    }

    /// A constant of 32 or 64 bits.
    fn number(&mut self, wide: bool, value: i32) {
        match wide {
            true => drop(self.sink().i64_const(value.into())),
            false => drop(self.sink().i32_const(value)),
        }
    }

    /// A block that catches.
    fn catch(&mut self) {
        self.sink().block(BlockType::Empty);
        self.labels.push(true);
        let all = self.rng.chance(1, 3);
        if !all {
            self.sink().block(BlockType::FunctionType(CAUGHT));
            self.labels.push(false);
        }
        let catch = if all { Catch::All { label: 0 } } else { Catch::One { tag: 0, label: 0 } };
        self.sink().try_table(BlockType::Empty, [catch]);
        self.labels.push(true);
        self.statements(2);
        if self.rng.chance(1, 2) {
            self.expression(ValType::I32);
            self.sink().if_(BlockType::Empty);
            CARRIED.into_iter().for_each(|ty| self.expression_under(ty));
            self.sink().throw(0).end();
        }
        self.statements(1);
        self.labels.pop();
        self.sink().end();
        if !all {
            self.sink().br(1);
            self.labels.pop();
            self.sink().end();
            CARRIED.into_iter().rev().for_each(|ty| self.assign(ty));
        }
        self.labels.pop();
        self.sink().end();
    }

    /// An expression inside an `if` that has been opened.
    fn expression_under(&mut self, ty: ValType) {
        self.labels.push(true);
        self.expression(ty);
        self.labels.pop();
    }

    /// Returns, or calls and returns, if a condition holds.
    fn leave(&mut self) {
        let context = self.context;
        let results = &context.functions[self.function].results;
        self.expression(ValType::I32);
        self.sink().if_(BlockType::Empty);
        self.labels.push(true);
        let fits = |number: &usize| context.functions[*number].results == *results;
        match self.callee(fits) {
            Some(number) => {
                for ty in &context.functions[number].params {
                    self.expression(*ty);
                }
                if self.rng.chance(1, 2) {
                    self.sink().return_call(number as u32);
                } else {
                    self.index(number);
                    self.sink().return_call_indirect(0, FIRST + number as u32);
                }
            }
            None => {
                results.iter().for_each(|ty| self.expression(*ty));
                self.sink().return_();
            }
        }
        self.labels.pop();
        self.sink().end();
    }

    /// Goes behind a block around, if a condition holds.
    fn branch(&mut self) {
        let depth = self.labels.len();
        let targets: Vec<u32> = (0..depth).filter(|n| self.labels[depth - 1 - n]).map(|n| n as u32).collect();
        if !targets.is_empty() {
            self.expression(ValType::I32);
            let target = self.rng.pick(&targets);
            self.sink().br_if(target);
        }
    }
}

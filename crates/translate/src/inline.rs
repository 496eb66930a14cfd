//! Inlining: bodies of small functions in the place of calls of them.
//!
//! A body is translated once more wherever it is inlined, with locals of its own and one block around it where its results
//! arrive. Backtraces show the functions as if they had been called: see [`Inlined`].
//!
//! Must not know: how bodies are found or validated.

use std::collections::{HashMap, HashSet};

use cranelift_codegen::ir::SourceLoc;
use gantry_abi::Profile;
use gantry_abi::artifact::{INLINED, Inlined, NO_POSITION};
use gantry_module::{FunctionBody, Module, Result};
use wasmparser::Operator;

use crate::translator::FuncTranslator;

/// What a body may weigh, in bytes, to be inlined anywhere: about as much code as a call.
const TINY: usize = 24;
/// What a body may weigh to be inlined where it is called in a loop, or recursively.
const SMALL: usize = 120;
/// What a body may weigh to be inlined where both it and the function around it are hot, if the call is not seldom made.
const HOT: usize = 1000;
/// Calls that are made so often, or more, for each round of the function that they are in are not seldom made.
const OFTEN: f64 = 1.0 / 32.0;
/// What is called less is worth no code.
const SELDOM: f64 = 1.0 / 1000.0;
/// What inlined bodies may weigh in all, in the smallest of functions.
const BUDGET: usize = 600;
/// What they may weigh besides in a function that is hot.
const HOT_BUDGET: usize = 8000;
/// What a call in a body weighs besides its bytes.
const CALL: usize = 6;
/// Bytes of bodies in a module that is so small that its code may grow.
const LITTLE: usize = 32 << 10;
/// How many bodies deep.
const MAX_DEPTH: usize = 6;
/// How often a function can be inlined in itself, one in the other.
const MAX_RECURSION: usize = 3;

/// The bodies of a module that may be inlined, by function index.
#[derive(Default)]
pub struct Inlinable<'m> {
    bodies: HashMap<u32, Candidate<'m>>,
    /// Functions in which most of the time goes by, if that is known.
    hot: HashSet<u32>,
    /// How often calls are made, if that is known.
    profile: Option<&'m Profile>,
    /// Whether all bodies together are few bytes.
    is_little: bool,
    /// Whether one of them makes tail calls.
    pub(crate) makes_tail_calls: bool,
}

/// A body that may be inlined.
#[derive(Clone, Copy)]
struct Candidate<'m> {
    body: &'m FunctionBody,
    weight: usize,
    /// Whether it calls functions in its own place.
    makes_tail_calls: bool,
    /// Whether it has loops.
    loops: bool,
}

impl<'m> Inlinable<'m> {
    /// Chooses among the bodies of a module, larger ones among functions that have turned out to be hot. What is not valid is left out.
    pub fn of(module: &Module, bodies: &'m [FunctionBody], profile: Option<&'m Profile>) -> Inlinable<'m> {
        let func = |body: &FunctionBody| body.index + module.imported_funcs;
        let hot = profile.iter().flat_map(|profile| &profile.hot);
        let hot: HashSet<u32> = hot.map(|index| index + module.imported_funcs).collect();
        let is_little = bodies.iter().map(|body| body.bytes.len()).sum::<usize>() <= LITTLE;
        let is_small = |body: &&FunctionBody| body.bytes.len() <= if hot.contains(&func(body)) { HOT } else { SMALL };
        let small = bodies.iter().filter(is_small).filter(|body| body.validate().is_ok());
        let candidates = small.map(|body| (func(body), Candidate::new(body).expect("validated")));
        let bodies: HashMap<_, _> = candidates.collect();
        let makes_tail_calls = bodies.values().any(|candidate| candidate.makes_tail_calls);
        Inlinable { bodies, hot, profile, is_little, makes_tail_calls }
    }

    /// The body of a function, if it may be inlined.
    pub fn body(&self, func: u32) -> Option<&'m FunctionBody> {
        self.bodies.get(&func).map(|candidate| candidate.body)
    }
}

impl<'m> Candidate<'m> {
    fn new(body: &'m FunctionBody) -> Result<Candidate<'m>> {
        let mut candidate = Candidate { body, weight: body.bytes.len(), makes_tail_calls: false, loops: false };
        let mut operators = body.reader().get_operators_reader()?;
        while !operators.eof() {
            match operators.read()? {
                Operator::Loop { .. } => candidate.loops = true,
                Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => {
                    candidate.makes_tail_calls = true;
                }
                Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. } => {
                    candidate.weight += CALL;
                }
                _ => {}
            }
        }
        Ok(candidate)
    }
}

/// The function whose operators are being translated.
struct Place {
    /// Its index.
    func: u32,
    /// Height of the stack of blocks below its own block.
    base: usize,
    /// The position of the call that it stands for; none outside of inlined bodies.
    caller: Option<u32>,
    /// Whether the frame is its own: it was not inlined, or only in the place of tail calls.
    owns_frame: bool,
    /// How often it is entered for each round of the function that is translated, as far as that is known.
    frequency: f64,
}

/// What inlining knows of the function that is translated.
pub(crate) struct Inlining {
    /// The functions inside of which it is, the innermost last.
    places: Vec<Place>,
    /// What may still be inlined.
    budget: usize,
    /// The position of the operator being translated.
    position: u32,
    /// Where that is in the module.
    offset: u32,
    /// What positions in inlined bodies refer to.
    pub sources: Vec<Inlined>,
}

impl Inlining {
    /// For a function of so many bytes.
    pub fn new(func: u32, bytes: usize, inlinable: &Inlinable<'_>) -> Inlining {
        let places = vec![Place { func, base: 0, caller: None, owns_frame: true, frequency: 1.0 }];
        let besides = if inlinable.hot.contains(&func) { HOT_BUDGET } else { 0 };
        Inlining { places, budget: BUDGET + bytes / 2 + besides, position: 0, offset: 0, sources: Vec::new() }
    }

    /// Where in the module the operator is.
    pub fn offset(&self) -> u32 {
        self.offset
    }

    fn place(&self) -> &Place {
        self.places.last().expect("the function itself is never left")
    }
}

impl<'a> FuncTranslator<'a> {
    /// Whether code of the function that is translated may grow for little: it has turned out to be hot, or the module is small.
    pub(crate) fn may_grow(&self) -> bool {
        let Inlinable { hot, is_little, .. } = &self.env.inlinable;
        *is_little || self.inlining.places.first().is_some_and(|place| hot.contains(&place.func))
    }

    /// Height of the stack of blocks below the function's own one.
    pub(crate) fn function_base(&self) -> usize {
        self.inlining.place().base
    }

    /// Says which byte of the module is translated from here on.
    pub(crate) fn set_position(&mut self, offset: u64) {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        self.inlining.offset = offset;
        if offset >= INLINED {
            return self.b.set_srcloc(SourceLoc::default());
        }
        let Place { func, caller, .. } = *self.inlining.place();
        self.inlining.position = match caller {
            None => offset,
            Some(caller) => {
                self.inlining.sources.push(Inlined { func, offset, caller });
                INLINED | (self.inlining.sources.len() - 1) as u32
            }
        };
        self.b.set_srcloc(SourceLoc::new(self.inlining.position));
    }

    /// The body to put in the place of a call of a function of this module, if it is to be inlined here.
    pub(crate) fn inlinable(&self, func: u32, is_tail_call: bool) -> Option<&'a FunctionBody> {
        let env = self.env;
        let Candidate { body, weight, makes_tail_calls, loops } = *env.inlinable.bodies.get(&func)?;
        let recursion = self.inlining.places.iter().filter(|place| place.func == func).count();
        let hot = &env.inlinable.hot;
        let frequency = self.call_frequency();
        let most = if frequency.is_some_and(|frequency| frequency < SELDOM) {
            TINY
        } else if recursion == 0
            && hot.contains(&func)
            && hot.contains(&self.frame_function())
            && frequency.is_none_or(|frequency| frequency >= OFTEN)
        {
            HOT
        } else if recursion > 0 || (self.is_in_loop() && !loops) {
            // A loop is worth a call.
            SMALL
        } else {
            TINY
        };
        let wanted = weight <= most;
        let possible = recursion <= MAX_RECURSION
            && self.inlining.places.len() <= MAX_DEPTH
            && weight <= self.inlining.budget
            && (is_tail_call || !makes_tail_calls);
        (wanted && possible).then_some(body)
    }

    /// How often the operator calls for each round of the function that is translated, if that is known.
    fn call_frequency(&self) -> Option<f64> {
        let Place { func, frequency, .. } = *self.inlining.place();
        let function = self.env.module.defined_func(func)?;
        Some(frequency * self.env.inlinable.profile?.frequency(function, self.inlining.offset)?)
    }

    /// Whether a tail call here leaves the frame to what it calls: not in bodies that stand for calls.
    pub(crate) fn owns_frame(&self) -> bool {
        self.inlining.place().owns_frame
    }

    /// The function whose frame it is.
    pub(crate) fn frame_function(&self) -> u32 {
        self.inlining.places[0].func
    }

    /// Translates a body in the place of a call: arguments are popped, results pushed.
    pub(crate) fn inline(&mut self, body: &FunctionBody) {
        let caller = self.inlining.position;
        self.inline_at(body, caller, false);
    }

    /// Translates a body in the place of a tail call: its results are the function's.
    pub(crate) fn inline_tail(&mut self, body: &FunctionBody) {
        // Where the frame comes from it does not show, as it would not if it had been called.
        self.inline_at(body, NO_POSITION, true);
        if self.reachable {
            self.br(self.controls.len() as u32 - 1);
        }
    }

    fn inline_at(&mut self, body: &FunctionBody, caller: u32, owns_frame: bool) {
        let func = body.index + self.env.module.imported_funcs;
        let ty = self.env.module.func_type(func);
        let args = self.pop_n(ty.params.len());
        let outer_locals = std::mem::take(&mut self.locals);
        for arg in args {
            self.declare_local(arg);
        }
        let (likely, base) = (self.likely, self.controls.len());
        let Inlining { position, offset, .. } = self.inlining;
        self.inlining.budget = self.inlining.budget.saturating_sub(body.bytes.len());
        let frequency = self.call_frequency().unwrap_or(1.0);
        self.inlining.places.push(Place { func, base, caller: Some(caller), owns_frame, frequency });
        self.start_body(&ty.results);
        self.body(body, None).expect("validated");
        self.inlining.places.pop();
        (self.locals, self.likely) = (outer_locals, likely);
        (self.inlining.position, self.inlining.offset) = (position, offset);
        self.b.set_srcloc(SourceLoc::new(position));
    }
}

//! A case for all engines: Gantry's tiers and memory styles, and the oracle.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gantry_engine::{Config, Engine, MemoryStyle, Tier};

use crate::case::{Counts, Outcome};
use crate::drive::run;
use crate::oracle::{self, Oracle};
use crate::ours::Ours;
use crate::plan::Plan;
use crate::trace::{Comparison, End, Event, Trace};

/// Steps that are shown before the one where engines differ.
const SHOWN: usize = 6;

/// A configuration of Gantry: the tier, or `None` for tiers that take turns; the memory style; whether it is deterministic.
type Variant = (Option<Tier>, MemoryStyle, bool);

/// Engines, made when they are first needed.
#[derive(Default)]
pub struct Engines {
    ours: Vec<(Variant, Engine)>,
    oracle: HashMap<bool, wasmtime::Engine>,
}

impl Engines {
    fn ours(&mut self, variant: Variant) -> Engine {
        if let Some((_, engine)) = self.ours.iter().find(|(known, _)| *known == variant) {
            return engine.clone();
        }
        let mut config = Config::default();
        (config.memory_style, config.deterministic) = (variant.1, variant.2);
        config.tier = variant.0.unwrap_or(Tier::Auto);
        config.alternate_tiers = variant.0.is_none();
        config.threads = 1;
        let engine = Engine::new(&config).expect("an engine for this machine");
        self.ours.push((variant, engine.clone()));
        engine
    }

    fn oracle(&mut self, deterministic: bool) -> wasmtime::Engine {
        self.oracle.entry(deterministic).or_insert_with(|| oracle::engine(deterministic)).clone()
    }

    /// Carries out a plan everywhere.
    pub fn compare(&mut self, plan: &Plan) -> Outcome {
        let engine = self.oracle(plan.deterministic);
        // The oracle has bugs, too.
        let asked = catch_unwind(AssertUnwindSafe(|| {
            let mut oracle = ManuallyDrop::new(Oracle::new(&engine, plan.seed));
            let outcome = run(plan, &mut *oracle);
            drop(ManuallyDrop::into_inner(oracle));
            outcome
        }));
        let wanted = match asked.unwrap_or_else(|_| Err("the oracle panicked".to_owned())) {
            Ok(trace) => trace,
            Err(error) => {
                // Still, Gantry has to get along with it.
                return match self.ours_alone(plan) {
                    Outcome::Passed(_) => Outcome::Unsupported(error),
                    other => other,
                };
            }
        };
        let mut limit = None;
        for variant in variants(plan) {
            let trace = match run(plan, &mut Ours::new(&self.ours(variant), plan.seed)) {
                Ok(trace) => trace,
                Err(error) => return Outcome::Finding(format!("{variant:?} does not compile: {error}")),
            };
            match wanted.compare(&trace) {
                Comparison::Same => {}
                Comparison::SameUpTo(reason) => limit = Some(reason),
                Comparison::Different(position) => {
                    return Outcome::Finding(difference(plan, variant, position, &wanted, &trace));
                }
            }
        }
        match limit {
            Some(reason) => Outcome::Limited(reason),
            None => Outcome::Passed(count(plan, &wanted)),
        }
    }

    /// Compares Gantry's variants with each other, where the oracle does not know something.
    fn ours_alone(&mut self, plan: &Plan) -> Outcome {
        let mut wanted: Option<Trace> = None;
        for variant in variants(plan) {
            let trace = match run(plan, &mut Ours::new(&self.ours(variant), plan.seed)) {
                Ok(trace) => trace,
                Err(error) => return Outcome::Finding(format!("{variant:?} does not compile: {error}")),
            };
            let Some(wanted) = &wanted else {
                wanted = Some(trace);
                continue;
            };
            if let Comparison::Different(position) = wanted.compare(&trace) {
                return Outcome::Finding(difference(plan, variant, position, wanted, &trace));
            }
        }
        Outcome::Passed(Counts::default())
    }
}

/// Both tiers, each with a style, and now and then code that is replaced while it runs.
fn variants(plan: &Plan) -> Vec<Variant> {
    let variant = |tier: Option<Tier>, bit: u32| match plan.seed >> bit & 1 {
        0 => (tier, MemoryStyle::Reserved, plan.deterministic),
        _ => (tier, MemoryStyle::Checked, plan.deterministic),
    };
    let mut variants = vec![variant(Some(Tier::Optimized), 0), variant(Some(Tier::Quick), 1)];
    match plan.seed >> 2 & 7 {
        0 => variants.push(variant(Some(Tier::Auto), 5)),
        1..=2 => variants.push(variant(None, 5)),
        _ => {}
    }
    variants
}

fn difference(plan: &Plan, variant: Variant, position: usize, wanted: &Trace, trace: &Trace) -> String {
    let mut text =
        format!("{variant:?} differs\n  wanted {}\n  got    {}\n", wanted.describe(position), trace.describe(position));
    let step = wanted.0.get(position).or(trace.0.get(position)).map_or(0, |(step, _)| *step);
    text += &format!("fuel {}\n", plan.fuel);
    for number in 0..=step.min(plan.steps.len() - 1) {
        text += &format!("step {number}: {:?}\n", plan.steps[number]);
    }
    for before in position.saturating_sub(SHOWN)..position {
        text += &format!("{}\n", wanted.describe(before));
    }
    text
}

fn count(plan: &Plan, trace: &Trace) -> Counts {
    let mut counts = Counts { modules: plan.modules.len() as u64, ..Counts::default() };
    for (_, event) in &trace.0 {
        match event {
            Event::Ended(End::Values(_)) => counts.returned += 1,
            Event::Ended(End::Trap(_) | End::Host) => counts.trapped += 1,
            Event::Ended(End::Exception(_)) => counts.threw += 1,
            Event::Ended(_) => counts.refused += 1,
            Event::Saw(_) | Event::CalledBack(_) => {}
        }
    }
    counts
}

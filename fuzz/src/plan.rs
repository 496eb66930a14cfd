//! What is done with the modules of a case: instantiate, link, call, grow, and call again.

use crate::generate;
use crate::rng::Rng;
use crate::shape::{Item, Shape, Sort};

/// Where an import comes from.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// The host makes something of the right type.
    Host(u64),
    /// An export of an earlier instance, if there is one.
    Export(usize, usize),
}

/// One step. Numbers of exports are positions; `pick` is where values come from.
#[derive(Debug, Clone)]
pub enum Step {
    Instantiate {
        module: usize,
        imports: Vec<Source>,
    },
    Call {
        instance: usize,
        export: usize,
        pick: u64,
    },
    /// Calls what is in a table.
    CallElement {
        instance: usize,
        export: usize,
        pick: u64,
    },
    SetElement {
        instance: usize,
        export: usize,
        pick: u64,
    },
    GrowTable {
        instance: usize,
        export: usize,
        pick: u64,
    },
    GrowMemory {
        instance: usize,
        export: usize,
        pick: u64,
    },
    WriteMemory {
        instance: usize,
        export: usize,
        pick: u64,
    },
    SetGlobal {
        instance: usize,
        export: usize,
        pick: u64,
    },
    Collect,
}

/// A case.
#[derive(Debug, Clone)]
pub struct Plan {
    pub modules: Vec<Vec<u8>>,
    pub steps: Vec<Step>,
    /// What each call may use.
    pub fuel: i32,
    /// Whether the engines have to make NaNs canonical, because the modules do not.
    pub deterministic: bool,
    /// Where the results of host functions come from.
    pub seed: u64,
}

impl Plan {
    /// The case that a stream of random numbers stands for.
    pub fn generate(mut rng: Rng) -> Option<Plan> {
        let deterministic = rng.chance(1, 2);
        // Of their own, so that they are the same when modules are made smaller.
        let steps = Rng::new(rng.next(), 0);
        let modules = (0..rng.pick(&[1, 1, 1, 2, 3])).map(|_| generate::module(&mut rng, !deterministic));
        let modules = modules.collect::<Option<Vec<_>>>()?;
        Plan::of(modules, deterministic, steps)
    }

    /// A case with given modules.
    pub fn of(modules: Vec<Vec<u8>>, deterministic: bool, mut rng: Rng) -> Option<Plan> {
        let shapes = modules.iter().map(|wasm| Shape::of(wasm)).collect::<Result<Vec<_>, _>>().ok()?;
        let fuel = rng.pick(&[50, 500, 5_000]);
        let seed = rng.next();
        let mut steps = Vec::new();
        let mut instances: Vec<&Shape> = Vec::new();
        let again = rng.pick(&[0, 0, 1]);
        for module in (0..modules.len()).chain((0..again).map(|_| 0)) {
            let shape = &shapes[module];
            let linked = rng.chance(3, 4);
            let imports = shape.imports.iter().map(|item| source(&mut rng, &instances, item, linked)).collect();
            steps.push(Step::Instantiate { module, imports });
            instances.push(shape);
            for _ in 0..rng.between(4, 12) {
                steps.extend(step(&mut rng, &instances));
            }
        }
        Some(Plan { modules, steps, fuel, deterministic, seed })
    }
}

fn source(rng: &mut Rng, instances: &[&Shape], wanted: &Item, linked: bool) -> Source {
    // Now and then what will not fit: the engines have to agree on that as well.
    let alike = rng.chance(19, 20);
    let mut candidates = Vec::new();
    for (number, shape) in instances.iter().enumerate() {
        let fits = |export: &usize| !alike || shape.exports[*export].likeness == wanted.likeness;
        candidates.extend(shape.exports_of(wanted.sort).into_iter().filter(fits).map(|export| (number, export)));
    }
    if linked && !candidates.is_empty() && rng.chance(3, 4) {
        let (instance, export) = rng.pick(&candidates);
        return Source::Export(instance, export);
    }
    Source::Host(rng.next())
}

fn step(rng: &mut Rng, instances: &[&Shape]) -> Option<Step> {
    // The newest instance has most of the steps.
    let instance = if rng.chance(2, 3) { instances.len() - 1 } else { rng.below(instances.len()) };
    let (kind, pick) = (rng.below(20), rng.next());
    let sort = match kind {
        0 => return Some(Step::Collect),
        1..=2 => Sort::Memory,
        3..=5 => Sort::Table,
        6 => Sort::Global,
        _ => Sort::Func,
    };
    let exports = instances[instance].exports_of(sort);
    if exports.is_empty() {
        return None;
    }
    let export = rng.pick(&exports);
    Some(match kind {
        1 => Step::GrowMemory { instance, export, pick },
        2 => Step::WriteMemory { instance, export, pick },
        3 => Step::SetElement { instance, export, pick },
        4 => Step::GrowTable { instance, export, pick },
        5 => Step::CallElement { instance, export, pick },
        6 => Step::SetGlobal { instance, export, pick },
        _ => Step::Call { instance, export, pick },
    })
}

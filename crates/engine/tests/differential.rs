//! Generated modules behave the same in both tiers: results, reasons and places of traps, what is left in memories and globals.
//!
//! `GANTRY_SEED` begins elsewhere.

mod util;

use gantry_engine::{
    Config, Engine, Error, Extern, Instance, MemoryStyle, Module, Store, Tier, TrapCode, Val, ValType,
};
use util::{Rng, run};

/// Modules to be compared.
const MODULES: usize = 600;
/// Calls of each exported function.
const CALLS: usize = 3;

/// NaNs are canonical, so that all bits can be compared.
fn engine(tier: Tier, memory_style: MemoryStyle) -> Engine {
    let mut config = Config::default();
    (config.tier, config.memory_style) = (tier, memory_style);
    (config.deterministic, config.threads) = (true, 1);
    Engine::new(&config).expect("an engine")
}

/// A value of a type: often one at which something changes.
fn value(rng: &mut Rng, ty: ValType) -> Val {
    const INTERESTING: [i64; 10] = [0, 1, -1, 2, 31, 64, i64::MIN, i64::MAX, i32::MIN as i64, i32::MAX as i64];
    let int = if rng.below(2) == 0 { INTERESTING[rng.below(INTERESTING.len())] } else { rng.next() as i64 };
    match ty {
        ValType::I32 => Val::I32(int as i32),
        ValType::I64 => Val::I64(int),
        ValType::F32 => Val::F32(if rng.below(2) == 0 { (int as f32).to_bits() } else { int as u32 }),
        ValType::F64 => Val::F64(if rng.below(2) == 0 { (int as f64).to_bits() } else { int as u64 }),
        ValType::V128 => Val::V128(u128::from(rng.next()) << 64 | int as u64 as u128),
        ValType::Ref(_) => Val::default_of(ty),
    }
}

/// What can be seen of a value. References are of one store.
fn seen(value: &Val) -> String {
    match value {
        Val::I32(_) | Val::I64(_) | Val::F32(_) | Val::F64(_) | Val::V128(_) => format!("{value:?}"),
        Val::FuncRef(reference) => format!("function: {}", reference.is_some()),
        Val::ExternRef(reference) => format!("extern: {}", reference.is_some()),
        other => format!("{}", other.ty()),
    }
}

/// What a call ends in. `None`: with a stack that is full, which code of each tier reaches at another depth.
fn outcome(result: Result<Vec<Val>, Error>) -> Option<String> {
    match result {
        Ok(values) => Some(values.iter().map(seen).collect::<Vec<_>>().join(", ")),
        Err(error) => match error.trap() {
            Some(trap) if trap.code == TrapCode::StackOverflow => None,
            Some(trap) => {
                // As many as there are of machine code; inlined functions come besides.
                let mut frames: Vec<_> = trap.frames.iter().map(|frame| (frame.func, frame.offset)).take(64).collect();
                // The optimiser turns a branch to `unreachable` into a trap at the branch, and merges loads with what uses them.
                let is_merged = matches!(trap.code, TrapCode::Unreachable | TrapCode::MemoryOutOfBounds);
                if let (true, Some(innermost)) = (is_merged, frames.first_mut()) {
                    innermost.1 = None;
                }
                Some(format!("{:?} {frames:?}", trap.code))
            }
            None => Some(error.to_string()),
        },
    }
}

/// Memories and globals.
fn state(store: &Store, instance: &Instance) -> Vec<String> {
    let mut state = Vec::new();
    for (name, item) in instance.exports(store) {
        match item {
            Extern::Memory(memory) => {
                let data = memory.data(store);
                let touched: Vec<_> = data.iter().enumerate().filter(|(_, byte)| **byte != 0).take(10_000).collect();
                state.push(format!("{name}: {} {touched:?}", data.len()));
            }
            Extern::Global(global) => state.push(format!("{name}: {}", seen(&global.get(store)))),
            _ => {}
        }
    }
    state
}

/// All that can be seen of a module's run, as far as it does not depend on the tier.
fn history(engine: &Engine, wasm: &[u8], seed: u64) -> Option<Vec<String>> {
    let module = Module::new(engine, wasm).unwrap_or_else(|error| panic!("{error}"));
    let mut store = Store::new(engine);
    let instance = run::instantiate(&mut store, &module)?;
    let mut rng = Rng::new(seed);
    let mut history = state(&store, &instance);
    let exports: Vec<_> = instance.exports(&store).into_iter().collect();
    for (name, item) in exports {
        let Extern::Func(func) = item else { continue };
        let params = func.ty(&store).params;
        for _ in 0..CALLS {
            let args: Vec<Val> = params.iter().map(|ty| value(&mut rng, *ty)).collect();
            match outcome(func.call(&mut store, &args)) {
                Some(outcome) => history.push(format!("{name} {args:?}: {outcome}")),
                None => return Some(history),
            }
        }
    }
    history.extend(state(&store, &instance));
    Some(history)
}

#[test]
fn tiers_agree() {
    let seed = std::env::var("GANTRY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let styles = [MemoryStyle::Reserved, MemoryStyle::Checked];
    let engines = styles.map(|style| [Tier::Quick, Tier::Optimized].map(|tier| engine(tier, style)));
    let mut rng = Rng::new(seed);
    let (mut made, mut compared) = (0, 0);
    while compared < MODULES && made < 4 * MODULES {
        let bytes = rng.bytes(3_000);
        let Some(wasm) = run::generate(&bytes) else { continue };
        made += 1;
        let [quick, optimized] = &engines[made % 2];
        let [quick, optimized] = [quick, optimized].map(|engine| history(engine, &wasm, made as u64));
        compared += usize::from(quick.is_some());
        let (quick, optimized) = (quick.unwrap_or_default(), optimized.unwrap_or_default());
        // One of them may have ended early with a full stack.
        for (at, (quick, optimized)) in quick.iter().zip(&optimized).enumerate() {
            if quick != optimized {
                let path = std::env::temp_dir().join(format!("gantry-differential-{seed}-{made}.wasm"));
                std::fs::write(&path, &wasm).expect("a writable folder");
                panic!("{} at {at}:\n{quick}\n{optimized}", path.display());
            }
        }
    }
    println!("{made} modules, of which {compared} ran");
    assert_eq!(compared, MODULES);
}

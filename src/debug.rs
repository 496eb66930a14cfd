//! What `GANTRY_DEBUG` asks for on the standard error: with `compile`, a line for each module when its thread lets go of it.

use gantry_engine::Module;
use once_cell::sync::Lazy;

static COMPILE: Lazy<bool> =
    Lazy::new(|| std::env::var("GANTRY_DEBUG").is_ok_and(|value| value.split(',').any(|word| word == "compile")));

/// Says what code was made of a module.
pub(crate) fn report(module: &Module) {
    if !*COMPILE {
        return;
    }
    let stats = module.stats();
    let source = match (stats.cached, stats.is_final) {
        (true, _) => "from the cache",
        (false, true) => "all optimised",
        (false, false) => "not all optimised",
    };
    eprintln!(
        "gantry: module {}: {} functions, {source}; {} compiled on demand in {:.1} ms, {} quick, {} hot, {} from earlier processes, \
         {} replaced, {:.1} ms in the background, {} KiB of code",
        module.name().unwrap_or("without a name"),
        stats.functions,
        stats.on_demand,
        stats.on_demand_time.as_secs_f64() * 1e3,
        stats.quick,
        stats.hot,
        stats.continued,
        stats.swaps,
        stats.background_time.as_secs_f64() * 1e3,
        stats.code_bytes >> 10,
    );
}

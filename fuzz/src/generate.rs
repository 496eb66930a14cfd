//! Modules from random numbers: of wasm-smith with the whole language, or with parts of it, so that each part also meets
//! itself; or dense ones.

use arbitrary::Unstructured;
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices};

use crate::dense;
use crate::rewrite::rewrite;
use crate::rng::Rng;

/// How often a module that wasm-smith cannot make is tried again with other numbers.
const ATTEMPTS: usize = 20;

/// A valid module that ends: its last export is the global that counts its fuel. `canonical` says that it makes NaNs
/// canonical itself.
pub fn module(rng: &mut Rng, canonical: bool) -> Option<Vec<u8>> {
    if rng.chance(1, 2) {
        return Some(dense::module(rng, canonical));
    }
    (0..ATTEMPTS).find_map(|_| {
        let config = config(rng, canonical);
        // When they run out, functions end.
        let len = rng.pick(&[3_000, 10_000, 30_000]);
        let bytes = rng.bytes(len);
        let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
        let fuel = module.ensure_termination(0).ok()?;
        rewrite(&module.to_bytes(), fuel).ok()
    })
}

/// The limits within which everything is chosen at random.
fn config(rng: &mut Rng, canonicalize_nans: bool) -> Config {
    let whole = rng.chance(1, 2);
    let mut on = || whole || rng.chance(3, 4);
    let reference_types_enabled = on();
    let simd_enabled = on();
    let config = Config {
        bulk_memory_enabled: true,
        reference_types_enabled,
        gc_enabled: reference_types_enabled && on(),
        exceptions_enabled: on(),
        tail_call_enabled: on(),
        simd_enabled,
        // Which NaN comes out of a multiply-add is not said, and modules do not make that one canonical.
        relaxed_simd_enabled: simd_enabled && !canonicalize_nans && on(),
        threads_enabled: on(),
        memory64_enabled: on(),
        custom_page_sizes_enabled: on(),
        wide_arithmetic_enabled: on(),
        extended_const_enabled: on(),
        multi_value_enabled: on(),
        saturating_float_to_int_enabled: on(),
        sign_extension_ops_enabled: on(),
        compact_imports_enabled: false,
        ..Config::default()
    };
    let funcs = rng.pick(&[1, 3, 8]);
    let memory = rng.pick(&[1 << 16, 1 << 18, 1 << 20]);
    Config {
        canonicalize_nans,
        allowed_instructions: instructions(rng, whole),
        disallow_traps: rng.chance(1, 3),
        export_everything: true,
        min_types: 5,
        max_types: rng.pick(&[10, 30]),
        max_type_size: 500,
        max_imports: rng.pick(&[0, 3, 10]),
        min_funcs: funcs,
        max_funcs: 3 * funcs,
        min_globals: 2,
        max_globals: 10,
        min_tags: usize::from(config.exceptions_enabled),
        max_tags: 5,
        min_memories: u32::from(rng.chance(7, 8)),
        max_memories: rng.pick(&[1, 1, 3]),
        max_memory32_bytes: memory,
        max_memory64_bytes: memory.into(),
        memory_max_size_required: true,
        memory_offset_choices: rng.pick(&[(90, 9, 1), (1, 1, 1), (1, 0, 0)]).into_choices(),
        min_tables: u32::from(rng.chance(3, 4)),
        max_tables: 4,
        max_table_elements: rng.pick(&[10, 1_000]),
        table_max_size_required: true,
        min_element_segments: 1,
        max_element_segments: 5,
        min_data_segments: 1,
        max_data_segments: 5,
        max_instructions: rng.pick(&[20, 100, 400]),
        max_nesting_depth: rng.pick(&[5, 20]),
        min_uleb_size: rng.pick(&[1, 1, 1, 5]),
        limit_arrays_in_const_exprs: true,
        ..config
    }
}

trait IntoChoices {
    fn into_choices(self) -> MemoryOffsetChoices;
}

impl IntoChoices for (u32, u32, u32) {
    fn into_choices(self) -> MemoryOffsetChoices {
        MemoryOffsetChoices(self.0, self.1, self.2)
    }
}

/// All instructions, or some families of them.
fn instructions(rng: &mut Rng, whole: bool) -> InstructionKinds {
    use InstructionKind::{Aggregate, Control, Memory, Numeric, Parametric, Reference, Table, Variable, Vector};
    const FAMILIES: [InstructionKind; 9] =
        [Aggregate, Control, Memory, Numeric, Parametric, Reference, Table, Variable, Vector];
    if whole && rng.chance(3, 4) {
        return InstructionKinds::all();
    }
    let some: Vec<InstructionKind> = FAMILIES.into_iter().filter(|_| rng.chance(1, 2)).collect();
    InstructionKinds::new(&[&some[..], &[Control, Variable]].concat())
}

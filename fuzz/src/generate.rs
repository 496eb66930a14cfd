//! Modules from random numbers: wasm-smith with the whole language, or with parts of it, so that each part also meets itself.

use arbitrary::Unstructured;
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices};

use crate::rewrite::rewrite;
use crate::rng::Rng;

/// How often a module that wasm-smith cannot make is tried again with other numbers.
const ATTEMPTS: usize = 20;

/// A valid module that ends: its last export is the global that counts its fuel. `canonical` says that it makes NaNs
/// canonical itself.
pub fn module(rng: &mut Rng, canonical: bool) -> Option<Vec<u8>> {
    (0..ATTEMPTS).find_map(|_| {
        let config = config(rng, canonical);
        let len = rng.pick(&[300, 1_000, 3_000, 10_000]);
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
        relaxed_simd_enabled: simd_enabled && on(),
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
    let memory = rng.pick(&[1 << 16, 1 << 18, 1 << 20]);
    Config {
        canonicalize_nans,
        allowed_instructions: instructions(rng, whole),
        disallow_traps: rng.chance(1, 3),
        export_everything: true,
        min_funcs: 1,
        max_funcs: rng.pick(&[3, 10, 30]),
        max_types: rng.pick(&[5, 30]),
        max_imports: rng.pick(&[0, 3, 10]),
        max_globals: rng.pick(&[2, 10]),
        max_tags: rng.pick(&[2, 5]),
        min_memories: u32::from(rng.chance(3, 4)),
        max_memories: rng.pick(&[1, 1, 3]),
        max_memory32_bytes: memory,
        max_memory64_bytes: memory.into(),
        memory_max_size_required: true,
        memory_offset_choices: rng.pick(&[(90, 9, 1), (1, 1, 1), (1, 0, 0)]).into_choices(),
        max_tables: rng.pick(&[1, 4]),
        max_table_elements: rng.pick(&[10, 1_000]),
        table_max_size_required: true,
        max_element_segments: 5,
        max_data_segments: 5,
        max_instructions: rng.pick(&[20, 100, 400, 1_000]),
        max_nesting_depth: rng.pick(&[5, 20]),
        max_type_size: 500,
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

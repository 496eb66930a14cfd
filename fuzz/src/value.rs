//! Values as both engines can make them: what is chosen for a type, from a random number alone.

/// A type, as far as choosing a value for it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref { nullable: bool, heap: Heap },
}

/// What a reference may point to. Of defined types only the hierarchy is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heap {
    Func,
    Extern,
    Any,
    /// `eq` and `i31`: an integer will do.
    Integer,
    /// Something internal that the host cannot make.
    Object,
    Exn,
    /// Nothing.
    Bottom,
}

/// The hierarchies that values are kept by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hierarchy {
    Func,
    Extern,
    Any,
    Exn,
}

impl Heap {
    /// Which kept values may suit; those of the bottom types never do.
    fn hierarchy(self) -> Option<Hierarchy> {
        match self {
            Heap::Func => Some(Hierarchy::Func),
            Heap::Extern => Some(Hierarchy::Extern),
            Heap::Any | Heap::Integer | Heap::Object => Some(Hierarchy::Any),
            Heap::Exn => Some(Hierarchy::Exn),
            Heap::Bottom => None,
        }
    }
}

/// A value to make.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    Null,
    I31(i32),
    /// A host value that is this number.
    Host(u32),
    /// The same, made internal.
    HostAny(u32),
    /// One of the references that results were, by its number in its hierarchy.
    Kept(Hierarchy, usize),
}

const INTEGERS: [u64; 24] = [
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    31,
    32,
    63,
    64,
    255,
    256,
    65_535,
    65_536,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

const FLOATS: [f64; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -1.5,
    2_147_483_647.0,
    2_147_483_648.0,
    -2_147_483_649.0,
    4_294_967_296.0,
    9_223_372_036_854_775_808.0,
    -9_223_372_036_854_777_856.0,
    18_446_744_073_709_551_616.0,
    f64::MIN_POSITIVE,
    1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

fn integer(pick: u64) -> u64 {
    let value = INTEGERS[(pick >> 8) as usize % INTEGERS.len()];
    match pick & 3 {
        0 => value,
        1 => value.wrapping_neg(),
        2 => pick >> 48,
        _ => pick,
    }
}

fn float(pick: u64) -> f64 {
    let value = FLOATS[(pick >> 8) as usize % FLOATS.len()];
    match pick & 3 {
        0..=1 => value,
        2 => (pick >> 40) as i16 as f64 / 4.0,
        _ => f64::from_bits(pick),
    }
}

/// A value of a type. `kept` says how many references of a hierarchy there are. `None` if the host can make none.
pub fn choose(kind: Kind, pick: u64, kept: impl Fn(Hierarchy) -> usize) -> Option<Choice> {
    Some(match kind {
        Kind::I32 => Choice::I32(integer(pick) as i32),
        Kind::I64 => Choice::I64(integer(pick) as i64),
        Kind::F32 => Choice::F32(quiet32((float(pick) as f32).to_bits())),
        Kind::F64 => Choice::F64(quiet64(float(pick).to_bits())),
        Kind::V128 => {
            let low = u128::from(crate::rng::mix(pick, 1));
            match pick & 3 {
                0 => u128::from(integer(pick)) | u128::from(integer(pick.rotate_left(17))) << 64,
                1 => u128::from(float(pick).to_bits()) | u128::from(float(pick.rotate_left(23)).to_bits()) << 64,
                _ => low | u128::from(pick) << 64,
            }
            .into()
        }
        Kind::Ref { nullable, heap } => return choose_reference(nullable, heap, pick, kept),
    })
}

impl From<u128> for Choice {
    fn from(bits: u128) -> Choice {
        Choice::V128(bits)
    }
}

/// The canonical NaN for every NaN: a payload would be a way around making NaNs canonical.
fn quiet32(bits: u32) -> u32 {
    if f32::from_bits(bits).is_nan() { 0x7fc0_0000 } else { bits }
}

fn quiet64(bits: u64) -> u64 {
    if f64::from_bits(bits).is_nan() { 0x7ff8_0000_0000_0000 } else { bits }
}

fn choose_reference(nullable: bool, heap: Heap, pick: u64, kept: impl Fn(Hierarchy) -> usize) -> Option<Choice> {
    let number = (pick >> 16) as u32;
    if nullable && pick & 3 == 0 {
        return Some(Choice::Null);
    }
    if let Some(hierarchy) = heap.hierarchy()
        && kept(hierarchy) > 0
        && (pick & 3 != 1 || matches!(heap, Heap::Func | Heap::Object | Heap::Exn))
    {
        return Some(Choice::Kept(hierarchy, number as usize % kept(hierarchy)));
    }
    match heap {
        Heap::Extern => Some(Choice::Host(number & 0xffff)),
        Heap::Any if pick & 4 == 0 => Some(Choice::HostAny(number & 0xffff)),
        Heap::Any | Heap::Integer => Some(Choice::I31((number as i32) << 1 >> 1)),
        _ => nullable.then_some(Choice::Null),
    }
}

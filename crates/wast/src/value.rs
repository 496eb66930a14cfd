//! Values of a script: arguments to the engine's, and expected results (with their patterns) against the engine's.

use gantry_engine::{ExternRef, HeapType as Heap, Hierarchy, Store, Val};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

use crate::event::Miss;

/// What a script's `ref.extern N` is inside the engine.
struct HostNumber(u32);

/// The engine's value for an argument.
pub fn argument(store: &mut Store, arg: &WastArg<'_>) -> Result<Val, Miss> {
    let WastArg::Core(arg) = arg else {
        return Err(Miss::failed("component values are not supported"));
    };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(HeapType::Abstract { shared: false, ty }) => {
            let hierarchy = hierarchy(*ty).ok_or_else(|| Miss::failed(format_args!("null {ty:?} is not supported")))?;
            Val::null(hierarchy)
        }
        WastArgCore::RefExtern(number) => Val::ExternRef(Some(ExternRef::new(store, HostNumber(*number)))),
        WastArgCore::RefHost(number) => Val::AnyRef(Some(ExternRef::new(store, HostNumber(*number)).to_any())),
        other => return Err(Miss::failed(format_args!("argument {other:?} is not supported"))),
    })
}

fn hierarchy(ty: AbstractHeapType) -> Option<Hierarchy> {
    use AbstractHeapType as Abstract;
    Some(match ty {
        Abstract::Func | Abstract::NoFunc => Hierarchy::Func,
        Abstract::Extern | Abstract::NoExtern => Hierarchy::Extern,
        Abstract::Any | Abstract::Eq | Abstract::I31 | Abstract::Struct | Abstract::Array | Abstract::None => {
            Hierarchy::Any
        }
        Abstract::Exn | Abstract::NoExn => Hierarchy::Exn,
        _ => return None,
    })
}

fn is_null(value: &Val) -> Option<Hierarchy> {
    match value {
        Val::FuncRef(None) => Some(Hierarchy::Func),
        Val::ExternRef(None) => Some(Hierarchy::Extern),
        Val::AnyRef(None) => Some(Hierarchy::Any),
        Val::ExnRef(None) => Some(Hierarchy::Exn),
        _ => None,
    }
}

fn is_number(value: Option<std::rc::Rc<dyn std::any::Any>>, expected: u32) -> bool {
    value.is_some_and(|value| value.downcast_ref::<HostNumber>().is_some_and(|actual| actual.0 == expected))
}

/// Checks results against what the script expects.
pub fn check_results(store: &Store, actual: &[Val], expected: &[WastRet<'_>]) -> Result<(), Miss> {
    if actual.len() != expected.len() {
        return Err(Miss::failed(format_args!("expected {} results, got {}", expected.len(), actual.len())));
    }
    for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let WastRet::Core(expected) = expected else {
            return Err(Miss::failed("component values are not supported"));
        };
        if !matches(store, actual, expected) {
            let actual = describe(actual);
            return Err(Miss::failed(format_args!("result {index}: expected {expected:?}, got {actual}")));
        }
    }
    Ok(())
}

fn matches(store: &Store, actual: &Val, expected: &WastRetCore<'_>) -> bool {
    match (expected, actual) {
        (WastRetCore::Either(cases), actual) => cases.iter().any(|case| matches(store, actual, case)),
        (WastRetCore::I32(expected), Val::I32(actual)) => actual == expected,
        (WastRetCore::I64(expected), Val::I64(actual)) => actual == expected,
        (WastRetCore::F32(expected), Val::F32(actual)) => matches_f32(*actual, expected),
        (WastRetCore::F64(expected), Val::F64(actual)) => matches_f64(*actual, expected),
        (WastRetCore::V128(expected), Val::V128(actual)) => matches_v128(*actual, expected),
        (WastRetCore::RefNull(None), actual) => is_null(actual).is_some(),
        (WastRetCore::RefNull(Some(HeapType::Abstract { shared: false, ty })), actual) => {
            is_null(actual).is_some_and(|actual| hierarchy(*ty) == Some(actual))
        }
        // A null of a defined type: which one the script means is not known here.
        (WastRetCore::RefNull(Some(HeapType::Concrete(_))), actual) => is_null(actual).is_some(),
        (WastRetCore::RefAny, Val::AnyRef(Some(_))) => true,
        (WastRetCore::RefEq, Val::AnyRef(Some(actual))) => actual.is(store, Heap::Eq),
        (WastRetCore::RefArray, Val::AnyRef(Some(actual))) => actual.is(store, Heap::Array),
        (WastRetCore::RefStruct, Val::AnyRef(Some(actual))) => actual.is(store, Heap::Struct),
        (WastRetCore::RefI31, Val::AnyRef(Some(actual))) => actual.is(store, Heap::I31),
        (WastRetCore::RefHost(expected), Val::AnyRef(Some(actual))) => {
            is_number(actual.to_extern().data(store), *expected)
        }
        (WastRetCore::RefFunc(_), Val::FuncRef(Some(_))) => true,
        (WastRetCore::RefExtern(None), Val::ExternRef(Some(_))) => true,
        (WastRetCore::RefExtern(Some(expected)), Val::ExternRef(Some(actual))) => {
            is_number(actual.data(store), *expected)
        }
        _ => false,
    }
}

fn matches_f32(actual: u32, expected: &NanPattern<F32>) -> bool {
    const QUIET_NAN: u32 = 0x7fc0_0000;
    match expected {
        NanPattern::CanonicalNan => actual & 0x7fff_ffff == QUIET_NAN,
        NanPattern::ArithmeticNan => actual & QUIET_NAN == QUIET_NAN,
        NanPattern::Value(expected) => actual == expected.bits,
    }
}

fn matches_f64(actual: u64, expected: &NanPattern<F64>) -> bool {
    const QUIET_NAN: u64 = 0x7ff8_0000_0000_0000;
    match expected {
        NanPattern::CanonicalNan => actual & 0x7fff_ffff_ffff_ffff == QUIET_NAN,
        NanPattern::ArithmeticNan => actual & QUIET_NAN == QUIET_NAN,
        NanPattern::Value(expected) => actual == expected.bits,
    }
}

fn matches_v128(actual: u128, expected: &V128Pattern) -> bool {
    let lane = |index: usize, bits: usize| actual >> (index * bits);
    match expected {
        V128Pattern::I8x16(lanes) => (0..).zip(lanes).all(|(i, expected)| lane(i, 8) as i8 == *expected),
        V128Pattern::I16x8(lanes) => (0..).zip(lanes).all(|(i, expected)| lane(i, 16) as i16 == *expected),
        V128Pattern::I32x4(lanes) => (0..).zip(lanes).all(|(i, expected)| lane(i, 32) as i32 == *expected),
        V128Pattern::I64x2(lanes) => (0..).zip(lanes).all(|(i, expected)| lane(i, 64) as i64 == *expected),
        V128Pattern::F32x4(lanes) => (0..).zip(lanes).all(|(i, expected)| matches_f32(lane(i, 32) as u32, expected)),
        V128Pattern::F64x2(lanes) => (0..).zip(lanes).all(|(i, expected)| matches_f64(lane(i, 64) as u64, expected)),
    }
}

fn describe(value: &Val) -> String {
    match value {
        Val::I32(value) => format!("i32 {value} (0x{value:08x})"),
        Val::I64(value) => format!("i64 {value} (0x{value:016x})"),
        Val::F32(bits) => format!("f32 {} (0x{bits:08x})", f32::from_bits(*bits)),
        Val::F64(bits) => format!("f64 {} (0x{bits:016x})", f64::from_bits(*bits)),
        Val::V128(bits) => format!("v128 0x{bits:032x}"),
        Val::FuncRef(None) => "a null funcref".into(),
        Val::FuncRef(Some(_)) => "a function".into(),
        Val::ExternRef(None) => "a null externref".into(),
        Val::ExternRef(Some(_)) => "an externref".into(),
        Val::AnyRef(None) => "a null anyref".into(),
        Val::AnyRef(Some(_)) => "an anyref".into(),
        Val::ExnRef(None) => "a null exnref".into(),
        Val::ExnRef(Some(_)) => "an exception".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_nan_has_only_the_quiet_bit_and_any_sign() {
        for (bits, canonical, arithmetic) in [
            (0x7fc0_0000, true, true),
            (0xffc0_0000, true, true),
            (0x7fc0_0001, false, true),
            (0x7fa0_0000, false, false),
            (0x7f80_0000, false, false),
            (0x3f80_0000, false, false),
        ] {
            assert_eq!(matches_f32(bits, &NanPattern::CanonicalNan), canonical, "{bits:x}");
            assert_eq!(matches_f32(bits, &NanPattern::ArithmeticNan), arithmetic, "{bits:x}");
        }
        for (bits, canonical, arithmetic) in [
            (0xfff8_0000_0000_0000, true, true),
            (0x7ff8_0000_0000_0001, false, true),
            (0x7ff4_0000_0000_0000, false, false),
        ] {
            assert_eq!(matches_f64(bits, &NanPattern::CanonicalNan), canonical, "{bits:x}");
            assert_eq!(matches_f64(bits, &NanPattern::ArithmeticNan), arithmetic, "{bits:x}");
        }
    }

    #[test]
    fn a_vector_is_compared_lane_by_lane() {
        let value = u128::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff]);
        let lanes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, -1];
        assert!(matches_v128(value, &V128Pattern::I8x16(lanes)));
        assert!(!matches_v128(value ^ (1 << 127), &V128Pattern::I8x16(lanes)));
        assert!(matches_v128(value, &V128Pattern::I64x2([0x0706_0504_0302_0100, 0xff0e_0d0c_0b0a_0908_u64 as i64])));
        let one = NanPattern::Value(F32 { bits: 1 });
        let pattern = V128Pattern::F32x4([NanPattern::CanonicalNan, one, one, NanPattern::ArithmeticNan]);
        assert!(matches_v128(0x7fc0_0001_0000_0001_0000_0001_7fc0_0000, &pattern));
        assert!(!matches_v128(0x7fc0_0000_0000_0001_0000_0001_7fc0_0001, &pattern));
    }

    #[test]
    fn zeros_of_different_sign_differ() {
        assert!(!matches_f32(0x8000_0000, &NanPattern::Value(F32 { bits: 0 })));
    }
}

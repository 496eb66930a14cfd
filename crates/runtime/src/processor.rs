//! What the processor has that not all of its architecture have.

macro_rules! detect {
    ($detected:ident, $feature:expr, [$($name:tt)*]) => {
        match $feature {
            $($name => std::arch::$detected!($name),)*
            _ => false,
        }
    };
}

/// Whether the processor has a feature, named as in [`gantry_abi::Target::features`]. False for names that nobody knows.
pub fn processor_has(feature: &str) -> bool {
    #[cfg(target_arch = "x86_64")]
    return detect!(is_x86_feature_detected, feature, [
        "avx" "avx2" "avx512bitalg" "avx512dq" "avx512f" "avx512vbmi" "avx512vl" "avx512vnni" "avxvnni" "bmi1" "bmi2"
        "cmpxchg16b" "fma" "lzcnt" "popcnt" "sse3" "sse4.1" "sse4.2" "ssse3"
    ]);
    #[cfg(target_arch = "aarch64")]
    return detect!(is_aarch64_feature_detected, feature, ["dotprod" "fp16" "i8mm" "lse" "paca"]);
}

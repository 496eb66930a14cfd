//! What quick code counts, and what has turned out by that.
//!
//! A module has a counter for each function that it defines, and behind these some for its calls. Calls are told apart by where they are in
//! the module; as counters are fewer, some share one: what is read there only decides how much code is worth.

/// Counters of calls for each function, before that is made a power of two.
const CALLS: usize = 4;
const FEWEST_CALLS: usize = 64;
const MOST_CALLS: usize = 1 << 16;

/// How many counters a module has that defines so many functions.
pub fn counters(functions: usize) -> usize {
    functions + call_counters(functions)
}

/// Which of them counts calls that are made by the operator at an offset of the module.
pub fn call_counter(functions: usize, offset: u32) -> usize {
    let bits = call_counters(functions).trailing_zeros();
    // Multiplied with a fraction of 2^32, neighbours are far apart.
    functions + (offset.wrapping_mul(0x9e37_79b1) >> (u32::BITS - bits)) as usize
}

fn call_counters(functions: usize) -> usize {
    functions.saturating_mul(CALLS).clamp(FEWEST_CALLS, MOST_CALLS).next_power_of_two()
}

/// What has turned out while a module ran in quick code.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Defined functions in which most of the time goes by, the hottest first.
    pub hot: Vec<u32>,
    /// How many functions the module defines.
    functions: usize,
    counters: Vec<u32>,
}

impl Profile {
    /// What the counters of a module say that defines so many functions, and what follows from them.
    pub fn new(functions: usize, counters: Vec<u32>, hot: Vec<u32>) -> Profile {
        Profile { hot, functions, counters }
    }

    /// How often a call was made by the operator at an offset of the module, for each time that the defined function it is in was entered or
    /// one of its loops went round. None if that function never was.
    pub fn frequency(&self, function: u32, offset: u32) -> Option<f64> {
        let rounds = *self.counters.get(function as usize)?;
        let calls = *self.counters.get(call_counter(self.functions, offset))?;
        (rounds > 0).then(|| f64::from(calls) / f64::from(rounds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_offset_has_a_counter_behind_those_of_functions() {
        for functions in [0, 1, 100, 50_000] {
            let all: Vec<usize> = (0..10_000).map(|offset| call_counter(functions, offset * 7)).collect();
            assert!(all.iter().all(|counter| (functions..counters(functions)).contains(counter)), "{functions}");
        }
        let mut near: Vec<usize> = (1000..1016).map(|offset| call_counter(10, offset)).collect();
        near.sort_unstable();
        near.dedup();
        assert!(near.len() > 14);
    }

    #[test]
    fn frequencies_are_relative_to_the_function() {
        let mut counts = vec![0; counters(2)];
        counts[1] = 200;
        counts[call_counter(2, 77)] = 50;
        let profile = Profile::new(2, counts, vec![1]);
        assert_eq!(profile.frequency(1, 77), Some(0.25));
        assert_eq!(profile.frequency(1, 78), Some(0.0));
        assert_eq!(profile.frequency(0, 77), None);
        assert_eq!(Profile::default().frequency(0, 77), None);
    }
}

//! Where functions begin, so that short loops lie within lines of the instruction cache.
//!
//! Processors fetch decoded instructions by lines of 64 bytes: a loop of a few instructions that lies across two takes one and a half times the
//! time. Cranelift does not align blocks, but where the function begins is free.

/// Bytes of a line.
const LINE: u32 = 64;
/// Functions begin at multiples of this.
const STEP: u32 = 16;
const STEPS: usize = (LINE / STEP) as usize;
/// A loop in another counts as so many.
const INNER: u32 = 8;
const MAX_DEPTH: u32 = 4;

/// Where in a line a function may begin: a bit for each multiple of [`STEP`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places(u8);

impl Places {
    /// All.
    pub const ANY: Places = Places((1 << STEPS) - 1);

    /// Where the fewest short loops lie across lines. `starts` are those of the code's blocks in order, `edges` lead from blocks to blocks.
    pub fn of(starts: &[u32], edges: &[(u32, u32)], len: u32) -> Places {
        let end_of = |block: u32| starts.get(starts.partition_point(|start| *start <= block)).copied().unwrap_or(len);
        let loops: Vec<(u32, u32)> =
            edges.iter().filter(|(from, to)| to <= from).map(|(from, to)| (*to, end_of(*from))).collect();
        if loops.iter().all(|(start, end)| end - start > LINE) {
            return Places::ANY;
        }
        let sorted = |of: fn(&(u32, u32)) -> u32| {
            let mut all: Vec<u32> = loops.iter().map(of).collect();
            all.sort_unstable();
            all
        };
        let (begins, ends) = (sorted(|l| l.0), sorted(|l| l.1));
        let mut costs = [0u64; STEPS];
        for (start, end) in loops.iter().filter(|(start, end)| end - start <= LINE) {
            let depth = begins.partition_point(|begin| begin <= start) - ends.partition_point(|end| end <= start);
            let weight = u64::from(INNER.pow(MAX_DEPTH.min(depth as u32)));
            for (step, cost) in costs.iter_mut().enumerate() {
                let at = (start + step as u32 * STEP) % LINE;
                *cost += if at + (end - start) > LINE { weight } else { 0 };
            }
        }
        let least = costs.iter().min().copied().unwrap_or(0);
        let bits = costs.iter().enumerate().filter(|(_, cost)| **cost == least).map(|(step, _)| 1 << step);
        Places(bits.fold(0, |places, bit| places | bit))
    }

    /// The first of these that is not before an offset.
    pub fn first_from(self, offset: usize) -> usize {
        let steps = offset.div_ceil(STEP as usize);
        let fits = |step: &usize| self.0 & 1 << (step % STEPS) != 0;
        (steps..steps + STEPS).find(fits).unwrap_or(steps) * STEP as usize
    }

    /// As a number, for [`Places::from_bits`].
    pub fn bits(self) -> u32 {
        self.0.into()
    }

    /// What [`Places::bits`] gave, or nothing.
    pub fn from_bits(bits: u32) -> Option<Places> {
        let places = Places(u8::try_from(bits).ok()?);
        (places.0 != 0 && places.0 <= Places::ANY.0).then_some(places)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::{Compiler, Cpu, Machine, Settings};

    fn places(steps: &[u8]) -> Places {
        Places(steps.iter().fold(0, |places, step| places | 1 << step))
    }

    #[test]
    fn short_loops_lie_within_lines() {
        // From 20 to 60; at 16 and 32 it would lie across the end of the line.
        let edges = [(0, 20), (20, 20), (20, 60)];
        assert_eq!(Places::of(&[0, 20, 60], &edges, 70), places(&[0, 3]));
        // Of two blocks, up to the end of the code.
        assert_eq!(Places::of(&[0, 20, 40], &[(0, 20), (20, 40), (40, 20)], 60), places(&[0, 3]));
        // As long as a line.
        assert_eq!(Places::of(&[0, 16], &[(0, 16), (16, 16)], 80), places(&[3]));
    }

    #[test]
    fn code_without_short_loops_begins_anywhere() {
        assert_eq!(Places::of(&[0], &[], 10), Places::ANY);
        assert_eq!(Places::of(&[0, 20, 40], &[(0, 20), (0, 40), (20, 40)], 50), Places::ANY);
        assert_eq!(Places::of(&[0, 1], &[(0, 1), (1, 1)], 66), Places::ANY);
        // Without blocks, as of code for which none are listed.
        assert_eq!(Places::of(&[], &[], 10), Places::ANY);
    }

    #[test]
    fn inner_loops_count_more() {
        let starts = [0, 20, 60, 110, 120, 160, 200];
        let edges = [
            (0, 20),
            (20, 20),
            (20, 60),
            (60, 110),
            (110, 120),
            (120, 120),
            (120, 160),
            (160, 200),
            (200, 110),
            (200, 250),
        ];
        assert_eq!(Places::of(&starts, &edges, 300), places(&[1, 2]));
        // Where none is in another, one of the two lies across lines wherever the code begins.
        let without_outer: Vec<_> = edges.into_iter().filter(|edge| *edge != (200, 110)).collect();
        assert_eq!(Places::of(&starts, &without_outer, 300), Places::ANY);
    }

    #[test]
    fn the_first_place_that_fits_is_taken() {
        assert_eq!([0, 1, 16, 17, 49].map(|at| Places::ANY.first_from(at)), [0, 16, 16, 32, 64]);
        assert_eq!([0, 1, 47, 49, 113].map(|at| places(&[0, 3]).first_from(at)), [0, 48, 48, 64, 128]);
    }

    #[test]
    fn only_places_are_read() {
        assert!((1..16).all(|bits| Places::from_bits(bits).is_some_and(|places| places.bits() == bits)));
        assert!([0, 16, 256, u32::MAX].iter().all(|bits| Places::from_bits(*bits).is_none()));
    }

    /// The bounds of the loop in a function for x86-64 that has one: from where its only backward branch leads to behind that.
    fn only_loop(code: &[u8]) -> Range<usize> {
        let branch = |at: usize| {
            let [0x0f, 0x80..=0x8f, a, b, c, d] = code[at..at + 6] else { return None };
            let to = (at as i64 + 6).checked_add(i32::from_le_bytes([a, b, c, d]).into())?;
            (0..at as i64).contains(&to).then_some(to as usize..at + 6)
        };
        let branches: Vec<_> = (0..code.len() - 6).filter_map(branch).collect();
        let [only] = &branches[..] else { panic!("{branches:?} in {code:x?}") };
        only.clone()
    }

    #[test]
    fn functions_are_placed_for_their_loops() {
        // As much code in front of each loop as the function's number says.
        let function = |number: usize| {
            let before: String =
                (0..number).map(|i| format!("(i32.store8 offset={i} (local.get 0) (i32.const 7))")).collect();
            format!(
                "(func (param i32) {before} (loop (i32.store (local.get 0) (i32.const 1))
                 (br_if 0 (local.tee 0 (i32.load (local.get 0))))))"
            )
        };
        let functions: String = (0..64).map(function).collect();
        let wasm = wat::parse_str(format!("(module (memory 1) {functions})")).unwrap();
        let machine = Machine { triple: Some("x86_64-unknown-linux-gnu".into()), cpu: Cpu::Baseline };
        let compiler = Compiler::new(Settings { machine, ..Settings::default() }).unwrap();
        let artifact = compiler.compile(&wasm).unwrap();
        let mut starts = [0; STEPS];
        for index in 0..64 {
            let bounds = artifact.function(index);
            let (start, end) = (bounds.start as usize, bounds.end as usize);
            let inside = only_loop(&artifact.text()[start..end]);
            assert!(inside.len() <= LINE as usize, "{inside:?}");
            let line = |at: usize| (start + at) / LINE as usize;
            assert_eq!(line(inside.start), line(inside.end - 1), "{inside:?} from {start}");
            starts[start / STEP as usize % STEPS] += 1;
        }
        assert!(starts.iter().all(|count| *count > 0), "{starts:?}");
    }
}

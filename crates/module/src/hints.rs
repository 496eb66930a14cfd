//! Branch hints of a module: the custom section `metadata.code.branch_hint`.
//!
//! <https://github.com/WebAssembly/branch-hinting>

use wasmparser::{BinaryReader, BranchHintFunction, SectionLimited};

/// Which way branches mostly go, as far as the module says.
#[derive(Debug, Clone, Default)]
pub struct BranchHints(Vec<FunctionHints>);

/// One function's hints: offset in its body, and whether the branch is likely taken.
type FunctionHints = (u32, Box<[(u32, bool)]>);

impl BranchHints {
    /// The name of the section.
    pub const SECTION: &str = "metadata.code.branch_hint";

    /// Reads the section's contents. Custom sections have no say in whether a module is valid: from the first damage on
    /// there are no hints.
    pub(crate) fn read(contents: &[u8]) -> BranchHints {
        let mut hints = Vec::new();
        let reader = BinaryReader::new(contents, 0);
        for function in SectionLimited::<BranchHintFunction<'_>>::new(reader).into_iter().flatten() {
            let Some(function) = function.ok().and_then(read_function) else { break };
            hints.push(function);
        }
        hints.sort_by_key(|(func, _)| *func);
        BranchHints(hints)
    }

    /// The hints for a function, in the order of their offsets. These count from the start of the body, where its locals are.
    pub fn of(&self, func: u32) -> &[(u32, bool)] {
        match self.0.binary_search_by_key(&func, |(func, _)| *func) {
            Ok(at) => &self.0[at].1,
            Err(_) => &[],
        }
    }
}

fn read_function(function: BranchHintFunction<'_>) -> Option<FunctionHints> {
    let hints: Result<Vec<_>, _> =
        function.hints.into_iter().map(|hint| hint.map(|hint| (hint.func_offset, hint.taken))).collect();
    let mut hints = hints.ok()?;
    hints.sort_by_key(|(offset, _)| *offset);
    Some((function.func, hints.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_found_by_function() {
        let hints = BranchHints::read(&[2, 5, 1, 9, 1, 1, 3, 2, 4, 1, 0, 7, 1, 1]);
        assert_eq!(hints.of(3), [(4, false), (7, true)]);
        assert_eq!(hints.of(5), [(9, true)]);
        assert_eq!(hints.of(4), []);
    }

    #[test]
    fn damage_ends_the_hints() {
        for contents in [&[][..], &[255], &[9, 0, 200], &[1, 0, 1, 4, 1, 2], &[1, 0, 1, 4, 0, 1]] {
            assert_eq!(BranchHints::read(contents).of(0), [], "{contents:?}");
        }
        assert_eq!(BranchHints::read(&[2, 0, 1, 4, 1, 1, 1, 9]).of(0), [(4, true)]);
    }
}

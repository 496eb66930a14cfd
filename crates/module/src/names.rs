//! The name section: only what backtraces need, as ranges into the module's bytes.

use std::ops::Range;

/// Names of the module and of its functions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameMap {
    module: Option<Range<usize>>,
    /// Sorted by function index.
    functions: Vec<(u32, Range<usize>)>,
}

impl NameMap {
    /// Reads a name section. The specification asks that a malformed one be ignored: what was read up to the
    /// first error counts.
    ///
    /// `data_start` is where the section's contents begin in the bytes that ranges should refer to.
    pub(crate) fn read(data: &[u8], data_start: usize) -> NameMap {
        let mut names = NameMap::default();
        let range_of = |s: &str| {
            let start = data_start + (s.as_ptr().addr() - data.as_ptr().addr());
            start..start + s.len()
        };
        let reader = wasmparser::NameSectionReader::new(wasmparser::BinaryReader::new(data, 0));
        for subsection in reader {
            match subsection {
                Ok(wasmparser::Name::Module { name, .. }) => names.module = Some(range_of(name)),
                Ok(wasmparser::Name::Function(map)) => {
                    for naming in map.into_iter().map_while(Result::ok) {
                        names.functions.push((naming.index, range_of(naming.name)));
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        names.functions.sort_by_key(|(index, _)| *index);
        names.functions.dedup_by_key(|(index, _)| *index);
        names
    }

    /// The module's own name.
    pub fn module<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        text(bytes, self.module.as_ref()?)
    }

    /// A function's name.
    pub fn function<'a>(&self, bytes: &'a [u8], index: u32) -> Option<&'a str> {
        let at = self.functions.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        text(bytes, &self.functions[at].1)
    }
}

fn text<'a>(bytes: &'a [u8], range: &Range<usize>) -> Option<&'a str> {
    std::str::from_utf8(bytes.get(range.clone())?).ok()
}

//! The name section: only what backtraces need, as ranges into the module's bytes.

use std::ops::Range;
use std::sync::OnceLock;

/// Names of the module and of its functions. They are read when somebody asks for one.
#[derive(Debug, Clone, Default)]
pub struct NameMap {
    /// The contents of the section, in the module's bytes.
    section: Range<usize>,
    names: OnceLock<Names>,
}

#[derive(Debug, Clone, Default)]
struct Names {
    module: Option<Range<usize>>,
    /// Sorted by function index.
    functions: Vec<(u32, Range<usize>)>,
}

impl Names {
    /// Reads a name section. The specification asks that a malformed one be ignored: what was read up to the
    /// first error counts.
    ///
    /// `data_start` is where the section's contents begin in the bytes that ranges should refer to.
    fn read(data: &[u8], data_start: usize) -> Names {
        let mut names = Names::default();
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
}

impl NameMap {
    /// The names in a section, whose contents are there in the module's bytes.
    pub(crate) fn new(section: Range<usize>) -> NameMap {
        NameMap { section, names: OnceLock::new() }
    }

    fn names(&self, bytes: &[u8]) -> &Names {
        let read = || Names::read(bytes.get(self.section.clone()).unwrap_or_default(), self.section.start);
        self.names.get_or_init(read)
    }

    /// The module's own name.
    pub fn module<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        text(bytes, self.names(bytes).module.as_ref()?)
    }

    /// A function's name.
    pub fn function<'a>(&self, bytes: &'a [u8], index: u32) -> Option<&'a str> {
        let functions = &self.names(bytes).functions;
        let at = functions.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        text(bytes, &functions[at].1)
    }
}

fn text<'a>(bytes: &'a [u8], range: &Range<usize>) -> Option<&'a str> {
    std::str::from_utf8(bytes.get(range.clone())?).ok()
}

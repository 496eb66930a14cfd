//! Line numbers of byte offsets, without reading the script again for each.

/// Where the lines of a text start.
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of `text`.
    pub fn new(text: &str) -> Lines {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The line, from 1, that holds the byte at `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_fall_on_their_lines() {
        let lines = Lines::new("ab\n\nc");
        let found: Vec<usize> = (0..5).map(|offset| lines.line_of(offset)).collect();
        assert_eq!(found, [1, 1, 1, 2, 3]);
    }
}

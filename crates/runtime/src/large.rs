//! Large amounts of bytes.
//!
//! Must not know: what they are.

use crate::sys;

/// Bytes from which a large page may fit in.
const LARGE: usize = 2 << 20;

/// A copy. What takes longest of a large one is that the system finds memory for it page by page; it is asked for large pages.
pub fn copy_large(bytes: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len());
    if bytes.len() >= LARGE {
        sys::prefer_large_pages(copy.spare_capacity_mut());
    }
    copy.extend_from_slice(bytes);
    copy
}

#[cfg(test)]
mod tests {
    #[test]
    fn copies_are_equal() {
        for len in [0, 1, 4096, (4 << 20) + 5] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            assert!(super::copy_large(&bytes) == bytes);
        }
    }
}

//! Code of those functions of a module that are there, while the others are still to be made. It never leaves the process.

use crate::artifact::Artifact;

/// Functions that call each other directly, also those that are missing.
#[derive(Debug)]
pub struct Partial {
    /// With text for all functions. Where one is missing, there are [`Partial::ROOM`] bytes for a jump to wherever it is.
    pub artifact: Artifact,
    /// The numbers of the defined functions that are missing, sorted.
    pub missing: Vec<u32>,
}

impl Partial {
    /// Bytes for a jump.
    pub const ROOM: usize = 32;
}

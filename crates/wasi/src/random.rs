//! Random bytes: the system's, or a sequence that a seed determines.

use std::sync::Arc;

use crate::Errno;
use crate::sync::Lock;

/// Where a program's random bytes come from. Clones go on with one sequence.
#[derive(Clone, Debug, Default)]
pub struct Random(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    /// The operating system's generator for cryptographic use.
    #[default]
    System,
    Seeded(Arc<Lock<blake3::OutputReader>>),
}

impl Random {
    /// The operating system's generator.
    pub fn system() -> Random {
        Random(Source::System)
    }

    /// The same bytes each time for the same seed. Not secret, hence not for cryptographic use.
    pub fn seeded(seed: u64) -> Random {
        let mut hasher = blake3::Hasher::new_derive_key("gantry-wasi seeded random");
        hasher.update(&seed.to_le_bytes());
        Random(Source::Seeded(Arc::new(Lock::new(hasher.finalize_xof()))))
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) -> Result<(), Errno> {
        match &self.0 {
            Source::Seeded(reader) => reader.lock().fill(bytes),
            Source::System => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    match rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty()) {
                        Ok(count) => rest = &mut rest[count..],
                        Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(())
    }
}

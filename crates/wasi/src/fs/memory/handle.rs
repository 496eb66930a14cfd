//! Open files in memory.

use std::sync::Arc;

use super::node::Node;
use crate::fs::Result;
use crate::fs::path::Handle;
use crate::{Errno, FileStat, SetTime};

/// A file of a tree, which lives on when its names are gone.
pub(super) struct MemoryHandle {
    pub(super) node: Arc<Node>,
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Handle for MemoryHandle {
    fn stat(&self) -> Result<FileStat> {
        Ok(self.node.stat())
    }

    fn read(&self, buffer: &mut [u8], offset: Option<u64>) -> Result<usize> {
        if !self.read {
            return Err(Errno::BADF);
        }
        let bytes = self.node.bytes()?.lock();
        let start = usize::try_from(offset.unwrap_or(0)).unwrap_or(usize::MAX).min(bytes.len());
        let count = buffer.len().min(bytes.len() - start);
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write(&self, buffer: &[u8], offset: Option<u64>) -> Result<usize> {
        if !self.write {
            return Err(Errno::BADF);
        }
        self.node.write(offset.unwrap_or(0), buffer)?;
        self.node.modified();
        Ok(buffer.len())
    }

    fn set_size(&self, size: u64) -> Result<()> {
        if !self.write {
            return Err(Errno::INVAL);
        }
        self.node.resize(size)?;
        self.node.modified();
        Ok(())
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        self.node.set_times(atim, mtim);
        Ok(())
    }
}

//! A module made again from its skeleton: the same sections, already validated once, without code.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use wasmparser::{BinaryReader, CustomSectionReader, SectionLimited};

use crate::data::DataSegments;
use crate::error::{Error, Result};
use crate::module::Module;

const HEADER_LEN: usize = 8;

/// Section ids of the binary format.
mod id {
    pub const CUSTOM: u8 = 0;
    pub const TYPE: u8 = 1;
    pub const IMPORT: u8 = 2;
    pub const FUNCTION: u8 = 3;
    pub const TABLE: u8 = 4;
    pub const MEMORY: u8 = 5;
    pub const GLOBAL: u8 = 6;
    pub const EXPORT: u8 = 7;
    pub const START: u8 = 8;
    pub const ELEMENT: u8 = 9;
    pub const DATA: u8 = 11;
    pub const DATA_COUNT: u8 = 12;
    pub const TAG: u8 = 13;
}

/// A module's bytes without its code section. They may belong to something larger, such as a file that is mapped.
#[derive(Clone)]
pub struct Skeleton {
    storage: Arc<dyn AsRef<[u8]> + Send + Sync>,
    range: Range<usize>,
}

impl Skeleton {
    /// A part of something.
    ///
    /// # Panics
    /// If it is not inside.
    pub fn part_of(storage: Arc<dyn AsRef<[u8]> + Send + Sync>, range: Range<usize>) -> Skeleton {
        assert!(range.start <= range.end && range.end <= (*storage).as_ref().len(), "a part lies inside");
        Skeleton { storage, range }
    }
}

impl From<Vec<u8>> for Skeleton {
    fn from(bytes: Vec<u8>) -> Skeleton {
        let range = 0..bytes.len();
        Skeleton { storage: Arc::new(bytes), range }
    }
}

impl Default for Skeleton {
    fn default() -> Skeleton {
        Vec::new().into()
    }
}

impl Deref for Skeleton {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &(*self.storage).as_ref()[self.range.clone()]
    }
}

impl fmt::Debug for Skeleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Skeleton").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Module {
    /// Reads what [`Module::skeleton`] holds. It is trusted to have been validated, but not to be undamaged:
    /// damage is an error.
    pub fn from_skeleton(skeleton: Skeleton) -> Result<Module> {
        let mut module = Module::default();
        if skeleton.len() < HEADER_LEN {
            return Err(Error::new("unexpected end of the module", skeleton.len() as u64));
        }
        let mut reader = BinaryReader::new_features(&skeleton[HEADER_LEN..], HEADER_LEN as u64, crate::features());
        while !reader.eof() {
            let id = reader.read_u8()?;
            let len = reader.read_var_u32()? as usize;
            let offset = reader.original_position();
            let contents = reader.read_bytes(len)?;
            module.section(id, BinaryReader::new_features(contents, offset, crate::features()))?;
        }
        module.skeleton = skeleton;
        module.find_escaped_funcs();
        Ok(module)
    }

    fn section(&mut self, id: u8, mut reader: BinaryReader<'_>) -> Result<()> {
        match id {
            id::CUSTOM => {
                let section = CustomSectionReader::new(reader)?;
                self.custom_section(&section, section.data_range().start as usize);
            }
            id::TYPE => self.type_section(SectionLimited::new(reader)?)?,
            id::IMPORT => self.import_section(SectionLimited::new(reader)?)?,
            id::FUNCTION => self.function_section(SectionLimited::new(reader)?)?,
            id::TABLE => self.table_section(SectionLimited::new(reader)?)?,
            id::MEMORY => self.memory_section(SectionLimited::new(reader)?)?,
            id::GLOBAL => self.global_section(SectionLimited::new(reader)?)?,
            id::EXPORT => self.export_section(SectionLimited::new(reader)?)?,
            id::START => self.start = Some(reader.read_var_u32()?),
            id::ELEMENT => self.element_section(SectionLimited::new(reader)?)?,
            id::DATA => {
                let start = reader.original_position() as usize;
                self.data = DataSegments::new(reader, start)?;
            }
            id::TAG => self.tag_section(SectionLimited::new(reader)?)?,
            id::DATA_COUNT => {}
            _ => return Err(Error::new("unknown section", reader.original_position())),
        }
        Ok(())
    }
}

//! A module made again from its skeleton: the same sections, already validated once, without code.

use wasmparser::{BinaryReader, CustomSectionReader, SectionLimited};

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
}

impl Module {
    /// Reads what [`Module::skeleton`] holds. It is trusted to have been validated, but not to be undamaged:
    /// damage is an error.
    pub fn from_skeleton(skeleton: Vec<u8>) -> Result<Module> {
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
            id::DATA => self.data_section(SectionLimited::new(reader)?, |offset| offset as usize)?,
            id::DATA_COUNT => {}
            _ => return Err(Error::new("unknown section", reader.original_position())),
        }
        Ok(())
    }
}

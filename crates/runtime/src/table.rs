//! Tables.

use gantry_abi::vmctx::VMTable;
use gantry_module::{Hierarchy, TableType};

use crate::{OutOfMemory, types};

/// Elements that a table can have, as in other engines.
pub const MAX_TABLE_LEN: u64 = 10_000_000;

/// A table. Compiled code reads its first field.
///
/// An element is 0 for null; otherwise a function's address ([`FuncPtr`](crate::FuncPtr)) or what
/// [`gantry_abi::object`] describes.
#[repr(C)]
#[derive(Debug)]
pub struct Table {
    definition: VMTable,
    ty: TableType,
    holds_functions: bool,
    elements: Vec<usize>,
}

impl Table {
    pub(crate) fn new(ty: TableType, init: usize) -> Result<Box<Table>, OutOfMemory> {
        let mut table = Table {
            definition: VMTable { base: std::ptr::null_mut(), len: 0 },
            ty: TableType { max: ty.max, ..ty },
            holds_functions: types::hierarchy(ty.element.heap) == Hierarchy::Func,
            elements: Vec::new(),
        };
        table.resize(ty.min, init).ok_or(OutOfMemory)?;
        Ok(Box::new(table))
    }

    fn resize(&mut self, len: u64, init: usize) -> Option<()> {
        let len = usize::try_from(len).ok().filter(|len| *len as u64 <= MAX_TABLE_LEN)?;
        self.elements.try_reserve(len - self.elements.len()).ok()?;
        self.elements.resize(len, init);
        self.definition = VMTable { base: self.elements.as_mut_ptr(), len };
        Some(())
    }

    /// Its type as declared: the minimum is not its present size.
    pub fn ty(&self) -> TableType {
        self.ty
    }

    /// Whether elements are functions; otherwise they are other references.
    pub fn holds_functions(&self) -> bool {
        self.holds_functions
    }

    /// Its present size.
    pub fn len(&self) -> u64 {
        self.elements.len() as u64
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    pub(crate) fn definition(&self) -> *const VMTable {
        &self.definition
    }

    /// Its elements.
    pub fn elements(&self) -> &[usize] {
        &self.elements
    }

    /// An element, or `None` outside the table.
    pub fn get(&self, index: u64) -> Option<usize> {
        self.elements.get(usize::try_from(index).ok()?).copied()
    }

    /// Replaces an element. `None` outside the table. The value must suit the table's type.
    pub fn set(&mut self, index: u64, value: usize) -> Option<()> {
        *self.elements.get_mut(usize::try_from(index).ok()?)? = value;
        Some(())
    }

    /// Adds `delta` elements. Returns the old size, or `None` when the maximum or the machine does not allow it.
    pub fn grow(&mut self, delta: u64, init: usize) -> Option<u64> {
        let old = self.len();
        let new = old.checked_add(delta).filter(|new| self.ty.max.is_none_or(|max| *new <= max))?;
        self.resize(new, init)?;
        Some(old)
    }

    /// `table.fill`
    pub(crate) fn fill(&mut self, target: u64, value: usize, len: u64) -> Option<()> {
        self.range_mut(target, len)?.fill(value);
        Some(())
    }

    fn range_mut(&mut self, at: u64, len: u64) -> Option<&mut [usize]> {
        let end = usize::try_from(at.checked_add(len)?).ok()?;
        self.elements.get_mut(usize::try_from(at).ok()?..end)
    }

    /// `table.init`
    pub(crate) fn init(&mut self, target: u64, values: &[usize]) -> Option<()> {
        self.range_mut(target, values.len() as u64)?.copy_from_slice(values);
        Some(())
    }

    /// `table.copy` within one table.
    pub(crate) fn copy_within(&mut self, target: u64, source: u64, len: u64) -> Option<()> {
        self.range_mut(target, len)?;
        self.range_mut(source, len)?;
        self.elements.copy_within(source as usize..(source + len) as usize, target as usize);
        Some(())
    }

    /// `table.copy` from another table.
    pub(crate) fn copy_from(&mut self, target: u64, other: &Table, source: u64, len: u64) -> Option<()> {
        let end = usize::try_from(source.checked_add(len)?).ok()?;
        let values = other.elements.get(usize::try_from(source).ok()?..end)?;
        self.init(target, values)
    }
}

//! Value, function, table, memory and global types, and their matching rules.

use std::fmt;

pub use crate::heap_type::{HeapType, RefType};

/// Bytes in a page of a linear memory.
pub const WASM_PAGE_SIZE: u64 = 65_536;

/// A value type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType),
}

impl ValType {
    /// `funcref`
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `externref`
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);

    /// The same with another numbering of defined types.
    pub fn renumber(self, number: impl Fn(u32) -> u32) -> ValType {
        match self {
            ValType::Ref(r) => ValType::Ref(r.renumber(number)),
            other => other,
        }
    }

    /// Whether it has a default: a zero or null.
    pub fn is_defaultable(self) -> bool {
        !matches!(self, ValType::Ref(RefType { nullable: false, .. }))
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(r) => r.fmt(f),
        }
    }
}

/// Parameters and results of a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuncType {
    /// Parameter types, in order.
    pub params: Box<[ValType]>,
    /// Result types, in order.
    pub results: Box<[ValType]>,
}

impl FuncType {
    /// A function type from its parameter and result types.
    pub fn new(params: impl Into<Box<[ValType]>>, results: impl Into<Box<[ValType]>>) -> Self {
        FuncType { params: params.into(), results: results.into() }
    }

    /// The same with another numbering of defined types.
    pub fn renumber(&self, number: impl Fn(u32) -> u32 + Copy) -> FuncType {
        let list = |types: &[ValType]| types.iter().map(|ty| ty.renumber(number)).collect();
        FuncType { params: list(&self.params), results: list(&self.results) }
    }
}

fn write_types(f: &mut fmt::Formatter<'_>, types: &[ValType]) -> fmt::Result {
    f.write_str("[")?;
    for (i, ty) in types.iter().enumerate() {
        if i > 0 {
            f.write_str(" ")?;
        }
        fmt::Display::fmt(ty, f)?;
    }
    f.write_str("]")
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_types(f, &self.params)?;
        f.write_str(" -> ")?;
        write_types(f, &self.results)
    }
}

/// How wide the addresses of a memory or table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AddressType {
    /// 32 bits.
    #[default]
    I32,
    /// 64 bits.
    I64,
}

/// A table's element type and limits, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TableType {
    /// How elements are addressed.
    pub address: AddressType,
    /// What the elements are.
    pub element: RefType,
    /// Elements at the start.
    pub min: u64,
    /// Elements at the most.
    pub max: Option<u64>,
}

impl TableType {
    /// A table with 32-bit addresses.
    pub const fn new(element: RefType, min: u64, max: Option<u64>) -> TableType {
        TableType { address: AddressType::I32, element, min, max }
    }
}

/// A memory's addresses and its limits, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryType {
    /// How bytes are addressed.
    pub address: AddressType,
    /// Pages at the start.
    pub min: u64,
    /// Pages at the most.
    pub max: Option<u64>,
    /// The size of a page is 2 to this power: 16, or 0 for pages of a byte.
    pub page_size_log2: u8,
    /// Whether several threads may use it.
    pub shared: bool,
}

impl MemoryType {
    /// A memory with 32-bit addresses and pages of [`WASM_PAGE_SIZE`].
    pub fn new(min: u64, max: Option<u64>) -> MemoryType {
        MemoryType { address: AddressType::I32, min, max, page_size_log2: WASM_PAGE_SIZE.ilog2() as u8, shared: false }
    }

    /// Bytes in a page.
    pub fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// Pages that a memory of this kind can have. With 32-bit addresses all of them; with 64-bit addresses 16 GiB, as in other engines.
    pub fn max_pages(&self) -> u64 {
        let bytes: u64 = match self.address {
            AddressType::I32 => 1 << 32,
            AddressType::I64 => 1 << 34,
        };
        bytes >> self.page_size_log2
    }
}

/// A global's value type and mutability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalType {
    /// What it holds.
    pub content: ValType,
    /// Whether it can be assigned.
    pub mutable: bool,
}

fn write_limits(f: &mut fmt::Formatter<'_>, min: u64, max: Option<u64>) -> fmt::Result {
    match max {
        Some(max) => write!(f, "{{min {min}, max {max}}}"),
        None => write!(f, "{{min {min}}}"),
    }
}

fn write_address(f: &mut fmt::Formatter<'_>, address: AddressType) -> fmt::Result {
    if address == AddressType::I64 { f.write_str("i64 ") } else { Ok(()) }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_address(f, self.address)?;
        write_limits(f, self.min, self.max)?;
        write!(f, " {}", self.element)
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_address(f, self.address)?;
        write_limits(f, self.min, self.max)?;
        if self.page_size() != WASM_PAGE_SIZE {
            write!(f, " (pagesize {})", self.page_size())?;
        }
        if self.shared {
            f.write_str(" shared")?;
        }
        Ok(())
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutable {
            true => write!(f, "mut {}", self.content),
            false => self.content.fmt(f),
        }
    }
}

/// The five sorts of things that can be imported and exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExternKind {
    /// A function.
    Func,
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A global.
    Global,
    /// A tag.
    Tag,
}

impl ExternKind {
    /// The name that the JS API and error messages use.
    pub fn name(self) -> &'static str {
        match self {
            ExternKind::Func => "function",
            ExternKind::Table => "table",
            ExternKind::Memory => "memory",
            ExternKind::Global => "global",
            ExternKind::Tag => "tag",
        }
    }
}

/// The type of an import or export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExternType {
    /// A function, by its index in [`Module::types`](crate::Module::types).
    Func(u32),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag, by the index of a function type whose parameters its exceptions carry.
    Tag(u32),
}

impl ExternType {
    /// Which sort it is.
    pub fn kind(&self) -> ExternKind {
        match self {
            ExternType::Func(_) => ExternKind::Func,
            ExternType::Table(_) => ExternKind::Table,
            ExternType::Memory(_) => ExternKind::Memory,
            ExternType::Global(_) => ExternKind::Global,
            ExternType::Tag(_) => ExternKind::Tag,
        }
    }
}

/// Limits matching: what is there (`actual`, with its current size) against what an import asks for.
fn limits_match(size: u64, actual_max: Option<u64>, min: u64, max: Option<u64>) -> bool {
    size >= min
        && match (actual_max, max) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(actual), Some(wanted)) => actual <= wanted,
        }
}

impl TableType {
    /// Whether a table of this type, `size` elements long at present, satisfies an import of type `wanted`, whose elements
    /// are numbered alike.
    pub fn satisfies(&self, size: u64, wanted: &TableType) -> bool {
        self.element == wanted.element
            && self.address == wanted.address
            && limits_match(size, self.max, wanted.min, wanted.max)
    }
}

impl MemoryType {
    /// Whether a memory of this type, `size` pages long at present, satisfies an import of type `wanted`.
    pub fn satisfies(&self, size: u64, wanted: &MemoryType) -> bool {
        self.address == wanted.address
            && self.page_size_log2 == wanted.page_size_log2
            && self.shared == wanted.shared
            && limits_match(size, self.max, wanted.min, wanted.max)
    }
}

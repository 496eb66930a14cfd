//! A decoded module: everything but its code.

use std::ops::Range;

use crate::data::{DataSegment, DataSegments};
use crate::defined_type::Types;
use crate::error::Result;
use crate::hints::BranchHints;
use crate::names::NameMap;
use crate::skeleton::Skeleton;
use crate::types::{ExternType, FuncType, GlobalType, MemoryType, RefType, TableType, ValType};

/// One instruction of a constant expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConstOp {
    /// `i32.const`
    I32Const(i32),
    /// `i64.const`
    I64Const(i64),
    /// `f32.const`, as bits
    F32Const(u32),
    /// `f64.const`, as bits
    F64Const(u64),
    /// `v128.const`, little-endian
    V128Const([u8; 16]),
    /// `global.get`
    GlobalGet(u32),
    /// `ref.null`
    RefNull,
    /// `ref.i31`
    RefI31,
    /// `struct.new`
    StructNew(u32),
    /// `struct.new_default`
    StructNewDefault(u32),
    /// `array.new`
    ArrayNew(u32),
    /// `array.new_default`
    ArrayNewDefault(u32),
    /// `array.new_fixed`: type and length
    ArrayNewFixed(u32, u32),
    /// `ref.func`
    RefFunc(u32),
    /// `i32.add`
    I32Add,
    /// `i32.sub`
    I32Sub,
    /// `i32.mul`
    I32Mul,
    /// `i64.add`
    I64Add,
    /// `i64.sub`
    I64Sub,
    /// `i64.mul`
    I64Mul,
}

/// A constant expression, in postfix order as in the binary.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstExpr(Ops);

/// Most have one instruction, and some modules have a hundred thousand of them.
#[derive(Debug, Clone, PartialEq)]
enum Ops {
    One(ConstOp),
    Many(Box<[ConstOp]>),
}

impl From<ConstOp> for ConstExpr {
    fn from(op: ConstOp) -> ConstExpr {
        ConstExpr(Ops::One(op))
    }
}

impl From<Vec<ConstOp>> for ConstExpr {
    fn from(ops: Vec<ConstOp>) -> ConstExpr {
        ConstExpr(match ops[..] {
            [op] => Ops::One(op),
            _ => Ops::Many(ops.into()),
        })
    }
}

impl ConstExpr {
    /// Its instructions.
    pub fn ops(&self) -> &[ConstOp] {
        match &self.0 {
            Ops::One(op) => std::slice::from_ref(op),
            Ops::Many(ops) => ops,
        }
    }

    /// Whether its value is an object that it makes.
    pub fn makes_objects(&self) -> bool {
        self.ops().iter().any(|op| {
            matches!(
                op,
                ConstOp::StructNew(_)
                    | ConstOp::StructNewDefault(_)
                    | ConstOp::ArrayNew(_)
                    | ConstOp::ArrayNewDefault(_)
                    | ConstOp::ArrayNewFixed(..)
            )
        })
    }
}

/// An import: two names and a type.
#[derive(Debug, Clone)]
pub struct Import {
    /// The module name.
    pub module: Box<str>,
    /// The field name.
    pub name: Box<str>,
    /// What it must be.
    pub ty: ExternType,
}

/// An index into one of the index spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExternIndex {
    /// A function index.
    Func(u32),
    /// A table index.
    Table(u32),
    /// A memory index.
    Memory(u32),
    /// A global index.
    Global(u32),
    /// A tag index.
    Tag(u32),
}

/// An export: a name and what it names.
#[derive(Debug, Clone)]
pub struct Export {
    /// The export's name.
    pub name: Box<str>,
    /// What is exported.
    pub index: ExternIndex,
}

/// When a segment is copied.
#[derive(Debug, Clone)]
pub enum SegmentMode {
    /// By `memory.init` or `table.init`.
    Passive,
    /// At instantiation, into the memory or table `index` at `offset`.
    Active {
        /// The memory or table.
        index: u32,
        /// Where to.
        offset: ConstExpr,
    },
    /// Never: it only declares functions for `ref.func`.
    Declared,
}

/// What an element segment holds.
#[derive(Debug, Clone)]
pub enum ElementItems {
    /// Function indices.
    Functions(Box<[u32]>),
    /// One constant expression an element.
    Expressions(Box<[ConstExpr]>),
}

impl ElementItems {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self {
            ElementItems::Functions(items) => items.len(),
            ElementItems::Expressions(items) => items.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An element segment.
#[derive(Debug, Clone)]
pub struct ElementSegment {
    /// When it is copied.
    pub mode: SegmentMode,
    /// The type of its elements.
    pub ty: RefType,
    /// Its elements.
    pub items: ElementItems,
}

/// A module without its function bodies.
///
/// The vectors are the index spaces of the specification: imports come first, in order.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// The module's bytes without the code section. Segments, names and custom sections point into it, and
    /// [`Module::from_skeleton`] makes an equal module of it.
    pub skeleton: Skeleton,
    /// Defined types.
    pub types: Types,
    /// Imports, in order.
    pub imports: Vec<Import>,
    /// Each function's index into `types`.
    pub funcs: Vec<u32>,
    /// Tables.
    pub tables: Vec<TableType>,
    /// Memories.
    pub memories: Vec<MemoryType>,
    /// Globals.
    pub globals: Vec<GlobalType>,
    /// Each tag's index of a function type.
    pub tags: Vec<u32>,
    /// How many of `funcs` are imported.
    pub imported_funcs: u32,
    /// How many of `tables` are imported.
    pub imported_tables: u32,
    /// How many of `memories` are imported.
    pub imported_memories: u32,
    /// How many of `globals` are imported.
    pub imported_globals: u32,
    /// How many of `tags` are imported.
    pub imported_tags: u32,
    /// What fills each defined table at the start; `None` is null.
    pub table_inits: Vec<Option<ConstExpr>>,
    /// The initial value of each defined global.
    pub global_inits: Vec<ConstExpr>,
    /// Exports, in order.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<u32>,
    /// Element segments.
    pub elements: Vec<ElementSegment>,
    /// Data segments.
    pub(crate) data: DataSegments,
    /// Names from the name section.
    pub names: NameMap,
    /// Branch hints.
    pub branch_hints: BranchHints,
    /// Custom sections in order: name, and contents as a range of `skeleton`.
    pub custom_sections: Vec<(Box<str>, Range<usize>)>,
    /// Functions that the host can come by: exported, in element segments or constant expressions, or the start one.
    /// Sorted, without repetition.
    pub escaped_funcs: Vec<u32>,
}

impl Module {
    /// The type of a function.
    pub fn func_type(&self, func: u32) -> &FuncType {
        self.types.func(self.funcs[func as usize])
    }

    /// How many functions the module defines itself.
    pub fn defined_funcs(&self) -> usize {
        self.funcs.len() - self.imported_funcs as usize
    }

    /// The index among defined functions, or `None` for an imported one.
    pub fn defined_func(&self, func: u32) -> Option<u32> {
        func.checked_sub(self.imported_funcs)
    }

    /// The position of a function among the escaped ones.
    pub fn escaped_index(&self, func: u32) -> Option<u32> {
        self.escaped_funcs.binary_search(&func).ok().map(|i| i as u32)
    }

    /// A function's name in the name section.
    pub fn func_name(&self, func: u32) -> Option<&str> {
        self.names.function(&self.skeleton, func)
    }

    /// A number that tells modules apart for people who read stack traces.
    pub fn fingerprint(&self) -> u32 {
        const BEGINNING: usize = 64 << 10;
        let bytes: &[u8] = &self.skeleton;
        let mut hash = 0x811c_9dc5 ^ bytes.len() as u32;
        for byte in &bytes[..bytes.len().min(BEGINNING)] {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
        hash
    }

    /// How many data segments there are.
    pub fn data_count(&self) -> usize {
        self.data.len()
    }

    /// The data segments, in order. An error if the module was read from a damaged skeleton.
    pub fn data(&self) -> impl Iterator<Item = Result<DataSegment>> + use<'_> {
        self.data.iter(&self.skeleton)
    }

    /// The bytes of a data segment.
    pub fn data_bytes(&self, segment: usize) -> &[u8] {
        self.data.bytes(&self.skeleton, segment)
    }

    /// The type of an export.
    pub fn extern_type(&self, index: ExternIndex) -> ExternType {
        match index {
            ExternIndex::Func(i) => ExternType::Func(self.funcs[i as usize]),
            ExternIndex::Table(i) => ExternType::Table(self.tables[i as usize]),
            ExternIndex::Memory(i) => ExternType::Memory(self.memories[i as usize]),
            ExternIndex::Global(i) => ExternType::Global(self.globals[i as usize]),
            ExternIndex::Tag(i) => ExternType::Tag(self.tags[i as usize]),
        }
    }

    /// The value type of a global.
    pub fn global_type(&self, global: u32) -> ValType {
        self.globals[global as usize].content
    }
}

//! Reference types and what they may point to.

use std::fmt;

/// What a reference may point to: <https://webassembly.github.io/spec/core/syntax/types.html#heap-types>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeapType {
    /// Any function.
    Func,
    /// No function.
    NoFunc,
    /// Any host value.
    Extern,
    /// No host value.
    NoExtern,
    /// Any value of the internal hierarchy.
    Any,
    /// What can be compared: integers, structs and arrays.
    Eq,
    /// An integer of 31 bits.
    I31,
    /// Any struct.
    Struct,
    /// Any array.
    Array,
    /// Nothing of the internal hierarchy.
    None,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
    /// A defined type: in modules its type index, in stores its canonical number.
    Concrete(u32),
}

/// The four hierarchies of references. Values of different ones never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hierarchy {
    /// Functions.
    Func,
    /// Host values.
    Extern,
    /// Integers, structs, arrays.
    Any,
    /// Exceptions.
    Exn,
}

impl HeapType {
    /// The type at the top of an abstract type's hierarchy; `None` for defined types.
    pub fn hierarchy(self) -> Option<Hierarchy> {
        Some(match self {
            HeapType::Func | HeapType::NoFunc => Hierarchy::Func,
            HeapType::Extern | HeapType::NoExtern => Hierarchy::Extern,
            HeapType::Any | HeapType::Eq | HeapType::I31 | HeapType::Struct | HeapType::Array | HeapType::None => {
                Hierarchy::Any
            }
            HeapType::Exn | HeapType::NoExn => Hierarchy::Exn,
            HeapType::Concrete(_) => return None,
        })
    }

    /// The same with another numbering of defined types.
    pub fn renumber(self, number: impl Fn(u32) -> u32) -> HeapType {
        match self {
            HeapType::Concrete(index) => HeapType::Concrete(number(index)),
            other => other,
        }
    }
}

/// A reference type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefType {
    /// Whether null is one of its values.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}

impl RefType {
    /// `(ref null func)`
    pub const FUNCREF: RefType = RefType { nullable: true, heap: HeapType::Func };
    /// `(ref null extern)`
    pub const EXTERNREF: RefType = RefType { nullable: true, heap: HeapType::Extern };
    /// `(ref null any)`
    pub const ANYREF: RefType = RefType { nullable: true, heap: HeapType::Any };
    /// `(ref null exn)`
    pub const EXNREF: RefType = RefType { nullable: true, heap: HeapType::Exn };

    /// The same with another numbering of defined types.
    pub fn renumber(self, number: impl Fn(u32) -> u32) -> RefType {
        RefType { heap: self.heap.renumber(number), ..self }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "noextern",
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::None => "none",
            HeapType::Exn => "exn",
            HeapType::NoExn => "noexn",
            HeapType::Concrete(index) => return index.fmt(f),
        })
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = match self.heap {
            HeapType::None => Some("nullref"),
            HeapType::NoFunc => Some("nullfuncref"),
            HeapType::NoExtern => Some("nullexternref"),
            HeapType::NoExn => Some("nullexnref"),
            _ => None,
        };
        match (self.nullable, self.heap, short) {
            (true, _, Some(short)) => f.write_str(short),
            (true, HeapType::Concrete(index), _) => write!(f, "(ref null {index})"),
            (true, heap, None) => write!(f, "{heap}ref"),
            (false, heap, _) => write!(f, "(ref {heap})"),
        }
    }
}

//! What the type section defines: functions, structs and arrays, in recursion groups with subtyping.

use std::ops::Range;

use crate::types::{FuncType, ValType};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StorageType {
    /// A packed byte.
    I8,
    /// Two packed bytes.
    I16,
    /// A value.
    Val(ValType),
}

impl StorageType {
    /// Bytes that it takes, and what they are aligned to.
    pub fn size(self) -> u32 {
        match self {
            StorageType::I8 => 1,
            StorageType::I16 => 2,
            StorageType::Val(ValType::I32 | ValType::F32) => 4,
            StorageType::Val(ValType::I64 | ValType::F64 | ValType::Ref(_)) => 8,
            StorageType::Val(ValType::V128) => 16,
        }
    }

    /// The type of values that are read from it and written to it.
    pub fn unpacked(self) -> ValType {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(ty) => ty,
        }
    }
}

/// A field of a struct, or the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldType {
    /// What it holds.
    pub storage: StorageType,
    /// Whether it can be assigned.
    pub mutable: bool,
}

/// What a defined type is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CompositeType {
    /// A function type.
    Func(FuncType),
    /// A struct, with its fields.
    Struct(Box<[FieldType]>),
    /// An array, with its elements.
    Array(FieldType),
}

/// A defined type and its place in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubType {
    /// Whether it has no subtypes.
    pub is_final: bool,
    /// The type that it is declared to be a subtype of.
    pub supertype: Option<u32>,
    /// What it is.
    pub composite: CompositeType,
}

impl SubType {
    /// A function type as 1.0 had it.
    pub fn func(ty: FuncType) -> SubType {
        SubType { is_final: true, supertype: None, composite: CompositeType::Func(ty) }
    }

    /// Parameters and results, if it is a function type.
    pub fn as_func(&self) -> Option<&FuncType> {
        match &self.composite {
            CompositeType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The same with another numbering of defined types.
    pub fn renumber(&self, number: impl Fn(u32) -> u32 + Copy) -> SubType {
        let field = |field: &FieldType| {
            let storage = match field.storage {
                StorageType::Val(ty) => StorageType::Val(ty.renumber(number)),
                packed => packed,
            };
            FieldType { storage, mutable: field.mutable }
        };
        let composite = match &self.composite {
            CompositeType::Func(ty) => CompositeType::Func(ty.renumber(number)),
            CompositeType::Struct(fields) => CompositeType::Struct(fields.iter().map(field).collect()),
            CompositeType::Array(element) => CompositeType::Array(field(element)),
        };
        SubType { is_final: self.is_final, supertype: self.supertype.map(number), composite }
    }
}

/// The defined types of a module.
#[derive(Debug, Clone, Default)]
pub struct Types {
    all: Vec<SubType>,
    /// Ranges of type indices, in order.
    groups: Vec<Range<u32>>,
    /// How many supertypes each has.
    depths: Vec<u32>,
}

impl Types {
    /// Adds a recursion group. Supertypes come before their subtypes.
    pub(crate) fn push_group(&mut self, types: impl IntoIterator<Item = SubType>) {
        let start = self.all.len() as u32;
        for ty in types {
            let depth = ty.supertype.and_then(|s| self.depths.get(s as usize)).map_or(0, |depth| depth + 1);
            self.depths.push(depth);
            self.all.push(ty);
        }
        self.groups.push(start..self.all.len() as u32);
    }

    /// All types, by type index.
    pub fn all(&self) -> &[SubType] {
        &self.all
    }

    /// The recursion groups, as ranges of type indices.
    pub fn groups(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        self.groups.iter().cloned()
    }

    /// How many supertypes a type has.
    pub fn depth(&self, ty: u32) -> u32 {
        self.depths[ty as usize]
    }

    /// A type.
    pub fn get(&self, ty: u32) -> &SubType {
        &self.all[ty as usize]
    }

    /// A function type.
    ///
    /// # Panics
    /// If it is another type, which validation rules out where a function type is asked for.
    pub fn func(&self, ty: u32) -> &FuncType {
        self.get(ty).as_func().expect("validated: a function type")
    }

    /// The fields of a struct type. Panics as [`Types::func`].
    pub fn fields(&self, ty: u32) -> &[FieldType] {
        match &self.get(ty).composite {
            CompositeType::Struct(fields) => fields,
            _ => unreachable!("validated: a struct type"),
        }
    }

    /// The elements of an array type. Panics as [`Types::func`].
    pub fn element(&self, ty: u32) -> FieldType {
        match &self.get(ty).composite {
            CompositeType::Array(element) => *element,
            _ => unreachable!("validated: an array type"),
        }
    }
}

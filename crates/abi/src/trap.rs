//! Why compiled code stops.

/// The reason for a trap. The discriminants are stored in artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TrapCode {
    /// The `unreachable` instruction.
    Unreachable = 1,
    /// The stack that wasm runs on is full.
    StackOverflow = 2,
    /// A load, store or bulk operation outside a memory.
    MemoryOutOfBounds = 3,
    /// An access outside a table.
    TableOutOfBounds = 4,
    /// `call_indirect` with an index outside the table.
    UndefinedElement = 5,
    /// `call_indirect` of a null element.
    UninitializedElement = 6,
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch = 7,
    /// Signed division overflow.
    IntegerOverflow = 8,
    /// Division or remainder by zero.
    IntegerDivideByZero = 9,
    /// A float that no integer of the wanted type can represent.
    InvalidConversionToInteger = 10,
    /// The poll of a loop. Not a trap unless whoever interrupts wants wasm to be left.
    Interrupt = 11,
}

impl TrapCode {
    /// All codes.
    pub const ALL: [TrapCode; 11] = [
        TrapCode::Unreachable,
        TrapCode::StackOverflow,
        TrapCode::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds,
        TrapCode::UndefinedElement,
        TrapCode::UninitializedElement,
        TrapCode::IndirectCallTypeMismatch,
        TrapCode::IntegerOverflow,
        TrapCode::IntegerDivideByZero,
        TrapCode::InvalidConversionToInteger,
        TrapCode::Interrupt,
    ];

    /// The code with this discriminant.
    pub fn from_u8(code: u8) -> Option<TrapCode> {
        TrapCode::ALL.into_iter().find(|c| *c as u8 == code)
    }

    /// The reason in the words of the specification's test suite.
    pub fn message(self) -> &'static str {
        match self {
            TrapCode::Unreachable => "unreachable",
            TrapCode::StackOverflow => "call stack exhausted",
            TrapCode::MemoryOutOfBounds => "out of bounds memory access",
            TrapCode::TableOutOfBounds => "out of bounds table access",
            TrapCode::UndefinedElement => "undefined element",
            TrapCode::UninitializedElement => "uninitialized element",
            TrapCode::IndirectCallTypeMismatch => "indirect call type mismatch",
            TrapCode::IntegerOverflow => "integer overflow",
            TrapCode::IntegerDivideByZero => "integer divide by zero",
            TrapCode::InvalidConversionToInteger => "invalid conversion to integer",
            TrapCode::Interrupt => "interrupt",
        }
    }
}

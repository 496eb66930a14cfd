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
    /// Division by zero.
    IntegerDivideByZero = 9,
    /// A float that no integer of the wanted type can represent.
    InvalidConversionToInteger = 10,
    /// The poll of a loop. Not a trap unless whoever interrupts wants wasm to be left.
    Interrupt = 11,
    /// A null where there must be none.
    NullReference = 12,
    /// A cast of a reference to a type that it is not of.
    CastFailure = 13,
    /// An access outside an array.
    ArrayOutOfBounds = 14,
    /// The heap is full, or an array would be too large for it.
    OutOfHeap = 15,
    /// A call of a null function reference.
    NullFunction = 16,
    /// A field of a null struct.
    NullStruct = 17,
    /// An element or the length of a null array.
    NullArray = 18,
    /// The integer in a null `i31ref`.
    NullI31 = 19,
    /// An atomic access at an address that is not a multiple of its size.
    UnalignedAtomic = 20,
    /// Waiting on a memory that is not shared.
    ExpectedSharedMemory = 21,
    /// No code could be made for a function that was called: it exceeds a limit of the code generators, or there is no memory.
    NotCompiled = 22,
    /// Remainder by zero: division's, but for the words that JavaScript has for it.
    IntegerRemainderByZero = 23,
    /// A float beyond the integers of the wanted type: overflow, but for the words that JavaScript has for it.
    ConversionOverflow = 24,
}

impl TrapCode {
    /// All codes.
    pub const ALL: [TrapCode; 24] = [
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
        TrapCode::NullReference,
        TrapCode::CastFailure,
        TrapCode::ArrayOutOfBounds,
        TrapCode::OutOfHeap,
        TrapCode::NullFunction,
        TrapCode::NullStruct,
        TrapCode::NullArray,
        TrapCode::NullI31,
        TrapCode::UnalignedAtomic,
        TrapCode::ExpectedSharedMemory,
        TrapCode::NotCompiled,
        TrapCode::IntegerRemainderByZero,
        TrapCode::ConversionOverflow,
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
            TrapCode::IntegerOverflow | TrapCode::ConversionOverflow => "integer overflow",
            TrapCode::IntegerDivideByZero | TrapCode::IntegerRemainderByZero => "integer divide by zero",
            TrapCode::InvalidConversionToInteger => "invalid conversion to integer",
            TrapCode::Interrupt => "interrupt",
            TrapCode::NullReference => "null reference",
            TrapCode::CastFailure => "cast failure",
            TrapCode::ArrayOutOfBounds => "out of bounds array access",
            TrapCode::OutOfHeap => "allocation failure",
            TrapCode::NullFunction => "null function reference",
            TrapCode::NullStruct => "null structure reference",
            TrapCode::NullArray => "null array reference",
            TrapCode::NullI31 => "null i31 reference",
            TrapCode::UnalignedAtomic => "unaligned atomic",
            TrapCode::ExpectedSharedMemory => "expected shared memory",
            TrapCode::NotCompiled => "the function is too large or complex to be compiled",
        }
    }
}

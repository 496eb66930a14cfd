//! The functions of the runtime that compiled code calls, by index in one table.

/// A machine-level type in a libcall's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbiType {
    /// A pointer, or a reference.
    Ptr,
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
}

/// Parameters after the leading vmctx pointer, and the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibcallSignature {
    /// Whether a vmctx pointer comes first.
    pub vmctx: bool,
    /// The other parameters.
    pub params: &'static [AbiType],
    /// The result, if any.
    pub result: Option<AbiType>,
}

macro_rules! libcalls {
    ($($(#[$doc:meta])* $name:ident = $index:literal ($vmctx:literal, $($param:ident),*) $(-> $result:ident)?;)*) => {
        /// A function of the runtime. The discriminant is its index in the table that vmctx points to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Libcall {
            $($(#[$doc])* $name = $index,)*
        }

        impl Libcall {
            /// All of them, in table order.
            pub const ALL: &'static [Libcall] = &[$(Libcall::$name),*];

            /// Its signature, in the platform's C calling convention.
            pub fn signature(self) -> LibcallSignature {
                match self {
                    $(Libcall::$name => LibcallSignature {
                        vmctx: $vmctx,
                        params: &[$(AbiType::$param),*],
                        result: [$(AbiType::$result)?].first().copied(),
                    },)*
                }
            }
        }
    };
}

// Those that return I32 and can fail return 0 for success. Each has one reason to fail, which its caller knows.
libcalls! {
    /// Leaves wasm for the innermost entry from the host, after a host function failed. Does not return.
    Raise = 0 (true,);
    /// (memory, delta in pages) -> old size in pages, or -1.
    MemoryGrow = 1 (true, I32, I64) -> I64;
    /// (destination memory, source memory, destination, source, length).
    MemoryCopy = 2 (true, I32, I32, I64, I64, I64) -> I32;
    /// (memory, destination, byte, length).
    MemoryFill = 3 (true, I32, I64, I32, I64) -> I32;
    /// (memory, segment, destination, source, length).
    MemoryInit = 4 (true, I32, I32, I64, I32, I32) -> I32;
    /// (segment).
    DataDrop = 5 (true, I32);
    /// (table, initial value, delta) -> old size, or -1.
    TableGrow = 6 (true, I32, Ptr, I64) -> I64;
    /// (destination table, source table, destination, source, length).
    TableCopy = 7 (true, I32, I32, I64, I64, I64) -> I32;
    /// (table, destination, value, length).
    TableFill = 8 (true, I32, I64, Ptr, I64) -> I32;
    /// (table, segment, destination, source, length).
    TableInit = 9 (true, I32, I32, I64, I32, I32) -> I32;
    /// (segment).
    ElemDrop = 10 (true, I32);
    /// For processors without a rounding instruction, as the next seven.
    F32Ceil = 11 (false, F32) -> F32;
    /// f64.ceil
    F64Ceil = 12 (false, F64) -> F64;
    /// f32.floor
    F32Floor = 13 (false, F32) -> F32;
    /// f64.floor
    F64Floor = 14 (false, F64) -> F64;
    /// f32.trunc
    F32Trunc = 15 (false, F32) -> F32;
    /// f64.trunc
    F64Trunc = 16 (false, F64) -> F64;
    /// f32.nearest
    F32Nearest = 17 (false, F32) -> F32;
    /// f64.nearest
    F64Nearest = 18 (false, F64) -> F64;
    /// (canonical number of a type, type index) -> whether the one is a subtype of the other.
    IsSubtype = 19 (true, I32, I32) -> I32;
    /// (type index) -> a struct of zeros, or 0 when the heap is full.
    StructNew = 20 (true, I32) -> Ptr;
    /// (type index, length) -> an array of zeros, or 0 when the heap is full.
    ArrayNew = 21 (true, I32, I32) -> Ptr;
    /// (type index, data segment, offset, length) -> an array, or 0 when the segment is too short, 1 when the heap is full.
    ArrayNewData = 22 (true, I32, I32, I32, I32) -> Ptr;
    /// (type index, element segment, offset, length) -> as above.
    ArrayNewElem = 23 (true, I32, I32, I32, I32) -> Ptr;
    /// (type index, array, index, data segment, offset, length) -> 0, 1 outside the array, 2 outside the segment.
    ArrayInitData = 24 (true, I32, Ptr, I32, I32, I32, I32) -> I32;
    /// (array, index, element segment, offset, length) -> as above.
    ArrayInitElem = 25 (true, Ptr, I32, I32, I32, I32) -> I32;
    /// (destination array, index, source array, index, length); what it copies has been checked to be inside.
    ArrayCopy = 26 (true, Ptr, I32, Ptr, I32, I32);
    /// (tag index) -> an exception whose values are zeros, or 0 when the heap is full.
    ExceptionNew = 27 (true, I32) -> Ptr;
    /// (exception). Goes on at the innermost handler. Does not return.
    Throw = 28 (true, Ptr);
    /// (reference). Tells the collector of a reference that is written while it marks.
    WriteBarrier = 29 (true, Ptr);
    /// (memory, byte address, expected, timeout in nanoseconds, negative for none) -> 0 when woken, 1 when there was another
    /// value, 2 when the time was over. The address was checked.
    AtomicWait32 = 30 (true, I32, I64, I32, I64) -> I32;
    /// As above, of 64 bits.
    AtomicWait64 = 31 (true, I32, I64, I64, I64) -> I32;
    /// (memory, byte address, how many at the most) -> how many were woken. The address was checked.
    AtomicNotify = 32 (true, I32, I64, I32) -> I32;
    /// (a, b, c) -> a * b + c, rounded once. For processors that cannot, as the next one.
    F32Fma = 33 (false, F32, F32, F32) -> F32;
    /// As above, of 64 bits.
    F64Fma = 34 (false, F64, F64, F64) -> F64;
    /// (destination, source, length). Addresses that were checked; the ranges may overlap.
    CopyBytes = 35 (false, Ptr, Ptr, I64);
    /// (destination, byte, length). The address was checked.
    FillBytes = 36 (false, Ptr, I32, I64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_the_order() {
        for (i, libcall) in Libcall::ALL.iter().enumerate() {
            assert_eq!(*libcall as usize, i, "{libcall:?}");
        }
    }
}

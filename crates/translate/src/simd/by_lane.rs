//! Vector operations a lane at a time, for x64 processors without SSE4.1 or FMA.
//!
//! Cranelift lowers these operations to calls of its own library functions there, which compiled code has no way to
//! reach.

use cranelift_codegen::ir::{InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Type, Value, types};
use gantry_abi::Libcall;

use crate::env::POINTER;
use crate::translator::FuncTranslator;

use types::{I8, I8X16, I32, I32X4};

impl FuncTranslator<'_> {
    /// Makes a vector of lanes, the first one first.
    fn build_vector(&mut self, ty: Type, mut lane: impl FnMut(&mut Self, u8) -> Value) -> Value {
        let first = lane(self, 0);
        let mut vector = self.b.ins().splat(ty, first);
        for i in 1..ty.lane_count() as u8 {
            let value = lane(self, i);
            vector = self.b.ins().insertlane(vector, value, i);
        }
        vector
    }

    pub(super) fn round_by_lane(&mut self, vector: Value, libcall: Libcall) -> Value {
        let ty = self.b.func.dfg.value_type(vector);
        self.build_vector(ty, |t, i| {
            let lane = t.b.ins().extractlane(vector, i);
            t.libcall(libcall, &[lane]).expect("rounding returns a value")
        })
    }

    pub(super) fn fma_by_lane(&mut self, a: Value, b: Value, c: Value) -> Value {
        let ty = self.b.func.dfg.value_type(c);
        let libcall = if ty == types::F32X4 { Libcall::F32Fma } else { Libcall::F64Fma };
        self.build_vector(ty, |t, i| {
            let lanes = [a, b, c].map(|vector| t.b.ins().extractlane(vector, i));
            t.libcall(libcall, &lanes).expect("it returns a value")
        })
    }

    /// Two f64 to u32, with saturation, then two zeros. Cranelift would round to an integer on the way.
    pub(super) fn trunc_sat_unsigned_by_lane(&mut self, vector: Value) -> Value {
        self.build_vector(I32X4, |t, i| match i {
            0 | 1 => {
                let lane = t.b.ins().extractlane(vector, i);
                t.b.ins().fcvt_to_uint_sat(I32, lane)
            }
            _ => t.i32_const(0),
        })
    }

    /// Whether there is no instruction to permute bytes. It came with SSSE3, and whoever has SSE4.1 has that.
    pub(super) fn must_shuffle_by_lane(&self) -> bool {
        !self.env.has_rounding
    }

    pub(super) fn shuffle_by_lane(&mut self, a: Value, b: Value, lanes: &[u8; 16]) -> Value {
        self.build_vector(I8X16, |t, i| match lanes[usize::from(i)] {
            lane @ 0..16 => t.b.ins().extractlane(a, lane),
            lane => t.b.ins().extractlane(b, lane - 16),
        })
    }

    pub(super) fn swizzle_by_lane(&mut self, vector: Value, indices: Value) -> Value {
        // The vector and then zeros. All indices that are too large become that of the first zero.
        let slot = self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 32, 4));
        let zeros = self.zero(I8X16);
        self.b.ins().stack_store(POINTER, vector, slot, 0);
        self.b.ins().stack_store(POINTER, zeros, slot, 16);
        let limit = self.vector_const(I8X16, [16; 16]);
        let indices = self.b.ins().umin(indices, limit);
        let base = self.b.ins().stack_addr(POINTER, slot, 0);
        self.build_vector(I8X16, |t, i| {
            let index = t.b.ins().extractlane(indices, i);
            let index = t.b.ins().uextend(POINTER, index);
            let address = t.b.ins().iadd(base, index);
            // No alias region, for the stores above have none either.
            t.b.ins().load(I8, MemFlagsData::new().with_notrap(), address, 0)
        })
    }
}

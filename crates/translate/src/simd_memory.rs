//! Vector loads and stores.

use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use wasmparser::{MemArg, Operator};

use crate::translator::FuncTranslator;

use types::{F32X4, F64X2, I8X16, I16X8, I32X4, I64X2};

impl FuncTranslator<'_> {
    pub(crate) fn simd_memory_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::V128Load { memarg } => self.load_vector(memarg, 16, |t, f, b, o| t.b.ins().load(I8X16, f, b, o)),
            O::V128Load8x8S { memarg } => self.load_vector(memarg, 8, |t, f, b, o| t.b.ins().sload8x8(f, b, o)),
            O::V128Load8x8U { memarg } => self.load_vector(memarg, 8, |t, f, b, o| t.b.ins().uload8x8(f, b, o)),
            O::V128Load16x4S { memarg } => self.load_vector(memarg, 8, |t, f, b, o| t.b.ins().sload16x4(f, b, o)),
            O::V128Load16x4U { memarg } => self.load_vector(memarg, 8, |t, f, b, o| t.b.ins().uload16x4(f, b, o)),
            O::V128Load32x2S { memarg } => self.load_vector(memarg, 8, |t, f, b, o| t.b.ins().sload32x2(f, b, o)),
            O::V128Load32x2U { memarg } => self.load_vector(memarg, 8, |t, f, b, o| t.b.ins().uload32x2(f, b, o)),
            O::V128Load8Splat { memarg } => self.load_splat(memarg, I8X16),
            O::V128Load16Splat { memarg } => self.load_splat(memarg, I16X8),
            O::V128Load32Splat { memarg } => self.load_splat(memarg, I32X4),
            O::V128Load64Splat { memarg } => self.load_splat(memarg, I64X2),
            O::V128Load32Zero { memarg } => self.load_zero(memarg, F32X4),
            O::V128Load64Zero { memarg } => self.load_zero(memarg, F64X2),
            O::V128Load8Lane { memarg, lane } => self.load_lane(memarg, I8X16, *lane),
            O::V128Load16Lane { memarg, lane } => self.load_lane(memarg, I16X8, *lane),
            O::V128Load32Lane { memarg, lane } => self.load_lane(memarg, I32X4, *lane),
            O::V128Load64Lane { memarg, lane } => self.load_lane(memarg, I64X2, *lane),
            O::V128Store { memarg } => self.store_vector(memarg),
            O::V128Store8Lane { memarg, lane } => self.store_lane(memarg, I8X16, *lane),
            O::V128Store16Lane { memarg, lane } => self.store_lane(memarg, I16X8, *lane),
            O::V128Store32Lane { memarg, lane } => self.store_lane(memarg, I32X4, *lane),
            O::V128Store64Lane { memarg, lane } => self.store_lane(memarg, I64X2, *lane),
            _ => return false,
        }
        true
    }

    /// Loads `size` bytes with an instruction that makes a whole vector of them.
    fn load_vector(
        &mut self,
        memarg: &MemArg,
        size: u32,
        instruction: impl FnOnce(&mut Self, MemFlagsData, Value, Offset32) -> Value,
    ) {
        let (base, offset, flags) = self.address(memarg, size);
        let vector = instruction(self, flags, base, offset);
        self.push(vector);
    }

    /// Loads a value of the type of `ty`'s lanes.
    fn load_scalar(&mut self, memarg: &MemArg, ty: Type) -> Value {
        let lane = ty.lane_type();
        let (base, offset, flags) = self.address(memarg, lane.bytes());
        self.b.ins().load(lane, flags, base, offset)
    }

    fn load_splat(&mut self, memarg: &MemArg, ty: Type) {
        let value = self.load_scalar(memarg, ty);
        let vector = self.b.ins().splat(ty, value);
        self.push(vector);
    }

    /// Loads the first lane. The type is one of floats, whose registers are those of vectors.
    fn load_zero(&mut self, memarg: &MemArg, ty: Type) {
        let value = self.load_scalar(memarg, ty);
        let vector = self.b.ins().scalar_to_vector(ty, value);
        self.push(vector);
    }

    fn load_lane(&mut self, memarg: &MemArg, ty: Type, lane: u8) {
        let vector = self.pop_vector(ty);
        let value = self.load_scalar(memarg, ty);
        let vector = self.b.ins().insertlane(vector, value, lane);
        self.push(vector);
    }

    fn store_vector(&mut self, memarg: &MemArg) {
        let vector = self.pop();
        let (base, offset, flags) = self.address(memarg, 16);
        self.b.ins().store(flags, vector, base, offset);
    }

    fn store_lane(&mut self, memarg: &MemArg, ty: Type, lane: u8) {
        // The first lane of a vector of floats is already where a float would be.
        let ty = match (lane, ty) {
            (0, I32X4) => F32X4,
            (0, I64X2) => F64X2,
            _ => ty,
        };
        let vector = self.pop_vector(ty);
        let value = self.b.ins().extractlane(vector, lane);
        let (base, offset, flags) = self.address(memarg, ty.lane_type().bytes());
        self.b.ins().store(flags, value, base, offset);
    }
}

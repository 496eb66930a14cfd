//! Vector constants, and operators that move lanes without looking at them.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use wasmparser::Operator;

use crate::translator::FuncTranslator;

use types::{F32X4, F64X2, I8X16, I16X8, I32, I32X4, I64X2};

impl FuncTranslator<'_> {
    pub(super) fn lane_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::V128Const { value } => {
                let value = self.vector_const(I8X16, *value.bytes());
                self.push(value);
            }
            O::I8x16Splat => self.splat(I8X16),
            O::I16x8Splat => self.splat(I16X8),
            O::I32x4Splat => self.splat(I32X4),
            O::I64x2Splat => self.splat(I64X2),
            O::F32x4Splat => self.splat(F32X4),
            O::F64x2Splat => self.splat(F64X2),
            O::I8x16ExtractLaneS { lane } => self.extract_signed(I8X16, *lane),
            O::I8x16ExtractLaneU { lane } => self.extract_unsigned(I8X16, *lane),
            O::I16x8ExtractLaneS { lane } => self.extract_signed(I16X8, *lane),
            O::I16x8ExtractLaneU { lane } => self.extract_unsigned(I16X8, *lane),
            O::I32x4ExtractLane { lane } => self.extract(I32X4, *lane),
            O::I64x2ExtractLane { lane } => self.extract(I64X2, *lane),
            O::F32x4ExtractLane { lane } => self.extract(F32X4, *lane),
            O::F64x2ExtractLane { lane } => self.extract(F64X2, *lane),
            O::I8x16ReplaceLane { lane } => self.replace(I8X16, *lane),
            O::I16x8ReplaceLane { lane } => self.replace(I16X8, *lane),
            O::I32x4ReplaceLane { lane } => self.replace(I32X4, *lane),
            O::I64x2ReplaceLane { lane } => self.replace(I64X2, *lane),
            O::F32x4ReplaceLane { lane } => self.replace(F32X4, *lane),
            O::F64x2ReplaceLane { lane } => self.replace(F64X2, *lane),
            O::I8x16Shuffle { lanes } => self.shuffle(lanes),
            O::I8x16Swizzle => self.swizzle(),
            _ => return false,
        }
        true
    }

    /// Pops what is to become a lane. Lanes narrower than an i32 come as its low bits.
    fn pop_lane(&mut self, ty: Type) -> Value {
        let value = self.pop();
        let lane = ty.lane_type();
        if lane.is_int() && lane.bits() < 32 { self.b.ins().ireduce(lane, value) } else { value }
    }

    fn splat(&mut self, ty: Type) {
        let lane = self.pop_lane(ty);
        let result = self.b.ins().splat(ty, lane);
        self.push(result);
    }

    fn pop_extract(&mut self, ty: Type, lane: u8) -> Value {
        let vector = self.pop_vector(ty);
        self.b.ins().extractlane(vector, lane)
    }

    fn extract(&mut self, ty: Type, lane: u8) {
        let value = self.pop_extract(ty, lane);
        self.push(value);
    }

    fn extract_signed(&mut self, ty: Type, lane: u8) {
        let value = self.pop_extract(ty, lane);
        let value = self.b.ins().sextend(I32, value);
        self.push(value);
    }

    fn extract_unsigned(&mut self, ty: Type, lane: u8) {
        let value = self.pop_extract(ty, lane);
        let value = self.b.ins().uextend(I32, value);
        self.push(value);
    }

    fn replace(&mut self, ty: Type, lane: u8) {
        let value = self.pop_lane(ty);
        let vector = self.pop_vector(ty);
        let result = self.b.ins().insertlane(vector, value, lane);
        self.push(result);
    }

    fn shuffle(&mut self, lanes: &[u8; 16]) {
        let (a, b) = self.pop2_vectors(I8X16);
        let result = if self.must_shuffle_by_lane() {
            self.shuffle_by_lane(a, b, lanes)
        } else {
            let mask = self.b.func.dfg.immediates.push(lanes.to_vec().into());
            self.b.ins().shuffle(a, b, mask)
        };
        self.push(result);
    }

    fn swizzle(&mut self) {
        let (a, indices) = self.pop2_vectors(I8X16);
        let result = if self.must_shuffle_by_lane() {
            self.swizzle_by_lane(a, indices)
        } else {
            self.b.ins().swizzle(a, indices)
        };
        self.push(result);
    }
}

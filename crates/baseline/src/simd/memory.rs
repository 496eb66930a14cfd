//! Loads that extend or spread what they read, and accesses of single lanes.

use gantry_abi::TrapCode;
use wasmparser::{MemArg, Operator};

use super::int38;
use super::lanes::{LANES_8, LANES_16, LANES_32, LANES_64, Lanes};
use crate::asm::Opcode;
use crate::generator::Generator;

impl Generator<'_> {
    pub(super) fn vector_memory_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::V128Load8x8S { memarg } => self.load_extended(memarg, int38(0x20)),
            O::V128Load8x8U { memarg } => self.load_extended(memarg, int38(0x30)),
            O::V128Load16x4S { memarg } => self.load_extended(memarg, int38(0x23)),
            O::V128Load16x4U { memarg } => self.load_extended(memarg, int38(0x33)),
            O::V128Load32x2S { memarg } => self.load_extended(memarg, int38(0x25)),
            O::V128Load32x2U { memarg } => self.load_extended(memarg, int38(0x35)),
            O::V128Load8Splat { memarg } => self.load_spread(memarg, LANES_8),
            O::V128Load16Splat { memarg } => self.load_spread(memarg, LANES_16),
            O::V128Load32Splat { memarg } => self.load_spread(memarg, LANES_32),
            O::V128Load64Splat { memarg } => self.load_spread(memarg, LANES_64),
            O::V128Load32Zero { memarg } => self.load_lowest(memarg, false),
            O::V128Load64Zero { memarg } => self.load_lowest(memarg, true),
            O::V128Load8Lane { memarg, lane } => self.load_lane(memarg, LANES_8, *lane),
            O::V128Load16Lane { memarg, lane } => self.load_lane(memarg, LANES_16, *lane),
            O::V128Load32Lane { memarg, lane } => self.load_lane(memarg, LANES_32, *lane),
            O::V128Load64Lane { memarg, lane } => self.load_lane(memarg, LANES_64, *lane),
            O::V128Store8Lane { memarg, lane } => self.store_lane(memarg, LANES_8, *lane),
            O::V128Store16Lane { memarg, lane } => self.store_lane(memarg, LANES_16, *lane),
            O::V128Store32Lane { memarg, lane } => self.store_lane(memarg, LANES_32, *lane),
            O::V128Store64Lane { memarg, lane } => self.store_lane(memarg, LANES_64, *lane),
            _ => return false,
        }
        true
    }

    fn load_extended(&mut self, memarg: &MemArg, opcode: Opcode) {
        let from = self.address(memarg, 8);
        let to = self.alloc_xmm();
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.asm.sse(opcode, to, from);
        self.push_vector(to);
    }

    fn load_spread(&mut self, memarg: &MemArg, lanes: Lanes) {
        let from = self.address(memarg, lanes.bytes);
        let to = self.alloc_xmm();
        self.may_trap(TrapCode::MemoryOutOfBounds);
        if lanes.bytes < 4 {
            self.asm.insert_lane(lanes.insert, false, to, from, 0);
        } else {
            self.asm.load_scalar(lanes.wide, to, from);
        }
        self.spread(lanes.bytes, to);
        self.push_vector(to);
    }

    fn load_lowest(&mut self, memarg: &MemArg, double: bool) {
        let from = self.address(memarg, if double { 8 } else { 4 });
        let to = self.alloc_xmm();
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.asm.load_scalar(double, to, from);
        self.push_vector(to);
    }

    fn load_lane(&mut self, memarg: &MemArg, lanes: Lanes, lane: u8) {
        let vector = self.pop();
        let to = self.in_own_xmm(vector);
        let from = self.address(memarg, lanes.bytes);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.asm.insert_lane(lanes.insert, lanes.wide, to, from, lane);
        self.push_vector(to);
    }

    fn store_lane(&mut self, memarg: &MemArg, lanes: Lanes, lane: u8) {
        let vector = self.pop();
        let from = self.in_xmm(vector);
        let to = self.address(memarg, lanes.bytes);
        self.may_trap(TrapCode::MemoryOutOfBounds);
        self.asm.extract_lane(lanes.extract, lanes.wide, to, from, lane);
    }
}

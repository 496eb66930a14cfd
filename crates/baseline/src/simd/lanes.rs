//! Vector constants, and operators that move lanes without looking at them.

use wasmparser::Operator;

use super::{OR, UPPER, int, int38};
use crate::asm::{Opcode, Xmm, op_0f, op_0f3a};
use crate::env::Ty;
use crate::generator::Generator;
use crate::homes::VECTOR_SCRATCH;

const SHUFFLE_32: Opcode = int(0x70);
const SHUFFLE_BYTES: Opcode = int38(0x00);
const UNPACK_LOW_64: Opcode = int(0x6c);

/// The instructions for lanes of an integer type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lanes {
    pub insert: Opcode,
    pub extract: Opcode,
    pub wide: bool,
    pub bytes: u32,
}

pub(super) const LANES_8: Lanes =
    Lanes { insert: op_0f3a(0x66, 0x20), extract: op_0f3a(0x66, 0x14), wide: false, bytes: 1 };
pub(super) const LANES_16: Lanes = Lanes { insert: int(0xc4), extract: op_0f3a(0x66, 0x15), wide: false, bytes: 2 };
pub(super) const LANES_32: Lanes =
    Lanes { insert: op_0f3a(0x66, 0x22), extract: op_0f3a(0x66, 0x16), wide: false, bytes: 4 };
pub(super) const LANES_64: Lanes = Lanes { wide: true, bytes: 8, ..LANES_32 };

impl Generator<'_> {
    pub(super) fn lane_operator(&mut self, op: &Operator<'_>) -> bool {
        use Operator as O;
        match op {
            O::V128Const { value } => {
                let to = self.alloc_xmm();
                let from = self.asm.constant(value.bytes());
                self.asm.load_vector(to, from);
                self.push_vector(to);
            }
            O::I8x16Splat => self.splat(LANES_8),
            O::I16x8Splat => self.splat(LANES_16),
            O::I32x4Splat => self.splat(LANES_32),
            O::I64x2Splat => self.splat(LANES_64),
            O::F32x4Splat => self.splat_float(false),
            O::F64x2Splat => self.splat_float(true),
            O::I8x16ExtractLaneS { lane } => self.extract(LANES_8, *lane, true),
            O::I8x16ExtractLaneU { lane } => self.extract(LANES_8, *lane, false),
            O::I16x8ExtractLaneS { lane } => self.extract(LANES_16, *lane, true),
            O::I16x8ExtractLaneU { lane } => self.extract(LANES_16, *lane, false),
            O::I32x4ExtractLane { lane } => self.extract(LANES_32, *lane, false),
            O::I64x2ExtractLane { lane } => self.extract(LANES_64, *lane, false),
            O::F32x4ExtractLane { lane } => self.extract_float(Ty::F32, *lane),
            O::F64x2ExtractLane { lane } => self.extract_float(Ty::F64, *lane * UPPER),
            O::I8x16ReplaceLane { lane } => self.replace(LANES_8, *lane),
            O::I16x8ReplaceLane { lane } => self.replace(LANES_16, *lane),
            O::I32x4ReplaceLane { lane } => self.replace(LANES_32, *lane),
            O::I64x2ReplaceLane { lane } => self.replace(LANES_64, *lane),
            O::F32x4ReplaceLane { lane } => self.replace_float(*lane),
            O::F64x2ReplaceLane { lane } => self.replace_double(*lane),
            O::I8x16Shuffle { lanes } => self.shuffle(lanes),
            O::I8x16Swizzle => self.swizzle(),
            _ => return false,
        }
        true
    }

    fn splat(&mut self, lanes: Lanes) {
        let value = self.pop();
        let from = self.in_register(value);
        let to = self.alloc_xmm();
        self.asm.mov_to_xmm(lanes.wide, to, from);
        self.spread(lanes.bytes, to);
        self.push_vector(to);
    }

    /// Copies the lowest lane to all others.
    pub(super) fn spread(&mut self, bytes: u32, to: Xmm) {
        match bytes {
            1 => {
                self.asm.zero_xmm(VECTOR_SCRATCH);
                self.asm.sse(SHUFFLE_BYTES, to, VECTOR_SCRATCH);
            }
            2 => {
                self.asm.sse_imm(op_0f(0xf2, 0x70), to, to, 0);
                self.asm.sse_imm(SHUFFLE_32, to, to, 0);
            }
            4 => self.asm.sse_imm(SHUFFLE_32, to, to, 0),
            _ => self.asm.sse(UNPACK_LOW_64, to, to),
        }
    }

    fn splat_float(&mut self, double: bool) {
        let value = self.pop();
        let to = self.in_own_xmm(value);
        self.spread(if double { 8 } else { 4 }, to);
        self.push_vector(to);
    }

    fn extract(&mut self, lanes: Lanes, lane: u8, signed: bool) {
        let vector = self.pop();
        let from = self.in_xmm(vector);
        let to = self.alloc();
        self.asm.extract_lane(lanes.extract, lanes.wide, to, from, lane);
        match (lanes.bytes, signed) {
            (1, true) => self.asm.movsx8(false, to, to),
            (2, true) => self.asm.movsx16(false, to, to),
            _ => {}
        }
        self.push_gpr(if lanes.wide { Ty::I64 } else { Ty::I32 }, to);
    }

    /// Moves a lane to the lowest place, by `pshufd`'s pattern for that. Nobody looks at the others.
    fn extract_float(&mut self, ty: Ty, pattern: u8) {
        let vector = self.pop();
        let from = self.in_xmm(vector);
        let to = self.alloc_xmm_over(vector);
        match pattern {
            0 if to == from => {}
            0 => self.asm.movaps(to, from),
            _ => self.asm.sse_imm(SHUFFLE_32, to, from, pattern),
        }
        self.push_xmm(ty, to);
    }

    fn replace(&mut self, lanes: Lanes, lane: u8) {
        let (vector, value) = self.pop2();
        let to = self.in_own_xmm(vector);
        let from = self.in_register(value);
        self.asm.insert_lane(lanes.insert, lanes.wide, to, from, lane);
        self.push_vector(to);
    }

    fn replace_float(&mut self, lane: u8) {
        let (vector, value) = self.pop2();
        let to = self.in_own_xmm(vector);
        let from = self.in_xmm(value);
        self.asm.sse_imm(op_0f3a(0x66, 0x21), to, from, lane << 4);
        self.push_vector(to);
    }

    fn replace_double(&mut self, lane: u8) {
        let (vector, value) = self.pop2();
        let to = self.in_own_xmm(vector);
        let from = self.in_xmm(value);
        match lane {
            0 => self.asm.sse(op_0f(0xf2, 0x10), to, from),
            _ => self.asm.sse(UNPACK_LOW_64, to, from),
        }
        self.push_vector(to);
    }

    fn shuffle(&mut self, lanes: &[u8; 16]) {
        let (a, b) = self.pop2();
        let to = self.in_own_xmm(a);
        let other = self.in_xmm(b);
        // What the high bit is set for becomes zero.
        let first = lanes.map(|lane| if lane < 16 { lane } else { 0x80 });
        let second = lanes.map(|lane| lane.checked_sub(16).unwrap_or(0x80));
        let (first, second) = (self.asm.constant(&first), self.asm.constant(&second));
        self.asm.movaps(VECTOR_SCRATCH, other);
        self.asm.sse(SHUFFLE_BYTES, VECTOR_SCRATCH, second);
        self.asm.sse(SHUFFLE_BYTES, to, first);
        self.asm.sse(OR, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }

    fn swizzle(&mut self) {
        let (a, indices) = self.pop2();
        let to = self.in_own_xmm(a);
        let indices = self.in_xmm(indices);
        // With saturation, all that is too large gets its high bit set.
        let rest = self.bytes(0x70);
        self.asm.movaps(VECTOR_SCRATCH, indices);
        self.asm.sse(int(0xdc), VECTOR_SCRATCH, rest);
        self.asm.sse(SHUFFLE_BYTES, to, VECTOR_SCRATCH);
        self.push_vector(to);
    }
}

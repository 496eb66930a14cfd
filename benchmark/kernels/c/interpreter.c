// An interpreter whose instructions are functions in a table: one call_indirect an instruction.
#include "kernel.h"

typedef struct {
  int32_t pc, acc, counter, memory[64];
} Machine;
typedef void (*Operation)(Machine *, int32_t);

static void op_load(Machine *m, int32_t x) { m->acc = m->memory[x & 63]; }
static void op_store(Machine *m, int32_t x) { m->memory[x & 63] = m->acc; }
static void op_add(Machine *m, int32_t x) { m->acc += m->memory[x & 63]; }
static void op_addi(Machine *m, int32_t x) { m->acc += x; }
static void op_xor(Machine *m, int32_t x) { m->acc ^= m->memory[x & 63]; }
static void op_mul(Machine *m, int32_t x) { m->acc *= x; }
static void op_shr(Machine *m, int32_t x) { m->acc = (int32_t)((uint32_t)m->acc >> (x & 31)); }
static void op_loop(Machine *m, int32_t x) {
  if (--m->counter > 0) m->pc = x;
}

static Operation const OPS[] = {op_load, op_store, op_add, op_addi, op_xor, op_mul, op_shr, op_loop};

static const struct {
  int32_t op, arg;
} PROGRAM[] = {{0, 1}, {3, 7}, {1, 1}, {5, 31}, {2, 2}, {1, 2}, {6, 3},  {4, 1}, {1, 3},
               {0, 2}, {2, 3}, {3, -5}, {1, 4}, {4, 2}, {1, 2}, {7, -1}};

EXPORT("run") int32_t run(int32_t rounds) {
  Machine m = {0, 1, rounds, {0}};
  for (int i = 0; i < 64; i++) m.memory[i] = i * i;
  const int size = sizeof PROGRAM / sizeof PROGRAM[0];
  for (m.pc = 0; m.pc < size; m.pc++) OPS[PROGRAM[m.pc].op](&m, PROGRAM[m.pc].arg);
  return m.acc ^ m.memory[2] ^ m.memory[3];
}

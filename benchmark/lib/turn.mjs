// How long the event loop stands still while a module is made.

import { rejects } from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a piece of work takes, ms. */
export function timed(work) {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/**
 * How long a call of `compile()` copies `bytes` for, which the JS API asks for, ms. It compiles nothing, as what it is given is no module. The second
 * call finds the memory of the first, as the one that is measured is going to: memory that nobody had for seconds has to be provided by the host of
 * a virtual machine, which takes a millisecond each megabyte.
 */
export async function copyingTime(bytes, compile) {
  const first = bytes[0];
  bytes[0] = 0xff;
  let time;
  for (let i = 0; i < 2; i++) {
    let result;
    time = timed(() => (result = compile(bytes)));
    await rejects(result, { name: 'CompileError' });
  }
  bytes[0] = first;
  return time;
}

/** What `work` gives, how long all of it takes, and the longest turn of the event loop meanwhile, ms. */
export async function longestTurn(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // It counts from its first turn on.
  await sleep(10);
  const started = performance.now();
  const result = await work();
  const total = performance.now() - started;
  await sleep(20);
  delay.disable();
  return { result, total, turn: delay.max / 1e6 };
}

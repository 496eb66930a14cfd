// Compiles a file that arrives at a rate, in a fresh process: streaming.mjs ENGINE FILE BYTES-PER-SECOND

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINES } from '../lib/engines.mjs';

const CHUNK = 64 << 10;
const [engine, file, rate] = process.argv.slice(2);
const bytes = readFileSync(file);
const { compileStreaming, Module } = ENGINES[engine];
let last;

/** Sends what is due by the clock. */
async function* arriving() {
  const started = performance.now();
  for (let sent = 0; sent < bytes.length; sent += CHUNK) {
    const due = started + (sent / Number(rate)) * 1000;
    if (due > performance.now()) await sleep(due - performance.now());
    yield bytes.subarray(sent, sent + CHUNK);
  }
  last = performance.now();
}

const source = arriving();
const body = new ReadableStream({
  async pull(controller) {
    const { done, value } = await source.next();
    if (done) controller.close();
    else controller.enqueue(value);
  },
});
const delay = monitorEventLoopDelay({ resolution: 1 });
await sleep(50);
delay.enable();
const started = performance.now();
const module = await compileStreaming(
  new Response(body, { headers: { 'Content-Type': 'application/wasm' } }),
);
const ready = performance.now();
delay.disable();
if (!(module instanceof Module)) throw new Error('no module');
console.log(JSON.stringify({ arrived: last - started, afterLast: ready - last, blocked: delay.max / 1e6 }));
process.exit(0);

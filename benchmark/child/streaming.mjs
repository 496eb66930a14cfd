// Compiles a file that arrives at a rate, in a fresh process: streaming.mjs ENGINE FILE BYTES-PER-SECOND

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINES } from '../lib/engines.mjs';
import { longestTurn } from '../lib/turn.mjs';

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
const pull = async (controller) => {
  const { done, value } = await source.next();
  if (done) controller.close();
  else controller.enqueue(value);
};
// Nothing is sent before it is asked for.
const body = new ReadableStream({ pull }, { highWaterMark: 0 });
const response = new Response(body, { headers: { 'Content-Type': 'application/wasm' } });
// What is loaded at the first use is no compilation.
await compileStreaming(new Response('')).catch(() => {});
await sleep(50);
let started;
let ready;
const { result: module, turn } = await longestTurn(async () => {
  started = performance.now();
  const module = await compileStreaming(response);
  ready = performance.now();
  return module;
});
if (!(module instanceof Module)) throw new Error('no module');
console.log(JSON.stringify({ arrived: last - started, afterLast: ready - last, blocked: turn }));
process.exit(0);

// Comes by a module in one way, in a fresh process, and measures the longest turn of the event loop: blocked.mjs ENGINE FILE WAY. Beside it
// stands what no engine gets round in that turn: the copy that the JS API asks for, and making the instance.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINES } from '../lib/engines.mjs';
import { copyingTime, timed, longestTurn } from '../lib/turn.mjs';

const [engine, file, way] = process.argv.slice(2);
const { compile, compileStreaming, instantiate, instantiateStreaming, Instance } = ENGINES[engine];
const bytes = readFileSync(file);
const func = () => 0;
/** Has every function that a module may ask for. */
const imports = new Proxy({}, { get: () => new Proxy({}, { get: () => func }) });

const CHUNK = 64 << 10;
let sent = 0;
const body = new ReadableStream({
  pull(controller) {
    if (sent >= bytes.length) controller.close();
    else controller.enqueue(bytes.subarray(sent, (sent += CHUNK)));
  },
});
const response = new Response(body, { headers: { 'Content-Type': 'application/wasm' } });
const WAYS = {
  compile: () => compile(bytes),
  instantiate: () => instantiate(bytes, imports),
  compileStreaming: () => compileStreaming(response),
  instantiateStreaming: () => instantiateStreaming(response, imports),
};

// What is loaded at the first use is no compilation.
await compile(new Uint8Array()).catch(() => {});
await compileStreaming(new Response('')).catch(() => {});
await sleep(50);
const copy = way.endsWith('Streaming') ? 0 : await copyingTime(bytes, compile);
const { result, total, turn } = await longestTurn(WAYS[way]);
const instance = result.module ? timed(() => new Instance(result.module, imports)) : 0;
console.log(JSON.stringify({ total, turn, copy, instance }));
process.exit(0);

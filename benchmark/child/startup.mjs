// Compiles one file on one engine, waiting and in the background: startup.mjs ENGINE FILE [keep]. `blocked` is the longest turn of the event
// loop without the copy that the JS API asks for. With `keep` all of it is compiled, for the cache.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINES } from '../lib/engines.mjs';
import { copyingTime, timed, longestTurn } from '../lib/turn.mjs';

const [engine, file, keep] = process.argv.slice(2);
const { Module, compile } = ENGINES[engine];
const bytes = readFileSync(file);
// What is measured second is not to find the code of what was measured before.
const other = Buffer.concat([bytes, Buffer.from([0, 2, 1, 0x78])]);
if (keep) {
  const modules = [bytes, other].map((bytes) => new Module(bytes, { tier: 'optimized' }));
  console.log(JSON.stringify({ modules: modules.length }));
  process.exit(0);
}

const waiting = timed(() => new Module(bytes));
await sleep(50);
const copy = await copyingTime(other, compile);
const { total: background, turn } = await longestTurn(() => compile(other));
console.log(JSON.stringify({ waiting, background, blocked: Math.max(0, turn - copy) }));
process.exit(0);

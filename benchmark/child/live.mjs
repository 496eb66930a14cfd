// Holds many instances with a memory each and uses every one of them: live.mjs ENGINE COUNT

import { ENGINES } from '../lib/engines.mjs';
import { MB } from '../lib/stats.mjs';
import { withMemory } from '../lib/tiny.mjs';

const [engine, countText] = process.argv.slice(2);
const { Instance, Module } = ENGINES[engine];
const module = new Module(withMemory);

const started = performance.now();
const instances = Array.from({ length: Number(countText) }, () => new Instance(module).exports);
const each = ((performance.now() - started) * 1000) / instances.length;

const word = ({ memory }) => new Uint32Array(memory.buffer, 1024, 1);
for (const [i, exports] of instances.entries()) word(exports)[0] = exports.add(i, 7);
const count = instances.filter((exports, i) => word(exports)[0] === i + 7).length;
console.log(JSON.stringify({ count, each, rss: process.memoryUsage.rss() / MB }));
process.exit(0);

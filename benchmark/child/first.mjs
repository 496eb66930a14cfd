// Loads one program on one engine and runs it once: first.mjs ENGINE PROGRAM [keep]. With `keep` it goes on until all that runs is optimised, for
// the cache.

import { withEngine } from '../lib/engines.mjs';
import { quiet } from '../lib/quiet.mjs';
import { kernels } from '../programs/kernels.mjs';
import { packages } from '../programs/packages.mjs';
import { tools } from '../programs/tools.mjs';

const [engine, name, keep] = process.argv.slice(2);
const program = [...kernels, ...packages, ...tools].find((candidate) => candidate.name === name);

const started = performance.now();
const run = await withEngine(engine, () => program.load(engine));
const loaded = performance.now();
await withEngine(engine, run);
const ended = performance.now();
if (keep) await quiet();
console.log(JSON.stringify({ load: loaded - started, first: ended - loaded, total: ended - started }));
process.exit(0);

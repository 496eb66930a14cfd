// Loads one program on one engine and runs it once: first.mjs ENGINE PROGRAM [keep]. Prints milliseconds: of loading and
// running, of both, and from when the engine was given bytes to the result, without what a package does before, such as to read its files. With
// `keep` it goes on until all that runs is optimised, for the cache.

import { ENGINES, withEngine } from '../lib/engines.mjs';
import { quiet } from '../lib/quiet.mjs';
import { kernels } from '../programs/kernels.mjs';
import { packages } from '../programs/packages.mjs';
import { tools } from '../programs/tools.mjs';

const [engine, name, keep] = process.argv.slice(2);
const program = [...kernels, ...packages, ...tools].find((candidate) => candidate.name === name);

/** When the engine was given bytes. */
let given;

/** A function or class that notes when it is called first. */
const noting = (callable) =>
  new Proxy(callable, {
    apply(target, receiver, args) {
      given ??= performance.now();
      return Reflect.apply(target, receiver, args);
    },
    construct(target, args) {
      given ??= performance.now();
      return Reflect.construct(target, args);
    },
  });

const namespace = ENGINES[engine];
const takers = ['Module', 'compile', 'instantiate', 'compileStreaming', 'instantiateStreaming'];
ENGINES[engine] = {
  __proto__: namespace,
  ...Object.fromEntries(takers.map((name) => [name, noting(namespace[name])])),
};

const started = performance.now();
const run = await withEngine(engine, () => program.load(engine));
const loaded = performance.now();
await withEngine(engine, run);
const ended = performance.now();
if (keep) await quiet();
const times = {
  load: loaded - started,
  first: ended - loaded,
  total: ended - started,
  result: ended - given,
};
console.log(JSON.stringify(times));
process.exit(0);

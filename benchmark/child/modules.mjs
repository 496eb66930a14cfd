// Imports modules in a process of its own: modules.mjs FOLDER. The loader is registered before.

import { pathToFileURL } from 'node:url';

const [folder] = process.argv.slice(2);

async function timed(file) {
  const url = pathToFileURL(`${folder}/${file}`).href;
  const started = performance.now();
  const { f } = await import(url);
  const ms = performance.now() - started;
  if (f(1, 2) === undefined) throw new Error(`${file} gave nothing`);
  return ms;
}

// The first import by any means pays for Node's own loader.
await timed('warm.mjs');
const result = { firstJs: await timed('small0.mjs'), firstWasm: await timed('small0.wasm') };
result.js = await timed('small1.mjs');
result.wasm = await timed('small1.wasm');
result.graphJs = await timed('graph0.mjs');
result.graphWasm = await timed('graph0.wasm');
console.log(JSON.stringify(result));
process.exit(0);

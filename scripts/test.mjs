// npm test: installs and builds what is missing, then runs the Rust tests and the Node tests.
// Arguments choose Node test files by a part of their path and leave the Rust tests out.

import { availableParallelism } from 'node:os';
import { build } from './build.mjs';
import { ensureDependencies, fail, run } from './ensure.mjs';
import { nodeTestArguments, nodeTestFiles } from './node-tests.mjs';

// Tests compile; those of the cache have caches of their own.
process.env.GANTRY_CACHE = 'off';

const filters = process.argv.slice(2);

ensureDependencies();
await build();
if (filters.length === 0) {
  step('cargo test');
  run('cargo', ['test', '--release', '--workspace']);
}
const files = nodeTestFiles(filters);
if (files.length === 0) fail(`no test file matches ${filters.join(', ')}`);
step(`node --test, ${files.length} files, ${process.version}, ${availableParallelism()} cores`);
run(process.execPath, nodeTestArguments(files));
console.log('\n✓ all tests passed');

function step(title) {
  console.log(`\n• ${title}`);
}

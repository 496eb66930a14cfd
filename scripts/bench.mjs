// npm run bench: installs and builds what is missing, then runs the benchmark, with --node=N on that Node.js version.

import { build } from './build.mjs';
import { ensureDependencies, run } from './ensure.mjs';
import { ensureNode } from './nodes.mjs';

// Where the cache is measured, that says so itself.
process.env.GANTRY_CACHE = 'off';

const args = process.argv.slice(2);
const major = args.find((arg) => arg.startsWith('--node='))?.slice('--node='.length);

ensureDependencies();
if (process.env.GANTRY_BENCH_ENGINE !== 'builtin') await build();
const node = major ? ensureNode(major) : process.execPath;
const rest = args.filter((arg) => !arg.startsWith('--node='));
run(node, ['--expose-gc', 'benchmark/main.mjs', ...rest]);

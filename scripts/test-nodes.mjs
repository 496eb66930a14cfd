// npm run test:nodes: the Node tests on every supported Node.js version, and one table at the end.
// Arguments that are numbers choose versions, others choose test files by a part of their path.

import { spawnSync } from 'node:child_process';
import { build } from './build.mjs';
import { ensureDependencies, root } from './ensure.mjs';
import { nodeTestArguments, nodeTestFiles } from './node-tests.mjs';
import { ensureNode, NODES } from './nodes.mjs';

// Tests compile; those of the cache have caches of their own.
process.env.GANTRY_CACHE = 'off';

const args = process.argv.slice(2);
const chosen = args.filter((arg) => arg in NODES);
const majors = chosen.length > 0 ? chosen : Object.keys(NODES);
const files = nodeTestFiles(args.filter((arg) => !(arg in NODES)));

ensureDependencies();
// The addon that is tested on each version is the one built once, here.
if (process.env.GANTRY_TEST_ENGINE !== 'builtin') await build();
const rows = majors.map(testOn);
printTable(rows);
process.exitCode = rows.every((row) => row.ok) ? 0 : 1;

function testOn(major) {
  const node = ensureNode(major);
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`\n• ${files.length} files on Node ${version}`);
  const started = performance.now();
  const result = spawnSync(node, nodeTestArguments(files, 'tap'), {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const count = (name) => Number(result.stdout.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? 0);
  const ok = result.status === 0;
  if (!ok) console.log(`${failures(result.stdout)}\n${result.stderr}`);
  const seconds = (performance.now() - started) / 1000;
  return {
    version,
    pass: count('pass'),
    fail: count('fail'),
    skipped: count('skipped'),
    seconds,
    ok,
    ended: result.signal ?? result.status,
  };
}

/** What TAP says between a failed test and its end. */
function failures(tap) {
  const blocks = tap.match(/^ *not ok [\s\S]*?^ *\.\.\.$/gm) ?? [tap.slice(-4000)];
  return blocks.join('\n').slice(0, 20_000);
}

function printTable(rows) {
  const line = (cells) =>
    console.log(cells.map((cell, i) => String(cell).padStart(i === 0 ? 10 : 9)).join(''));
  console.log();
  line(['Node', 'passed', 'failed', 'skipped', 'seconds', 'result']);
  for (const r of rows) {
    const result = r.ok ? 'ok' : `exit ${r.ended}`;
    line([r.version, r.pass, r.fail, r.skipped, r.seconds.toFixed(1), result]);
  }
}

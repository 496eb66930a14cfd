// The benchmark: main.mjs [SECTION…] [--only=PROGRAM,…] [--quick]. See README.md beside this file.

import { parseArgs } from 'node:util';
import { NAMES } from './lib/engines.mjs';
import { printTargets, writeResults } from './lib/report.mjs';

const SECTIONS = [
  'compute',
  'startup',
  'streaming',
  'blocked',
  'first',
  'calls',
  'instances',
  'objects',
  'live',
  'footprint',
  'churn',
  'wasi',
  'modules',
  'language',
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, quick: { type: 'boolean' } },
});
const unknown = positionals.filter((name) => !SECTIONS.includes(name));
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(', ')}; there are ${SECTIONS.join(', ')}`);
  process.exit(2);
}

const started = performance.now();
const chosen = positionals.length > 0 ? positionals : SECTIONS;
console.log(`${NAMES.join(' against ')}, Node ${process.version}, V8 ${process.versions.v8}`);
const sections = {};
for (const name of SECTIONS.filter((section) => chosen.includes(section))) {
  const { run } = await import(`./sections/${name}.mjs`);
  sections[name] = await run({ only: values.only?.split(','), quick: values.quick });
}
const targets = Object.values(sections).flatMap((section) => section.targets);
if (targets.length > 0) printTargets(targets);
const file = writeResults(sections);
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s; results in ${file}`);
// Packages leave timers behind.
process.exit(0);

// Steady-state speed: each program on both engines in turn, after warm-up; the ratio of the medians.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { NAMES, withEngine } from '../lib/engines.mjs';
import { quiet } from '../lib/quiet.mjs';
import { progress, table, target } from '../lib/report.mjs';
import { geometricMean, median } from '../lib/stats.mjs';
import { kernels } from '../programs/kernels.mjs';
import { packages } from '../programs/packages.mjs';

/** Both engines compile hot functions again in the background, and take the new code at their next call. */
const WARM_UP = { milliseconds: 700, runs: 10 };
const SAMPLE = { milliseconds: 700, least: 9, most: 41 };

export const title = 'Steady-state compute';

export async function run({ only }) {
  // The engine reads it when it compiles first. What is in a cache may have been compiled by an earlier version, and without running.
  const cache = process.env.GANTRY_CACHE;
  process.env.GANTRY_CACHE = 'off';
  const programs = [...kernels, ...packages].filter(({ name }) => !only || only.includes(name));
  const results = [];
  for (const program of programs) {
    progress(`  ${program.name} …`);
    results.push(await measure(program));
  }
  progress('');
  if (cache === undefined) delete process.env.GANTRY_CACHE;
  else process.env.GANTRY_CACHE = cache;
  return { results, targets: print(results) };
}

async function measure({ name, load }) {
  const runs = {};
  for (const engine of NAMES) runs[engine] = await withEngine(engine, () => load(engine));
  const answers = {};
  for (const engine of NAMES) answers[engine] = await warmUp(engine, runs[engine]);
  await quiet();
  assert.deepEqual(answers.gantry, answers.builtin, `${name}: the engines disagree`);
  const times = await sample(runs);
  return { name, gantry: times.gantry, builtin: times.builtin, ratio: times.gantry / times.builtin };
}

async function warmUp(engine, run) {
  const end = performance.now() + WARM_UP.milliseconds;
  let answer;
  for (let i = 0; i < WARM_UP.runs || performance.now() < end; i++) {
    answer = await withEngine(engine, run);
    await sleep(0);
  }
  return answer;
}

/** A, B, A, B …: a change of the machine's speed meets both. */
async function sample(runs) {
  const times = { gantry: [], builtin: [] };
  const end = performance.now() + SAMPLE.milliseconds;
  for (let i = 0; i < SAMPLE.most && (i < SAMPLE.least || performance.now() < end); i++) {
    for (const engine of i % 2 ? NAMES : NAMES.toReversed()) {
      times[engine].push(await timed(engine, runs[engine]));
    }
  }
  return { gantry: median(times.gantry), builtin: median(times.builtin) };
}

function timed(engine, run) {
  return withEngine(engine, async () => {
    const started = performance.now();
    await run();
    return performance.now() - started;
  });
}

function print(results) {
  const rows = results.map((r) => [
    r.name,
    `${r.gantry.toFixed(2)} ms`,
    `${r.builtin.toFixed(2)} ms`,
    r.ratio.toFixed(2),
  ]);
  table(title, ['program', 'Gantry', 'built-in', 'ratio'], rows);
  const ratios = results.map((r) => r.ratio);
  return [
    target('compute, geometric mean of ratios', geometricMean(ratios), 1),
    target('compute, worst ratio', Math.max(...ratios), 1.6),
  ];
}

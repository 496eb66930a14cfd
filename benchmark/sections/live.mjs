// Ten thousand live instances with a memory each: that they work, what they cost in time and resident memory.

import { measureInChild } from '../lib/child.mjs';
import { NAMES } from '../lib/engines.mjs';
import { table } from '../lib/report.mjs';

const COUNT = '10000';

export const title = `${COUNT} live instances with a memory each`;

export async function run() {
  const results = [];
  for (const engine of NAMES) results.push({ engine, ...(await attempt(engine)) });
  const rows = results.map((r) =>
    r.error
      ? [r.engine, r.error, '', '']
      : [r.engine, r.count, `${r.each.toFixed(1)} µs`, `${r.rss.toFixed(0)} MB`],
  );
  table(title, ['engine', 'work', 'each', 'RSS'], rows);
  const pass = results.find((r) => r.engine === 'gantry').count === Number(COUNT);
  return { results, targets: [{ name: title, value: results[0].count ?? 0, unit: '', pass }] };
}

async function attempt(engine) {
  try {
    return await measureInChild('live.mjs', [engine, COUNT]);
  } catch (error) {
    return { error: String(error.stderr ?? error).match(/^\w*Error.*$/m)?.[0] ?? 'the process ended' };
  }
}

// Two programs connected by pipes pass on a gigabyte, without keeping it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../helpers/engine.mjs';

const BYTES = 2 ** 30;
const LIMIT_MB = 120;

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

test('a gigabyte through two programs', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gantry-pipeline-'));
  try {
    const program = fileURLToPath(new URL('programs/cat.wasm', import.meta.url));
    const gantry = [process.execPath, path.join(root, 'js/cli/main.js'), 'run', program]
      .map(quoted)
      .join(' ');
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const preload = `--require ${JSON.stringify(path.join(root, '__test__/helpers/rss.cjs'))}`;
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', `head -c ${BYTES} /dev/zero | ${gantry} | ${gantry} | wc -c`],
      { env: { ...env, NODE_OPTIONS: preload, GANTRY_RSS_FILE: path.join(folder, 'rss') } },
    );
    assert.equal(Number(stdout), BYTES);
    const sizes = readdirSync(folder).map(
      (file) => Number(readFileSync(path.join(folder, file), 'utf8')) / 1024,
    );
    assert.equal(sizes.length, 2);
    for (const size of sizes) assert.ok(size < LIMIT_MB, `${size.toFixed(0)} MB`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

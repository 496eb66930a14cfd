// The tests of this folder once more, with the global WebAssembly replaced: what runs on Node's own engine otherwise runs on that.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../helpers/engine.mjs';

/** Remembers Node's own engine. */
const BEFORE = pathToFileURL(path.join(root, '__test__/helpers/before.mjs')).href;
const FOLDER = path.join(root, '__test__/api');
/** This file, and what uses the namespace only, for a long time. */
const LEFT_OUT = ['installed.test.mjs', 'limits.test.mjs'];

for (const file of readdirSync(FOLDER).filter((name) => !LEFT_OUT.includes(name))) {
  test(`${file} under gantry-wasm/install`, async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const imports = ['--import', BEFORE, '--import', 'gantry-wasm/install'];
    const args = [...imports, '--test-reporter=tap', path.join(FOLDER, file)];
    const [error, tap] = await new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: root, env, maxBuffer: 1 << 26 }, (...ended) => resolve(ended));
    });
    assert.equal(error, null, tap.match(/^ *not ok [\s\S]*?^ *\.\.\.$/gm)?.join('\n') ?? tap);
    assert.match(tap, /^# fail 0$/m);
    assert.doesNotMatch(tap, /^# pass 0$/m);
  });
}

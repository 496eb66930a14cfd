// Programs from Rust, Go and Zig, whose standard libraries use the system interface each in its own way. They check what they do.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WASI, WebAssembly } from 'gantry-wasm';
import { gantry } from '../helpers/cli.mjs';

const FOLDER = new URL('toolchains/', import.meta.url);

const EXPECTED = {
  rust: { stdout: '["a", "b c"] Ok("hello")\nTYPED\nWÖRLD\n', stderr: 'rust is done\n' },
  go: { stdout: '["a" "b c"] "hello"\nTYPED\nWÖRLD\n', stderr: 'go is done\n' },
  zig: { stdout: '[a][b c] hello\n', stderr: '' },
};
const STDIN = 'typed\nwörld\n';

async function inFolder(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-toolchains-'));
  try {
    const result = await work(folder);
    assert.deepEqual(fs.readdirSync(folder), [], 'everything is removed again');
    return result;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function run(name, options) {
  const output = { stdout: [], stderr: [] };
  const wasi = new WASI({
    version: 'preview1',
    args: [name, 'a', 'b c'],
    env: { GREETING: 'hello' },
    stdin: STDIN,
    stdout: (chunk) => output.stdout.push(Buffer.from(chunk)),
    stderr: (chunk) => output.stderr.push(Buffer.from(chunk)),
    ...options,
  });
  const module = new WebAssembly.Module(fs.readFileSync(new URL(`${name}.wasm`, FOLDER)));
  const code = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
  const [stdout, stderr] = [output.stdout, output.stderr].map((chunks) => Buffer.concat(chunks).toString());
  return { code, stdout, stderr };
}

for (const [name, expected] of Object.entries(EXPECTED)) {
  describe(name, () => {
    test('gantry run', async () => {
      const file = fileURLToPath(new URL(`${name}.wasm`, FOLDER));
      const options = (folder) => ['--dir', `${folder}::/`, '--env', 'GREETING=hello'];
      const result = await inFolder((folder) =>
        gantry(['run', ...options(folder), file, 'a', 'b c'], { input: STDIN }),
      );
      assert.deepEqual(result, { code: 7, signal: null, ...expected });
    });

    test('on node:fs', async () => {
      const result = await inFolder((folder) => run(name, { preopens: { '/': folder }, fs }));
      assert.deepEqual(result, { code: 7, ...expected });
    });

    test('on a tree of objects', () => {
      assert.deepEqual(run(name, { preopens: { '/': {} } }), { code: 7, ...expected });
    });
  });
}

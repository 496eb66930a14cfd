// pyodide: CPython built by Emscripten, with exceptions, side modules that are linked as it runs, and promise integration.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packageTest } from '../helpers/package.mjs';
import { text } from '../helpers/wat.mjs';

packageTest(import.meta, 'pyodide', async (used) => {
  const { loadPyodide } = await import('pyodide');
  const python = await loadPyodide();
  assert.equal(python.runPython('sum(n * n for n in range(1000))'), 332833500);
  assert.equal(python.runPython('2 ** 200 % 1000007'), Number(2n ** 200n % 1000007n));
  assert.equal(
    python.runPython("import hashlib; hashlib.sha256(b'abc').hexdigest()"),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  assert.deepEqual(python.runPython("import re; re.findall(r'[a-z]+', 'one 2 three')").toJs(), [
    'one',
    'three',
  ]);
  assert.throws(() => python.runPython('1 / 0'), /ZeroDivisionError: division by zero/);
  assert.throws(() => python.runPython('def f(n): return f(n + 1)\nf(0)'), /RecursionError/);
  // Python waits for a promise in the middle of ordinary code.
  const waited = await python.runPythonAsync(`
from pyodide.ffi import run_sync, can_run_sync
import asyncio
[run_sync(asyncio.sleep(0.01, n)) for n in range(3)] if can_run_sync() else 'no'`);
  assert.deepEqual(waited.toJs(), [0, 1, 2]);
  assert.ok(used.compiled.some((size) => size > 5_000_000));
  await useSideModule(python, used);
});

/** An extension module is compiled and linked when Python imports it: it shares memory, table and functions with the main module. */
async function useSideModule(python, used) {
  const source = readFileSync(new URL('../helpers/side-module.wat', import.meta.url), 'utf8');
  const bytes = text(source);
  const folder = python.runPython('import site; site.getsitepackages()[0]');
  python.FS.writeFile(`${folder}/side.so`, bytes);
  assert.equal(python.runPython('import side; side.apply(lambda: 40); side.apply(lambda: 2)'), 42);
  assert.ok(used.compiled.includes(bytes.length) && used.exports.has('PyInit_side'));
  assert.equal(
    python.runPython("letters = bytearray(b'linked at run time'); side.sort(letters); letters.decode()"),
    '   adeeiiklmnnrttu',
  );
  assert.throws(() => python.runPython('side.apply(lambda: 1 / 0)'), /ZeroDivisionError/);
  // The frames of the side module wait as well.
  const waited = 'side.apply(lambda: run_sync(asyncio.sleep(0.01, 8)))';
  assert.equal(await python.runPythonAsync(waited), 50);
}

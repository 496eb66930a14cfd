// wasmoon: Lua built by Emscripten; its errors are jumps that pass through JavaScript.

import assert from 'node:assert/strict';
import { packageTest, require, sizeOf } from '../helpers/package.mjs';

packageTest(import.meta, 'wasmoon', async (used) => {
  const { LuaFactory } = require('wasmoon');
  const lua = await new LuaFactory().createEngine();
  assert.ok(used.compiled.includes(sizeOf('wasmoon/dist/glue.wasm')));
  lua.global.set('add', (a, b) => a + b);
  lua.global.set('fail', () => {
    throw new RangeError('from JavaScript');
  });
  assert.equal(
    await lua.doString('local t = {} for i = 1, 5 do t[i] = add(i, i) end return table.concat(t, ",")'),
    '2,4,6,8,10',
  );
  assert.equal(await lua.doString('return select(2, pcall(error, { code = 7 })).code'), 7);
  assert.match(await lua.doString('return tostring(select(2, pcall(fail)))'), /from JavaScript/);
  await assert.rejects(lua.doString('error("boom")'), /boom/);
  assert.equal(await lua.doString('return ("x=1, y=2"):gsub("(%w)=(%w)", "%2=%1")'), '1=x, 2=y');
  const deep = 'local function f(n) if n == 0 then error("deep") end return 1 + f(n - 1) end';
  assert.match(await lua.doString(`${deep} return select(2, pcall(f, 150))`), /deep/);
  assert.match(await lua.doString(`${deep} return select(2, pcall(f, -1))`), /stack overflow/);
  lua.global.set('sleep', (ms) => new Promise((resolve) => setTimeout(resolve, ms, 'awake')));
  assert.equal(await lua.doString('return sleep(1):await()'), 'awake');
  lua.global.close();
});

// sh-syntax: mvdan's shell parser and formatter in Go, built by TinyGo.

import assert from 'node:assert/strict';
import { packageTest, sizeOf } from '../helpers/package.mjs';

packageTest(import.meta, 'sh-syntax', async (used) => {
  const { parse, print } = await import('sh-syntax');
  const script = 'if   [ "$a" = b ];then\necho   hi|wc -l\nfi;f(){\nlocal x=$((1+2));}\n';
  assert.equal(
    await print(script, { filepath: 'a.sh' }),
    'if [ "$a" = b ]; then\n  echo hi | wc -l\nfi\nf() {\n  local x=$((1 + 2))\n}\n',
  );
  const { Stmts } = await parse(script);
  assert.deepEqual(
    Stmts.map(({ Pos, End }) => [Pos.Line, End.Line]),
    [
      [1, 3],
      [3, 4],
    ],
  );
  await assert.rejects(parse('echo $('), (error) => {
    assert.equal(error.message, 'reached EOF without matching `$(` with `)`');
    assert.deepEqual(error.Pos, { Offset: 5, Line: 1, Col: 6 });
    return true;
  });
  assert.ok(used.compiled.includes(sizeOf('sh-syntax/main.wasm')));
});

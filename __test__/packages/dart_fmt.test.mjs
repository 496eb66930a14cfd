// dart_fmt: Dart's formatter, compiled to garbage-collected wasm by dart2wasm.

import assert from 'node:assert/strict';
import { packageTest } from '../helpers/package.mjs';

const UGLY =
  'class   A{final   int x;A(this.x);}void main( ){var list=[1,2,3];for(var i in list){print("$i");}}';
const PRETTY = `class A {
  final int x;
  A(this.x);
}

void main() {
  var list = [1, 2, 3];
  for (var i in list) {
    print("$i");
  }
}
`;

packageTest(import.meta, '@wasm-fmt/dart_fmt', async (used) => {
  const { format } = await import('@wasm-fmt/dart_fmt');
  assert.equal(format(UGLY), PRETTY);
  assert.equal(format(PRETTY), PRETTY);
  assert.throws(() => format('class {'), /could not be parsed/);
  // Many objects: the heap is collected on the way.
  const long = Array.from({ length: 300 }, (_, i) => `int f${i}(int a)=>a+${i};`).join('');
  const formatted = format(long);
  assert.equal(formatted.match(/^int f\d+\(int a\) => a \+ \d+;$/gm).length, 300);
  assert.ok(used.compiled.some((size) => size > 500_000));
});

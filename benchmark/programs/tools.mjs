// Large programs from npm that are loaded to do one thing: how long that takes the first time is what counts.

import { createRequire } from 'node:module';
import { ENGINES, freshRequire, readPackageFile } from '../lib/engines.mjs';

const require = createRequire(import.meta.url);

export const tools = [
  { name: 'ruby', load: loadRuby },
  { name: 'clang', load: loadClang },
];

async function loadRuby(engine) {
  const { RubyVM } = freshRequire('@ruby/wasm-wasi');
  const isBuiltin = ENGINES[engine] === ENGINES.builtin;
  const { WASI } = require(isBuiltin ? 'node:wasi' : 'gantry-wasm');
  const module = await WebAssembly.compile(readPackageFile('@ruby/3.4-wasm-wasi/dist/ruby.wasm'));
  const wasip1 = new WASI({ version: 'preview1' });
  const args = ['ruby', '--disable-gems', '-EUTF-8', '-e_=0'];
  const { vm } = await RubyVM.instantiateModule({ module, wasip1, args });
  return () =>
    vm.eval(`(1..2000).map { |i| (i * 7919 % 1000).to_s }.tally.sort.first(20).inspect`).toString();
}

async function loadClang() {
  const { runClang } = await import('@yowasp/clang');
  const source = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n';
  const args = ['clang', '--target=wasm32-wasip1', '-O1', 'hello.c', '-o', 'hello.wasm'];
  return async () => (await runClang(args, { 'hello.c': source }))['hello.wasm'].length;
}

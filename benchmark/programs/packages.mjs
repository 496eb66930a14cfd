// Programs from npm, each loaded once an engine; `load` gives a function that does the work and returns its result.

import { freshRequire, readPackageFile } from '../lib/engines.mjs';

export const packages = [
  { name: 'sql.js', load: loadSqlite },
  { name: 'argon2id', load: loadArgon2 },
  { name: 'esbuild', load: loadEsbuild },
  { name: 'quickjs', load: loadQuickJS },
  { name: 'source-map', load: loadSourceMap },
  { name: 'resvg', load: loadResvg },
  { name: 'tree-sitter', load: loadTreeSitter },
];

async function loadSqlite() {
  const SQL = await freshRequire('sql.js')();
  const db = new SQL.Database();
  db.run(`create table t as with recursive n(x) as (select 1 union all select x + 1 from n where x < 20000)
    select x, x * 7919 % 1000 as k, 'name ' || (x * 31 % 997) as name from n`);
  return () =>
    db.exec(`select k % 50 as g, count(*), sum(x), min(name) from t where name like '%9%' group by g order by 3 desc;
      select sum(a.x) from t a join t b on b.x = a.k where b.k > 500`);
}

async function loadArgon2() {
  const { argon2id } = freshRequire('hash-wasm');
  const options = { password: 'pw', salt: 'somesalt', parallelism: 1, iterations: 2, hashLength: 16 };
  return () => argon2id({ ...options, memorySize: 4096, outputType: 'hex' });
}

async function loadEsbuild() {
  globalThis.self ??= globalThis;
  const esbuild = freshRequire('esbuild-wasm/lib/browser.js');
  const wasmModule = await WebAssembly.compile(readPackageFile('esbuild-wasm/esbuild.wasm'));
  await esbuild.initialize({ wasmModule, worker: false });
  const source = readPackageFile('rxjs/src/internal/testing/TestScheduler.ts', 'utf8');
  return async () => (await esbuild.transform(source, { loader: 'ts', minify: true, target: 'es2017' })).code;
}

async function loadQuickJS() {
  const { newQuickJSWASMModule } = freshRequire('quickjs-emscripten');
  const context = (await newQuickJSWASMModule()).newContext();
  const code = `(function () {
    const words = {}; let x = 1;
    for (let i = 0; i < 20000; i++) { x = (x * 1103515245 + 12345) % 2147483648; words['w' + x % 300] = (words['w' + x % 300] ?? 0) + i; }
    return Object.keys(words).sort().map((w) => w + words[w]).join('').length;
  })()`;
  return () => context.unwrapResult(context.evalCode(code)).consume((value) => context.dump(value));
}

async function loadSourceMap() {
  const { SourceMapConsumer } = freshRequire('source-map');
  const map = JSON.parse(readPackageFile('rxjs/dist/bundles/rxjs.umd.js.map', 'utf8'));
  return () =>
    SourceMapConsumer.with(map, null, (consumer) => {
      let sum = 0;
      for (let line = 1; line < 5000; line += 50)
        sum += consumer.originalPositionFor({ line, column: 8 }).line ?? 0;
      return sum;
    });
}

async function loadResvg() {
  const { initWasm, Resvg } = freshRequire('@resvg/resvg-wasm');
  await initWasm(readPackageFile('@resvg/resvg-wasm/index_bg.wasm'));
  const svg = readPackageFile('flag-icons/flags/4x3/mx.svg', 'utf8');
  return () => {
    const image = new Resvg(svg, { fitTo: { mode: 'width', value: 128 } });
    const rendered = image.render();
    const bytes = Buffer.from(rendered.pixels).toString('base64');
    rendered.free();
    image.free();
    return bytes;
  };
}

async function loadTreeSitter() {
  const { Language, Parser } = freshRequire('web-tree-sitter');
  await Parser.init();
  const grammar = readPackageFile('tree-sitter-javascript/tree-sitter-javascript.wasm');
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  const source = readPackageFile('rxjs/dist/bundles/rxjs.umd.js', 'utf8').slice(0, 60_000);
  return () => {
    const tree = parser.parse(source);
    const count = tree.rootNode.descendantCount;
    tree.delete();
    return count;
  };
}

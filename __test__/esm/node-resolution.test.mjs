// The resolver against Node.js itself: 200 generated imports in a tree of packages, and package maps against Node 26.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ensureNode } from '../../scripts/nodes.mjs';
import { node, project } from '../helpers/project.mjs';

const { resolve } = createRequire(import.meta.url)('gantry-wasm');

/** Numbers that look random and are the same each time. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % below;
  };
}

const random = generator(20);
const pick = (list) => list[random(list.length)];

const FILES = ['index.js', 'main.js', 'lib/a.js', 'lib/b.mjs', 'lib/deep/c.js', 'data.json', 'w.wasm'];

/** A target for an entry of `exports` or `imports`: valid ones and all kinds of others. */
function target(depth = 0) {
  const kinds = [
    () => `./${pick(FILES)}`,
    () => `./${pick(FILES)}`,
    () => pick(['./lib/*', './lib/*.js', './lib/deep/*.js', './*', './lib/']),
    () =>
      pick([
        'lib/a.js',
        '../outside.js',
        '/abs.js',
        './../x.js',
        './lib/../main.js',
        './node_modules/x.js',
        '',
      ]),
    () => null,
    () => pick([false, 7]),
    () => pick(['pkg1', 'pkg2/a', 'fs', 'node:fs', 'https://example.com/x.js']),
  ];
  if (depth < 3) {
    kinds.push(
      () => conditions(depth),
      () => conditions(depth),
    );
    kinds.push(() => Array.from({ length: random(3) }, () => target(depth + 1)));
  }
  return pick(kinds)();
}

function conditions(depth) {
  const names = ['node', 'import', 'require', 'wasm', 'custom', 'default', 'browser'];
  const chosen = names.filter(() => random(3) === 0);
  return Object.fromEntries(chosen.map((name) => [name, target(depth + 1)]));
}

const KEYS = [
  '.',
  './a',
  './lib/*',
  './lib/*.js',
  './lib/deep/*',
  './w.wasm',
  './*',
  './b',
  './x/*/y',
  './lib/a.js',
];

function exportsField() {
  // Node 20 takes numbers for entries that export nothing, later versions ignore them.
  const whole = random(5) === 0 ? target() : 0;
  if (typeof whole === 'string' || typeof whole === 'object') return whole;
  const keys = KEYS.filter(() => random(2) === 0);
  if (random(12) === 0) keys.push('node');
  return Object.fromEntries(keys.map((key) => [key, target()]));
}

const IMPORT_KEYS = ['#a', '#lib/*', '#lib/*.js', '#pkg', '#dir/', '#x/*/y', '#lib/deep/*'];

function packageJson(name) {
  const json = { name, type: pick(['module', 'commonjs']) };
  if (random(4) > 0) json.exports = exportsField();
  if (random(2) === 0) json.main = pick(['main.js', './main', 'lib', './lib/a.js', 'none.js', 'lib/deep/']);
  if (random(2) === 0) {
    json.imports = Object.fromEntries(
      IMPORT_KEYS.filter(() => random(2) === 0).map((key) => [key, target()]),
    );
  }
  return json;
}

const PACKAGES = [...Array.from({ length: 24 }, (_, i) => `pkg${i}`), '@scope/one', '@scope/two'];

function tree() {
  const files = { 'app.mjs': '', 'sub/inner.mjs': '', 'package.json': { name: 'app', type: 'module' } };
  Object.assign(files['package.json'], {
    exports: exportsField(),
    imports: { '#a': target(), '#lib/*': './lib/*' },
  });
  for (const name of PACKAGES) {
    for (const file of FILES)
      files[`node_modules/${name}/${file}`] = file.endsWith('.json') ? {} : Buffer.alloc(0);
    files[`node_modules/${name}/package.json`] = packageJson(name);
  }
  files['node_modules/pkg0/node_modules/pkg1/index.js'] = Buffer.alloc(0);
  files['node_modules/broken/package.json'] = Buffer.from('{ "name": ');
  for (const file of ['lib/a.js', 'lib/b.mjs', 'with space.js', 'index.js']) files[file] = Buffer.alloc(0);
  return files;
}

const SUBPATHS = [
  '',
  '',
  '/a',
  '/lib/a',
  '/lib/a.js',
  '/lib/deep/c.js',
  '/w.wasm',
  '/lib',
  '/lib/',
  '/none',
  '/x/1/y',
  '/lib/%2e%2e/x',
  '/main.js',
  '/lib/../main.js',
];
const OTHERS = [
  ...[
    './lib/a.js',
    './lib',
    './none.js',
    '../app.mjs',
    '.',
    '..',
    '/',
    './lib/a.js?q#h',
    './with space.js',
    './with%20space.js',
  ],
  ...[
    './lib%2fa.js',
    'fs',
    'node:fs',
    'fs/promises',
    'node:none',
    'app',
    'app/a',
    'app/lib/a',
    'broken',
    'broken/x',
    'missing',
    '@scope',
  ],
  ...[
    '@scope/',
    '.hidden',
    'a%20b',
    'a\\b',
    'data:text/javascript,1',
    'https://example.com/',
    'file:///none',
    '',
    '#',
    '#/',
    '#none',
    '#a',
    '#lib/a.js',
  ],
];

function cases() {
  const list = OTHERS.map((specifier) => [specifier, pick(['app.mjs', 'sub/inner.mjs'])]);
  while (list.length < 240) {
    const parent = pick(['app.mjs', 'sub/inner.mjs', `node_modules/${pick(PACKAGES)}/index.js`]);
    const specifier =
      random(4) === 0
        ? pick(IMPORT_KEYS).replace('*', pick(['a', 'a.js', 'deep/c.js', '../x']))
        : pick(PACKAGES) + pick(SUBPATHS);
    list.push([specifier, parent]);
  }
  return list;
}

const ASK = `import { readFileSync } from 'node:fs';
  const answers = JSON.parse(readFileSync('cases.json', 'utf8')).map(([specifier, parent]) => {
    try { return import.meta.resolve(specifier, parent); } catch (error) { return error.code ?? error.name; }
  });
  console.log(JSON.stringify(answers));`;

/** Whether import.meta.resolve looks for the file; Node.js gives a URL for what is missing. */
function expected(answer, url) {
  return answer.startsWith('ERR_') ? answer : url;
}

test('240 imports give what Node.js gives', async () => {
  const folder = project(tree(), { link: false });
  const list = cases().map(([specifier, parent]) => [
    specifier,
    pathToFileURL(path.join(folder, parent)).href,
  ]);
  const ask = project({}, { link: false });
  const { writeFileSync } = await import('node:fs');
  writeFileSync(path.join(ask, 'cases.json'), JSON.stringify(list));
  writeFileSync(path.join(ask, 'ask.mjs'), ASK);
  const flags = ['--experimental-import-meta-resolve', '--no-warnings', '--conditions=wasm', 'ask.mjs'];
  const { stdout, stderr, code } = await node(ask, flags);
  assert.equal(code, 0, stderr);
  const conditions = ['node', 'import', 'module-sync', 'node-addons', 'wasm'];
  if (Number(process.versions.node.split('.')[0]) < 22) conditions.splice(2, 1);
  const different = [];
  JSON.parse(stdout).forEach((theirs, i) => {
    const [specifier, parent] = list[i];
    const ours = answer(() => resolve(specifier, parent, { conditions }));
    if (ours !== expected(theirs, theirs) && !missingAlike(theirs, ours)) {
      different.push({ specifier, parent: path.relative(folder, new URL(parent).pathname), theirs, ours });
    }
  });
  assert.deepEqual(different, []);
});

/** import.meta.resolve gives URLs of files that are not there, or of folders; imports of these fail. */
function missingAlike(theirs, ours) {
  if (!theirs.startsWith('file:')) return false;
  const found = existsSync(new URL(theirs));
  return found ? ours === 'ERR_UNSUPPORTED_DIR_IMPORT' : ours === 'ERR_MODULE_NOT_FOUND';
}

function answer(work) {
  try {
    return work();
  } catch (error) {
    return error.code ?? error.name;
  }
}

const MAP = {
  packages: {
    app: {
      url: './app',
      dependencies: { lib: 'lib@1', '@s/p': 'scoped', alias: 'lib@2', ghost: 'none', bare: 'bare' },
    },
    'lib@1': { url: './store/lib-1', dependencies: { peer: 'lib@2' } },
    'lib@2': { url: './store/lib-2/' },
    scoped: { url: './store/scoped', dependencies: { lib: 'lib@2', '@s/p': 'scoped' } },
    bare: { url: './store/bare' },
  },
};

const MAP_FILES = {
  'map.json': MAP,
  'app/main.mjs': '',
  'app/package.json': { name: 'app', exports: './main.mjs', imports: { '#x': 'lib', '#y': './main.mjs' } },
  'store/lib-1/package.json': { name: 'lib', exports: { '.': './index.js', './sub/*': './lib/*.js' } },
  'store/lib-1/index.js': '',
  'store/lib-1/lib/a.js': '',
  'store/lib-2/package.json': { name: 'lib', main: 'main' },
  'store/lib-2/main.js': '',
  'store/lib-2/other.js': '',
  'store/scoped/index.js': '',
  'store/bare/index.js': '',
  'outside.mjs': '',
};

const MAP_CASES = [
  ...[
    'lib',
    'lib/sub/a',
    'lib/sub/none',
    'lib/none',
    '@s/p',
    '@s/p/index.js',
    'alias',
    'alias/other.js',
    'ghost',
  ].map((it) => [it, 'app/main.mjs']),
  ...[
    'undeclared',
    'app',
    'fs',
    'node:fs',
    '#x',
    '#y',
    './main.mjs',
    './none.mjs',
    'bare',
    'bare/none.js',
    '@s',
  ].map((it) => [it, 'app/main.mjs']),
  ...['peer', 'lib', 'peer/main.js'].map((it) => [it, 'store/lib-1/index.js']),
  ...['lib', '@s/p', 'alias'].map((it) => [it, 'store/scoped/index.js']),
  ...['lib', './app/main.mjs', 'fs'].map((it) => [it, 'outside.mjs']),
];

test('package maps give what Node 26 gives', () => {
  const folder = project(MAP_FILES, { link: false });
  const url = (file) => pathToFileURL(path.join(folder, file)).href;
  const ask = `const { registerHooks } = require('node:module');
    const cases = ${JSON.stringify(MAP_CASES.map(([specifier, parent]) => [specifier, url(parent)]))};
    let parent; registerHooks({ resolve: (s, c, next) => next(s, parent ? { ...c, parentURL: parent } : c) });
    (async () => { const out = [];
      for (const [specifier, from] of cases) {
        parent = from;
        try { out.push(import.meta?.resolve(specifier)); } catch (error) { out.push(error.code ?? error.name); } }
      parent = undefined; console.log(JSON.stringify(out)); })();`;
  const args = ['--experimental-package-map', path.join(folder, 'map.json'), '--no-warnings'];
  const script = ask.replace(
    "const { registerHooks } = require('node:module');",
    "import { registerHooks } from 'node:module';",
  );
  const result = spawnSync(ensureNode(26), [...args, '--input-type=module', '-e', script], {
    cwd: path.join(folder, 'app'),
    encoding: 'utf8',
  });
  assert.equal(result.status, 0, result.stderr);
  const packageMap = path.join(folder, 'map.json');
  const ours = MAP_CASES.map(([specifier, parent]) =>
    answer(() => resolve(specifier, url(parent), { packageMap })),
  );
  const theirs = JSON.parse(result.stdout);
  const pairs = MAP_CASES.map(([specifier, parent], i) => [specifier, parent, theirs[i]]);
  assert.deepEqual(
    MAP_CASES.map(([specifier, parent], i) => [
      specifier,
      parent,
      missingAlike(theirs[i], ours[i]) ? theirs[i] : ours[i],
    ]),
    pairs,
  );
});

// npm run test:browser: the example of examples/fingerprint in a headless Chromium, against what it prints in Node.js.
// CHROMIUM names the browser where it is not one of those in PATH.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { compile } from '../examples/fingerprint/build.mjs';
import { build } from './build.mjs';
import { ensureDependencies, fail, root } from './ensure.mjs';

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** What the page may ask for. */
const SERVED = /^\/(examples\/fingerprint|node_modules\/es-module-shims)\/[\w./-]+$/;

ensureDependencies();
await build();
compile();
const expected = inNode();
const { version, dom } = await inBrowser(findBrowser());
assert.deepEqual(items(dom), expected);
assert.match(dom, /data-done="true"/);
console.log(`✓ ${version} and Node ${process.version}: ${expected.join(', ')}`);

/** The lines for the texts of the page, with its salt. */
function inNode() {
  const page = readFileSync(path.join(root, 'examples/fingerprint/index.html'), 'utf8');
  const salt = page.match(/name="salt" content="(.*?)"/)[1];
  const folder = path.join(root, 'examples/fingerprint');
  const args = ['--import', path.join(root, 'register.mjs'), 'dist/main.js', ...items(page)];
  const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, SALT: salt } };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  if (status !== 0) fail(`the example ended with ${status} in Node.js:\n${stderr}`);
  return stdout.trim().split('\n');
}

function items(html) {
  return [...html.matchAll(/<li>(.*?)<\/li>/g)].map(([, text]) => text);
}

function findBrowser() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome', 'chrome'];
  const found = names.find((name) => name && spawnSync(name, ['--version']).status === 0);
  return (
    found ?? fail('no Chromium was found in PATH: install it (apt install chromium), or name it in CHROMIUM')
  );
}

async function inBrowser(browser) {
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const profile = mkdtempSync(path.join(tmpdir(), 'gantry-browser-'));
  try {
    const url = `http://127.0.0.1:${server.address().port}/examples/fingerprint/index.html`;
    // Without the sandbox of the browser it runs as root and in containers too; the page is our own.
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
    const args = [...flags, '--virtual-time-budget=10000', '--dump-dom', url];
    const { stdout: dom } = await promisify(execFile)(browser, args, { timeout: 60_000 });
    const { stdout: version } = await promisify(execFile)(browser, ['--version']);
    return { version: version.trim(), dom };
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true });
  }
}

function serve({ url }, response) {
  const file = path.join(root, url);
  const type = TYPES[path.extname(file)];
  if (!SERVED.test(url) || url.includes('..') || type === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (existsSync(file)) response.writeHead(200, { 'content-type': type }).end(readFileSync(file));
  else response.writeHead(404).end();
}

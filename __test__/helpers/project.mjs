// Projects in temporary folders that use the package as an installed one, and processes that run them.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { root } from './engine.mjs';
import { wat } from './wat.mjs';

const folders = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Contents by path: text, JSON for .json, the text format for .wasm. A Buffer stays what it is. */
function contentOf(file, content) {
  if (Buffer.isBuffer(content) || content instanceof Uint8Array) return content;
  if (typeof content === 'object') return JSON.stringify(content);
  return file.endsWith('.wasm') ? wat(content) : content;
}

/**
 * @param {Record<string, string | object>} files
 * @param {{ link?: boolean }} [options] whether `gantry-wasm` is in its node_modules
 * @returns {string} the project's folder
 */
export function project(files, { link = true } = {}) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'gantry-esm-')));
  folders.push(folder);
  if (link) {
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(root, path.join(folder, 'node_modules', 'gantry-wasm'), 'dir');
  }
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, contentOf(file, content));
  }
  return folder;
}

/** Runs Node.js in a folder. @returns {Promise<{ code: number, stdout: string, stderr: string }>} */
export function node(folder, args, { env = {}, binary = process.execPath } = {}) {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const options = { cwd: folder, env: { ...inherited, ...env }, timeout: 60_000, maxBuffer: 1 << 26 };
  return new Promise((resolve) => {
    execFile(binary, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout: stdout.trim(), stderr });
    });
  });
}

const LOADER = ['--import', 'gantry-wasm/register'];

/** Runs `main.mjs` of a project with the loader; it must end with 0. @returns what it printed */
export async function runMain(files, { args = LOADER, main = 'main.mjs', env } = {}) {
  const { code, stdout, stderr } = await node(project(files), [...args, main], { env });
  if (code !== 0) throw new Error(`${main} ended with ${code}:\n${stderr}\n${stdout}`);
  return stdout;
}

/** Runs `main.mjs` of a project with the loader; it must fail. @returns what it said */
export async function failMain(files, { args = LOADER, main = 'main.mjs', env } = {}) {
  const { code, stdout, stderr } = await node(project(files), [...args, main], { env });
  if (code === 0) throw new Error(`${main} did not fail: ${stdout}`);
  return stderr;
}

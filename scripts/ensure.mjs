// Installs the npm development dependencies when they are missing or older than package-lock.json.

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** npm writes both lock files within one command, in no fixed order. */
const TOLERANCE_MS = 10_000;

export function ensureDependencies() {
  const installed = modifiedAt('node_modules/.package-lock.json');
  if (installed + TOLERANCE_MS >= modifiedAt('package-lock.json')) return;
  console.log('• npm packages are missing or old: npm ci');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http']);
}

/** Runs a command with its output shown, and ends this process when it fails. */
export function run(command, args, options = {}) {
  // npm is a .cmd file on Windows, which only a shell can start.
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell, ...options });
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) fail(`${[command, ...args].join(' ').slice(0, 200)} failed`, result.status ?? 1);
  return result;
}

export function fail(message, code = 1) {
  console.error(`\n✗ ${message}`);
  process.exit(code);
}

export function requireNode(major, minor) {
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  fail(`Gantry needs Node.js ${major}.${minor} or newer; this is ${process.version}.`);
}

function modifiedAt(file) {
  return statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}

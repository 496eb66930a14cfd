// Builds the native addon with cargo and puts it into the package root as gantry.<platform>-<arch>.node.

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { fail, requireNode, root } from './ensure.mjs';

const CRATE = 'gantry-wasm';

export async function build() {
  requireNode(20, 3);
  requireCargo();
  const started = performance.now();
  const library = await cargoBuild();
  const target = path.join(root, `gantry.${process.platform}-${process.arch}.node`);
  const changed = publish(library, target);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`• ${path.basename(target)} ${changed ? 'built' : 'is up to date'} (${seconds} s)`);
  return target;
}

function requireCargo() {
  const { error, status } = spawnSync('cargo', ['--version'], { cwd: root, stdio: 'ignore' });
  if (!error && status === 0) return;
  fail('cargo was not found. Gantry is built from source with Rust 1.95 or newer: https://rustup.rs');
}

/** Leaves the question of what is stale to cargo, and takes the library's path from its messages. */
async function cargoBuild() {
  console.log('• cargo build --release');
  const args = ['build', '--release', '--package', CRATE, '--message-format=json-render-diagnostics'];
  const cargo = spawn('cargo', args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise((resolve) => cargo.once('close', resolve));
  let library;
  for await (const line of createInterface({ input: cargo.stdout })) library = libraryIn(line) ?? library;
  const code = await exit;
  if (code !== 0) fail('cargo build failed', code ?? 1);
  if (!library) fail(`cargo reported no shared library for ${CRATE}`);
  return library;
}

function libraryIn(line) {
  if (!line.startsWith('{')) return undefined;
  const message = JSON.parse(line);
  if (message.reason !== 'compiler-artifact' || !message.target.kind.includes('cdylib')) return undefined;
  return message.filenames.find((file) => /\.(so|dylib|dll)$/.test(file));
}

/** A rename never changes the file that a running process has mapped. */
function publish(library, target) {
  if (sameContent(library, target)) return false;
  const temporary = `${target}.${process.pid}.tmp`;
  copyFileSync(library, temporary);
  renameSync(temporary, target);
  return true;
}

function sameContent(a, b) {
  if (!existsSync(b) || statSync(a).size !== statSync(b).size) return false;
  return readFileSync(a).equals(readFileSync(b));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await build();

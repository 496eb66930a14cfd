// Fetches the Node.js binaries that the tests run on, from npm into .cache/nodes, once each.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './ensure.mjs';

export const NODES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

/**
 * The npm package `node` has no binary in it: its preinstall script installs the package of the platform.
 * Scripts are off here, so that package is installed by its own name.
 */
function platformPackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform}-${process.arch}`;
}

/** Not every version exists for every platform; the pinned ones do on Linux x64. */
function versionFor(major) {
  return process.platform === 'linux' && process.arch === 'x64' ? NODES[major] : `^${major}.0.0`;
}

/** @returns {string} the path of a Node.js binary of that major version */
export function ensureNode(major) {
  const name = platformPackage();
  const version = versionFor(major);
  const folder = path.join(root, '.cache', 'nodes', version.replace('^', ''));
  const binary = path.join(
    folder,
    'node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(binary)) return binary;
  console.log(`• fetching ${name}@${version}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--prefix', folder, '--no-package-lock', '--ignore-scripts', '--no-audit'];
  run('npm', [...args, '--no-fund', '--loglevel=error', `${name}@${version}`]);
  return binary;
}

// Writes what is published to target/npm: gantry-wasm without a binary but with the platforms' packages as optional
// dependencies, and a package for every platform whose binary is given.
// node scripts/stage.mjs [FOLDER]: where binaries named gantry.<platform>-<arch>.node lie; the package root by default.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root } from './ensure.mjs';

const TARGET = path.join(root, 'target', 'npm');
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Folders of the platforms' packages. */
export const platforms = () =>
  readdirSync(path.join(root, 'npm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** @returns {string[]} the folders that were written, that of gantry-wasm first */
export function stage(binaries = root, target = TARGET) {
  rmSync(target, { recursive: true, force: true });
  const staged = platforms().filter((name) => stagePlatform(name, binaries, target));
  if (staged.length === 0)
    fail(`there is no binary gantry.<platform>-<arch>.node in ${binaries}: npm run build`);
  return [stageMain(target), ...staged.map((name) => path.join(target, name))];
}

function stagePlatform(name, binaries, target) {
  const source = path.join(root, 'npm', name);
  const { main } = readJson(path.join(source, 'package.json'));
  const binary = path.join(binaries, main);
  if (!existsSync(binary)) return false;
  cpSync(source, path.join(target, name), { recursive: true });
  copyFileSync(binary, path.join(target, name, main));
  copyFileSync(path.join(root, 'LICENSE'), path.join(target, name, 'LICENSE'));
  return true;
}

function stageMain(target) {
  const folder = path.join(target, 'gantry-wasm');
  mkdirSync(folder, { recursive: true });
  const { devDependencies: _, scripts: __, files, ...manifest } = readJson(path.join(root, 'package.json'));
  const published = files.filter((file) => !file.endsWith('.node'));
  for (const file of [...published, 'README.md', 'LICENSE']) {
    cpSync(path.join(root, file), path.join(folder, file), { recursive: true });
  }
  const optional = platforms().map((name) => readJson(path.join(root, 'npm', name, 'package.json')));
  const wrong = optional.find(({ version }) => version !== manifest.version);
  if (wrong) fail(`${wrong.name} is version ${wrong.version}, gantry-wasm is ${manifest.version}`);
  const optionalDependencies = Object.fromEntries(optional.map(({ name, version }) => [name, version]));
  const text = JSON.stringify({ ...manifest, files: published, optionalDependencies }, null, 2);
  writeFileSync(path.join(folder, 'package.json'), `${text}\n`);
  return folder;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folders = stage(process.argv[2] && path.resolve(process.argv[2]));
  for (const folder of folders) console.log(path.relative(root, folder));
}

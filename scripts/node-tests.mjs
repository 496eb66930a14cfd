// Lists the Node test files. Node 20's --test takes no glob pattern, so the files are named one by one.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './ensure.mjs';

/** @param {string[]} filters keep only files whose path contains one of these */
export function nodeTestFiles(filters = []) {
  return readdirSync(path.join(root, '__test__'), { recursive: true })
    .map((file) => path.join('__test__', file))
    .filter((file) => file.endsWith('.test.mjs') && !file.includes('node_modules'))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
}

export function nodeTestArguments(files, reporter = 'spec') {
  return ['--test', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', ...files];
}

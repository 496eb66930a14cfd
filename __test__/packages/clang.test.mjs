// @yowasp/clang: the C compiler as wasm (75 MB) makes a program, which gantry run runs.

import assert from 'node:assert/strict';
import { gantry, withFiles } from '../helpers/cli.mjs';
import { packageTest } from '../helpers/package.mjs';

const SOURCE = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
int main(int argc, char **argv) {
  qsort(argv + 1, argc - 1, sizeof *argv, compare);
  for (int i = 1; i < argc; i++) printf("%s%c", argv[i], i + 1 < argc ? ' ' : '\\n');
  FILE *file = fopen("/out/list.txt", "w");
  if (!file) { perror("/out/list.txt"); return 3; }
  fprintf(file, "%d words", argc - 1);
  return fclose(file) ? 4 : argc;
}`;

packageTest(import.meta, '@yowasp/clang and gantry run', async () => {
  const { runClang } = await import('@yowasp/clang');
  const { 'sort.wasm': program } = await runClang(
    ['clang', '--target=wasm32-wasip1', '-O2', 'sort.c', '-o', 'sort.wasm'],
    { 'sort.c': SOURCE },
  );
  await withFiles({ 'sort.wasm': program }, async (folder, at) => {
    const { readFileSync } = await import('node:fs');
    const ran = await gantry(['run', '--dir', `${folder}::/out`, at('sort.wasm'), 'pear', 'apple', 'fig']);
    assert.deepEqual(ran, { code: 4, signal: null, stdout: 'apple fig pear\n', stderr: '' });
    assert.equal(readFileSync(at('list.txt'), 'utf8'), '3 words');
    const denied = await gantry(['run', at('sort.wasm'), 'pear']);
    assert.deepEqual([denied.code, denied.stdout], [3, 'pear\n']);
    assert.match(denied.stderr, /^\/out\/list\.txt: /);
  });
});

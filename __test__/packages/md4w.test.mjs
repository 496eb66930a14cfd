// md4w: a Markdown renderer in Zig around a parser in C. Its output comes in pieces, through imports.

import assert from 'node:assert/strict';
import { packageTest, sizeOf } from '../helpers/package.mjs';

const TEXT = '# Hi *you*\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n\n```js\nf(1)\n```\n';
const TREE = '{"children":[{"type":21,"children":["Hi ",{"type":30,"children":["you"]}]}]}';
const table = (align) =>
  `<table>\n<thead>\n<tr>\n<th>a</th>\n<th${align}>b</th>\n</tr>\n</thead>\n` +
  `<tbody>\n<tr>\n<td>1</td>\n<td${align}>2</td>\n</tr>\n</tbody>\n</table>\n`;

packageTest(import.meta, 'md4w', async (used) => {
  const { init, mdToHtml, mdToJSON, mdToReadableHtml, setCodeHighlighter } = await import('md4w');
  for (const mode of ['small', 'fast']) {
    await init(mode);
    assert.ok(used.compiled.includes(sizeOf(`md4w/js/md4w-${mode}.wasm`)));
    setCodeHighlighter((language, code) => `<pre>${language}: ${code.trim()}</pre>\n`);
    const html = mdToHtml(TEXT);
    assert.match(html, /^<h1>Hi <em>you<\/em> <a class="anchor" .*id="hi-you"/);
    assert.ok(
      html.includes(table(' align="right"')) || html.includes(table(' style="text-align:right"')),
      html,
    );
    assert.match(html, /<input type="checkbox" class="task-list-item-checkbox" checked disabled>done/);
    assert.ok(html.endsWith('<pre>js: f(1)</pre>\n'), html);
    assert.equal(JSON.stringify(mdToJSON('# Hi *you*')), TREE);
    const paragraphs = Array.from({ length: 1000 }, (_, i) => `Number **${i}**`).join('\n\n');
    const streamed = await new Response(mdToReadableHtml(paragraphs)).text();
    assert.equal(streamed, mdToHtml(paragraphs));
    assert.equal(streamed.match(/<p>Number <strong>\d+<\/strong><\/p>/g).length, 1000);
  }
});

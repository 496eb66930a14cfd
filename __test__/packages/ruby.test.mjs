// @ruby/3.4-wasm-wasi: the Ruby interpreter, which reads and writes files through WASI, on a real directory, through node:fs, and in memory.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageTest, readPackageFile, require, sizeOf } from '../helpers/package.mjs';

const RUBY = '@ruby/3.4-wasm-wasi/dist/ruby.wasm';

packageTest(import.meta, 'ruby', async (used) => {
  const { RubyVM } = require('@ruby/wasm-wasi');
  const { WASI } = require('node:wasi');
  const module = await WebAssembly.compile(readPackageFile(RUBY));
  assert.ok(used.compiled.includes(sizeOf(RUBY)));

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-ruby-'));
  try {
    for (const options of [{ preopens: { '/project': folder } }, { preopens: { '/project': folder }, fs }]) {
      assert.deepEqual(await run(RubyVM, WASI, module, options), EXPECTED);
      assert.deepEqual(fs.readdirSync(folder), ['kept.txt']);
      assert.equal(fs.readFileSync(path.join(folder, 'kept.txt'), 'utf8'), 'line1\nline2\nLINE3');
      fs.rmSync(path.join(folder, 'kept.txt'));
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  assert.deepEqual(await run(RubyVM, WASI, module, { preopens: { '/project': {} } }), EXPECTED);
});

async function run(RubyVM, WASI, module, options) {
  const chunks = [];
  const wasi = new WASI({
    version: 'preview1',
    env: { GREETING: 'bonjour' },
    stdin: 'typed\n',
    stdout: (chunk) => chunks.push(Buffer.from(chunk)),
    ...options,
  });
  const args = ['ruby', '--disable-gems', '-EUTF-8', '-e_=0'];
  const { vm } = await RubyVM.instantiateModule({ module, wasip1: wasi, args });
  vm.eval(SCRIPT);
  return Buffer.concat(chunks).toString().trimEnd().split('\n');
}

const SCRIPT = `
  Dir.chdir('/project')
  File.write('a.txt', "line1\\nline2\\n")
  File.open('a.txt', 'a') { |f| f.puts 'line3' }
  p File.readlines('a.txt', chomp: true), File.size('a.txt'), File.mtime('a.txt').year > 2000
  Dir.mkdir('many')
  100.times { |i| File.write("many/f#{i}", i.to_s) }
  p Dir.children('many').size, Dir.glob('many/f1*').sort.first(3)
  File.rename('many/f1', 'many/g1')
  File.symlink('g1', 'many/link')
  p File.read('many/link'), File.readlink('many/link'), File.lstat('many/link').symlink?
  File.open('a.txt', 'r+') { |f| f.seek(-6, IO::SEEK_END); f.write('LINE3'); f.truncate(17) }
  p File.read('a.txt')
  File.rename('a.txt', 'kept.txt')
  Dir.children('many').each { |name| File.delete("many/#{name}") }
  Dir.rmdir('many')
  p Dir.exist?('many')
  %w[/project/none /project/../etc/passwd /etc/passwd].each do |path|
    File.read(path)
  rescue SystemCallError => e
    p e.class
  end
  p ENV['GREETING'], STDIN.read.upcase, Random.urandom(4).bytesize
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  sleep 0.02
  p Process.clock_gettime(Process::CLOCK_MONOTONIC) - start >= 0.02
  $stdout.flush`;

const EXPECTED = [
  '["line1", "line2", "line3"]',
  '18',
  'true',
  '100',
  '["many/f1", "many/f10", "many/f11"]',
  '"1"',
  '"g1"',
  'true',
  '"line1\\nline2\\nLINE3"',
  'false',
  'Errno::ENOENT',
  'Errno::ENOTCAPABLE',
  // The C library finds no directory for it.
  'Errno::ENOENT',
  '"bonjour"',
  '"TYPED\\n"',
  '4',
  'true',
];

// stockfish.wasm: a chess engine built by Emscripten with pthreads: workers get the module and the shared memory by postMessage.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require, sizeOf } from '../helpers/package.mjs';

const MATE_IN_TWO = 'r2qkb1r/pp2nppp/3p4/2pNN1B1/2BnP3/3P4/PPP2PPP/R2bK2R w KQkq - 1 0';

packageTest(import.meta, 'stockfish.wasm', async (used) => {
  const engine = await require('stockfish.wasm')({
    wasmBinary: readPackageFile('stockfish.wasm/stockfish.wasm'),
  });
  assert.ok(used.compiled.includes(sizeOf('stockfish.wasm/stockfish.wasm')));
  const ask = (commands, last) => answers(engine, commands, last);
  assert.ok((await ask(['uci'], 'uciok')).some((line) => line.startsWith('id name Stockfish')));
  await ask(['setoption name Threads value 4', 'setoption name Hash value 16', 'isready'], 'readyok');

  const mate = await ask([`position fen ${MATE_IN_TWO}`, 'go mate 2'], 'bestmove');
  assert.match(mate.at(-1), /^bestmove d5f6/);
  assert.ok(mate.some((line) => line.includes('score mate 2')));
  for (let i = 0; i < 5; i++) {
    await ask(['ucinewgame', 'isready'], 'readyok');
    const lines = await ask(['position startpos', 'go depth 8'], 'bestmove');
    assert.match(lines.at(-1), /^bestmove [a-h][12][a-h][34]/);
  }
  // Nodes of a tree whose number is known.
  const counted = await ask(['position startpos', 'go perft 4'], 'Nodes searched');
  assert.match(counted.at(-1), /Nodes searched: 197281$/);
  engine.terminate();
});

/** The lines up to the one that begins with `last`. */
function answers(engine, commands, last) {
  return new Promise((resolve) => {
    const lines = [];
    const listener = (line) => {
      lines.push(line);
      if (!line.startsWith(last)) return;
      engine.removeMessageListener(listener);
      resolve(lines);
    };
    engine.addMessageListener(listener);
    for (const command of commands) engine.postMessage(command);
  });
}

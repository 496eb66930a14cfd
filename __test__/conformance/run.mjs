// Runs all cases on the global WebAssembly, whichever engine it belongs to, and prints the names of those that fail as JSON.

import { failure, suite } from './suite.mjs';

// What an engine rejects beside a case is no matter of the case.
process.on('unhandledRejection', () => {});

const failed = [];
for (const item of suite) {
  if ((await failure(item, globalThis.WebAssembly)) !== undefined) failed.push(item.name);
}
console.log(JSON.stringify(failed));

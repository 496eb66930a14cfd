// The application in Node.js: prints the fingerprints of its arguments.

import { fingerprintOf, steps } from './fingerprint.js';

declare const process: { argv: string[] };

for (const text of process.argv.slice(2)) console.log(fingerprintOf(text), steps());

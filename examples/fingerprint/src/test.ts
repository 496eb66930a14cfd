// The application under test: the mock in place of the host.

import { fingerprintOf, steps } from './fingerprint.js';
import { calls } from './host/mock.js';

const short = fingerprintOf('gantry');
const again = fingerprintOf('gantry');
const long = fingerprintOf('x'.repeat(70_000));
console.log(JSON.stringify({ short, again, long, steps: steps(), calls: calls.length, last: calls.at(-1) }));

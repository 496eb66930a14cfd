// The package, for import.

import gantry from './index.js';

export const { WebAssembly } = gantry;
export default gantry;

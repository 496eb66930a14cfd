// The package, for import.

import gantry from './index.js';

export const { WebAssembly, WASI } = gantry;
export default gantry;

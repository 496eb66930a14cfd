// The package, for import.

import gantry from './index.js';

export const { WebAssembly, WASI, resolve, configure } = gantry;
export default gantry;

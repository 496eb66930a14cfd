// Makes .wasm files importable, for import.

import loader from './register.js';

export const { registerMaps } = loader;

// Plugins for bundlers, for import.

import bundler from './bundler.js';

export const { rollup, esbuild } = bundler;

// The host in tests: a fixed salt, and a record of what was called.

import type { Host } from './contract.js';

export const calls: string[] = [];

const host: Host = {
  salt: () => {
    calls.push('salt');
    return 42;
  },
  progress: (mixed) => void calls.push(`progress ${mixed}`),
};

export const { salt, progress } = host;

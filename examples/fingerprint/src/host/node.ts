// The host in Node.js: the salt is an environment variable, progress goes to standard error.

import { type Host, numberOf } from './contract.js';

declare const process: {
  env: Record<string, string | undefined>;
  stderr: { write(text: string): void };
};

const host: Host = {
  salt: () => numberOf(process.env.SALT ?? ''),
  progress: (mixed) => process.stderr.write(`${mixed} numbers\n`),
};

export const { salt, progress } = host;

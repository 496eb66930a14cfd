// The host in a browser: the salt stands in the page, progress is shown in it.

import { type Host, numberOf } from './contract.js';

const host: Host = {
  salt: () => numberOf(document.querySelector<HTMLMetaElement>('meta[name=salt]')?.content ?? ''),
  progress: (mixed) => {
    document.body.dataset.progress = String(mixed);
  },
};

export const { salt, progress } = host;

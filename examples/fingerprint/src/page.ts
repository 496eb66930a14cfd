// The application in a browser: the same, for what stands in the page.

import { fingerprintOf, steps } from './fingerprint.js';

for (const item of document.querySelectorAll('li')) {
  const text = item.textContent ?? '';
  item.textContent = `${fingerprintOf(text)} ${steps()}`;
}
document.body.dataset.done = 'true';

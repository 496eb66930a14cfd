'use strict';
// Responses that were compiled before: their module is found by URL and validator, and their body is not read.

const { host } = require('../binding');

/** `Last-Modified` tells versions apart if the response is this much younger: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2 */
const SETTLED_MS = 60_000;

/** Only these can tell representations of a resource apart that a request chooses between. */
const STRONG_ETAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

/**
 * What names the bytes of a response, or undefined if nothing does for certain. It must come from `fetch`: what programs make
 * has no URL of its own.
 * @returns {string | undefined}
 */
function nameOf(response) {
  const url = genuineURL(response);
  if (!/^https?:/.test(url) || response.status !== 200) return undefined;
  const { headers } = response;
  if (/(^|,)\s*no-store\s*($|,|=)/i.test(headers.get('Cache-Control') ?? '')) return undefined;
  if (headers.has('Content-Range')) return undefined;
  const validator = validatorOf(headers);
  if (validator === undefined) return undefined;
  // Not needed where servers keep the rules, and cheap where they do not.
  const form = ['Content-Length', 'Content-Encoding'].map((name) => headers.get(name) ?? '');
  return JSON.stringify([url, validator, ...form]);
}

/** Whatever a program has put over it. */
function genuineURL(response) {
  if (typeof Response !== 'function' || !(response instanceof Response)) return '';
  try {
    return Reflect.get(Response.prototype, 'url', response);
  } catch (error) {
    if (error instanceof TypeError) return '';
    throw error;
  }
}

function validatorOf(headers) {
  const etag = headers.get('ETag');
  // With a weak one, the server says that the same tag does not mean the same bytes.
  if (etag !== null) return STRONG_ETAG.test(etag) ? etag : undefined;
  const [modified, date] = ['Last-Modified', 'Date'].map((name) => Date.parse(headers.get(name) ?? ''));
  const isStrong = date - modified >= SETTLED_MS && !headers.has('Vary');
  return isStrong ? new Date(modified).toISOString() : undefined;
}

/**
 * The module of a response that was compiled before. Its body is cancelled then.
 * @returns {Promise<unknown>} something for `host.adopt`, or null
 */
async function find(response, name) {
  const found = await host.recallResponse(name);
  // Whoever sends is to stop; what it says to that does not matter any more.
  if (found !== null) response.body?.cancel().catch(() => {});
  return found;
}

module.exports = { find, nameOf };

'use strict';
// Integrity metadata of import maps. https://w3c.github.io/webappsec-subresource-integrity/

const { createHash } = require('node:crypto');

/** From the weakest to the strongest. */
const ALGORITHMS = ['sha256', 'sha384', 'sha512'];

function parse(metadata) {
  const entries = metadata
    .split(/\s+/)
    .map((token) => token.match(/^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(\?.*)?$/))
    .filter(Boolean)
    .map(([, algorithm, digest]) => ({ algorithm, digest }));
  const strongest = Math.max(...entries.map(({ algorithm }) => ALGORITHMS.indexOf(algorithm)));
  return entries.filter(({ algorithm }) => ALGORITHMS.indexOf(algorithm) === strongest);
}

const normal = (digest) => digest.replaceAll('-', '+').replaceAll('_', '/');

/** Throws unless the bytes have one of the strongest digests. Metadata without a known digest allows everything. */
function checkIntegrity(bytes, metadata, file) {
  const wanted = parse(metadata);
  if (wanted.length === 0) return;
  const { algorithm } = wanted[0];
  const actual = createHash(algorithm).update(bytes).digest('base64');
  if (wanted.some(({ digest }) => normal(digest) === actual)) return;
  const message =
    `${file} does not have the integrity that the import map gives: expected ` +
    `${wanted.map(({ digest }) => `${algorithm}-${digest}`).join(' or ')}, found ${algorithm}-${actual}; ` +
    'if the file is the right one, correct "integrity" in the import map';
  throw Object.assign(new Error(message), { code: 'ERR_GANTRY_INTEGRITY' });
}

module.exports = { checkIntegrity };

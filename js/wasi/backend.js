'use strict';
// What native code asks of JavaScript for programs: see src/wasi/backend.rs.

/** Errors of the system, which programs get as error numbers. */
const SYSTEM_CODE = /^E[A-Z0-9]+$/;

/**
 * @param {Record<string, Function>} operations each takes (path, other, a, b, bytes)
 * @param {{ error?: unknown }} failure gets what an operation throws that is no error of the system: a mistake in a file
 *   system or callback, which the caller of WebAssembly has to see
 */
function backend(operations, failure) {
  return (op, path, other, a, b, bytes) => {
    try {
      return operations[op](path, other, a, b, bytes);
    } catch (error) {
      if (SYSTEM_CODE.test(error?.code)) return { error: error.code };
      failure.error ??= error;
      return { error: 'EIO' };
    }
  };
}

const systemError = (code) => Object.assign(new Error(code), { code });

module.exports = { backend, systemError };

// The hooks of module.register: they run in a thread of their own.

import hooks from './hooks.js';

let state;

export function initialize({ config, port }) {
  state = new hooks.Hooks(config);
  port.on('message', ({ config: more, done }) => {
    let failure = '';
    try {
      state.loader.add(more);
    } catch (error) {
      failure = error.message;
    }
    port.postMessage({ failure });
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  });
  port.unref();
}

export async function resolve(specifier, context, next) {
  const step = state.resolution(specifier, context);
  if (step.result) return step.result;
  try {
    return step.finish(await next(step.specifier, step.context));
  } catch (error) {
    throw step.fail(error);
  }
}

export async function load(url, context, next) {
  const source = state.wasm(url);
  if (source !== undefined) return { format: 'module', source, shortCircuit: true };
  return state.javascript(url, await next(url, context));
}

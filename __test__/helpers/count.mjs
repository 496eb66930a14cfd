// Preload: records what a program does with the global WebAssembly, whichever engine it belongs to.

const wasm = globalThis.WebAssembly;

/** What has gone through the global so far. */
export const used = {
  /** byte lengths of the modules that were compiled from bytes */
  compiled: [],
  /** how many instances were made */
  instances: 0,
  /** names of all exports of all instances */
  exports: new Set(),
};

const isBytes = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

function recordBytes(source) {
  if (isBytes(source)) used.compiled.push(source.byteLength);
}

function recordInstance(instance) {
  used.instances++;
  for (const name of Object.keys(instance.exports)) used.exports.add(name);
  return instance;
}

function replace(name, handler) {
  const value = new Proxy(wasm[name], handler);
  Object.defineProperty(wasm, name, { value, writable: true, configurable: true, enumerable: false });
}

replace('Module', {
  construct(target, args, newTarget) {
    recordBytes(args[0]);
    return Reflect.construct(target, args, newTarget);
  },
});
replace('Instance', {
  construct: (target, args, newTarget) => recordInstance(Reflect.construct(target, args, newTarget)),
});
replace('compile', {
  apply(target, self, args) {
    recordBytes(args[0]);
    return Reflect.apply(target, self, args);
  },
});
replace('instantiate', {
  async apply(target, self, args) {
    recordBytes(args[0]);
    const result = await Reflect.apply(target, self, args);
    recordInstance(result.instance ?? result);
    return result;
  },
});

// What is beyond the specification or beyond TypeScript's own declarations: each with its type, without the library of the DOM.

import {
  resolve,
  WASI,
  WebAssembly,
  type Directory,
  type FileTree,
  type ResolveOptions,
  type WASIOptions,
} from 'gantry-wasm';

/** A type is exactly another one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<_ extends true>(): void;

const bytes = new Uint8Array();
const options: WebAssembly.CompileOptions = {
  builtins: new Set(['js-string'] as const),
  importedStringConstants: null,
  tier: 'quick',
};
const module = new WebAssembly.Module(new SharedArrayBuffer(8), options);
is<Same<typeof WebAssembly.engine, 'gantry' | 'builtin'>>();
is<Same<ReturnType<typeof module.serialize>, Uint8Array>>();
export const stats: WebAssembly.ModuleStats = WebAssembly.Module.stats(
  WebAssembly.Module.deserialize(module.serialize()),
);
export const told = (message: WebAssembly.CompileMessage): number =>
  message.byteLength + message.milliseconds;

const memory = new WebAssembly.Memory({ address: 'i64', initial: 1n, maximum: 2n, shared: true });
is<Same<ReturnType<typeof memory.toResizableBuffer>, ArrayBuffer>>();
is<Same<ReturnType<typeof memory.toFixedLengthBuffer>, ArrayBuffer>>();
export const memoryType: WebAssembly.MemoryType = memory.type();
export const pages: [number, bigint] = [memory.grow(1), memory.grow(1n)];
export const tableType: WebAssembly.TableType = new WebAssembly.Table(
  { element: 'funcref', initial: 1n, address: 'i64' },
  null,
).type();

const i64 = new WebAssembly.Global({ value: 'i64', mutable: true }, 1n);
is<Same<typeof i64.value, bigint>>();
const number = new WebAssembly.Global<number>({ value: 'f64' }, 1);
is<Same<typeof number.value, number>>();
is<Same<ReturnType<typeof number.valueOf>, number>>();
export const globalType: WebAssembly.GlobalType = i64.type();

const tag: WebAssembly.Tag = new WebAssembly.Tag({ parameters: ['i32', 'externref'] });
const exception = new WebAssembly.Exception(tag, [1, {}], { traceStack: true });
is<Same<typeof exception.stack, string | undefined>>();
is<Same<ReturnType<typeof exception.is>, boolean>>();
export const carried: [WebAssembly.Tag, unknown] = [WebAssembly.JSTag, exception.getArg(tag, 0)];

const half = new WebAssembly.Function({ parameters: ['f64'], results: ['f64'] }, (n: number) => n / 2);
export const callable: CallableFunction = half;
export const functionType: WebAssembly.FunctionType = half.type();
export const promise: Promise<unknown> = WebAssembly.promising(half)(1);
export const imports: WebAssembly.Imports = {
  m: { wait: new WebAssembly.Suspending(async () => 1), tag, big: 1n },
};
export const suspended: Error = new WebAssembly.SuspendError('no', { cause: 1 });
class Derived extends WebAssembly.Memory {
  readonly more = 1;
}
export const derived: WebAssembly.Memory = new Derived({ initial: 1 });

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield bytes;
}
const streaming: WebAssembly.StreamingOptions = {
  signal: AbortSignal.timeout(1),
  onProgress: ({ bytesReceived, functionsReady, functionsTotal, phase }) =>
    void [bytesReceived + functionsReady + functionsTotal, phase === 'ready'],
};
export const compiled: Promise<WebAssembly.Module>[] = [
  WebAssembly.compile(bytes, options),
  WebAssembly.compileStreaming(pieces(), streaming),
  WebAssembly.compileStreaming(Promise.resolve(new URL('file:///a.wasm')), streaming),
  WebAssembly.compileStreaming(new Blob([bytes])),
];
export const instantiated: Promise<WebAssembly.WebAssemblyInstantiatedSource> =
  WebAssembly.instantiateStreaming(pieces(), imports, streaming);

const tree: FileTree = { etc: { motd: 'hello' }, data: bytes };
const directory: Directory = WASI.directory(tree, { readOnly: true, rights: ['path_open'] });
const wasiOptions: WASIOptions = {
  version: 'preview1',
  preopens: { '/': directory },
  stdout: (written) => void written.length,
  threads: { max: 2 },
};
const wasi = new WASI(wasiOptions);
export const code: number = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject(module)));
const where: ResolveOptions = { importMap: { imports: {} }, conditions: ['wasm'] };
export const url: string = resolve('a', new URL('file:///b.mjs'), where);

// @ts-expect-error there is no such set
new WebAssembly.Module(bytes, { builtins: ['js-number'] });
// @ts-expect-error there is no such tier
new WebAssembly.Module(bytes, { tier: 'fast' });
// @ts-expect-error a global of i64 holds a bigint
i64.value = 1;
// @ts-expect-error exceptions have a tag
new WebAssembly.Exception([]);
// @ts-expect-error what suspends is a function
new WebAssembly.Suspending(1);

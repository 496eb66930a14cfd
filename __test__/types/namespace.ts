// The declarations against those of TypeScript's own library: assignable both ways, and with what is beyond them.

import { WebAssembly as Gantry } from 'gantry-wasm';

export const namespace: typeof globalThis.WebAssembly = Gantry;

const bytes = new Uint8Array();
const ours = {
  module: new Gantry.Module(bytes, { builtins: ['js-string'], importedStringConstants: '#' }),
  memory: new Gantry.Memory({ initial: 1, maximum: 2, shared: true }),
  table: new Gantry.Table({ element: 'anyfunc', initial: 1 }),
  global: new Gantry.Global<number>({ value: 'i32', mutable: true }, 1),
};
export const module: WebAssembly.Module = ours.module;
export const memory: WebAssembly.Memory = ours.memory;
export const table: WebAssembly.Table = ours.table;
export const global: WebAssembly.Global = ours.global;
export const instance: WebAssembly.Instance = new Gantry.Instance(ours.module, {
  m: { memory: ours.memory },
});
export const error: Error = new Gantry.RuntimeError('message');

/** What takes theirs can be given ours, and the reverse, where ours have nothing more. */
export const imports: Gantry.Imports = {} as WebAssembly.Imports;
export const exported: WebAssembly.ModuleExportDescriptor[] = Gantry.Module.exports(ours.module) as {
  kind: WebAssembly.ImportExportKind;
  name: string;
}[];

const tag = new Gantry.Tag({ parameters: ['i32', 'externref'] });
const exception = new Gantry.Exception(tag, [1, {}], { traceStack: true });
export const carried: unknown = exception.is(tag) ? exception.getArg(tag, 0) : exception.stack;
export const func = new Gantry.Function({ parameters: ['i32'], results: ['f64'] }, (n: number) => n / 2);
export const names: Gantry.ValueType[] = func.type().results;
export const run: Promise<unknown> = Gantry.promising(func)(1);
export const waits = { get: new Gantry.Suspending(async () => 1) };
export const size: bigint = new Gantry.Memory({ address: 'i64', initial: 1n }).grow(1n);

// @ts-expect-error there is no such type
new Gantry.Tag({ parameters: ['i31'] });
// @ts-expect-error a memory has a size
new Gantry.Memory({});

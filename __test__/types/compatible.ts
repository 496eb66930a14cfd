// Each type of TypeScript's own declarations against ours: ours do where theirs are wanted, and theirs do where ours are, but for what only
// ours have.

import { WebAssembly as Gantry } from 'gantry-wasm';

type BothWays<Ours, Theirs> = [Ours] extends [Theirs]
  ? [Theirs] extends [Pick<Ours, keyof Theirs & keyof Ours>]
    ? true
    : 'theirs do not fit where ours are wanted'
  : 'ours do not fit where theirs are wanted';
type Fits<From, To> = [From] extends [To] ? true : 'does not fit';

declare function is<_ extends true>(): void;

is<BothWays<Gantry.Module, WebAssembly.Module>>();
is<BothWays<Omit<Gantry.Memory, 'grow'>, Omit<WebAssembly.Memory, 'grow'>>>();
is<BothWays<Gantry.Table, WebAssembly.Table>>();
is<BothWays<Gantry.Global, WebAssembly.Global>>();
is<BothWays<Gantry.Global<'i32'>, WebAssembly.Global<'i32'>>>();
is<BothWays<Gantry.Global<'i64'>, WebAssembly.Global<'i64'>>>();
is<BothWays<Gantry.Global<'externref'>, WebAssembly.Global<'externref'>>>();
is<BothWays<Gantry.Global<'anyfunc'>, WebAssembly.Global<'anyfunc'>>>();
is<BothWays<Gantry.Global<'v128'>, WebAssembly.Global<'v128'>>>();
is<BothWays<Gantry.CompileError, WebAssembly.CompileError>>();
is<BothWays<Gantry.LinkError, WebAssembly.LinkError>>();
is<BothWays<Gantry.RuntimeError, WebAssembly.RuntimeError>>();
is<BothWays<Gantry.ModuleExportDescriptor, WebAssembly.ModuleExportDescriptor>>();
is<BothWays<Gantry.ModuleImportDescriptor, WebAssembly.ModuleImportDescriptor>>();
is<BothWays<Gantry.ImportExportKind, WebAssembly.ImportExportKind>>();

// What has other things in it, and `grow`, which takes bigints too: ours have more.
is<Fits<Gantry.Memory, WebAssembly.Memory>>();
is<Fits<Gantry.Instance, WebAssembly.Instance>>();
is<Fits<Gantry.Exports, WebAssembly.Exports>>();
is<Fits<Gantry.ExportValue, WebAssembly.ExportValue>>();
is<Fits<Gantry.WebAssemblyInstantiatedSource, WebAssembly.WebAssemblyInstantiatedSource>>();

// What is passed in: ours may take more.
is<Fits<WebAssembly.GlobalDescriptor, Gantry.GlobalDescriptor>>();
is<Fits<WebAssembly.GlobalDescriptor<'i64'>, Gantry.GlobalDescriptor<'i64'>>>();
is<Fits<WebAssembly.MemoryDescriptor, Gantry.MemoryDescriptor>>();
is<Fits<WebAssembly.TableDescriptor, Gantry.TableDescriptor>>();
is<Fits<WebAssembly.TableKind, Gantry.TableKind>>();
is<Fits<WebAssembly.ValueType, Gantry.ValueType>>();
is<Fits<WebAssembly.ImportValue, Gantry.ImportValue>>();
is<Fits<WebAssembly.ModuleImports, Gantry.ModuleImports>>();
is<Fits<WebAssembly.Imports, Gantry.Imports>>();
is<Fits<BufferSource, Gantry.BufferSource>>();
is<Fits<WebAssembly.Module, Gantry.AnyModule>>();
is<Fits<Response, Gantry.StreamingSource>>();

// The namespaces themselves, and each member alone.
is<Fits<typeof Gantry, typeof WebAssembly>>();
is<
  {
    [K in keyof typeof WebAssembly]: Fits<(typeof Gantry)[K], (typeof WebAssembly)[K]>;
  }[keyof typeof WebAssembly]
>();

// Functions that were written for one take the other.
async function theirs(wasm: typeof WebAssembly, bytes: ArrayBuffer): Promise<number> {
  const { module, instance } = await wasm.instantiate(bytes, {
    m: { f: () => 1, g: new wasm.Global({ value: 'i32' }, 1) },
  });
  const memory = instance.exports.memory as WebAssembly.Memory;
  return memory.grow(1) + wasm.Module.exports(module).length;
}
async function ours(
  wasm: typeof Gantry,
  module: WebAssembly.Module,
  imports: WebAssembly.Imports,
): Promise<Gantry.Instance> {
  return new wasm.Module(new Uint8Array()) === module
    ? new wasm.Instance(module, imports)
    : wasm.instantiate(module, imports);
}
export const done = [
  theirs(Gantry, new ArrayBuffer(8)),
  theirs(WebAssembly, new ArrayBuffer(8)),
  ours(Gantry, new WebAssembly.Module(new Uint8Array()), {}),
];

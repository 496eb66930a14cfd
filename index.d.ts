// Types of gantry-wasm: a WebAssembly namespace of its own engine.
// https://webassembly.github.io/spec/js-api/

/** The WebAssembly JavaScript API on Gantry's engine: a drop-in for the global of the same name. */
export namespace WebAssembly {
  /** Which engine runs: Node's own where there is no binary for the platform. */
  const engine: 'gantry' | 'builtin';
  /** Bytes of a module. */
  type BufferSource = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;
  /** Also `tag`, which the declarations of TypeScript itself do not know yet. */
  type ImportExportKind = 'function' | 'global' | 'memory' | 'table';
  /** `funcref` is another name for `anyfunc`. */
  type TableKind = 'anyfunc' | 'externref' | 'funcref';
  type ValueType = keyof ValueTypeMap;
  /** Tags too, which the declarations of TypeScript itself do not know yet: assert the type where you export one. */
  type ExportValue = globalThis.Function | Global | Memory | Table;
  type Exports = Record<string, ExportValue>;
  /** Numbers and bigints make immutable globals. */
  type ImportValue = ExportValue | Tag | Suspending | number | bigint | null;
  type ModuleImports = Record<string, ImportValue | unknown>;
  type Imports = Record<string, ModuleImports>;

  /** Sizes are in pages of 64 KiB. */
  type AddressType = 'i32' | 'i64';
  interface MemoryDescriptor {
    /** How wide addresses are; with `i64`, pages are bigints, also those of `grow`. Default: i32. */
    address?: AddressType;
    /** 0 to 65536; to 262144n for i64. */
    initial: number | bigint;
    /** `initial` to 65536, to 137438953471n for i64; without it a memory can grow up to the limit of `initial`. */
    maximum?: number | bigint;
    /** Whether several threads may use it: its buffer is a SharedArrayBuffer. Needs `maximum`. Default: false. */
    shared?: boolean;
  }
  /** Sizes are in elements. */
  interface TableDescriptor {
    /** How wide indices are; with `i64`, they are bigints, as is `length`. Default: i32. */
    address?: AddressType;
    element: TableKind;
    /** 0 to 10,000,000. */
    initial: number | bigint;
    maximum?: number | bigint;
  }
  interface GlobalDescriptor<T extends ValueType = ValueType> {
    value: T;
    /** Default: false. */
    mutable?: boolean;
  }
  /** What values of a type are in JavaScript. */
  interface ValueTypeMap {
    anyfunc: any;
    externref: any;
    f32: number;
    f64: number;
    funcref: any;
    i32: number;
    i64: bigint;
    v128: never;
  }
  interface ModuleExportDescriptor {
    kind: ImportExportKind;
    name: string;
  }
  interface ModuleImportDescriptor extends ModuleExportDescriptor {
    module: string;
  }
  interface WebAssemblyInstantiatedSource {
    module: Module;
    instance: Instance;
  }

  /** https://webassembly.github.io/spec/js-api/#webassemblycompileoptions */
  interface CompileOptions {
    /** Sets of functions that the module may import from `wasm:` and the name. */
    builtins?: Iterable<'js-string'>;
    /** Imports from this module name are strings: their own field names. */
    importedStringConstants?: string | null;
    /**
     * Beyond the specification: how much work code is worth; what modules compute does not depend on it. With `auto`, functions get
     * quick code when they are called first, which optimised code replaces while they run. `optimized` has all code made
     * before the module can be used. The default is that of `GANTRY_TIER`.
     */
    tier?: 'auto' | 'quick' | 'optimized';
  }
  /** What is published on the channel `gantry:compile` of `node:diagnostics_channel` for each module that can be used now. */
  interface CompileMessage {
    /** `Module.stats` tells of its code, now and later. */
    module: Module;
    /** How many bytes of it were read: none when a response was recognised by URL and validator. */
    byteLength: number;
    /** Since the module was asked for. */
    milliseconds: number;
  }
  /** What code was made of a module so far. */
  interface ModuleStats {
    /** Functions that the module defines. */
    functions: number;
    /** Functions that were compiled when they were called, without those that came along, and what their callers waited for that. */
    compiledOnDemand: number;
    onDemandMilliseconds: number;
    /** Functions that got quick code. */
    compiledQuick: number;
    /** Hot functions that were optimised before the others. */
    optimizedAlone: number;
    /** Time that optimising took in the background. */
    backgroundMilliseconds: number;
    /** How often a function's code was replaced by better. */
    replaced: number;
    /** Functions whose optimised code was there from an earlier process, which had ended before it had made that of all. */
    continued: number;
    /** Bytes of machine code in memory. */
    codeBytes: number;
    /** Whether all functions have the last code that they will get. */
    isFinal: boolean;
    /** Whether the code was found in the cache. */
    cached: boolean;
  }
  /** https://github.com/WebAssembly/js-types */
  interface FunctionType {
    parameters: ValueType[];
    results: ValueType[];
  }
  interface GlobalType {
    value: ValueType;
    mutable: boolean;
  }
  /** Sizes are bigints when addresses have 64 bits, which `address` says then. */
  interface MemoryType {
    minimum: number | bigint;
    maximum?: number | bigint;
    shared: boolean;
    address?: AddressType;
  }
  interface TableType {
    element: TableKind;
    minimum: number | bigint;
    maximum?: number | bigint;
    address?: AddressType;
  }

  /** A compiled module. It can be sent to other threads, which do not compile it again. */
  class Module {
    /**
     * Validates and compiles on the calling thread and helpers, and waits for it.
     * @throws {CompileError} with a byte offset, when the bytes are no valid module
     */
    constructor(bytes: BufferSource, options?: CompileOptions);
    static exports(module: AnyModule): ModuleExportDescriptor[];
    static imports(module: AnyModule): ModuleImportDescriptor[];
    /** Copies of the contents of all custom sections of that name. */
    static customSections(module: AnyModule, sectionName: string): ArrayBuffer[];
    /** Beyond the specification: what code was made so far. */
    static stats(module: AnyModule): ModuleStats;
    /** Beyond the specification: the compiled module as bytes, for machines of this kind. */
    serialize(): Uint8Array;
    /**
     * Beyond the specification: loads what `serialize` gave, without compiling. It holds machine code: load only what you made.
     * @throws {CompileError} when it is damaged, or was made by another version, for another processor or with other options
     */
    static deserialize(bytes: BufferSource): Module;
  }

  /** A module as TypeScript's own declarations have it. What is none is refused when it is used. */
  type AnyModule = Omit<Module, 'serialize'>;

  /** An instance of a module. */
  class Instance {
    /**
     * @throws {LinkError} naming module, field, expected and actual type, when an import does not fit
     * @throws {TypeError} when there is no import object where one is needed
     * @throws {RuntimeError} when a segment or the start function traps
     * @throws {RangeError} when there is no memory
     */
    constructor(module: AnyModule, importObject?: Imports);
    /** Frozen. The same value gives the same object. */
    readonly exports: Exports;
  }

  /** A linear memory. A shared one can be sent to other threads. */
  class Memory {
    /** @throws {RangeError} beyond the limits, or when there is no memory */
    constructor(descriptor: MemoryDescriptor);
    /**
     * The memory itself, not a copy. Detached when the memory grows; then this is another object. Of a shared memory it is a
     * SharedArrayBuffer, which is not detached: buffers from before end where the memory ended.
     */
    readonly buffer: ArrayBuffer;
    /**
     * Makes `buffer` one that grows with the memory and makes it grow (`resize`; `grow` if it is shared) instead of being detached.
     * @throws {TypeError} when the memory has no maximum
     * @throws {RangeError} where the system cannot do it: not on Linux, or without address space for the maximum
     */
    toResizableBuffer(): ArrayBuffer;
    /** The reverse of `toResizableBuffer`. */
    toFixedLengthBuffer(): ArrayBuffer;
    /**
     * @param delta pages to add
     * @returns the size in pages before
     * @throws {RangeError} beyond the maximum, or when there is no memory
     */
    grow(delta: number): number;
    /** As `grow`, of memories with 64-bit addresses. */
    grow(delta: bigint): bigint;
    /** Its type, with the present size as the minimum. */
    type(): MemoryType;
  }

  /** A table of references. */
  class Table {
    /** @param value what all elements are at first; by default null for functions, undefined for host values */
    constructor(descriptor: TableDescriptor, value?: any);
    readonly length: number;
    /** @throws {RangeError} outside the table */
    get(index: number): any;
    /** @throws {RangeError} outside the table; {TypeError} for what is not an exported function or null */
    set(index: number, value?: any): void;
    /** @returns the length before */
    grow(delta: number, value?: any): number;
    /** Its type, with the present length as the minimum. */
    type(): TableType;
  }

  /** A global variable, by the name of its type or by that of its values in JavaScript: `Global<'i32'>` or `Global<number>`. */
  interface Global<T = any> {
    /** i64 is a bigint. @throws {TypeError} when set and not mutable */
    value: T extends ValueType ? ValueTypeMap[T] : T;
    valueOf(): T extends ValueType ? ValueTypeMap[T] : T;
    type(): GlobalType;
  }
  const Global: {
    readonly prototype: Global;
    /** @param value by default zero, null, or undefined for externref */
    new <T extends ValueType>(descriptor: GlobalDescriptor<T>, value?: ValueTypeMap[T]): Global<T>;
    new <T = any>(descriptor: GlobalDescriptor, value?: T): Global<T>;
  };

  /** What exceptions are told apart by, and what they carry. */
  class Tag {
    /** @throws {TypeError} for what is no value type */
    constructor(type: { parameters: Iterable<ValueType> });
    type(): { parameters: ValueType[] };
  }

  /** An exception: thrown by wasm, or to be thrown into it. */
  class Exception {
    /**
     * @param payload a value for each parameter of the tag
     * @throws {TypeError} when the values do not suit the tag, or the tag is `JSTag`
     */
    constructor(exceptionTag: Tag, payload: Iterable<any>, options?: { traceStack?: boolean });
    /** @throws {TypeError} when it has another tag; {RangeError} beyond its values */
    getArg(exceptionTag: Tag, index: number): any;
    is(exceptionTag: Tag): boolean;
    /** Where it was made, if `traceStack` asked for it. */
    readonly stack: string | undefined;
  }

  /** The tag of values that JavaScript throws. */
  const JSTag: Tag;

  /** A function with a type: exported functions, and functions of JavaScript that were given one. */
  class Function extends globalThis.Function {
    /** @param callable gets values of the parameters' types; what it returns is converted to the results' */
    constructor(
      type: { parameters: Iterable<ValueType>; results: Iterable<ValueType> },
      callable: CallableFunction,
    );
    type(): FunctionType;
  }

  /** To be imported in the place of a function: wasm that was called through `promising` waits for the promise it returns. */
  class Suspending {
    constructor(callable: CallableFunction);
  }
  /**
   * A function that calls an exported one and returns a promise of its result. While wasm waits, other code runs.
   * @throws {TypeError} for what is no exported function
   */
  function promising(wasmFunction: CallableFunction): (...args: any[]) => Promise<any>;

  /** An error class that can be called without `new`, as those of the language. */
  interface ErrorClass<E extends Error> {
    new (message?: string, options?: { cause?: unknown }): E;
    (message?: string, options?: { cause?: unknown }): E;
    readonly prototype: E;
  }

  interface CompileError extends Error {}
  const CompileError: ErrorClass<CompileError>;
  interface LinkError extends Error {}
  const LinkError: ErrorClass<LinkError>;
  /** A trap. The stack shows the wasm functions that were active, with byte offsets. */
  interface RuntimeError extends Error {}
  const RuntimeError: ErrorClass<RuntimeError>;

  /** Wasm should wait for a promise and cannot: it was not called through `promising`, or JavaScript is in between. */
  interface SuspendError extends Error {}
  const SuspendError: ErrorClass<SuspendError>;

  /** Whether the bytes are a valid module. */
  function validate(bytes: BufferSource, options?: CompileOptions): boolean;
  /** Compiles on other threads. Rejects with what `new Module` throws. */
  function compile(bytes: BufferSource, options?: CompileOptions): Promise<Module>;
  /** Compiles on other threads, then instantiates. Rejects with what the constructors throw. */
  function instantiate(
    bytes: BufferSource,
    importObject?: Imports,
    options?: CompileOptions,
  ): Promise<WebAssemblyInstantiatedSource>;
  function instantiate(module: AnyModule, importObject?: Imports): Promise<Instance>;

  /** Beyond the specification, which knows responses only: anything that gives bytes in pieces; strings and `file:` URLs are paths of files. */
  type StreamingSource =
    | Response
    | ReadableStream<Uint8Array>
    | AsyncIterable<Uint8Array>
    | Blob
    | string
    | URL
    | { createReadStream(options?: object): AsyncIterable<Uint8Array> };
  interface StreamingProgress {
    bytesReceived: number;
    /** Functions that are valid, and can be called with the module. */
    functionsReady: number;
    /**
     * Functions that the module defines; 0 until its function section was read: what begins like a module in the cache is not
     * read before all bytes are there.
     */
    functionsTotal: number;
    /** `compiling` comes when all bytes are there, `ready` last. */
    phase: 'receiving' | 'compiling' | 'ready';
  }
  interface StreamingOptions extends CompileOptions {
    /** Stops reading and rejects with its reason. */
    signal?: AbortSignal;
    /** Is told how far it is: after pieces of at most 1 MiB, and when the phase changes. What it throws stops the work. */
    onProgress?(progress: StreamingProgress): void;
  }
  /**
   * Compiles what a response or stream gives, on other threads.
   * @throws {TypeError} for a response of another MIME type than application/wasm, with an error status, or that was read before;
   *   what the stream fails with; {CompileError} for what is no module
   */
  function compileStreaming(
    source: StreamingSource | PromiseLike<StreamingSource>,
    options?: StreamingOptions,
  ): Promise<Module>;
  /** As `compileStreaming`, then instantiates. */
  function instantiateStreaming(
    source: StreamingSource | PromiseLike<StreamingSource>,
    importObject?: Imports,
    options?: StreamingOptions,
  ): Promise<WebAssemblyInstantiatedSource>;
}

/** Bytes of a file. */
export type FileContent = string | ArrayBuffer | ArrayBufferView;

/** Files and directories in memory: strings and bytes are files, objects are directories. */
export interface FileTree {
  [name: string]: FileContent | FileTree;
}

export interface DirectoryOptions {
  /** Whether everything that would change something gives the program `EROFS`. */
  readOnly?: boolean;
  /**
   * What may be done with it and with what is opened through it, by the names of the specification, for example
   * `['path_open', 'fd_read', 'fd_seek']`; anything else gives the program `ENOTCAPABLE`. Default: everything.
   */
  rights?: readonly string[];
}

/** A directory to give to a program: made by {@link WASI.directory}. */
export interface Directory {
  readonly path: string | FileTree;
  readonly readOnly: boolean;
}

/** As in `node:wasi`, and more. */
export interface WASIOptions {
  /** `preview1` for programs that import from `wasi_snapshot_preview1`, `unstable` for `wasi_unstable`. */
  version: 'preview1' | 'unstable';
  /** The program's arguments; the first is its name. */
  args?: readonly string[];
  /** Its environment: nothing unless given, not even `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Directories by the names that the program knows them by: paths of this machine, or files in memory. */
  preopens?: Readonly<Record<string, string | FileTree | Directory>>;
  /** Whether `start` returns the exit code of a program that exits. Otherwise the process exits. Default: true. */
  returnOnExit?: boolean;
  /**
   * A descriptor of this process, all there is to read, a function that gives what comes next (nothing at the end), or a
   * readable stream. Programs do not give the event loop a turn: of a stream without a descriptor they can read only what
   * has arrived, and what reads more throws. Default: 0.
   */
  stdin?:
    number | FileContent | ((size: number) => string | Uint8Array | null | undefined) | NodeJS.ReadableStream;
  /**
   * A descriptor of this process, a function that gets what is written, or a writable stream, which gets it at once and may
   * pass it on after the program has ended. Default: 1.
   */
  stdout?: number | ((bytes: Uint8Array) => void) | NodeJS.WritableStream;
  /** As `stdout`. Default: 2. */
  stderr?: number | ((bytes: Uint8Array) => void) | NodeJS.WritableStream;
  /**
   * Where the paths in `preopens` are: an object with the synchronous functions of `node:fs`. Default: the files of this
   * machine, where the kernel keeps programs inside their directories. With an `fs` paths are checked component by component
   * before they are used; who changes directories to links at the same time can lead them astray.
   */
  fs?: object;
  /** Sockets, connected or listening, by their descriptors in this process. They come behind the directories. */
  sockets?: readonly number[];
  /** A clock that depends on nothing but the program: it starts at `start` and goes on by `step` with each reading, in nanoseconds. */
  clock?: { start?: bigint; step?: bigint };
  /** Makes random bytes repeatable. They are no secret then. */
  seed?: bigint;
  /**
   * Whether a program may have threads (wasi-threads: it imports `wasi.thread-spawn`), and how many at most beside the first; 256
   * unless it says otherwise. They are threads of this process and run no JavaScript: `stdin`, `stdout`, `stderr` and `fs` cannot
   * be functions, streams or file systems of JavaScript then. Default: false.
   */
  threads?: boolean | { max?: number };
}

/**
 * The system interface for programs: https://github.com/WebAssembly/WASI/tree/wasi-0.1. A program can do what the options
 * give it and nothing else; no path leaves the directories in `preopens`.
 */
export class WASI {
  /** @throws {TypeError} for options of a wrong type; {Error} with the system's code for a directory that cannot be opened */
  constructor(options: WASIOptions);

  /** What a directory allows. */
  static directory(path: string | FileTree, options?: DirectoryOptions): Directory;

  /** The functions by name. They may be replaced before a module is linked. */
  readonly wasiImport: Record<string, (...args: (number | bigint)[]) => number>;

  /** The import object for the version. */
  getImportObject(): Record<string, Record<string, Function>>;

  /**
   * As above; with the option `threads` also the shared memory that `module` imports, made for it. It has to be this one: its
   * threads are not JavaScript's. Its `buffer` is an ArrayBuffer.
   */
  getImportObject(module: WebAssembly.Module): Record<string, Record<string, Function | WebAssembly.Memory>>;

  /**
   * Runs a command: an instance with `_start` and a memory. Its threads end with it, and it with the first thread that exits or
   * traps.
   * @returns the exit code
   * @throws {WebAssembly.RuntimeError} when it or one of its threads traps; {Error} when it was started before
   */
  start(instance: object): number;

  /** Sets a reactor up: calls `_initialize`, if there is one. */
  initialize(instance: object): void;

  /** Gives the functions a memory without calling anything, for programs that are started in another way. */
  finalizeBindings(instance: object, options?: { memory?: object }): void;
}

/** Settings of the engine, which all threads of a process share. Each comes before its environment variable. */
export interface Settings {
  /** How many threads may compile: in the background, and for who waits, that one included. At least 1; as many as there are cores by default. `GANTRY_THREADS`. */
  threads?: number;
  /**
   * The folder in which compiled modules are kept for later processes; `false` for none. What the package has of its own JavaScript is read
   * before, from where `GANTRY_CACHE` says.
   */
  cache?: string | false;
  /** What is in that folder at most, in MiB, by and large. 1024 by default. `GANTRY_CACHE_SIZE`. */
  cacheSize?: number;
  /** The tier of modules for which none is asked. `GANTRY_TIER`. */
  tier?: WebAssembly.CompileOptions['tier'];
}

/**
 * Sets the engine up, before any thread uses it. What is not given stays as it was. Where Node's own engine stands in, it does nothing.
 * @throws {TypeError} {RangeError} for what is no such setting; {Error} when the engine is in use already
 */
export function configure(settings: Settings): void;

/** Options of {@link resolve}. */
export interface ResolveOptions {
  /** https://html.spec.whatwg.org/multipage/webappapis.html#import-maps: a path, a file: URL, or the map itself. */
  importMap?: string | URL | object;
  /** https://nodejs.org/api/packages.html#package-maps: a path, a file: URL, or the map itself. */
  packageMap?: string | URL | object;
  /** What holds in `exports` and `imports`; `default` always does. Default: node, import, module-sync, node-addons, wasm. */
  conditions?: string[];
}

/**
 * The URL that a specifier means in a module: by the import map, by the package map, by package.json files as in Node.js.
 * @param parent URL or absolute path of the module
 * @throws {Error} with Node's code, naming specifier, importer, the reason and what to do
 */
export function resolve(specifier: string, parent: string | URL, options?: ResolveOptions): string;

// Types of gantry-wasm: a WebAssembly namespace of its own engine.
// https://webassembly.github.io/spec/js-api/

/** The WebAssembly JavaScript API on Gantry's engine: a drop-in for the global of the same name. */
export namespace WebAssembly {
  /** Bytes of a module. */
  type BufferSource = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;
  type ImportExportKind = 'function' | 'global' | 'memory' | 'table';
  type TableKind = 'anyfunc' | 'externref';
  type ValueType = 'anyfunc' | 'externref' | 'f32' | 'f64' | 'i32' | 'i64' | 'v128';
  type ExportValue = Function | Global | Memory | Table;
  type Exports = Record<string, ExportValue>;
  /** Numbers and bigints make immutable globals. */
  type ImportValue = ExportValue | number | bigint | null;
  type ModuleImports = Record<string, ImportValue | unknown>;
  type Imports = Record<string, ModuleImports>;

  /** Sizes are in pages of 64 KiB. */
  interface MemoryDescriptor {
    /** 0 to 65536. */
    initial: number;
    /** `initial` to 65536; without it a memory can grow to 65536 pages. */
    maximum?: number;
  }
  /** Sizes are in elements. */
  interface TableDescriptor {
    element: TableKind;
    /** 0 to 10,000,000. */
    initial: number;
    maximum?: number;
  }
  interface GlobalDescriptor {
    value: ValueType;
    /** Default: false. */
    mutable?: boolean;
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

  /** A compiled module. */
  class Module {
    /**
     * Validates and compiles on the calling thread and helpers, and waits for it.
     * @throws {CompileError} with a byte offset, when the bytes are no valid module
     */
    constructor(bytes: BufferSource);
    static exports(module: Module): ModuleExportDescriptor[];
    static imports(module: Module): ModuleImportDescriptor[];
    /** Copies of the contents of all custom sections of that name. */
    static customSections(module: Module, sectionName: string): ArrayBuffer[];
  }

  /** An instance of a module. */
  class Instance {
    /**
     * @throws {LinkError} naming module, field, expected and actual type, when an import does not fit
     * @throws {TypeError} when there is no import object where one is needed
     * @throws {RuntimeError} when a segment or the start function traps
     * @throws {RangeError} when there is no memory
     */
    constructor(module: Module, importObject?: Imports);
    /** Frozen. The same value gives the same object. */
    readonly exports: Exports;
  }

  /** A linear memory. */
  class Memory {
    /** @throws {RangeError} beyond the limits, or when there is no memory */
    constructor(descriptor: MemoryDescriptor);
    /** The memory itself, not a copy. Detached when the memory grows; then this is another object. */
    readonly buffer: ArrayBuffer;
    /**
     * @param delta pages to add
     * @returns the size in pages before
     * @throws {RangeError} beyond the maximum, or when there is no memory
     */
    grow(delta: number): number;
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
  }

  /** A global variable. */
  class Global<T = any> {
    /** @param value by default zero, null, or undefined for externref */
    constructor(descriptor: GlobalDescriptor, value?: T);
    /** i64 is a bigint. @throws {TypeError} when set and not mutable */
    value: T;
    valueOf(): T;
  }

  class CompileError extends Error {}
  class LinkError extends Error {}
  /** A trap. The stack shows the wasm functions that were active, with byte offsets. */
  class RuntimeError extends Error {}

  /** Whether the bytes are a valid module. */
  function validate(bytes: BufferSource): boolean;
  /** Compiles on other threads. Rejects with what `new Module` throws. */
  function compile(bytes: BufferSource): Promise<Module>;
  /** Compiles on other threads, then instantiates. Rejects with what the constructors throw. */
  function instantiate(bytes: BufferSource, importObject?: Imports): Promise<WebAssemblyInstantiatedSource>;
  function instantiate(module: Module, importObject?: Imports): Promise<Instance>;
}

// Types of gantry-wasm/bundler.

interface Options {
  /** A path or file: URL of an import map, or the map itself, which is applied when bundling. */
  importMap?: string | URL | object;
}

/** A plugin for Rollup, Rolldown and Vite that makes .wasm files modules, which run on Gantry. */
export function rollup(options?: Options): {
  name: string;
  enforce: 'pre';
  // The types of bundlers are not dependencies of this package.
  resolveId(this: any, specifier: string, importer: string | undefined, options: any): Promise<any>;
  load(this: any, id: string): any;
};

/** A plugin for esbuild that makes .wasm files modules, which run on Gantry. */
export function esbuild(options?: Options): { name: string; setup(build: any): void };

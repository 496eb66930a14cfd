// Types of gantry-wasm/register.

/** A path or file: URL of a JSON file, or the map itself. */
type MapSource = string | URL | object;

/**
 * Adds maps for what is imported from now on; what is mapped already stays.
 * @throws {Error} naming file and line when a map cannot be read
 */
export function registerMaps(maps: {
  /** https://html.spec.whatwg.org/multipage/webappapis.html#import-maps */
  importMap?: MapSource;
  /** https://nodejs.org/api/packages.html#package-maps */
  packageMap?: MapSource;
  /** Options of the class WASI for modules that import wasi_snapshot_preview1; nothing is allowed by default. */
  wasi?: { args?: string[]; env?: Record<string, string>; preopens?: Record<string, string> };
  /** What relative addresses in maps that are objects refer to. Default: the working directory. */
  base?: string | URL;
}): void;

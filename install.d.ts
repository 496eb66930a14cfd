// Importing this makes Gantry's WebAssembly the global one of the process.

export {};

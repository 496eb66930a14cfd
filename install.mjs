// Makes Gantry's WebAssembly the global one of the process, for import.

import './install.js';

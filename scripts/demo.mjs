// npm run demo: installs and builds what is missing, then runs the demo.

import { build } from './build.mjs';
import { ensureDependencies } from './ensure.mjs';

ensureDependencies();
if (process.env.GANTRY_DEMO_ENGINE !== 'builtin') await build();
await import('../examples/demo/main.mjs');

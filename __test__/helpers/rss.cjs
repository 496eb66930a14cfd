'use strict';
// Preloaded into processes whose memory is measured: the largest size that they had, in KB, goes to a file of their own.

const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  writeFileSync(`${process.env.GANTRY_RSS_FILE}.${process.pid}`, `${process.resourceUsage().maxRSS}`);
});

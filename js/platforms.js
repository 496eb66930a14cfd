'use strict';
// The platforms that binaries are published for. Each has a package under npm/.

/** What this system calls itself: operating system and processor. */
const target = `${process.platform}-${process.arch}`;

/** Packages by what a system calls itself; the C library is part of the name where there are several. */
const PACKAGES = {
  'darwin-arm64': 'gantry-wasm-darwin-arm64',
  'darwin-x64': 'gantry-wasm-darwin-x64',
  'linux-arm64': 'gantry-wasm-linux-arm64-gnu',
  'linux-x64': 'gantry-wasm-linux-x64-gnu',
  'win32-x64': 'gantry-wasm-win32-x64-msvc',
};

/** Whether this is a Linux with another C library than the binaries are linked with. Takes long to find out. */
function isMusl() {
  if (process.platform !== 'linux') return false;
  // Without this the report looks up names of hosts.
  const { excludeNetwork } = process.report;
  process.report.excludeNetwork = true;
  const { header } = process.report.getReport();
  process.report.excludeNetwork = excludeNetwork;
  return !header.glibcVersionRuntime;
}

module.exports = { PACKAGES, target, isMusl };

'use strict';
// Makes .wasm files importable, with import maps and package maps: node --import gantry-wasm/register app.mjs

const { register, registerMaps } = require('./js/esm/register');

register();

module.exports = { registerMaps };

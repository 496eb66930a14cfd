'use strict';
// Rights of descriptors by the names of the specification, in the order of their bits.

const errors = require('./errors');

const NAMES = [
  'fd_datasync',
  'fd_read',
  'fd_seek',
  'fd_fdstat_set_flags',
  'fd_sync',
  'fd_tell',
  'fd_write',
  'fd_advise',
  'fd_allocate',
  'path_create_directory',
  'path_create_file',
  'path_link_source',
  'path_link_target',
  'path_open',
  'fd_readdir',
  'path_readlink',
  'path_rename_source',
  'path_rename_target',
  'path_filestat_get',
  'path_filestat_set_size',
  'path_filestat_set_times',
  'fd_filestat_get',
  'fd_filestat_set_size',
  'fd_filestat_set_times',
  'path_symlink',
  'path_remove_directory',
  'path_unlink_file',
  'poll_fd_readwrite',
  'sock_shutdown',
  'sock_accept',
];

/** @returns {bigint} the bits of some rights */
function toRights(names) {
  if (!Array.isArray(names)) throw errors.invalidType('options.rights', 'an instance of Array', names);
  return names.reduce((bits, name) => {
    const bit = NAMES.indexOf(name);
    if (bit < 0) throw errors.invalidValue('options.rights', name, 'must have the names of rights only');
    return bits | (1n << BigInt(bit));
  }, 0n);
}

module.exports = { toRights };

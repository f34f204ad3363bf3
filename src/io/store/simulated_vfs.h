// SQLite on a SimulatedDisk: the VFS that turns SQLite's file operations into the disk's.
//
// Everything SQLite writes goes through SimulatedDisk's counted operations, so a power cut, a failed fsync or a full disk
// hits it at any of them. Locks and shared memory live in the inode: several connections of one process, as the store
// uses them. Sleeping returns at once, randomness comes from the disk's seed: the same seed is the same run.
// https://www.sqlite.org/vfs.html
#pragma once

#include <string>

namespace danewerk::io {

class SimulatedDisk;

/// Makes `disk` known to SQLite under `name`, and forgets it again. The disk must outlive every connection on it.
void register_simulated_vfs(SimulatedDisk& disk, const std::string& name);
void unregister_simulated_vfs(const std::string& name);

}  // namespace danewerk::io

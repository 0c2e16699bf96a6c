#include "faulty_vfs.h"

#include <sqlite3.h>

#include <cstdlib>
#include <cstring>

namespace culprit {
namespace {

int calls_left = 0;
DiskFault wanted = DiskFault::kError;
bool happened = false;
sqlite3_vfs* unix_vfs = nullptr;
sqlite3_vfs faulty_vfs;
const sqlite3_io_methods* unix_methods = nullptr;  // for write, sync and truncate the same for all
// Files that others lock have other methods than those that only one process has.
struct Wrapped {
  const sqlite3_io_methods* original = nullptr;
  sqlite3_io_methods methods;
} wrapped[4];

bool Fails() {
  if (calls_left == 0 || --calls_left > 0) return false;
  happened = true;
  return true;
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  if (!Fails()) return unix_methods->xWrite(file, bytes, size, offset);
  if (wanted == DiskFault::kTorn) unix_methods->xWrite(file, bytes, size / 2, offset);
  return wanted == DiskFault::kFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int Sync(sqlite3_file*, int) {
  if (Fails()) return wanted == DiskFault::kFull ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
  return SQLITE_OK;  // nobody cuts the power here, and it takes long
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  // No disk is too full to make a file shorter.
  return wanted != DiskFault::kFull && Fails() ? SQLITE_IOERR_TRUNCATE
                                               : unix_methods->xTruncate(file, size);
}

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = unix_vfs->xOpen(unix_vfs, name, file, flags, out_flags);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  unix_methods = file->pMethods;
  for (Wrapped& w : wrapped) {
    if (w.original != nullptr && w.original != unix_methods) continue;
    w.original = unix_methods;
    w.methods = *unix_methods;
    w.methods.xWrite = Write;
    w.methods.xSync = Sync;
    w.methods.xTruncate = Truncate;
    file->pMethods = &w.methods;
    return code;
  }
  abort();
}

const bool registered = [] {
  unix_vfs = sqlite3_vfs_find("unix");
  faulty_vfs = *unix_vfs;
  faulty_vfs.zName = "faulty";
  faulty_vfs.xOpen = Open;
  if (sqlite3_vfs_register(&faulty_vfs, 1) != SQLITE_OK) abort();
  return true;
}();

}  // namespace

void FailDiskCall(int nth, DiskFault fault) {
  calls_left = nth;
  wanted = fault;
  happened = false;
}

bool DiskFaultHappened() { return happened; }

}  // namespace culprit

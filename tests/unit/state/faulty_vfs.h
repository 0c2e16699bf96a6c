// A VFS below the store's that fails when told. It becomes SQLite's default before main(), so that
// every database of the test program goes through it.
#pragma once

namespace culprit {

enum class DiskFault {
  kFull,   // SQLITE_FULL
  kError,  // an I/O error
  kTorn,   // half of the write is made, then an I/O error
};

// The `nth` write, sync or truncate from now on (from 1) fails; then all goes well again. 0: none.
void FailDiskCall(int nth, DiskFault fault);
bool DiskFaultHappened();  // since FailDiskCall

}  // namespace culprit

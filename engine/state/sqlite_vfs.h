// A layer below SQLite that gives every page of the database file a checksum, in eight bytes that
// SQLite reserves at the page's end. A page that does not fit its checksum is read as an I/O error
// (SQLITE_IOERR_DATA, here DataLoss), so damage is never taken for data. Other files (write-ahead
// log, which has checksums of its own) pass through. Thread-safe.
#pragma once

namespace culprit {

inline constexpr int kPageChecksumBytes = 8;

// Registers the layer above the default VFS at the first call. Its name, for sqlite3_open_v2;
// nullptr: SQLite has no VFS.
const char* CheckedVfs();

}  // namespace culprit

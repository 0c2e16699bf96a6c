#include "engine/state/sqlite_vfs.h"

#include <sqlite3.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <memory>

namespace culprit {
namespace {

constexpr int kMinPage = 512;
constexpr int kMaxPage = 65536;

// Lies in memory of SQLite's; the file of the VFS below follows it.
struct CheckedFile {
  sqlite3_file base;
  uint8_t* page;  // room for one page with its checksum
};

sqlite3_file* Below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<CheckedFile*>(file) + 1);
}

sqlite3_vfs* Below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

bool IsPage(int size, sqlite3_int64 offset) {
  return size >= kMinPage && size <= kMaxPage && (size & (size - 1)) == 0 && offset % size == 0;
}

// The page's place is part of it: a page written to the wrong place is found too.
uint64_t Checksum(const uint8_t* page, int size, sqlite3_int64 offset) {
  const auto number = static_cast<uint64_t>(offset / size) + 1;
  const uint64_t crc =
      crc32(0, page, static_cast<unsigned>(size - kPageChecksumBytes)) & 0xffffffffU;
  return crc | (number * 0x9e3779b97f4a7c15U & ~uint64_t{0xffffffffU});
}

int Close(sqlite3_file* file) {
  auto* self = reinterpret_cast<CheckedFile*>(file);
  delete[] self->page;
  self->page = nullptr;
  return Below(file)->pMethods == nullptr ? SQLITE_OK : Below(file)->pMethods->xClose(Below(file));
}

int Read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  const int code = Below(file)->pMethods->xRead(Below(file), out, size, offset);
  if (code == SQLITE_IOERR_SHORT_READ && IsPage(size, offset)) {
    // Behind the end there is nothing; a part of a page is what is left of one.
    sqlite3_int64 file_size = 0;
    const int size_code = Below(file)->pMethods->xFileSize(Below(file), &file_size);
    return size_code != SQLITE_OK ? size_code : file_size > offset ? SQLITE_IOERR_DATA : code;
  }
  if (code != SQLITE_OK || !IsPage(size, offset)) return code;
  const auto* page = static_cast<const uint8_t*>(out);
  uint64_t stored = 0;
  std::memcpy(&stored, page + size - kPageChecksumBytes, kPageChecksumBytes);
  if (stored == Checksum(page, size, offset)) return SQLITE_OK;
  sqlite3_log(SQLITE_IOERR_DATA, "checksum of the page at offset %lld does not fit", offset);
  return SQLITE_IOERR_DATA;
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  if (!IsPage(size, offset)) return Below(file)->pMethods->xWrite(Below(file), bytes, size, offset);
  uint8_t* page = reinterpret_cast<CheckedFile*>(file)->page;
  std::memcpy(page, bytes, static_cast<size_t>(size));
  const uint64_t checksum = Checksum(page, size, offset);
  std::memcpy(page + size - kPageChecksumBytes, &checksum, kPageChecksumBytes);
  return Below(file)->pMethods->xWrite(Below(file), page, size, offset);
}

int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  return Below(f)->pMethods->xTruncate(Below(f), size);
}
int Sync(sqlite3_file* f, int flags) { return Below(f)->pMethods->xSync(Below(f), flags); }
int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Below(f)->pMethods->xFileSize(Below(f), size);
}
int Lock(sqlite3_file* f, int level) { return Below(f)->pMethods->xLock(Below(f), level); }
int Unlock(sqlite3_file* f, int level) { return Below(f)->pMethods->xUnlock(Below(f), level); }
int CheckReserved(sqlite3_file* f, int* out) {
  return Below(f)->pMethods->xCheckReservedLock(Below(f), out);
}
int FileControl(sqlite3_file* f, int op, void* arg) {
  return Below(f)->pMethods->xFileControl(Below(f), op, arg);
}
int SectorSize(sqlite3_file* f) { return Below(f)->pMethods->xSectorSize(Below(f)); }
int Characteristics(sqlite3_file* f) {
  return Below(f)->pMethods->xDeviceCharacteristics(Below(f));
}
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return Below(f)->pMethods->xShmMap(Below(f), page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Below(f)->pMethods->xShmLock(Below(f), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) { Below(f)->pMethods->xShmBarrier(Below(f)); }
int ShmUnmap(sqlite3_file* f, int remove) {
  return Below(f)->pMethods->xShmUnmap(Below(f), remove);
}

// Version 2: no memory-mapped reading, which would go past Read().
const sqlite3_io_methods kMethods = {
    2,        Close,         Read,        Write,      Truncate,        Sync,   FileSize, Lock,
    Unlock,   CheckReserved, FileControl, SectorSize, Characteristics, ShmMap, ShmLock,  ShmBarrier,
    ShmUnmap, nullptr,       nullptr};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
    return Below(vfs)->xOpen(Below(vfs), name, file, flags, out_flags);
  auto* self = reinterpret_cast<CheckedFile*>(file);
  std::memset(static_cast<void*>(self), 0, sizeof(CheckedFile));
  self->page = new (std::nothrow) uint8_t[kMaxPage];
  if (self->page == nullptr) return SQLITE_NOMEM;
  Below(file)->pMethods = nullptr;
  self->base.pMethods = &kMethods;  // so that SQLite calls Close() whatever comes
  return Below(vfs)->xOpen(Below(vfs), name, Below(file), flags, out_flags);
}

}  // namespace

const char* CheckedVfs() {
  static const char* const kName = []() -> const char* {
    sqlite3_vfs* below = sqlite3_vfs_find(nullptr);
    if (below == nullptr) return nullptr;
    static sqlite3_vfs vfs = *below;  // all but xOpen is the same
    vfs.zName = "culprit-checked";
    vfs.pAppData = below;
    vfs.szOsFile = static_cast<int>(sizeof(CheckedFile)) + below->szOsFile;
    vfs.xOpen = Open;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? vfs.zName : nullptr;
  }();
  return kName;
}

}  // namespace culprit

// What a stream is, told by its first bytes, never by its name. Owned by ingest; pure functions.
#pragma once
#include <cstdint>
#include <string_view>

namespace culprit {

enum class Content : uint8_t {
  kEmpty,
  kText,
  kUtf16,  // with byte order mark
  kBinary,
  kGzip,        // decoded by archive/gunzip.h
  kZstd,        // decoded by archive/unzstd.h
  kCompressed,  // xz, bz2, lz4, lzip, Z: by libarchive
  kArchive,     // tar, zip, 7z, cpio, rar: by libarchive
};

struct ContentInfo {
  Content content = Content::kText;
  std::string_view what;    // "gzip", "zip", "ELF program", "tar": for messages
  bool needs_seek = false;  // cannot be read as a stream (7z)
};

// `head`: the first bytes of the stream, 8 KiB where there are that many.
ContentInfo DetectContent(std::string_view head);

// More than stray control bytes: above 10 % of them, or above 2 % with 20 % of bytes that are not
// UTF-8. A run of NULs at the start (a log rotated by copytruncate) is not counted, unless it is
// all.
bool LooksBinary(std::string_view head);

// `whole`, a complete file, is one JSON document that holds no log events: an object, or an array
// whose first element is an object, without any key that log events and their exports have; or an
// array of other things. Several documents (JSON lines) and broken JSON are not.
bool IsNonLogJsonDocument(std::string_view whole);

}  // namespace culprit

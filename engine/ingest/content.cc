#include "engine/ingest/content.h"

#include <algorithm>
#include <cstddef>

namespace culprit {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  Content content;
  std::string_view what;
  bool needs_seek = false;
};

constexpr Magic kMagics[] = {
    {"\x1f\x8b\x08"sv, Content::kGzip, "gzip"},
    {"\x28\xb5\x2f\xfd"sv, Content::kZstd, "zstd"},
    {"\xfd"
     "7zXZ\0"sv,
     Content::kCompressed, "xz"},
    {"\x04\x22\x4d\x18"sv, Content::kCompressed, "lz4"},
    {"\x02\x21\x4c\x18"sv, Content::kCompressed, "lz4"},
    {"LZIP\x01"sv, Content::kCompressed, "lzip"},
    {"\x1f\x9d"sv, Content::kCompressed, "compress (.Z)"},
    {"PK\x03\x04"sv, Content::kArchive, "zip"},
    {"PK\x05\x06"sv, Content::kArchive, "zip"},
    {"7z\xbc\xaf\x27\x1c"sv, Content::kArchive, "7z", true},
    {"Rar!\x1a\x07"sv, Content::kArchive, "rar"},
    {"\x7f"
     "ELF"sv,
     Content::kBinary, "ELF program"},
    {"\x89PNG\r\n"sv, Content::kBinary, "PNG image"},
    {"\xff\xd8\xff"sv, Content::kBinary, "JPEG image"},
    {"GIF8"sv, Content::kBinary, "GIF image"},
    {"%PDF-"sv, Content::kBinary, "PDF"},
    {"SQLite format 3\0"sv, Content::kBinary, "SQLite database"},
    {"LPKSHHRH"sv, Content::kBinary,
     "systemd journal; export it with: journalctl --file FILE -o json"},
    {"ElfFile\0"sv, Content::kBinary, "Windows event log; export it as text or XML"},
    {"\xd4\xc3\xb2\xa1"sv, Content::kBinary, "packet capture"},
    {"\x0a\x0d\x0d\x0a"sv, Content::kBinary, "packet capture"},
    {"\xca\xfe\xba\xbe"sv, Content::kBinary, "Java class"},
    {"PAR1"sv, Content::kBinary, "Parquet"},
};

bool IsOctal(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '7'; });
}

bool IsHex(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

// A tar header sums its own 512 bytes; no text does that by accident.
bool IsTar(std::string_view head) {
  if (head.size() < 512 || head[0] == '\0') return false;
  unsigned stated = 0, sum = 0;
  size_t i = 148;
  while (i < 156 && head[i] == ' ') ++i;
  bool any = false;
  for (; i < 156 && head[i] >= '0' && head[i] <= '7'; ++i, any = true) {
    stated = stated * 8 + static_cast<unsigned>(head[i] - '0');
  }
  for (size_t k = 0; k < 512; ++k) {
    sum += k >= 148 && k < 156 ? ' ' : static_cast<unsigned char>(head[k]);
  }
  return any && stated == sum;
}

// The whole fixed header, because a log of 7 July 2007 may begin with 070707 as well.
bool IsCpio(std::string_view head) {
  if (head.size() >= 76 && head.substr(0, 6) == "070707"sv) return IsOctal(head.substr(6, 70));
  return head.size() >= 110 &&
         (head.substr(0, 6) == "070701"sv || head.substr(0, 6) == "070702"sv) &&
         IsHex(head.substr(6, 104));
}

bool IsBzip2(std::string_view head) {
  return head.size() >= 10 && head.substr(0, 3) == "BZh"sv && head[3] >= '1' && head[3] <= '9' &&
         (head.substr(4, 6) == "1AY&SY"sv || head.substr(4, 6) == "\x17\x72\x45\x38\x50\x90"sv);
}

// Length of the valid UTF-8 sequence at s[0], 0 if there is none; a sequence cut by the end of `s`
// is given the benefit of the doubt.
size_t Utf8Length(std::string_view s) {
  const auto c = static_cast<unsigned char>(s[0]);
  const size_t n = c < 0x80                ? 1
                   : c >= 0xc2 && c < 0xe0 ? 2
                   : c >= 0xe0 && c < 0xf0 ? 3
                   : c >= 0xf0 && c < 0xf5 ? 4
                                           : 0;
  for (size_t i = 1; i < n && i < s.size(); ++i) {
    if ((static_cast<unsigned char>(s[i]) & 0xc0) != 0x80) return 0;
  }
  return std::min(n, s.size());
}

}  // namespace

bool LooksBinary(std::string_view head) {
  if (head.empty()) return false;
  head.remove_prefix(std::min(head.find_first_not_of('\0'), head.size()));
  if (head.empty()) return true;
  size_t control = 0, invalid = 0;
  for (size_t i = 0; i < head.size();) {
    const auto c = static_cast<unsigned char>(head[i]);
    const size_t n = Utf8Length(head.substr(i));
    if (n == 0) ++invalid;
    // Bell to carriage return and escape (colours) are at home in logs.
    if ((c < 0x20 && !(c >= 7 && c <= 13) && c != 0x1b) || c == 0x7f) ++control;
    i += std::max<size_t>(n, 1);
  }
  return control * 10 > head.size() || (control * 50 > head.size() && invalid * 5 > head.size());
}

ContentInfo DetectContent(std::string_view head) {
  if (head.empty()) return {Content::kEmpty, "empty file"};
  for (const Magic& magic : kMagics) {
    if (head.substr(0, magic.bytes.size()) == magic.bytes) {
      return {magic.content, magic.what, magic.needs_seek};
    }
  }
  if (IsBzip2(head)) return {Content::kCompressed, "bzip2"};
  // A zstd stream may open with a skippable frame.
  if (head.size() >= 8 && (static_cast<unsigned char>(head[0]) & 0xf0) == 0x50 &&
      head.substr(1, 3) == "\x2a\x4d\x18"sv) {
    return {Content::kZstd, "zstd"};
  }
  if (IsTar(head)) return {Content::kArchive, "tar"};
  if (IsCpio(head)) return {Content::kArchive, "cpio"};
  if (head.size() >= 2 &&
      (head.substr(0, 2) == "\xff\xfe"sv || head.substr(0, 2) == "\xfe\xff"sv) &&
      head.substr(0, 4) != "\xff\xfe\0\0"sv) {
    return {Content::kUtf16, "UTF-16 text"};
  }
  if (LooksBinary(head)) return {Content::kBinary, "not text"};
  return {Content::kText, "text"};
}

}  // namespace culprit

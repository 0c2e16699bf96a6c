#include "engine/parse/level.h"

#include <algorithm>
#include <array>
#include <utility>

namespace culprit {
namespace {

using Word = std::pair<std::string_view, Level>;
// Lower case, sorted.
constexpr std::array kWords = std::to_array<Word>({
    {"alert", Level::kFatal},     {"crit", Level::kFatal},       {"critical", Level::kFatal},
    {"dbg", Level::kDebug},       {"dbug", Level::kDebug},       {"deb", Level::kDebug},
    {"debug", Level::kDebug},     {"debug1", Level::kDebug},     {"debug2", Level::kDebug},
    {"debug3", Level::kDebug},    {"debug4", Level::kDebug},     {"debug5", Level::kDebug},
    {"dpanic", Level::kFatal},    {"emerg", Level::kFatal},      {"emergency", Level::kFatal},
    {"eror", Level::kError},      {"err", Level::kError},        {"error", Level::kError},
    {"exception", Level::kError}, {"fail", Level::kError},       {"failure", Level::kError},
    {"fatal", Level::kFatal},     {"fine", Level::kDebug},       {"finer", Level::kTrace},
    {"finest", Level::kTrace},    {"ftl", Level::kFatal},        {"inf", Level::kInfo},
    {"info", Level::kInfo},       {"information", Level::kInfo}, {"informational", Level::kInfo},
    {"log", Level::kInfo},        {"note", Level::kNotice},      {"notice", Level::kNotice},
    {"panic", Level::kFatal},     {"severe", Level::kError},     {"silly", Level::kTrace},
    {"system", Level::kInfo},     {"trace", Level::kTrace},      {"trc", Level::kTrace},
    {"trce", Level::kTrace},      {"verb", Level::kDebug},       {"verbose", Level::kDebug},
    {"warn", Level::kWarn},       {"warning", Level::kWarn},     {"wrn", Level::kWarn},
});

// Words of up to eight letters as a number, the first one highest.
constexpr uint64_t Pack(std::string_view word) {
  uint64_t packed = 0;
  for (char c : word)
    packed = packed << 8 | static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return packed;
}

// By hash of the packed word; linear probing.
constexpr size_t kSlots = 256;
constexpr size_t SlotOf(uint64_t packed) { return packed * 0x9e3779b97f4a7c15u >> 56; }
struct Slot {
  uint64_t packed = 0;
  Level level = Level::kUnknown;
};
constexpr std::array<Slot, kSlots> kShortWords = [] {
  std::array<Slot, kSlots> slots{};
  for (const Word& word : kWords) {
    if (word.first.size() > 8) continue;
    size_t at = SlotOf(Pack(word.first));
    while (slots[at].packed != 0) at = (at + 1) % kSlots;
    slots[at] = {Pack(word.first), word.second};
  }
  return slots;
}();

}  // namespace

constexpr std::array<uint16_t, 26> kLevelSizes = [] {
  std::array<uint16_t, 26> sizes{};
  for (const Word& word : kWords)
    sizes[static_cast<size_t>(word.first[0] - 'a')] |=
        static_cast<uint16_t>(1u << word.first.size());
  return sizes;
}();

Level LevelFromLikelyWord(std::string_view word) {
  if (word.size() <= 8) {
    const uint64_t packed = Pack(word);
    for (size_t at = SlotOf(packed); kShortWords[at].packed != 0; at = (at + 1) % kSlots)
      if (kShortWords[at].packed == packed) return kShortWords[at].level;
    return Level::kUnknown;
  }
  const auto same = [](char low, char c) { return low == (c >= 'A' && c <= 'Z' ? c + 32 : c); };
  for (const auto& [known, level] : kWords) {
    if (known.size() == word.size() && std::equal(known.begin(), known.end(), word.begin(), same))
      return level;
  }
  return Level::kUnknown;
}

Level LevelFromLetter(char letter) {
  switch (letter) {
    case 'T':
      return Level::kTrace;
    case 'V':
    case 'D':
      return Level::kDebug;
    case 'I':
      return Level::kInfo;
    case 'N':
      return Level::kNotice;
    case 'W':
      return Level::kWarn;
    case 'E':
      return Level::kError;
    case 'C':
    case 'F':
    case 'A':
    case 'P':
      return Level::kFatal;
    default:
      return Level::kUnknown;
  }
}

Level LevelFromSyslog(int64_t severity) {
  switch (severity) {
    case 0:
    case 1:
    case 2:
      return Level::kFatal;
    case 3:
      return Level::kError;
    case 4:
      return Level::kWarn;
    case 5:
      return Level::kNotice;
    case 6:
      return Level::kInfo;
    case 7:
      return Level::kDebug;
    default:
      return Level::kUnknown;
  }
}

Level LevelFromBunyan(int64_t level) {
  if (level < 1 || level > 100) return Level::kUnknown;
  if (level < 20) return Level::kTrace;
  if (level < 30) return Level::kDebug;
  if (level < 40) return Level::kInfo;
  if (level < 50) return Level::kWarn;
  if (level < 60) return Level::kError;
  return Level::kFatal;
}

Level LevelFromPython(int64_t level) {
  if (level < 1 || level > 100) return Level::kUnknown;
  if (level < 10) return Level::kTrace;
  if (level < 20) return Level::kDebug;
  if (level < 30) return Level::kInfo;
  if (level < 40) return Level::kWarn;
  if (level < 50) return Level::kError;
  return Level::kFatal;
}

Level LevelFromOtel(int64_t severity) {
  if (severity < 1 || severity > 24) return Level::kUnknown;
  constexpr Level kFours[] = {Level::kTrace, Level::kDebug, Level::kInfo,
                              Level::kWarn,  Level::kError, Level::kFatal};
  return kFours[(severity - 1) / 4];
}

Level LevelFromHttpStatus(int64_t status) {
  if (status >= 500 && status < 600) return Level::kError;
  if (status >= 100 && status < 500) return Level::kInfo;
  return Level::kUnknown;
}

}  // namespace culprit

#include "engine/parse/level.h"

#include <array>
#include <utility>

namespace culprit {
namespace {

using Word = std::pair<std::string_view, Level>;
// Folded to lower case; grouped by first letter to keep the search short.
constexpr std::array kWords = std::to_array<Word>({
    {"alert", Level::kFatal},      {"crit", Level::kFatal},         {"critical", Level::kFatal},
    {"debug", Level::kDebug},      {"dbg", Level::kDebug},          {"dbug", Level::kDebug},
    {"deb", Level::kDebug},        {"dpanic", Level::kFatal},       {"debug1", Level::kDebug},
    {"debug2", Level::kDebug},     {"debug3", Level::kDebug},       {"debug4", Level::kDebug},
    {"debug5", Level::kDebug},     {"error", Level::kError},        {"err", Level::kError},
    {"eror", Level::kError},       {"emerg", Level::kFatal},        {"emergency", Level::kFatal},
    {"fatal", Level::kFatal},      {"ftl", Level::kFatal},          {"fail", Level::kError},
    {"failure", Level::kError},    {"fine", Level::kDebug},         {"finer", Level::kTrace},
    {"finest", Level::kTrace},     {"info", Level::kInfo},          {"inf", Level::kInfo},
    {"information", Level::kInfo}, {"informational", Level::kInfo}, {"log", Level::kInfo},
    {"notice", Level::kNotice},    {"note", Level::kNotice},        {"panic", Level::kFatal},
    {"severe", Level::kError},     {"silly", Level::kTrace},        {"system", Level::kInfo},
    {"trace", Level::kTrace},      {"trc", Level::kTrace},          {"trce", Level::kTrace},
    {"verbose", Level::kDebug},    {"verb", Level::kDebug},         {"warn", Level::kWarn},
    {"warning", Level::kWarn},     {"wrn", Level::kWarn},           {"exception", Level::kError},
});

}  // namespace

Level LevelFromWord(std::string_view word) {
  if (word.size() < 3 || word.size() > 13) return Level::kUnknown;
  char low[16];
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    low[i] = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + 32) : c;
    if (!((low[i] >= 'a' && low[i] <= 'z') || (low[i] >= '1' && low[i] <= '5' && i == 5))) {
      return Level::kUnknown;
    }
  }
  const std::string_view folded(low, word.size());
  for (const Word& w : kWords) {
    if (w.first[0] == folded[0] && w.first == folded) return w.second;
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

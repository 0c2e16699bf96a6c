// Level words, letters and numbers of the common loggers. Pure functions, any thread.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "engine/core/symptom.h"

namespace culprit {

// A whole word in any case: "WARNING", "severe", "crit", "ERR", "panic". kUnknown if it is none.
// One letter is not a word here.
inline Level LevelFromWord(std::string_view word);
// klog, capnslog, glog, Android, Ruby: T V D I N W E C F A P, capital.
Level LevelFromLetter(char letter);
Level LevelFromSyslog(int64_t severity);    // 0 emerg .. 7 debug
Level LevelFromBunyan(int64_t level);       // 10 trace .. 60 fatal (Bunyan, Pino)
Level LevelFromPython(int64_t level);       // 10 debug .. 50 critical
Level LevelFromOtel(int64_t severity);      // 1 trace .. 24 fatal
Level LevelFromHttpStatus(int64_t status);  // >= 500 error, else info

// kLevelSizes[letter]: bit n: a word of n letters begins with it.
extern const std::array<uint16_t, 26> kLevelSizes;
Level LevelFromLikelyWord(std::string_view word);

inline Level LevelFromWord(std::string_view word) {
  if (word.size() < 3 || word.size() > 13) return Level::kUnknown;
  const auto letter = static_cast<unsigned char>((word[0] | 0x20) - 'a');
  if (letter >= 26 || (kLevelSizes[letter] >> word.size() & 1) == 0) return Level::kUnknown;
  return LevelFromLikelyWord(word);
}

}  // namespace culprit

// Level words, letters and numbers of the common loggers. Pure functions, any thread.
#pragma once
#include <cstdint>
#include <string_view>

#include "engine/core/symptom.h"

namespace culprit {

// A whole word in any case: "WARNING", "severe", "crit", "ERR", "panic". kUnknown if it is none.
// One letter is not a word here.
Level LevelFromWord(std::string_view word);
// klog, capnslog, glog, Android, Ruby: T V D I N W E C F A P, capital.
Level LevelFromLetter(char letter);
Level LevelFromSyslog(int64_t severity);    // 0 emerg .. 7 debug
Level LevelFromBunyan(int64_t level);       // 10 trace .. 60 fatal (Bunyan, Pino)
Level LevelFromPython(int64_t level);       // 10 debug .. 50 critical
Level LevelFromOtel(int64_t severity);      // 1 trace .. 24 fatal
Level LevelFromHttpStatus(int64_t status);  // >= 500 error, else info

}  // namespace culprit

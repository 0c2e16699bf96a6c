// The alphabet of the causal model: what a recognised line says about the component that shows it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace culprit {

enum class SymptomClass : uint8_t {
  kCrash,
  kResource,
  kSelfError,
  kSaturation,
  kServerError,
  kRefused,
  kTimeout,
  kDepError,
  kSilence,
  kOther
};
constexpr size_t kSymptomClassCount = 10;

// The names used in packs and in every output.
constexpr std::array<std::string_view, kSymptomClassCount> kSymptomClassNames = {
    "crash",   "resource", "self_error", "saturation", "5xx",
    "refused", "timeout",  "dep_error",  "silence",    "other"};

constexpr std::string_view SymptomClassName(SymptomClass cls) {
  return kSymptomClassNames[static_cast<size_t>(cls)];
}
// True for symptoms about a dependency: refused, timeout, dep_error. Only these may name a target.
constexpr bool IsDependencyClass(SymptomClass cls) {
  return cls == SymptomClass::kRefused || cls == SymptomClass::kTimeout ||
         cls == SymptomClass::kDepError;
}

enum class Severity : uint8_t { kInfo, kWarning, kError, kCritical };
constexpr std::array<std::string_view, 4> kSeverityNames = {"info", "warning", "error", "critical"};
constexpr std::string_view SeverityName(Severity s) {
  return kSeverityNames[static_cast<size_t>(s)];
}

enum class Level : uint8_t { kUnknown, kTrace, kDebug, kInfo, kNotice, kWarn, kError, kFatal };
constexpr std::array<std::string_view, 8> kLevelNames = {"unknown", "trace", "debug", "info",
                                                         "notice",  "warn",  "error", "fatal"};
constexpr std::string_view LevelName(Level l) { return kLevelNames[static_cast<size_t>(l)]; }

}  // namespace culprit

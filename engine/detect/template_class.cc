#include "engine/detect/template_class.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace culprit {
namespace {

struct Word {
  std::string_view text;  // lower case
  SymptomClass cls;
};

// The first that occurs decides: what names the cause most exactly stands first.
constexpr Word kWords[] = {
    {"out of memory", SymptomClass::kResource},
    {"outofmemory", SymptomClass::kResource},
    {"oom-kill", SymptomClass::kResource},
    {"oomkill", SymptomClass::kResource},
    {"cannot allocate memory", SymptomClass::kResource},
    {"no space left", SymptomClass::kResource},
    {"disk full", SymptomClass::kResource},
    {"disk quota", SymptomClass::kResource},
    {"too many open files", SymptomClass::kResource},
    {"heap space", SymptomClass::kResource},
    {"unable to create new native thread", SymptomClass::kResource},
    {"connection refused", SymptomClass::kRefused},
    {"econnrefused", SymptomClass::kRefused},
    {"no route to host", SymptomClass::kRefused},
    {"unreachable", SymptomClass::kRefused},
    {"name or service not known", SymptomClass::kRefused},
    {"no such host", SymptomClass::kRefused},
    {"could not connect", SymptomClass::kRefused},
    {"cannot connect", SymptomClass::kRefused},
    {"unable to connect", SymptomClass::kRefused},
    {"failed to connect", SymptomClass::kRefused},
    {"refused", SymptomClass::kRefused},
    {"gateway timeout", SymptomClass::kServerError},
    {"bad gateway", SymptomClass::kServerError},
    {"service unavailable", SymptomClass::kServerError},
    {"internal server error", SymptomClass::kServerError},
    {"pool exhausted", SymptomClass::kSaturation},
    {"queue full", SymptomClass::kSaturation},
    {"queue is full", SymptomClass::kSaturation},
    {"too many connections", SymptomClass::kSaturation},
    {"too many clients", SymptomClass::kSaturation},
    {"overload", SymptomClass::kSaturation},
    {"throttl", SymptomClass::kSaturation},
    {"rate limit", SymptomClass::kSaturation},
    {"timed out", SymptomClass::kTimeout},
    {"time out", SymptomClass::kTimeout},
    {"timeout", SymptomClass::kTimeout},
    {"deadline exceeded", SymptomClass::kTimeout},
    {"connection reset", SymptomClass::kDepError},
    {"connection closed", SymptomClass::kDepError},
    {"connection lost", SymptomClass::kDepError},
    {"broken pipe", SymptomClass::kDepError},
    {"econnreset", SymptomClass::kDepError},
    {"panic", SymptomClass::kCrash},
    {"segmentation fault", SymptomClass::kCrash},
    {"segfault", SymptomClass::kCrash},
    {"core dumped", SymptomClass::kCrash},
    {"sigkill", SymptomClass::kCrash},
    {"sigsegv", SymptomClass::kCrash},
    {"crashed", SymptomClass::kCrash},
    {"was killed", SymptomClass::kCrash},
    {"exited unexpectedly", SymptomClass::kCrash},
    {"corrupt", SymptomClass::kSelfError},
    {"assertion", SymptomClass::kSelfError},
};

}  // namespace

std::optional<SymptomClass> ClassFromText(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  for (const Word& word : kWords) {
    if (lower.find(word.text) != std::string::npos) return word.cls;
  }
  return std::nullopt;
}

}  // namespace culprit

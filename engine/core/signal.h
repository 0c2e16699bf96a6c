// What the scan half hands to the reason half: signals (recognised lines) and marks (time and
// life).
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/knowledge.h"
#include "engine/core/record.h"

namespace culprit {

using Capture = std::pair<std::string, std::string>;  // group name, text

// Where a line stands: byte range of the decoded stream (after decompression, and after unwrapping
// where one JSON document holds many events). Cited by every piece of evidence; `culprit evidence`
// re-reads it.
struct Position {
  PartitionId partition = 0;
  uint64_t offset = 0;
  uint32_t length = 0;
};

struct Signal {
  SignatureIndex signature = 0;
  Position position;  // of the matching physical line
  TimeUs time = kNoTime;
  TimeOrigin time_origin = TimeOrigin::kAssumed;
  Level level = Level::kUnknown;
  std::string component;  // who shows the symptom (resolved name)
  std::string target;     // whom it accuses (resolved name), or empty
  std::string service;    // who logged it, as parsed
  std::string instance;   // host, pod, container; may be empty
  std::string line;       // the line, UTF-8, capped
  std::string message;    // only when the signature is by_template: text to mine
  std::vector<Capture> captures;
};

// Position-determined sample of a stream: time and sign of life of a line that need not match
// anything.
struct Mark {
  PartitionId partition = 0;
  TimeUs time = kNoTime;
  std::string component;  // who logged it (resolved name)
};

// Number of a word of a log that is being read. For as long as its reader lives the same number is
// the same text; a text may get a second one. kNoWord: none, the text has to do.
using WordId = uint32_t;
inline constexpr WordId kNoWord = UINT32_MAX;

// A Signal on its way into a log or out of it, without text of its own. Into: the views are of the
// caller and need not outlive the call that takes them. Out: of the reader, see PartitionReader.
// The partition is known to who reads.
using CaptureView = std::pair<std::string_view, std::string_view>;
struct SignalView {
  SignatureIndex signature = 0;
  uint64_t offset = 0;  // Position of the line
  uint32_t length = 0;
  TimeUs time = kNoTime;
  TimeOrigin time_origin = TimeOrigin::kAssumed;
  Level level = Level::kUnknown;
  std::string_view component, target, service, instance, line, message;
  std::span<const CaptureView> captures;
  // Out of a log only: of component, target, service and instance.
  WordId component_word = kNoWord, target_word = kNoWord;
  WordId service_word = kNoWord, instance_word = kNoWord;
};

struct MarkView {
  TimeUs time = kNoTime;
  std::string_view component;
  WordId component_word = kNoWord;  // out of a log only
};

// `captures` holds what the view's captures point to.
SignalView ViewOf(const Signal& signal, std::vector<CaptureView>* captures);
inline MarkView ViewOf(const Mark& mark) { return {mark.time, mark.component, kNoWord}; }
// The partition is 0.
Signal CopyOf(const SignalView& view);
inline Mark CopyOf(const MarkView& view) { return {0, view.time, std::string(view.component)}; }

}  // namespace culprit

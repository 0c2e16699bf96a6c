// Every drop, truncation and repair has a reason from this fixed set, and is counted.
// A Counters object belongs to one thread; Add() merges them at the end.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace culprit {

enum class Reason : uint8_t {
  kLineTruncated,     // line longer than max_line_bytes: matched on its head only
  kRecordTruncated,   // multi-line record longer than the bounds: tail left out
  kInvalidUtf8,       // parsed line (hit or sampled) with bytes that are not UTF-8: shown as U+FFFD
  kTimeInherited,     // parsed line without a time of its own: time of the record before it
  kTimeAssumed,       // parsed line in a stream where no time was found
  kLate,              // event time behind its partition's watermark: not used
  kTimeJump,          // event time far ahead of its partition: does not move the watermark alone
  kWeakSuppressed,    // weak signature on a line that a stronger one recognised
  kWhereFailed,       // regex matched, condition on service or level did not
  kOutsideRange,      // outside --since/--until
  kKeyOverflow,       // burst keys above the bound: folded into (signature, "*")
  kTemplateOverflow,  // distinct unknown templates above the bound: not mined
  kEvidenceTruncated,  // evidence line cut at its bound
  kUnreadableInput,    // file or archive member could not be read to its end
  kBinaryInput,        // stream looked binary and was skipped
  kDuplicateInRecord,  // same signature again in one record (stack trace): counted once
  kStateEvicted,       // bound of the reason half reached: component, burst or old incident let go
  kControlMessage,     // CloudWatch's own message to its subscriber: left out
  kEventTooLong,       // event of a JSON envelope above 1 MiB: passed on as it stands
  kSignatureGone,      // restored state of a signature that the packs no longer have: let go
  kUnreadLost,         // tailed file truncated or deleted before it was read to its end
  kDatagramDropped,    // UDP that came while the sink or the kernel's buffer was full
  kCount
};

constexpr size_t kReasonCount = static_cast<size_t>(Reason::kCount);

// snake_case, stable: used in metrics and JSON output.
constexpr std::string_view ReasonName(Reason reason) {
  constexpr std::array<std::string_view, kReasonCount> kNames = {
      "line_truncated",      "record_truncated", "invalid_utf8",
      "time_inherited",      "time_assumed",     "late",
      "time_jump",           "weak_suppressed",  "where_failed",
      "outside_range",       "key_overflow",     "template_overflow",
      "evidence_truncated",  "unreadable_input", "binary_input",
      "duplicate_in_record", "state_evicted",    "control_message",
      "event_too_long",      "signature_gone",   "unread_lost",
      "datagram_dropped"};
  return kNames[static_cast<size_t>(reason)];
}

class Counters {
 public:
  void Count(Reason reason, uint64_t n = 1) { counts_[static_cast<size_t>(reason)] += n; }
  uint64_t Get(Reason reason) const { return counts_[static_cast<size_t>(reason)]; }
  void Add(const Counters& other) {
    for (size_t i = 0; i < kReasonCount; ++i) counts_[i] += other.counts_[i];
  }

 private:
  std::array<uint64_t, kReasonCount> counts_{};
};

}  // namespace culprit

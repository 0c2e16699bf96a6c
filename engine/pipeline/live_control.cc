#include "engine/pipeline/live_control.h"

#include "engine/base/checkpoint.h"
#include "engine/base/status.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "control";
constexpr uint32_t kVersion = 1;

}  // namespace

std::string EncodeControl(const std::vector<ControlEntry>& entries) {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) {
    ar.Varint(entries.size());
    for (const ControlEntry& e : entries)
      ar(Choice(e.kind, ControlKind::kLast), e.partition, e.time, e.text);
  });
}

absl::StatusOr<std::vector<ControlEntry>> DecodeControl(std::string_view bytes) {
  std::vector<ControlEntry> entries;
  CULPRIT_RETURN_IF_ERROR(ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) {
    for (size_t n = ar.Count(); n > 0; --n) {
      ControlEntry& e = entries.emplace_back();
      ar(Choice(e.kind, ControlKind::kLast), e.partition, e.time, e.text);
    }
  }));
  return entries;
}

}  // namespace culprit

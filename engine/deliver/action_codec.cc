#include "engine/deliver/action_codec.h"

#include "engine/base/checkpoint.h"
#include "engine/base/status.h"
#include "engine/deliver/spec_archive.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "action";
constexpr uint32_t kVersion = 1;

template <typename Archive, typename Action>
void Fields(Archive& ar, Action& a) {
  ar(Choice(a.kind, OperatorAction::Kind::kLast), a.id, a.incident, a.author, a.text, a.into,
     a.silence);
}

}  // namespace

std::string EncodeAction(const OperatorAction& action) {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) { Fields(ar, action); });
}

absl::StatusOr<OperatorAction> DecodeAction(std::string_view bytes) {
  OperatorAction action;
  CULPRIT_RETURN_IF_ERROR(
      ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) { Fields(ar, action); }));
  return action;
}

}  // namespace culprit

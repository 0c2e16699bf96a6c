// Planner: what people do.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/deliver/planner.h"

namespace culprit {
namespace {

constexpr size_t kMaxDone = 1000;  // actions that are known by their id should they come again

}  // namespace

absl::Status Planner::Act(const OperatorAction& action, TimeUs now) {
  PassTime(now);
  if (!action.id.empty() && std::find(done_.begin(), done_.end(), action.id) != done_.end())
    return absl::OkStatus();
  CULPRIT_RETURN_IF_ERROR(Do(action));
  if (!action.id.empty()) done_.push_back(action.id);
  if (done_.size() > kMaxDone) done_.pop_front();
  PassTime(now);  // what this made due
  return absl::OkStatus();
}

absl::Status Planner::Do(const OperatorAction& action) {
  using Kind = OperatorAction::Kind;
  if (action.kind == Kind::kSilence) {
    if (action.silence.id.empty() || action.silence.matchers.empty())
      return absl::InvalidArgumentError("a silence needs an id and at least one matcher");
    CULPRIT_ASSIGN_OR_RETURN(CompiledMatchers matchers,
                             CompiledMatchers::Make(action.silence.matchers));
    Silence silence{action.silence, std::move(matchers), false};
    if (silence.spec.start == kNoTime) silence.spec.start = now_;
    if (silence.spec.author.empty()) silence.spec.author = action.author;
    if (silence.spec.end <= now_ || silence.spec.end <= silence.spec.start)
      return absl::InvalidArgumentError("the silence ends before it begins");
    std::erase_if(silences_, [&](const Silence& s) { return s.spec.id == silence.spec.id; });
    silences_.push_back(std::move(silence));
    return absl::OkStatus();
  }
  if (action.kind == Kind::kExpireSilence) {
    for (Silence& s : silences_) {
      if (s.spec.id != action.text || s.spec.end <= now_) continue;
      s.spec.end = now_;
      return absl::OkStatus();
    }
    return absl::NotFoundError(absl::StrCat("no silence '", action.text, "' is active"));
  }
  Known* k = Find(action.incident);
  if (k == nullptr) return absl::NotFoundError(absl::StrCat("no incident ", action.incident));
  const LifeState from = k->life.state;
  const bool is_over = IsOver(from);
  if (is_over && action.kind != Kind::kNote && action.kind != Kind::kAssign)
    return absl::FailedPreconditionError(
        absl::StrCat(action.incident, " is ", ToAbsl(LifeStateName(from)), " already"));
  if ((action.kind == Kind::kNote || action.kind == Kind::kAssign) && action.text.empty())
    return absl::InvalidArgumentError("there is no text");
  k->touched = now_;
  switch (action.kind) {
    case Kind::kAcknowledge:
      // By the same person again: nothing new.
      if (k->life.acknowledged && k->owner == action.author) return absl::OkStatus();
      k->owner = action.author;
      if (!action.text.empty()) k->notes.push_back({now_, action.author, action.text});
      Happen(k, LifeEvent::kAcknowledged, action.author, action.text);
      break;
    case Kind::kResolve:
      k->by_hand = true;
      Happen(k, LifeEvent::kResolved, action.author, action.text);
      break;
    case Kind::kNote:
      k->notes.push_back({now_, action.author, action.text});
      Happen(k, LifeEvent::kNote, action.author, action.text);
      break;
    case Kind::kAssign:
      k->owner = action.text;
      Happen(k, LifeEvent::kNote, action.author, absl::StrCat("owner: ", action.text));
      break;
    case Kind::kMerge:
      if (action.into == action.incident || Find(action.into) == nullptr)
        return absl::InvalidArgumentError(
            absl::StrCat("cannot be merged into '", action.into, "': no such other incident"));
      k->now.incident.merged_into = action.into;
      Happen(k, LifeEvent::kMerged, action.author, absl::StrCat("part of ", action.into));
      break;
    case Kind::kSilence:
    case Kind::kExpireSilence:
      break;
  }
  Shrink(k);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Planner::Preview(
    const std::vector<LabelMatcher>& matchers) const {
  CULPRIT_ASSIGN_OR_RETURN(const CompiledMatchers compiled, CompiledMatchers::Make(matchers));
  std::vector<std::string> out;
  for (const auto& [id, k] : known_)
    if (!IsOver(k.life.state) && compiled.Match(LabelsFor(k.now.incident))) out.push_back(id);
  return out;
}

std::vector<SilenceSpec> Planner::Silences(TimeUs now) const {
  std::vector<SilenceSpec> out;
  for (const Silence& s : silences_)
    if (s.spec.end > now) out.push_back(s.spec);
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.start < b.start; });
  return out;
}

}  // namespace culprit

// Daemon: what people do and ask while it runs.
#include <chrono>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/cmd/daemon.h"
#include "engine/deliver/action_codec.h"
#include "engine/deliver/routing_codec.h"

namespace culprit {
namespace {

constexpr std::chrono::seconds kPatience(10);

absl::Status Await(std::future<absl::Status> done, const char* late) {
  if (done.wait_for(kPatience) != std::future_status::ready)
    return absl::DeadlineExceededError(absl::StrCat("not within ", kPatience.count(), " s", late));
  return done.get();
}

}  // namespace

void Daemon::ServePeople(ServeBackend* backend) {
  backend->act = [this](const OperatorAction& action) { return Act(action); };
  backend->silences = [this] { return reasoning_->silences(); };
  backend->preview = [this](const std::vector<LabelMatcher>& matchers) {
    return Preview(matchers);
  };
  backend->drill = [this](const std::vector<std::string>& sinks) {
    DeliverConfig deliver;
    {
      const std::lock_guard lock(told_mutex_);
      deliver = deliver_;
    }
    return delivery_->Drill(sinks, deliver);
  };
  backend->destinations = [this] { return delivery_->status(); };
  backend->journal = [this](const std::string& id) { return store_->Journal(id); };
}

absl::Status Daemon::Act(OperatorAction action) {
  if (action.id.empty()) action.id = absl::StrCat("run:", WallNow(), ":", ++actions_);
  std::future<absl::Status> done = reasoning_->Expect(action.id);
  pipeline_->Act(EncodeAction(action));
  return Await(std::move(done), "; it may still happen");
}

absl::StatusOr<std::vector<std::string>> Daemon::Preview(
    const std::vector<LabelMatcher>& matchers) {
  using Answer = absl::StatusOr<std::vector<std::string>>;
  auto answer = std::make_shared<Answer>();  // outlives whoever loses patience
  CULPRIT_RETURN_IF_ERROR(Await(reasoning_->Ask([answer, matchers](const LiveReasoner& reasoner) {
    *answer = reasoner.planner().Preview(matchers);
  }),
                                ": there is much to reason about"));
  return *answer;
}

// Other routes between the sinks that there are.
absl::Status Daemon::ReloadRouting(const LiveConfig& config) {
  for (const SinkConfig& sink : config.sinks) {
    bool open = false;
    for (const SinkConfig& own : config_.sinks)
      open = open || SinkName(own.config) == SinkName(sink.config);
    if (!open)
      return absl::InvalidArgumentError(absl::StrCat(sink.where.file, ":", sink.where.line,
                                                     ": sink ", SinkName(sink.config),
                                                     " is new: it is opened at the next start"));
  }
  CULPRIT_RETURN_IF_ERROR(Planner::Make(config.deliver).status());
  pipeline_->Route(EncodeRouting(config.deliver));
  const std::lock_guard lock(told_mutex_);
  deliver_ = config.deliver;
  return absl::OkStatus();
}

}  // namespace culprit

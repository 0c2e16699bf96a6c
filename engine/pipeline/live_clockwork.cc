#include "engine/pipeline/live_clockwork.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr DurationUs kSayEvery = 10 * kSecondUs;

std::string Line(TimeUs now, std::string_view level, const SourceHealth& health,
                 const std::string& source, DurationUs for_us) {
  return absl::StrCat(
      absl::FormatTime(absl::RFC3339_full, absl::FromUnixMicros(now), absl::UTCTimeZone()), " ",
      ToAbsl(level), " culprit: source ", source, " is ", ToAbsl(SourceStateName(health.state)),
      " since ", for_us / kSecondUs, " s: ", health.detail, "\n");
}

}  // namespace

int64_t SteadyNow() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

TimeUs WallNow() { return absl::ToUnixMicros(absl::Now()); }

LiveClockwork::LiveClockwork(const LivePipelineOptions& options, std::vector<LiveSource*> sources,
                             Actions actions)
    : options_(options),
      sources_(std::move(sources)),
      actions_(std::move(actions)),
      started_(SteadyNow()) {}

void LiveClockwork::LookAtSources(int64_t now) {
  for (const LiveSource* source : sources_) {
    const SourceHealth health = source->health();
    const auto [it, added] = seen_.try_emplace(source->name());
    Seen& seen = it->second;
    if (added || seen.state != health.state) seen = {.state = health.state, .since = now};
    const bool dead = health.state == SourceState::kFailing;
    if (!dead && health.state != SourceState::kLagging) continue;
    const DurationUs lasts = now - seen.since;
    if (lasts < options_.source_dead_after || (seen.said != 0 && now - seen.said < kSayEvery))
      continue;
    seen.said = now;
    actions_.say(Line(options_.clock(), dead ? "ERROR" : "WARN", health, source->name(), lasts));
  }
}

// More lines are at hand than were read.
bool LiveClockwork::Behind(const std::string& source) const {
  const auto it = seen_.find(source);
  return it != seen_.end() &&
         (it->second.state == SourceState::kStarting || it->second.state == SourceState::kLagging ||
          it->second.state == SourceState::kPaused);
}

// A source that cannot read, or is behind, may still have lines of the past for us.
DurationUs LiveClockwork::IdleAfter(const std::string& source) const {
  const auto it = seen_.find(source);
  const bool failing = it != seen_.end() && it->second.state == SourceState::kFailing;
  const auto own = options_.idle_after_by_source.find(source);
  const DurationUs well =
      own != options_.idle_after_by_source.end() ? own->second : options_.idle_after;
  return failing || Behind(source) ? std::max(well, options_.outage_idle_after) : well;
}

void LiveClockwork::Settle(const std::vector<std::shared_ptr<StreamSlot>>& slots, int64_t now,
                           std::vector<ControlEntry>* controls) {
  if (slots.size() != streams_) streams_since_ = now;
  streams_ = slots.size();
  const bool starting = std::any_of(seen_.begin(), seen_.end(), [](const auto& s) {
    return s.second.state == SourceState::kStarting;
  });
  const DurationUs since = now - started_;
  if (since < options_.settle_max &&
      (starting || since < options_.settle_min || now - streams_since_ < options_.settle_min / 2))
    return;
  settled_ = true;
  controls->push_back({.kind = ControlKind::kRelease});
}

void LiveClockwork::Tick(const std::vector<std::shared_ptr<StreamSlot>>& slots, bool wants_ticks,
                         std::vector<ControlEntry>* controls) {
  const int64_t now = SteadyNow();
  LookAtSources(now);
  if (!settled_) Settle(slots, now, controls);
  size_t idle = 0, awake = 0;
  for (const auto& slot : slots) {
    const int64_t silent = now - slot->last_push;
    if (slot->holds && silent >= options_.flush_after && slot->in_flight == 0 &&
        !Behind(slot->stream->source) && !slot->flush_posted.exchange(true))
      actions_.flush(slot);
    if (slot->passive || slot->ended) continue;
    if (!slot->idle && slot->added && slot->in_flight == 0 && !slot->flush_posted &&
        silent >= IdleAfter(slot->stream->source)) {
      slot->idle = true;
      controls->push_back({.kind = ControlKind::kIdle, .partition = slot->id});
    }
    ++(slot->idle ? idle : awake);
  }
  idle_ = idle;
  if (!settled_ || !wants_ticks || awake > 0 || now - ticked_ < options_.tick_period) return;
  ticked_ = now;
  controls->push_back({.kind = ControlKind::kTick, .time = options_.clock()});
}

}  // namespace culprit

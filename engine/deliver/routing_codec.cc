#include "engine/deliver/routing_codec.h"

#include "engine/base/checkpoint.h"
#include "engine/base/status.h"
#include "engine/deliver/spec_archive.h"

namespace culprit {

// NOLINTBEGIN(readability-identifier-naming): cereal's names
template <typename Archive>
void serialize(Archive& ar, Contact& c) {
  ar(c.name, c.address);
}
template <typename Archive>
void serialize(Archive& ar, MuteTime& t) {
  ar(t.name, t.zone, t.days, t.begin_minutes, t.end_minutes);
}
template <typename Archive>
void serialize(Archive& ar, EscalationStep& s) {
  ar(s.after, s.contact, s.sinks);
}
template <typename Archive>
void serialize(Archive& ar, Team& t) {
  ar(t.name, t.components, t.contacts, t.escalation);
}
struct Severities {
  std::vector<Severity>& all;
};
inline void save(CheckpointWriter& ar, const Severities& s) {
  ar.Varint(s.all.size());
  for (const Severity& severity : s.all) ar(Choice(severity, Severity::kCritical));
}
inline void load(CheckpointReader& ar, Severities& s) {
  s.all.clear();
  for (size_t n = ar.Count(); n > 0; --n) ar(Choice(s.all.emplace_back(), Severity::kCritical));
}
template <typename Archive>
void serialize(Archive& ar, Route& r) {
  ar(Severities{r.match.severities}, r.match.components, r.match.teams, r.match.packs,
     r.match.labels, r.sinks, r.team, r.go_on, r.group_wait, r.group_interval, r.repeat_interval,
     r.digest_interval, r.mute_times);
}
template <typename Archive>
void serialize(Archive& ar, MaintenanceWindow& w) {
  ar(w.name, w.components, Time(w.start), Time(w.end), w.during);
}
// NOLINTEND(readability-identifier-naming)

namespace {

constexpr std::string_view kKind = "routing";
constexpr uint32_t kVersion = 1;

template <typename Archive, typename Config>
void Fields(Archive& ar, Config& c) {
  ar(c.routes, c.teams, c.mute_times, c.silences, c.maintenance, c.labels, c.url);
}

}  // namespace

std::string EncodeRouting(const DeliverConfig& config) {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) { Fields(ar, config); });
}

absl::StatusOr<DeliverConfig> DecodeRouting(std::string_view bytes) {
  DeliverConfig config;
  CULPRIT_RETURN_IF_ERROR(
      ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) { Fields(ar, config); }));
  return config;
}

}  // namespace culprit

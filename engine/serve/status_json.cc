#include "engine/serve/status_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/serve/operations_json.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

Json Time(TimeUs time) { return time == kNoTime ? Json() : Json(FormatTime(time)); }
Json Seconds(TimeUs from, TimeUs to) {
  if (from == kNoTime || to == kNoTime) return {};
  return static_cast<double>((to - from) / 1000) / 1000;
}
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json Of(const Counters& counters) {
  Json out = Json::object();
  for (size_t i = 0; i < kReasonCount; ++i)
    if (const uint64_t n = counters.Get(static_cast<Reason>(i)); n > 0)
      out[std::string(ReasonName(static_cast<Reason>(i)))] = n;
  return out;
}

Json Of(const SourceStats& source) {
  const SourceHealth& health = source.health;
  Json counts = Json::object();
  for (const auto& [name, n] : health.counts) counts[name] = n;
  return {{"name", source.name},
          {"state", SourceStateName(health.state)},
          {"detail", health.detail},
          {"streams", health.streams},
          {"lag", health.lag < 0 ? Json() : Json(health.lag)},
          {"lag_unit", health.lag_unit},
          {"bytes", source.bytes},
          {"lines", source.lines},
          {"signals", source.signals},
          {"dead_letters", source.dead_letters},
          {"records_read", health.records},
          {"bytes_read", health.bytes},
          {"dropped", health.dropped},
          {"last_data", Time(health.last_data)},
          {"newest", Time(source.newest)},
          {"counts", counts}};
}

Json Of(const std::vector<Trouble>& troubles, bool blocking) {
  Json out = Json::array();
  for (const Trouble& trouble : troubles) {
    if (trouble.blocking != blocking) continue;
    Json entry = {{"what", trouble.what}};
    if (!trouble.name.empty()) entry["name"] = trouble.name;
    entry["detail"] = trouble.detail;
    out.push_back(std::move(entry));
  }
  return out;
}

Json Sources(const PipelineStats& stats) {
  Json out = Json::array();
  for (const SourceStats& source : stats.sources) out.push_back(Of(source));
  return out;
}

Json Hottest(const PipelineStats& stats, size_t top) {
  std::vector<std::pair<std::string, uint64_t>> hits(stats.signature_hits.begin(),
                                                     stats.signature_hits.end());
  std::stable_sort(hits.begin(), hits.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (hits.size() > top) hits.resize(top);
  Json out = Json::array();
  for (const auto& [id, n] : hits) out.push_back({{"id", id}, {"hits", n}});
  return out;
}

}  // namespace

std::vector<Trouble> Troubles(const PipelineStats& stats, const ReloadState& reload) {
  std::vector<Trouble> out;
  if (!stats.ready) out.push_back({"state", "", stats.not_ready, true});
  if (!reload.ok) out.push_back({"config", "", reload.error, false});
  size_t failing = 0;
  for (const SourceStats& source : stats.sources)
    failing += source.health.state == SourceState::kFailing ? 1 : 0;
  for (const SourceStats& source : stats.sources)
    if (source.health.state == SourceState::kFailing)
      out.push_back({"source", source.name, source.health.detail, failing == stats.sources.size()});
  // Logs are taken in and reasoned about all the same; the others are told.
  for (const DestinationStatus& sink : stats.destinations)
    if (IsTrouble(sink.state))
      out.push_back({"sink", sink.name,
                     std::string(DestinationStateName(sink.state)) + ": " + sink.error, false});
  return out;
}

bool IsReady(const std::vector<Trouble>& troubles) {
  return std::none_of(troubles.begin(), troubles.end(),
                      [](const Trouble& trouble) { return trouble.blocking; });
}

std::string ReadyJson(const std::vector<Trouble>& troubles) {
  return Text({{"ready", IsReady(troubles)},
               {"reasons", Of(troubles, true)},
               {"warnings", Of(troubles, false)}});
}

std::string StatusJson(const PipelineStats& stats, const ReloadState& reload,
                       const std::string& version, size_t top) {
  const std::vector<Trouble> troubles = Troubles(stats, reload);
  return Text({{"version", version},
               {"now", Time(stats.now)},
               {"started", Time(stats.started)},
               {"uptime_seconds", Seconds(stats.started, stats.now)},
               {"ready", IsReady(troubles)},
               {"reasons", Of(troubles, true)},
               {"warnings", Of(troubles, false)},
               {"bytes", stats.bytes},
               {"lines", stats.lines},
               {"signals", stats.signals},
               {"dead_letters", stats.dead_letters},
               {"streams", stats.streams},
               {"idle_streams", stats.idle_streams},
               {"queue_bytes", stats.queue_bytes},
               {"queue_limit_bytes", stats.queue_limit},
               {"commits", stats.commits},
               {"failed_commits", stats.failed_commits},
               {"commit_us", stats.commit_us},
               {"log_seq", stats.log_seq},
               {"reasoned_seq", stats.reasoned_seq},
               {"watermark", Time(stats.watermark)},
               {"newest", Time(stats.newest)},
               {"watermark_delay_seconds", Seconds(stats.watermark, stats.newest)},
               {"event_delay_seconds", Seconds(stats.newest, stats.now)},
               {"bursts", stats.bursts},
               {"open_incidents", stats.open_incidents},
               {"checkpoints", stats.checkpoints},
               {"checkpoint_bytes", stats.checkpoint_bytes},
               {"checkpoint_us", stats.checkpoint_us},
               {"scan_reasons", Of(stats.scan_reasons)},
               {"reason_reasons", Of(stats.reason_reasons)},
               {"reload",
                {{"ok", reload.ok},
                 {"at", Time(reload.at)},
                 {"error", reload.error},
                 {"needs_restart", reload.needs_restart}}},
               {"signatures", Hottest(stats, top)},
               {"sources", Sources(stats)},
               {"destinations", DestinationsJson(stats.destinations)["destinations"]}});
}

std::string SourcesJson(const PipelineStats& stats) { return Text({{"sources", Sources(stats)}}); }

}  // namespace culprit

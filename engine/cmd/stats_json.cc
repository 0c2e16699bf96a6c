#include "engine/cmd/stats_json.h"

#include <nlohmann/json.hpp>

#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

Json Time(TimeUs time) { return time == kNoTime ? Json(nullptr) : Json(FormatTime(time)); }

Json Of(const Counters& counters) {
  Json out = Json::object();
  for (size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (counters.Get(reason) > 0) out[std::string(ReasonName(reason))] = counters.Get(reason);
  }
  return out;
}

Json Of(const SourceStats& s) {
  return {{"name", s.name},
          {"state", SourceStateName(s.health.state)},
          {"detail", s.health.detail},
          {"streams", s.health.streams},
          {"lag", s.health.lag},
          {"lag_unit", s.health.lag_unit},
          {"dropped", s.health.dropped},
          {"last_data", Time(s.health.last_data)},
          {"bytes", s.bytes},
          {"lines", s.lines},
          {"signals", s.signals},
          {"dead_letters", s.dead_letters},
          {"newest", Time(s.newest)}};
}

}  // namespace

std::string StatsJson(const PipelineStats& s) {
  Json out = {{"now", Time(s.now)},
              {"started", Time(s.started)},
              {"ready", s.ready},
              {"not_ready", s.not_ready},
              {"bytes", s.bytes},
              {"lines", s.lines},
              {"signals", s.signals},
              {"dead_letters", s.dead_letters},
              {"streams", s.streams},
              {"idle_streams", s.idle_streams},
              {"queue_bytes", s.queue_bytes},
              {"queue_limit", s.queue_limit},
              {"commits", s.commits},
              {"failed_commits", s.failed_commits},
              {"commit_us", s.commit_us},
              {"log_seq", s.log_seq},
              {"reasoned_seq", s.reasoned_seq},
              {"watermark", Time(s.watermark)},
              {"newest", Time(s.newest)},
              {"bursts", s.bursts},
              {"open_incidents", s.open_incidents},
              {"checkpoints", s.checkpoints},
              {"checkpoint_bytes", s.checkpoint_bytes},
              {"checkpoint_us", s.checkpoint_us},
              {"scan_reasons", Of(s.scan_reasons)},
              {"reason_reasons", Of(s.reason_reasons)},
              {"signatures", s.signature_hits}};
  out["sources"] = Json::array();
  for (const SourceStats& source : s.sources) out["sources"].push_back(Of(source));
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace culprit

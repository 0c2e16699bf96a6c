#include "engine/pipeline/tellable.h"

#include <map>
#include <utility>

#include "sinks/render/render.h"

namespace culprit {

TellableIncident MakeTellable(Incident incident,
                              const std::function<std::string(PartitionId)>& name_of) {
  TellableIncident out;
  std::map<PartitionId, PartitionId> places;
  for (Evidence& e : incident.evidence) {
    const auto [it, added] =
        places.try_emplace(e.position.partition, static_cast<PartitionId>(places.size()));
    if (added) out.streams.push_back(name_of(e.position.partition));
    e.position.partition = it->second;
  }
  out.incident = std::move(incident);
  return out;
}

std::string TellableJson(const TellableIncident& tellable) {
  Report report;
  for (const std::string& name : tellable.streams) report.streams.push_back({.name = name});
  return RenderIncidentJson(tellable.incident, report);
}

IncidentCodec TellableCodec() {
  return {.encode = TellableJson,
          .decode = [](std::string_view text) -> std::optional<TellableIncident> {
            Report report;
            if (!ReadIncidentJson(text, &report).ok()) return std::nullopt;
            TellableIncident out;
            out.incident = std::move(report.incidents.front());
            for (ReportStream& stream : report.streams)
              out.streams.push_back(std::move(stream.name));
            return out;
          }};
}

}  // namespace culprit

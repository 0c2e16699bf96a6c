// culprit sink: the sinks of a configuration: which there are, how they are in a running culprit,
// one message through each, a message as it would be sent.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/incident_id.h"
#include "engine/cmd/receipts.h"
#include "engine/cmd/remote.h"
#include "engine/cmd/sample_messages.h"
#include "engine/state/sqlite_store.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<LiveConfig> Load(const SinkFlags& flags) {
  return LoadLiveConfig(flags.config, ProcessEnvironment());
}

// NotFound: names those there are.
absl::StatusOr<std::unique_ptr<Sink>> Make(const LiveConfig& config, const std::string& name) {
  std::vector<std::string> names;
  for (const SinkConfig& sink : config.sinks) {
    names.push_back(SinkName(sink.config));
    if (names.back() == name) return MakeSink(sink.config);
  }
  return absl::NotFoundError(absl::StrCat(
      "no sink '", name, "' in ", config.file,
      "; there are: ", names.empty() ? std::string("none") : absl::StrJoin(names, ", ")));
}

int List(const SinkFlags& flags, const LiveConfig& config) {
  Json out = Json::array();
  for (const SinkConfig& sink : config.sinks) {
    const absl::StatusOr<std::unique_ptr<Sink>> made = MakeSink(sink.config);
    if (!made.ok()) {
      PrintError(
          absl::StrCat(sink.where.file, ":", sink.where.line, ": ", made.status().message()));
      return kExitConfig;
    }
    out.push_back({{"name", SinkName(sink.config)},
                   {"type", (*made)->type()},
                   {"file", sink.where.file},
                   {"line", sink.where.line}});
  }
  if (flags.format == "json") {
    printf("%s\n", Json{{"sinks", out}}.dump(2).c_str());
    return kExitFine;
  }
  if (out.empty()) printf("No sinks in %s.\n", config.file.c_str());
  for (const Json& sink : out)
    printf("%-16s %-14s %s:%d\n", sink["name"].get<std::string>().c_str(),
           sink["type"].get<std::string>().c_str(), sink["file"].get<std::string>().c_str(),
           sink["line"].get<int>());
  return kExitFine;
}

absl::Status Status(const SinkFlags& flags) {
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Remote> remote, Remote::Make(flags.remote));
  CULPRIT_ASSIGN_OR_RETURN(const Json answer, remote->Get("/api/v1/destinations"));
  if (flags.format == "json") {
    printf("%s\n", answer.dump(2).c_str());
    return absl::OkStatus();
  }
  printf("%-16s %-12s %-12s %10s %8s %8s  %s\n", "NAME", "TYPE", "STATE", "DELIVERED", "FAILED",
         "REFUSED", "LAST ERROR");
  for (const Json& d : answer.value("destinations", Json::array()))
    printf("%-16s %-12s %-12s %10llu %8llu %8llu  %s\n", ForTerminal(d.value("name", "")).c_str(),
           ForTerminal(d.value("type", "")).c_str(), ForTerminal(d.value("state", "")).c_str(),
           d.value("delivered", 0ULL), d.value("failed", 0ULL), d.value("rejected", 0ULL),
           ForTerminal(d.value("error", "")).c_str());
  return absl::OkStatus();
}

int Test(const SinkFlags& flags, const LiveConfig& config) {
  bool failed = false;
  Json out = Json::array();
  std::vector<std::pair<std::string, std::unique_ptr<Sink>>> sinks;
  for (const std::string& name : flags.names) {
    absl::StatusOr<std::unique_ptr<Sink>> sink = Make(config, name);
    if (!sink.ok()) {
      PrintError(std::string(sink.status().message()));
      return absl::IsNotFound(sink.status()) ? kExitUsage : kExitConfig;
    }
    sinks.emplace_back(name, *std::move(sink));
  }
  for (const auto& [name, sink] : sinks) {
    for (const auto& [step, result] : DeliverTest(sink.get(), name, config.deliver)) {
      const std::string event(NotifyEventName(step));
      const std::string outcome(DeliveryOutcomeName(result.outcome));
      if (flags.format == "json")
        out.push_back({{"destination", name},
                       {"event", event},
                       {"outcome", outcome},
                       {"reason", result.reason},
                       {"detail", result.detail},
                       {"error", result.error}});
      else
        PrintReceipt(name, event, outcome, result.detail, result.error);
      failed = failed || result.outcome != DeliveryOutcome::kDelivered;
    }
  }
  if (flags.format == "json") printf("%s\n", Json{{"receipts", out}}.dump(2).c_str());
  return failed ? kExitFinding : kExitFine;
}

absl::StatusOr<TellableIncident> Chosen(const SinkFlags& flags, const LiveConfig& config) {
  if (flags.incident.empty() || flags.incident == "sample") return SampleIncident();
  const std::string directory = flags.state.empty() ? config.state.directory : flags.state;
  CULPRIT_ASSIGN_OR_RETURN(
      const std::unique_ptr<LiveStore> store,
      OpenSqliteStore({.directory = directory, .mode = StoreMode::kRead}, nullptr));
  CULPRIT_ASSIGN_OR_RETURN(const IncidentRow row, FindIncident(store.get(), flags.incident));
  Report report;
  CULPRIT_RETURN_IF_ERROR(ReadIncidentJson(row.json, &report));
  TellableIncident out{report.incidents.front(), {}};
  for (const ReportStream& stream : report.streams) out.streams.push_back(stream.name);
  return out;
}

int Render(const SinkFlags& flags, const LiveConfig& config) {
  const std::string& name = flags.name;
  const absl::StatusOr<std::unique_ptr<Sink>> sink = Make(config, name);
  if (!sink.ok()) {
    PrintError(std::string(sink.status().message()));
    return absl::IsNotFound(sink.status()) ? kExitUsage : kExitConfig;
  }
  const absl::StatusOr<TellableIncident> incident = Chosen(flags, config);
  if (!incident.ok()) return ReportRemote(incident.status());
  const absl::StatusOr<Notification> message =
      MessageOf(*incident, flags.event, name, config.deliver);
  if (!message.ok()) return ReportRemote(message.status());
  const std::string shown = (*sink)->Preview(*message);
  fputs(shown.c_str(), stdout);
  if (!shown.ends_with('\n')) putchar('\n');
  return kExitFine;
}

}  // namespace

int RunSink(const SinkFlags& flags) {
  if (flags.action == "status") return ReportRemote(Status(flags));
  const absl::StatusOr<LiveConfig> config = Load(flags);
  if (!config.ok()) {
    PrintError(std::string(config.status().message()));
    return kExitConfig;
  }
  if (flags.action == "list") return List(flags, *config);
  if (flags.action == "test") return Test(flags, *config);
  return Render(flags, *config);
}

}  // namespace culprit

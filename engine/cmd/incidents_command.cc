// culprit incidents: those of a running culprit, over its API; with --state those that a state
// directory holds, whether one runs on it or not.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/incident_id.h"
#include "engine/cmd/remote.h"
#include "engine/state/sqlite_store.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::unique_ptr<LiveStore>> OpenState(const IncidentsFlags& flags) {
  return OpenSqliteStore({.directory = flags.state, .mode = StoreMode::kRead}, nullptr);
}

// Incidents as JSON texts.
absl::StatusOr<std::vector<std::string>> Load(const IncidentsFlags& flags) {
  std::vector<std::string> out;
  if (!flags.state.empty()) {
    CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<LiveStore> store, OpenState(flags));
    if (flags.action == "list") {
      CULPRIT_ASSIGN_OR_RETURN(const std::vector<IncidentRow> rows,
                               store->Incidents(flags.only, flags.limit));
      for (const IncidentRow& row : rows) out.push_back(row.json);
      return out;
    }
    CULPRIT_ASSIGN_OR_RETURN(const IncidentRow row, FindIncident(store.get(), flags.id));
    return std::vector<std::string>{row.json};
  }
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Remote> remote, Remote::Make(flags.remote));
  if (flags.action == "show") {
    CULPRIT_ASSIGN_OR_RETURN(const std::string id, FindIncident(remote.get(), flags.id));
    CULPRIT_ASSIGN_OR_RETURN(const Json json,
                             remote->Get(absl::StrCat("/api/v1/incidents/", UrlEncode(id))));
    return std::vector<std::string>{json.dump()};
  }
  std::string path = absl::StrCat("/api/v1/incidents?limit=", flags.limit);
  if (!flags.only.empty()) absl::StrAppend(&path, "&state=", flags.only);
  CULPRIT_ASSIGN_OR_RETURN(const Json json, remote->Get(path));
  for (const Json& incident : json.value("incidents", Json::array()))
    out.push_back(incident.dump());
  return out;
}

void PrintList(const Report& report) {
  if (report.incidents.empty()) {
    printf("No incidents.\n");
    return;
  }
  printf("%-34s %-9s %-9s %-24s %s\n", "ID", "STATE", "SEVERITY", "SINCE", "WHAT");
  for (const Incident& incident : report.incidents)
    printf("%-34s %-9s %-9s %-24s %s\n", ForTerminal(incident.id).c_str(),
           std::string(IncidentStateName(incident.state)).c_str(),
           std::string(SeverityName(incident.severity)).c_str(), FormatTime(incident.onset).c_str(),
           ForTerminal(incident.title).c_str());
}

std::string JsonList(const std::vector<std::string>& incidents) {
  std::string out = "{\"incidents\":[";
  for (size_t i = 0; i < incidents.size(); ++i)
    absl::StrAppend(&out, i > 0 ? "," : "", incidents[i]);
  return Json::parse(out + "]}").dump(2);
}

}  // namespace

int RunIncidents(const IncidentsFlags& flags) {
  const absl::StatusOr<std::vector<std::string>> incidents = Load(flags);
  if (!incidents.ok()) {
    PrintError(std::string(incidents.status().message()));
    if (flags.state.empty() && absl::IsUnavailable(incidents.status()))
      PrintError("without a running culprit: --state DIRECTORY");
    return kExitFinding;
  }
  Report report;
  for (const std::string& incident : *incidents)
    if (const absl::Status status = ReadIncidentJson(incident, &report); !status.ok()) {
      PrintError(std::string(status.message()));
      return kExitFinding;
    }
  const bool list = flags.action == "list";
  if (flags.format == "json") {
    printf("%s\n",
           list ? JsonList(*incidents).c_str() : Json::parse(incidents->front()).dump(2).c_str());
  } else if (list) {
    PrintList(report);
  } else if (flags.format == "html") {
    fputs(RenderHtml(report).c_str(), stdout);
  } else if (flags.format == "markdown") {
    fputs(RenderMarkdown(report).c_str(), stdout);
  } else {
    const TextOptions options{.color = UseColor("auto", 1), .width = TerminalWidth(1), .all = true};
    fputs(RenderText(report, options).c_str(), stdout);
  }
  return kExitFine;
}

}  // namespace culprit

// culprit incidents ack|resolve|note|assign|merge|journal: what people do to an incident, and what
// was done to it, over the API of a running culprit.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/incident_id.h"
#include "engine/cmd/remote.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

std::string PathOf(const std::string& id, const std::string& what) {
  return absl::StrCat("/api/v1/incidents/", UrlEncode(id), "/", what);
}

absl::Status Act(const IncidentsFlags& flags) {
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Remote> remote, Remote::Make(flags.remote));
  CULPRIT_ASSIGN_OR_RETURN(const std::string id, FindIncident(remote.get(), flags.id));
  Json body = {{"author", AuthorOf(flags.author)}};
  if (flags.action == "assign") {
    body["owner"] = flags.text;
  } else if (flags.action == "merge") {
    CULPRIT_ASSIGN_OR_RETURN(body["into"], FindIncident(remote.get(), flags.into));
  } else if (!flags.text.empty()) {
    body["text"] = flags.text;
  }
  const std::string action = flags.action == "ack" ? "acknowledge" : flags.action;
  CULPRIT_ASSIGN_OR_RETURN(const Json done, remote->Change("POST", PathOf(id, action), body));
  if (flags.format == "json")
    printf("%s\n", done.dump(2).c_str());
  else
    printf("%s %s by %s\n", ForTerminal(id).c_str(),
           ForTerminal(done.value("done", "done")).c_str(),
           ForTerminal(done.value("author", "")).c_str());
  return absl::OkStatus();
}

absl::Status PrintJournal(const IncidentsFlags& flags) {
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Remote> remote, Remote::Make(flags.remote));
  CULPRIT_ASSIGN_OR_RETURN(const std::string id, FindIncident(remote.get(), flags.id));
  CULPRIT_ASSIGN_OR_RETURN(const Json answer, remote->Get(PathOf(id, "journal")));
  if (flags.format == "json") {
    printf("%s\n", answer.dump(2).c_str());
    return absl::OkStatus();
  }
  const Json rows = answer.value("journal", Json::array());
  if (rows.empty()) printf("Nothing was written down about %s.\n", ForTerminal(id).c_str());
  for (const Json& row : rows) {
    const auto text = [&](const char* name) {
      return row.contains(name) && row[name].is_string() ? ForTerminal(row[name].get<std::string>())
                                                         : std::string();
    };
    const std::string author = text("author");
    printf("%-24s  %-12s  %-12s  %s%s%s\n", text("time").c_str(), text("event").c_str(),
           text("after").c_str(), author.c_str(),
           author.empty() || text("text").empty() ? "" : ": ", text("text").c_str());
  }
  return absl::OkStatus();
}

}  // namespace

int RunIncidentAction(const IncidentsFlags& flags) { return ReportRemote(Act(flags)); }
int RunJournal(const IncidentsFlags& flags) { return ReportRemote(PrintJournal(flags)); }

}  // namespace culprit

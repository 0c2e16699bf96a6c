// culprit silence: mutes for a while, in a running culprit.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/remote.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

std::string Text(const Json& json, const char* name) {
  const auto it = json.find(name);
  return it != json.end() && it->is_string() ? ForTerminal(it->get<std::string>()) : "";
}

void PrintMuted(const Json& answer) {
  const Json incidents = answer.value("incidents", Json::array());
  if (incidents.empty()) printf("No incident that is on would be muted.\n");
  for (const Json& incident : incidents)
    printf("%-34s %-9s %s\n", Text(incident, "id").c_str(), Text(incident, "severity").c_str(),
           Text(incident, "title").c_str());
}

absl::Status Preview(Remote* remote, const SilenceFlags& flags) {
  CULPRIT_ASSIGN_OR_RETURN(const Json answer, remote->Change("POST", "/api/v1/silences/preview",
                                                             {{"matchers", flags.matchers}}));
  if (flags.format == "json")
    printf("%s\n", answer.dump(2).c_str());
  else
    PrintMuted(answer);
  return absl::OkStatus();
}

absl::Status Add(Remote* remote, const SilenceFlags& flags) {
  Json body = {{"matchers", flags.matchers}, {"author", AuthorOf(flags.author)}};
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) body[name] = value;
  };
  set("for", flags.length);
  set("start", flags.start);
  set("end", flags.end);
  set("comment", flags.comment);
  CULPRIT_ASSIGN_OR_RETURN(const Json added, remote->Change("POST", "/api/v1/silences", body));
  if (flags.format == "json") {
    printf("%s\n", added.dump(2).c_str());
    return absl::OkStatus();
  }
  printf("%s  %s to %s\n", Text(added, "id").c_str(), Text(added, "start").c_str(),
         Text(added, "end").c_str());
  // What it does now: said after the fact, so it is no error if it cannot be.
  const auto muted =
      remote->Change("POST", "/api/v1/silences/preview", {{"matchers", flags.matchers}});
  if (muted.ok()) PrintMuted(*muted);
  return absl::OkStatus();
}

absl::Status List(Remote* remote, const SilenceFlags& flags) {
  CULPRIT_ASSIGN_OR_RETURN(const Json answer, remote->Get("/api/v1/silences"));
  if (flags.format == "json") {
    printf("%s\n", answer.dump(2).c_str());
    return absl::OkStatus();
  }
  const Json silences = answer.value("silences", Json::array());
  if (silences.empty()) {
    printf("No silences.\n");
    return absl::OkStatus();
  }
  printf("%-14s %-8s %-24s %-24s %-12s %s\n", "ID", "STATE", "START", "END", "AUTHOR", "WHAT");
  for (const Json& silence : silences) {
    std::vector<std::string> matchers;
    for (const Json& matcher : silence.value("matchers", Json::array()))
      if (matcher.is_string()) matchers.push_back(ForTerminal(matcher.get<std::string>()));
    const std::string comment = Text(silence, "comment");
    printf("%-14s %-8s %-24s %-24s %-12s %s%s%s\n", Text(silence, "id").c_str(),
           Text(silence, "state").c_str(), Text(silence, "start").c_str(),
           Text(silence, "end").c_str(), Text(silence, "author").c_str(),
           absl::StrJoin(matchers, " ").c_str(), comment.empty() ? "" : "  # ", comment.c_str());
  }
  return absl::OkStatus();
}

absl::Status Expire(Remote* remote, const SilenceFlags& flags) {
  for (const std::string& id : flags.ids) {
    CULPRIT_ASSIGN_OR_RETURN(
        const Json done, remote->Change("DELETE", absl::StrCat("/api/v1/silences/", UrlEncode(id)),
                                        {{"author", AuthorOf(flags.author)}}));
    if (flags.format == "json")
      printf("%s\n", done.dump().c_str());
    else
      printf("%s expired\n", ForTerminal(id).c_str());
  }
  return absl::OkStatus();
}

}  // namespace

int RunSilence(const SilenceFlags& flags) {
  const absl::StatusOr<std::unique_ptr<Remote>> remote = Remote::Make(flags.remote);
  if (!remote.ok()) return ReportRemote(remote.status());
  if (flags.action == "add") return ReportRemote(Add(remote->get(), flags));
  if (flags.action == "list") return ReportRemote(List(remote->get(), flags));
  if (flags.action == "expire") return ReportRemote(Expire(remote->get(), flags));
  return ReportRemote(Preview(remote->get(), flags));
}

}  // namespace culprit

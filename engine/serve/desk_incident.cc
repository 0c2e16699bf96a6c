#include "engine/serve/desk_incident.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/views.h"
#include "engine/serve/operations_json.h"
#include "engine/serve/serve_files.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kOwner = "owner: ";  // a note of the planner's
constexpr size_t kShown = 200;                  // newest entries of a journal

bool IsOver(const std::string& state) { return state == "resolved" || state == "merged"; }

}  // namespace

DeskLife LifeOf(const std::vector<JournalRow>& journal) {
  DeskLife out;
  for (const JournalRow& row : journal) {
    if (row.event == "acknowledged") out.owner = row.author;
    if (row.event == "note" && row.text.starts_with(kOwner))
      out.owner = row.text.substr(kOwner.size());
    if (row.event == "reopened") out.owner.clear();
    if (row.after == out.state) continue;
    out.state = row.after;
    out.since = row.time;
    out.text = row.text;
    out.author = row.author;
  }
  return out;
}

std::string LifeHeadline(const DeskLife& life, const Incident& incident) {
  const std::string state =
      life.state.empty() ? std::string(IncidentStateName(incident.state)) : life.state;
  if (IsOver(state)) return life.author.empty() ? state : absl::StrCat(state, " by ", life.author);
  if (!life.owner.empty())
    return absl::StrCat(life.owner, " has it", state == "muted" ? ", muted" : "");
  if (state == "open" || state == "flapping") return absl::StrCat("Nobody has it, ", state);
  return state;
}

std::string DeskHead() {
  return absl::StrCat("<style>\n", ToAbsl(ServeFile("desk.css")), "</style>\n");
}

std::string DeskTail(const Incident& incident, const std::vector<JournalRow>& journal, bool acts,
                     const std::string& user) {
  const DeskLife life = LifeOf(journal);
  const std::string state =
      life.state.empty() ? std::string(IncidentStateName(incident.state)) : life.state;
  std::string detail;
  if (life.since != kNoTime) detail = absl::StrCat("since ", FormatClock(life.since), " UTC");
  if (state == "muted" && !life.text.empty()) absl::StrAppend(&detail, ": ", life.text);
  const std::vector<JournalRow> shown(
      journal.end() - static_cast<std::ptrdiff_t>(std::min(kShown, journal.size())), journal.end());
  const Json desk = {
      {"id", incident.id}, {"state", state},      {"headline", LifeHeadline(life, incident)},
      {"detail", detail},  {"owner", life.owner}, {"over", IsOver(state)},
      {"acts", acts},      {"user", user},        {"journal", JournalJson(shown)["journal"]}};
  return absl::StrCat("<script type=\"application/json\" id=\"desk\">",
                      EscapeForScript(desk.dump(-1, ' ', false, Json::error_handler_t::replace)),
                      "</script>\n<script>\n", ToAbsl(ServeFile("desk.js")), "</script>\n");
}

}  // namespace culprit

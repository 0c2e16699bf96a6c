#include "engine/cmd/incident_id.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLookedAt = 500;
constexpr size_t kNamed = 5;
constexpr std::string_view kPrefix = "INC-";

bool Names(std::string_view text, std::string_view id) {
  if (id.starts_with(text)) return true;
  if (id.starts_with(kPrefix) && id.substr(kPrefix.size()).starts_with(text)) return true;
  const size_t dash = id.rfind('-');
  return dash != std::string_view::npos && id.substr(dash + 1).starts_with(text);
}

}  // namespace

absl::StatusOr<std::string> ChooseIncident(std::string_view text,
                                           const std::vector<std::string>& ids) {
  if (std::find(ids.begin(), ids.end(), text) != ids.end()) return std::string(text);
  std::vector<std::string> found;
  for (const std::string& id : ids)
    if (!text.empty() && Names(text, id)) found.push_back(id);
  if (found.size() == 1) return found.front();
  if (found.empty())
    return absl::NotFoundError(
        absl::StrCat("no incident '", ToAbsl(text), "'; see: culprit incidents list"));
  const size_t more = found.size() > kNamed ? found.size() - kNamed : 0;
  found.resize(found.size() - more);
  return absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(text), "' may be ", absl::StrJoin(found, ", "),
                   more > 0 ? absl::StrCat(" and ", more, " more") : "", "; give more of the id"));
}

absl::StatusOr<std::string> FindIncident(Remote* remote, const std::string& text) {
  const absl::StatusOr<Json> exact =
      remote->Get(absl::StrCat("/api/v1/incidents/", UrlEncode(text)));
  if (exact.ok()) return text;
  if (!absl::IsNotFound(exact.status())) return exact.status();
  CULPRIT_ASSIGN_OR_RETURN(const Json list,
                           remote->Get(absl::StrCat("/api/v1/incidents?limit=", kLookedAt)));
  std::vector<std::string> ids;
  for (const Json& incident : list.value("incidents", Json::array()))
    ids.push_back(incident.value("id", ""));
  return ChooseIncident(text, ids);
}

absl::StatusOr<IncidentRow> FindIncident(LiveStore* store, const std::string& text) {
  CULPRIT_ASSIGN_OR_RETURN(std::optional<IncidentRow> exact, store->FindIncident(text));
  if (exact.has_value()) return *std::move(exact);
  CULPRIT_ASSIGN_OR_RETURN(const std::vector<IncidentRow> rows, store->Incidents("", kLookedAt));
  std::vector<std::string> ids;
  ids.reserve(rows.size());
  for (const IncidentRow& row : rows) ids.push_back(row.id);
  CULPRIT_ASSIGN_OR_RETURN(const std::string id, ChooseIncident(text, ids));
  return *std::find_if(rows.begin(), rows.end(), [&](const IncidentRow& r) { return r.id == id; });
}

}  // namespace culprit

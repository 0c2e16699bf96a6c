#include "engine/serve/api.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/views.h"
#include "engine/serve/desk.h"
#include "engine/serve/desk_incident.h"
#include "engine/serve/serve_files.h"
#include "engine/serve/status_json.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr size_t kIncidents = 50;  // of a list, unless asked otherwise
constexpr size_t kMostIncidents = 500;
constexpr size_t kListBytes = size_t{16} << 20;  // a longer list is cut
constexpr size_t kSignatures = 50;               // of the status
constexpr size_t kLives = 20;                    // open incidents whose owner the list names
constexpr size_t kTapWaits = 4096;               // signals
// No page loads anything from elsewhere, or may be put into a frame.
constexpr char kPageSecurity[] =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

// "/a/{id}/b" and "/a/7/b": true, and what stands for {id}.
bool Fits(std::string_view pattern, std::string_view path, std::string* id) {
  const size_t hole = pattern.find("{id}");
  if (hole == std::string_view::npos) return pattern == path;
  const std::string_view tail = pattern.substr(hole + 4);
  if (path.size() <= hole + tail.size() || !path.starts_with(pattern.substr(0, hole)) ||
      !path.ends_with(tail))
    return false;
  const std::string_view found = path.substr(hole, path.size() - hole - tail.size());
  if (found.find('/') != std::string_view::npos) return false;
  *id = std::string(found);
  return true;
}

ServeResponse JsonResponse(std::string body, int status = 200) {
  ServeResponse out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

ServeResponse PageResponse(std::string body, int status = 200) {
  ServeResponse out;
  out.status = status;
  out.type = "text/html; charset=utf-8";
  out.body = std::move(body);
  out.headers.emplace_back("Content-Security-Policy", kPageSecurity);
  return out;
}

ServeResponse TapHead(const ServeRequest& request) {
  const absl::StatusOr<TapFilter> filter = TapFilter::Make(request);
  if (!filter.ok()) return ErrorOf(filter.status());
  ServeResponse out;
  out.type = "application/x-ndjson";
  out.tap = true;
  return out;
}

ServeResponse NoIncident(const std::string& id) {
  return ErrorResponse(404, "not_found", absl::StrCat("no incident '", id, "'"));
}

}  // namespace

Api::Api(ServeBackend backend, Secret token, HookOptions hooks)
    : backend_(std::move(backend)),
      access_(std::move(token)),
      hooks_(std::move(hooks), &backend_),
      metrics_(backend_.version) {}

ServeResponse Api::Handle(const ServeRequest& request) {
  const std::optional<ServeResponse> refusal = access_.Check(request);
  // Probes of a platform carry no token: they get the status, and no details.
  if (request.path == "/-/healthy" || request.path == "/-/ready") {
    if (request.method != "GET" && request.method != "HEAD")
      return ErrorResponse(405, "method_not_allowed", "expected GET");
    if (request.path == "/-/ready") return Ready(!refusal.has_value());
    return JsonResponse("{\"healthy\":true}\n");
  }
  // Signed by who sends it, who has no token and no page.
  const bool hook = request.path.starts_with("/hooks/");
  return refusal.has_value() && !hook ? *refusal : Route(request);
}

struct Api::RouteEntry {
  std::string_view method;
  std::string_view path;
  ServeResponse (*answer)(Api& api, const ServeRequest& request, const std::string& id);
};

using In = const ServeRequest&;
using Id = const std::string&;

const Api::RouteEntry Api::kRoutes[] = {
    {"GET", "/", [](Api& a, In, Id) { return a.Desk(); }},
    {"GET", "/incidents/{id}", [](Api& a, In in, Id id) { return a.IncidentPage(in, id); }},
    {"GET", "/metrics", [](Api& a, In, Id) { return a.Scrape(); }},
    {"POST", "/-/reload", [](Api& a, In, Id) { return a.Reload(); }},
    {"GET", "/api/v1/status",
     [](Api& a, In, Id) {
       return JsonResponse(StatusJson(a.backend_.stats(), a.backend_.reload_state(),
                                      a.backend_.version, kSignatures));
     }},
    {"GET", "/api/v1/sources",
     [](Api& a, In, Id) { return JsonResponse(SourcesJson(a.backend_.stats())); }},
    {"GET", "/api/v1/state", [](Api& a, In, Id) { return JsonResponse(a.backend_.dump()); }},
    {"GET", "/api/v1/openapi.json",
     [](Api&, In, Id) { return JsonResponse(std::string(ServeFile("openapi.json"))); }},
    {"GET", "/api/v1/tap", [](Api&, In in, Id) { return TapHead(in); }},
    {"GET", "/api/v1/incidents", [](Api& a, In in, Id) { return a.Incidents(in); }},
    {"GET", "/api/v1/incidents/{id}", [](Api& a, In, Id id) { return a.IncidentById(id); }},
    {"GET", "/api/v1/incidents/{id}/journal",
     [](Api& a, In, Id id) { return a.operations_.Journal(id); }},
    {"POST", "/api/v1/incidents/{id}/acknowledge",
     [](Api& a, In in, Id id) { return a.operations_.Acknowledge(in, id); }},
    {"POST", "/api/v1/incidents/{id}/resolve",
     [](Api& a, In in, Id id) { return a.operations_.Resolve(in, id); }},
    {"POST", "/api/v1/incidents/{id}/note",
     [](Api& a, In in, Id id) { return a.operations_.Note(in, id); }},
    {"POST", "/api/v1/incidents/{id}/assign",
     [](Api& a, In in, Id id) { return a.operations_.Assign(in, id); }},
    {"POST", "/api/v1/incidents/{id}/merge",
     [](Api& a, In in, Id id) { return a.operations_.Merge(in, id); }},
    {"GET", "/api/v1/silences", [](Api& a, In, Id) { return a.operations_.Silences(); }},
    {"POST", "/api/v1/silences", [](Api& a, In in, Id) { return a.operations_.AddSilence(in); }},
    {"POST", "/api/v1/silences/preview",
     [](Api& a, In in, Id) { return a.operations_.PreviewSilence(in); }},
    {"DELETE", "/api/v1/silences/{id}",
     [](Api& a, In in, Id id) { return a.operations_.ExpireSilence(in, id); }},
    {"POST", "/api/v1/drill", [](Api& a, In in, Id) { return a.operations_.Drill(in); }},
    {"POST", "/hooks/slack", [](Api& a, In in, Id) { return a.hooks_.Slack(in); }},
    {"POST", "/hooks/pagerduty", [](Api& a, In in, Id) { return a.hooks_.PagerDuty(in); }},
    {"GET", "/api/v1/destinations", [](Api& a, In, Id) { return a.operations_.Destinations(); }},
};

std::vector<std::pair<std::string, std::string>> Api::Routes() {
  std::vector<std::pair<std::string, std::string>> out = {{"GET", "/-/healthy"},
                                                          {"GET", "/-/ready"}};
  for (const RouteEntry& route : kRoutes) out.emplace_back(route.method, route.path);
  return out;
}

ServeResponse Api::Route(const ServeRequest& request) {
  const bool head = request.method == "HEAD";
  std::string id;
  std::string allowed;
  for (const RouteEntry& route : kRoutes) {
    if (!Fits(route.path, request.path, &id)) continue;
    if (route.method == (head ? "GET" : std::string_view(request.method)))
      return route.answer(*this, request, id);
    absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", ToAbsl(route.method),
                    route.method == "GET" ? ", HEAD" : "");
  }
  if (allowed.empty())
    return ErrorResponse(404, "not_found",
                         absl::StrCat("nothing at ", request.path, "; see /api/v1/openapi.json"));
  ServeResponse out = ErrorResponse(405, "method_not_allowed", absl::StrCat("expected ", allowed));
  out.headers.emplace_back("Allow", allowed);
  return out;
}

ServeResponse Api::Scrape() {
  const PipelineStats stats = backend_.stats();
  const ReloadState state = backend_.reload_state();
  ServeResponse out;
  out.type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = metrics_.Scrape(stats, state, hooks_.refusals(), IsReady(Troubles(stats, state)));
  return out;
}

ServeResponse Api::Ready(bool detail) const {
  const std::vector<Trouble> troubles = Troubles(backend_.stats(), backend_.reload_state());
  const bool ready = IsReady(troubles);
  return JsonResponse(
      detail ? ReadyJson(troubles) : absl::StrCat("{\"ready\":", ready ? "true" : "false", "}\n"),
      ready ? 200 : 503);
}

ServeResponse Api::Reload() {
  const std::unique_lock lock(reload_mutex_, std::try_to_lock);
  if (!lock.owns_lock())
    return ErrorResponse(409, "reload_under_way", "another reload is under way; try again");
  const absl::Status status = backend_.reload();
  if (status.ok()) {
    const nlohmann::json answer = {{"reloaded", true},
                                   {"needs_restart", backend_.reload_state().needs_restart}};
    return JsonResponse(answer.dump() + "\n");
  }
  return ErrorResponse(status.code() == absl::StatusCode::kInvalidArgument ? 422 : 500,
                       "reload_failed",
                       absl::StrCat("the configuration before it goes on: ", status.message()));
}

ServeResponse Api::Incidents(const ServeRequest& request) const {
  size_t limit = kIncidents;
  const std::string state = request.Query("state");
  for (const auto& [name, value] : request.query) {
    const bool sound =
        name == "state" ? value == "open" || value == "resolved" || value == "merged" ||
                              value == "related" || value == "suspected" || value.empty()
        : name == "limit" ? absl::SimpleAtoi(value, &limit) && limit >= 1 && limit <= kMostIncidents
                          : false;
    if (!sound)
      return ErrorResponse(400, "bad_request",
                           absl::StrCat("'", name, "=", value,
                                        "': expected state=suspected|open|resolved|merged|related "
                                        "or limit=1..500"));
  }
  absl::StatusOr<std::vector<IncidentRow>> rows = backend_.incidents(state, limit + 1);
  if (!rows.ok()) return ErrorOf(rows.status());
  std::string body = "{\"incidents\":[";
  size_t shown = 0;
  for (const IncidentRow& row : *rows) {
    if (shown == limit || (shown > 0 && body.size() + row.json.size() > kListBytes)) break;
    if (shown++ > 0) body += ',';
    body += row.json;
  }
  body += shown < rows->size() ? "],\"more\":true}\n" : "],\"more\":false}\n";
  return JsonResponse(std::move(body));
}

ServeResponse Api::IncidentById(const std::string& id) const {
  const absl::StatusOr<std::optional<IncidentRow>> row = backend_.incident(id);
  if (!row.ok()) return ErrorOf(row.status());
  return row->has_value() ? JsonResponse((*row)->json + "\n") : NoIncident(id);
}

ServeResponse Api::Desk() const {
  absl::StatusOr<std::vector<IncidentRow>> rows = backend_.incidents("", kIncidents);
  const PipelineStats stats = backend_.stats();
  if (!rows.ok())
    return PageResponse(
        DeskError("The incidents cannot be read", FromAbsl(rows.status().message())), 503);
  std::map<std::string, DeskLife> lives;
  for (const IncidentRow& row : *rows)
    if (row.state == "open" && lives.size() < kLives) lives[row.id] = LifeOf(JournalOf(row.id));
  return PageResponse(DeskPage(stats, Troubles(stats, backend_.reload_state()), *rows, lives));
}

// Nothing where none is kept, or where it cannot be read: the page is worth more than its journal.
std::vector<JournalRow> Api::JournalOf(const std::string& id) const {
  if (!backend_.journal) return {};
  absl::StatusOr<std::vector<JournalRow>> rows = backend_.journal(id);
  return rows.ok() ? *std::move(rows) : std::vector<JournalRow>();
}

ServeResponse Api::IncidentPage(const ServeRequest& request, const std::string& id) const {
  const absl::StatusOr<std::optional<IncidentRow>> row = backend_.incident(id);
  if (!row.ok())
    return PageResponse(DeskError("The incident cannot be read", FromAbsl(row.status().message())),
                        503);
  if (!row->has_value())
    return PageResponse(DeskError("No such incident", id + " is not known, or no longer."), 404);
  Report report;
  if (const absl::Status status = ReadIncidentJson((*row)->json, &report); !status.ok())
    return PageResponse(DeskError("The incident cannot be read", FromAbsl(status.message())), 500);
  report.edges = backend_.topology();
  std::string tail =
      DeskTail(report.incidents.front(), JournalOf(id), backend_.act != nullptr, UserOf(request));
  return PageResponse(
      RenderHtml(report, {.home = "/", .head = DeskHead(), .tail = std::move(tail)}));
}

absl::StatusOr<Api::Tap> Api::OpenTap(const ServeRequest& request) const {
  absl::StatusOr<TapFilter> filter = TapFilter::Make(request);
  if (!filter.ok()) return filter.status();
  return Tap{*std::move(filter), backend_.tap(kTapWaits)};
}

}  // namespace culprit

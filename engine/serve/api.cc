#include "engine/serve/api.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/views.h"
#include "engine/serve/desk.h"
#include "engine/serve/serve_files.h"
#include "engine/serve/status_json.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr size_t kIncidents = 50;  // of a list, unless asked otherwise
constexpr size_t kMostIncidents = 500;
constexpr size_t kListBytes = size_t{16} << 20;  // a longer list is cut
constexpr size_t kSignatures = 50;               // of the status
constexpr size_t kTapWaits = 4096;               // signals
constexpr std::string_view kIncidentsPath = "/api/v1/incidents/";
constexpr std::string_view kIncidentPage = "/incidents/";
// No page loads anything from elsewhere, or may be put into a frame.
constexpr char kPageSecurity[] =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
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

ServeResponse OfStatus(const absl::Status& status) {
  const std::string_view message = FromAbsl(status.message());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ErrorResponse(400, "bad_request", message);
    case absl::StatusCode::kNotFound:
      return ErrorResponse(404, "not_found", message);
    default:
      return ErrorResponse(503, "state_unavailable", message);
  }
}

ServeResponse NoIncident(const std::string& id) {
  return ErrorResponse(404, "not_found", absl::StrCat("no incident '", id, "'"));
}

}  // namespace

Api::Api(ServeBackend backend, Secret token)
    : backend_(std::move(backend)), access_(std::move(token)), metrics_(backend_.version) {}

ServeResponse Api::Handle(const ServeRequest& request) {
  const std::optional<ServeResponse> refusal = access_.Check(request);
  // Probes of a platform carry no token: they get the status, and no details.
  if (request.path == "/-/healthy" || request.path == "/-/ready") {
    if (request.method != "GET" && request.method != "HEAD")
      return ErrorResponse(405, "method_not_allowed", "expected GET");
    if (request.path == "/-/ready") return Ready(!refusal.has_value());
    return JsonResponse("{\"healthy\":true}\n");
  }
  return refusal.has_value() ? *refusal : Route(request);
}

ServeResponse Api::Route(const ServeRequest& request) {
  const std::string& path = request.path;
  const bool reload = path == "/-/reload";
  if (reload ? request.method != "POST" : request.method != "GET" && request.method != "HEAD") {
    ServeResponse out =
        ErrorResponse(405, "method_not_allowed", reload ? "expected POST" : "expected GET");
    out.headers.emplace_back("Allow", reload ? "POST" : "GET, HEAD");
    return out;
  }
  if (reload) return Reload();
  if (path == "/") return Desk();
  if (path == "/metrics") {
    const PipelineStats stats = backend_.stats();
    const ReloadState state = backend_.reload_state();
    ServeResponse out;
    out.type = "text/plain; version=0.0.4; charset=utf-8";
    out.body = metrics_.Scrape(stats, state, IsReady(Troubles(stats, state)));
    return out;
  }
  if (path == "/api/v1/status")
    return JsonResponse(
        StatusJson(backend_.stats(), backend_.reload_state(), backend_.version, kSignatures));
  if (path == "/api/v1/sources") return JsonResponse(SourcesJson(backend_.stats()));
  if (path == "/api/v1/state") return JsonResponse(backend_.dump());
  if (path == "/api/v1/openapi.json") return JsonResponse(std::string(ServeFile("openapi.json")));
  if (path == "/api/v1/incidents") return Incidents(request);
  if (path == "/api/v1/tap") {
    const absl::StatusOr<TapFilter> filter = TapFilter::Make(request);
    if (!filter.ok()) return OfStatus(filter.status());
    ServeResponse out;
    out.type = "application/x-ndjson";
    out.tap = true;
    return out;
  }
  if (StartsWith(path, kIncidentsPath)) return IncidentById(path.substr(kIncidentsPath.size()));
  if (StartsWith(path, kIncidentPage)) return IncidentPage(path.substr(kIncidentPage.size()));
  return ErrorResponse(404, "not_found",
                       absl::StrCat("nothing at ", path, "; see /api/v1/openapi.json"));
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
  if (status.ok()) return JsonResponse("{\"reloaded\":true}\n");
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
  if (!rows.ok()) return OfStatus(rows.status());
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
  if (!row.ok()) return OfStatus(row.status());
  return row->has_value() ? JsonResponse((*row)->json + "\n") : NoIncident(id);
}

ServeResponse Api::Desk() const {
  absl::StatusOr<std::vector<IncidentRow>> rows = backend_.incidents("", kIncidents);
  const PipelineStats stats = backend_.stats();
  if (!rows.ok())
    return PageResponse(
        DeskError("The incidents cannot be read", FromAbsl(rows.status().message())), 503);
  return PageResponse(DeskPage(stats, Troubles(stats, backend_.reload_state()), *rows));
}

ServeResponse Api::IncidentPage(const std::string& id) const {
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
  return PageResponse(RenderHtml(report, {.home = "/"}));
}

absl::StatusOr<Api::Tap> Api::OpenTap(const ServeRequest& request) const {
  absl::StatusOr<TapFilter> filter = TapFilter::Make(request);
  if (!filter.ok()) return filter.status();
  return Tap{*std::move(filter), backend_.tap(kTapWaits)};
}

}  // namespace culprit

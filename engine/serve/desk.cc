#include "engine/serve/desk.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/views.h"
#include "engine/serve/serve_files.h"
#include "sinks/render/page_files.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr size_t kAffected = 6;  // components that a card names

std::string Head(std::string_view title, bool refresh) {
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
      refresh ? "<meta http-equiv=\"refresh\" content=\"10\">\n" : "", "<title>", EscapeHtml(title),
      "</title>\n<style>\n", ToAbsl(PageFile("page.css")), ToAbsl(ServeFile("desk.css")),
      "</style>\n</head>\n<body>\n<main>\n");
}

constexpr char kTail[] = "</main>\n</body>\n</html>\n";

std::string Badge(std::string_view text, std::string_view cls) {
  return absl::StrCat("<span class=\"badge ", ToAbsl(cls), "\">", EscapeHtml(text), "</span>");
}

std::string Root(const Incident& incident) {
  if (incident.confidence == Confidence::kInconclusive && incident.ties.size() > 1)
    return absl::StrJoin(incident.ties, " or ");
  if (!incident.root.from.empty())
    return absl::StrCat("the path ", incident.root.from, " → ", incident.root.component);
  return incident.root.component;
}

std::string Card(const Incident& incident, TimeUs now, const DeskLife& life) {
  const bool open = incident.state == IncidentState::kOpen;
  const TimeUs end = incident.resolved_at != kNoTime ? incident.resolved_at
                     : open && now != kNoTime        ? std::max(now, incident.onset)
                                                     : incident.updated_at;
  std::string when = FormatTime(incident.onset);
  if (when.size() > 19) when = absl::StrCat(when.substr(0, 10), " ", when.substr(11, 8), " UTC");
  if (incident.onset != kNoTime && end != kNoTime)
    absl::StrAppend(&when, open ? ", on for " : ", lasted ",
                    FormatSpan(std::max<DurationUs>(0, end - incident.onset)));
  std::vector<std::string> affected(
      incident.affected.begin(),
      incident.affected.begin() +
          static_cast<std::ptrdiff_t>(std::min(kAffected, incident.affected.size())));
  if (incident.affected.size() > kAffected)
    affected.push_back(absl::StrCat(incident.affected.size() - kAffected, " more"));
  std::string out = absl::StrCat(
      "<a class=\"card", open ? "" : " over", "\" href=\"/incidents/", EscapeHtml(incident.id),
      "\">\n<p>", Badge(SeverityName(incident.severity), SeverityName(incident.severity)),
      Badge(IncidentStateName(incident.state), ""), incident.flapping ? Badge("flapping", "") : "",
      life.state.empty() ? "" : Badge(LifeHeadline(life, incident), life.state), "</p>\n<h2>",
      EscapeHtml(incident.title), "</h2>\n<p><strong>", EscapeHtml(Root(incident)), "</strong> ",
      Badge(absl::StrCat(ToAbsl(ConfidenceName(incident.confidence)), " ",
                         Percent(incident.root.share)),
            ConfidenceName(incident.confidence)),
      "</p>\n");
  if (!affected.empty())
    absl::StrAppend(&out, "<p>took down ", EscapeHtml(absl::StrJoin(affected, ", ")), "</p>\n");
  absl::StrAppend(&out, "<p class=\"dim\">", EscapeHtml(when), "</p>\n</a>\n");
  return out;
}

std::string Number(uint64_t n) {
  std::string out = std::to_string(n);
  for (size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string Health(const PipelineStats& stats, const std::vector<Trouble>& troubles) {
  std::string out;
  for (const Trouble& trouble : troubles)
    absl::StrAppend(&out, "<p class=\"", trouble.blocking ? "error" : "warn", "\">",
                    EscapeHtml(absl::StrCat(trouble.what, trouble.name.empty() ? "" : " ",
                                            trouble.name, ": ", trouble.detail)),
                    "</p>\n");
  absl::StrAppend(&out, "<p>", Number(stats.lines), " lines, ", Number(stats.signals),
                  " recognised");
  if (stats.started != kNoTime && stats.now != kNoTime)
    absl::StrAppend(&out, " in ", FormatSpan(stats.now - stats.started));
  absl::StrAppend(&out, "</p>\n<p class=\"sources\">");
  for (const SourceStats& source : stats.sources)
    absl::StrAppend(&out, "<span class=\"source ", ToAbsl(SourceStateName(source.health.state)),
                    "\">", EscapeHtml(source.name), " <em>",
                    ToAbsl(SourceStateName(source.health.state)), "</em></span> ");
  return out + "</p>\n";
}

}  // namespace

std::string DeskPage(const PipelineStats& stats, const std::vector<Trouble>& troubles,
                     const std::vector<IncidentRow>& rows,
                     const std::map<std::string, DeskLife>& lives) {
  Report report;
  size_t unreadable = 0;
  for (const IncidentRow& row : rows)
    unreadable += ReadIncidentJson(row.json, &report).ok() ? 0 : 1;
  auto& incidents = report.incidents;
  const auto over = std::stable_partition(
      incidents.begin(), incidents.end(),
      [](const Incident& incident) { return incident.state == IncidentState::kOpen; });
  const size_t open = static_cast<size_t>(over - incidents.begin());
  const std::string title =
      open == 0 ? "No open incident" : absl::StrCat(Counted(open, "open incident"));
  std::string out = Head(absl::StrCat(title, " · culprit"), true);
  absl::StrAppend(&out, "<header>\n<h1>", title, "</h1>\n", Health(stats, troubles), "</header>\n");
  for (auto it = incidents.begin(); it != incidents.end(); ++it) {
    if (it == over) absl::StrAppend(&out, "<h3>Over</h3>\n");
    const auto life = lives.find(it->id);
    out += Card(*it, stats.now, life == lives.end() ? DeskLife() : life->second);
  }
  if (unreadable > 0)
    absl::StrAppend(&out, "<p class=\"error\">", Counted(unreadable, "stored incident"),
                    " cannot be read.</p>\n");
  if (rows.empty()) absl::StrAppend(&out, "<p class=\"dim\">Nothing was found so far.</p>\n");
  absl::StrAppend(&out, "<footer class=\"dim\"><a href=\"/metrics\">metrics</a> ",
                  "<a href=\"/api/v1/status\">status</a> ",
                  "<a href=\"/api/v1/openapi.json\">API</a></footer>\n");
  return out + kTail;
}

std::string DeskError(std::string_view title, std::string_view text) {
  return absl::StrCat(Head(title, false),
                      "<header>\n<p><a href=\"/\">← all incidents</a></p>\n<h1>", EscapeHtml(title),
                      "</h1>\n<p>", EscapeHtml(text), "</p>\n</header>\n", kTail);
}

}  // namespace culprit

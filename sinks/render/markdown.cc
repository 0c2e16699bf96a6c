// A post-mortem draft. Log text goes into code spans and fences that it cannot close.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/views.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

// Prose from packs and logs: characters with a meaning in Markdown or HTML are escaped, lines
// joined.
std::string Text(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("\\`*_{}[]<>#|~&!").find(c) != std::string_view::npos) out += '\\';
    out += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  }
  return out;
}

size_t LongestRun(std::string_view text, char wanted) {
  size_t best = 0;
  size_t run = 0;
  for (char c : text) {
    run = c == wanted ? run + 1 : 0;
    best = std::max(best, run);
  }
  return best;
}

std::string Code(std::string_view text) {
  std::string clean(text);
  std::replace(clean.begin(), clean.end(), '\n', ' ');
  std::replace(clean.begin(), clean.end(), '|', '/');  // would end a table cell
  const std::string ticks(LongestRun(clean, '`') + 1, '`');
  return absl::StrCat(ticks, ticks.size() > 1 ? " " : "", clean, ticks.size() > 1 ? " " : "",
                      ticks);
}

std::string Fence(std::string_view text) {
  const std::string ticks(std::max<size_t>(3, LongestRun(text, '`') + 1), '`');
  return absl::StrCat(ticks, "\n", ToAbsl(text), "\n", ticks, "\n");
}

void Steps(std::string_view title, const std::vector<RunbookStep>& steps, std::string* out) {
  if (steps.empty()) return;
  absl::StrAppend(out, "\n### ", ToAbsl(title), "\n\n");
  for (const RunbookStep& step : steps) {
    absl::StrAppend(out, "- [ ] ", Text(step.say));
    if (!step.run.empty()) absl::StrAppend(out, " ", Code(step.run));
    absl::StrAppend(out, "\n");
  }
}

std::string RootOf(const Incident& i) {
  if (i.root.kind == ModeKind::kLink && !i.root.from.empty())
    return absl::StrCat("the path ", Code(i.root.from), " to ", Code(i.root.component));
  return Code(i.root.component);
}

void OneIncident(const Incident& i, const Report& report, std::string* out) {
  absl::StrAppend(out, "\n# ", Text(i.title), "\n\n");
  absl::StrAppend(
      out, "| | |\n|-|-|\n| Incident | ", i.id, " (", std::string(IncidentStateName(i.state)), ", ",
      std::string(SeverityName(i.severity)), ") |\n| Began | ", FormatTime(i.onset), " |\n");
  if (i.resolved_at != kNoTime)
    absl::StrAppend(out, "| Ended | ", FormatTime(i.resolved_at), " (after ",
                    FormatSpan(i.resolved_at - i.onset), ") |\n");
  else
    absl::StrAppend(out, "| Ended | not within these logs |\n");
  if (i.paged_at != kNoTime)
    absl::StrAppend(out, "| Recognised | ", FormatTime(i.paged_at), " (",
                    FormatSpan(i.paged_at - i.onset), " after it began) |\n");
  absl::StrAppend(out, "| Root cause | ", RootOf(i), ": ", Text(i.root.title), " — **",
                  std::string(ConfidenceName(i.confidence)), "** (", Percent(i.root.share),
                  ") |\n");
  if (!i.affected.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : i.affected) names.push_back(Code(name));
    absl::StrAppend(out, "| Took down | ", absl::StrJoin(names, ", "), " |\n");
  }
  if (!i.impact.empty()) absl::StrAppend(out, "\n## Impact\n\n", Text(i.impact), "\n");

  absl::StrAppend(out, "\n## Time line\n\n| Time (UTC) | Component | What |\n|-|-|-|\n");
  for (const TimelineEntry& t : i.timeline)
    absl::StrAppend(out, "| ", FormatClock(t.time), " | ",
                    t.component.empty() ? "" : Code(t.component), " | ", Text(t.text), " |\n");

  absl::StrAppend(out, "\n## Root cause\n\n", Text(i.root.title), ". Explained by it:\n\n");
  for (const Symptom& s : i.symptoms)
    absl::StrAppend(out, "- ", FormatClock(s.onset), " ", Code(s.component), ": ", Text(s.title),
                    ", ", s.count, " lines\n");
  for (const Spared& s : i.spared)
    if (s.confirmed) absl::StrAppend(out, "- not seen, as expected: ", Text(s.title), "\n");
  for (const Absence& a : i.absences)
    absl::StrAppend(out, "- expected but not seen at ", Code(a.component), ": ", Text(a.what),
                    "\n");
  if (!i.unexplained.empty()) {
    absl::StrAppend(out, "\nAt the same time, not explained by it:\n\n");
    for (const Symptom& s : i.unexplained)
      absl::StrAppend(out, "- ", FormatClock(s.onset), " ", Code(s.component), ": ", Text(s.title),
                      "\n");
  }
  if (!i.alternatives.empty()) {
    absl::StrAppend(out, "\n### Considered and ranked lower\n\n");
    for (const Alternative& a : i.alternatives)
      absl::StrAppend(out, "- ", Text(AlternativeName(a, i)), ": ", Text(a.reason), "\n");
  }
  absl::StrAppend(out, "\n## Evidence\n");
  for (const Evidence& e : i.evidence) {
    if (e.line.empty()) continue;
    const size_t p = e.position.partition;
    absl::StrAppend(out, "\n", FormatTime(e.time), " ", Code(e.service), ", ",
                    Code(absl::StrCat(p < report.streams.size() ? report.streams[p].name : "?", ":",
                                      e.position.offset)),
                    "\n\n", Fence(e.line));
  }
  absl::StrAppend(out, "\n## Runbook\n");
  Steps("At once", i.runbook.immediate, out);
  Steps("Diagnose", i.runbook.diagnose, out);
  Steps("Resolve", i.runbook.resolve, out);
  for (const RunbookLink& l : i.runbook.links)
    absl::StrAppend(out, "\n- ", Text(l.title), ": <", l.url, ">\n");
  absl::StrAppend(
      out,
      "\n## Follow-ups\n\n- [ ] What went well, what did not\n- [ ] Why it was possible\n"
      "- [ ] Actions, each with an owner and a date\n");
}

}  // namespace

std::string RenderMarkdown(const Report& report) {
  const ReportStats& s = report.stats;
  std::string out = "<!-- Draft by culprit replay: check it, complete it. -->\n";
  size_t shown = 0;
  for (const Incident& i : report.incidents) {
    if (i.state != IncidentState::kOpen && i.state != IncidentState::kResolved) continue;
    OneIncident(i, report, &out);
    ++shown;
  }
  if (shown == 0) out += "\n# No incident\n";
  absl::StrAppend(&out, "\n---\n\nFrom ", s.streams, " streams, ", s.lines, " lines, ", s.bytes,
                  " bytes");
  if (s.first_time != kNoTime)
    absl::StrAppend(&out, ", ", FormatTime(s.first_time), " to ", FormatTime(s.last_time));
  absl::StrAppend(&out, ".\n");
  for (const ReportStream& stream : report.streams)
    if (!stream.error.empty())
      absl::StrAppend(&out, "\nNot read to its end: ", Text(StreamError(stream)), "\n");
  return out;
}

}  // namespace culprit

// The terminal report. Everything that came out of a log passes through Plain(): control characters
// could rewrite the reader's screen.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr size_t kLabelWidth = 12;

// Printable text in at most `width` columns (code points), cut with an ellipsis.
std::string Plain(std::string_view text, size_t width) {
  std::string out;
  size_t columns = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = std::max<size_t>(1, Utf8Length(text.substr(i, 4)));
    if (columns + 1 >= width && i + length < text.size()) return out + "…";
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (text[i] == '\t') {
      out += ' ';
    } else if (text[i] == '\n') {
      out += "⏎";
    } else if (byte < 0x20 || byte == 0x7f || c1 || (length == 1 && byte >= 0x80)) {
      out += '.';
    } else {
      out.append(text, i, length);
    }
    i += length;
    ++columns;
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const TextOptions& options)
      : options_(options), width_(static_cast<size_t>(std::max(40, options.width))) {}

  std::string Paint(std::string_view code, std::string_view text) const {
    if (!options_.color) return std::string(text);
    return absl::StrCat("\033[", ToAbsl(code), "m", ToAbsl(text), "\033[0m");
  }
  void Line(std::string_view text = "") { absl::StrAppend(&out_, ToAbsl(text), "\n"); }

  // "  label       text", wrapped at words into as many lines as it takes.
  void Field(std::string_view label, std::string_view text, std::string_view code = "") {
    const size_t room = width_ - kLabelWidth - 2;
    std::string rest = Plain(text, 2000);
    bool first = true;
    while (!rest.empty() || first) {
      const std::string part = TakeWords(&rest, room);
      std::string head = first ? std::string(label) : "";
      head.resize(std::max(head.size(), kLabelWidth), ' ');
      Line(absl::StrCat("  ", Paint("2", head), code.empty() ? part : Paint(code, part)));
      first = false;
    }
  }
  void Indented(std::string_view text, std::string_view code) {
    Line(absl::StrCat(std::string(kLabelWidth + 2, ' '),
                      Paint(code, Plain(text, width_ - kLabelWidth - 2))));
  }
  size_t width() const { return width_; }
  std::string Take() { return std::move(out_); }

 private:
  static size_t Columns(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  }
  static std::string TakeWords(std::string* rest, size_t room) {
    if (Columns(*rest) <= room) return std::exchange(*rest, "");
    size_t end = 0;
    size_t columns = 0;
    size_t space = std::string::npos;
    while (end < rest->size() && columns < room) {
      if ((*rest)[end] == ' ') space = end;
      end += std::max<size_t>(1, Utf8Length(std::string_view(*rest).substr(end, 4)));
      ++columns;
    }
    const size_t cut = space == std::string::npos || space == 0 ? end : space;
    std::string part = rest->substr(0, cut);
    *rest = rest->substr(space == cut ? cut + 1 : cut);
    return part;
  }

  const TextOptions& options_;
  const size_t width_;
  std::string out_;
};

std::string Bytes(uint64_t bytes) {
  char text[32];
  const double value = static_cast<double>(bytes);
  if (bytes < 1000)
    snprintf(text, sizeof text, "%d B", static_cast<int>(bytes));
  else if (value < 1e6)
    snprintf(text, sizeof text, "%.1f kB", value / 1e3);
  else if (value < 1e9)
    snprintf(text, sizeof text, "%.1f MB", value / 1e6);
  else
    snprintf(text, sizeof text, "%.2f GB", value / 1e9);
  return text;
}

std::string_view Color(Confidence confidence) {
  if (confidence == Confidence::kConfirmed) return "1;32";
  return confidence == Confidence::kLikely ? "1;33" : "1;35";
}

void RootCause(const Incident& i, Writer* w) {
  std::string root = i.root.component;
  if (i.root.kind == ModeKind::kLink && !i.root.from.empty())
    root = absl::StrCat("the path ", i.root.from, " -> ", i.root.component);
  if (i.confidence == Confidence::kInconclusive && i.ties.size() > 1)
    root = absl::StrJoin(i.ties, " or ");
  w->Field("root cause",
           absl::StrCat(root, " · ", std::string(ConfidenceName(i.confidence)), " ",
                        Percent(i.root.share), " · ", i.root.failure_mode),
           Color(i.confidence));
}

void Proof(const Incident& i, const Report& report, bool all, Writer* w) {
  const size_t most = all ? 20 : 4;
  size_t shown = 0;
  for (const Evidence& e : i.evidence) {
    if (shown == most) break;
    if (e.line.empty()) continue;
    const size_t p = e.position.partition;
    w->Field(shown == 0 ? "evidence" : "",
             absl::StrCat(FormatClock(e.time), " ", e.service, "  ",
                          p < report.streams.size() ? report.streams[p].name : "?", ":",
                          e.position.offset));
    w->Indented(e.line, "2");
    ++shown;
  }
}

void Against(const Incident& i, bool all, Writer* w) {
  bool first = true;
  for (const Spared& s : i.spared) {
    if (!s.confirmed && !all) continue;
    w->Field(first ? "not seen" : "", s.title);
    first = false;
  }
  first = true;
  for (const Alternative& a : i.alternatives) {
    w->Field(first ? "rather not" : "", absl::StrCat(AlternativeName(a, i), ": ", a.reason));
    first = false;
    if (!all && &a - i.alternatives.data() >= 1) break;
  }
}

void Steps(const char* label, const std::vector<RunbookStep>& steps, size_t most, Writer* w) {
  for (size_t k = 0; k < steps.size() && k < most; ++k) {
    w->Field(k == 0 ? label : "", steps[k].say, k == 0 ? "1" : "");
    if (!steps[k].run.empty()) w->Indented(absl::StrCat("$ ", steps[k].run), "36");
  }
}

void OneIncident(const Incident& i, const Report& report, const TextOptions& options, Writer* w) {
  std::string head = absl::StrCat("━━ ", i.id, "  ", std::string(IncidentStateName(i.state)), "  ",
                                  std::string(SeverityName(i.severity)), " ");
  for (size_t n = head.size() - 4; n < w->width(); ++n) head += "━";
  w->Line(w->Paint(i.severity == Severity::kCritical ? "1;31" : "1", head));
  w->Line(w->Paint("1", Plain(i.title, w->width())));
  std::string since = FormatTime(i.onset);
  if (i.resolved_at != kNoTime)
    absl::StrAppend(&since, ", resolved ", FormatClock(i.resolved_at), "Z after ",
                    FormatSpan(i.resolved_at - i.onset));
  else
    absl::StrAppend(&since, ", still on at ", FormatClock(i.updated_at), "Z after ",
                    FormatSpan(i.updated_at - i.onset));
  w->Field("since", since);
  RootCause(i, w);
  if (!i.related_to.empty()) w->Field("part of", i.related_to);
  if (!i.merged_into.empty()) w->Field("merged into", i.merged_into);
  if (!i.affected.empty()) w->Field("took down", absl::StrJoin(i.affected, ", "));
  if (!i.impact.empty()) w->Field("impact", i.impact);
  std::string explained;
  size_t lines = 0;
  for (const Symptom& s : i.symptoms) lines += s.count;
  if (!i.symptoms.empty())
    w->Field("explains",
             absl::StrCat(Counted(i.symptoms.size(), "burst"), ", ", Counted(lines, "line"),
                          i.unexplained.empty() ? ""
                                                : absl::StrCat("; ", i.unexplained.size(),
                                                               " at the same time not explained")));
  Proof(i, report, options.all, w);
  Against(i, options.all, w);
  Steps("first step", i.runbook.immediate, options.all ? 20 : 2, w);
  if (i.runbook.immediate.empty() || options.all)
    Steps("then", i.runbook.diagnose, options.all ? 20 : 2, w);
  if (options.all) Steps("resolve", i.runbook.resolve, 20, w);
  bool first = true;
  size_t shown = 0;
  const size_t most = options.all ? 1000 : 12;
  for (const TimelineEntry& t : i.timeline) {
    if (shown++ == most) {
      w->Field("", absl::StrCat("... ", i.timeline.size() - most, " more (--all)"));
      break;
    }
    std::string component = t.component;
    component.resize(std::max<size_t>(component.size(), 14), ' ');
    w->Field(first ? "time line Z" : "",
             absl::StrCat(FormatClock(t.time), "  ", component, " ", t.text));
    first = false;
  }
  w->Line();
}

bool Shown(const Incident& i, bool all) {
  return all || i.state == IncidentState::kOpen || i.state == IncidentState::kResolved;
}

}  // namespace

std::string RenderText(const Report& report, const TextOptions& options) {
  Writer w(options);
  if (!options.summary) {
    for (const Incident& i : report.incidents) OneIncident(i, report, options, &w);
    return w.Take();
  }
  const ReportStats& s = report.stats;
  std::string range;
  if (s.first_time != kNoTime)
    range = absl::StrCat(", ", FormatTime(s.first_time), " to ", FormatTime(s.last_time));
  w.Line(w.Paint("2", absl::StrCat(Bytes(s.bytes), " in ", Counted(s.streams, "stream"), ", ",
                                   Counted(s.lines, "line"), ", ", s.signals, " recognised, ",
                                   Counted(s.bursts, "burst"), range)));
  for (const ReportStream& stream : report.streams)
    if (!stream.error.empty())
      w.Line(
          w.Paint("1;31", Plain(absl::StrCat("not read to its end: ", StreamError(stream)), 2000)));
  w.Line();
  size_t shown = 0;
  for (const Incident& i : report.incidents) {
    if (!Shown(i, options.all)) continue;
    OneIncident(i, report, options, &w);
    ++shown;
  }
  if (shown == 0) w.Line(w.Paint("1;32", "No incident."));
  size_t suspected = 0;
  size_t related = 0;
  for (const Incident& i : report.incidents) {
    if (Shown(i, options.all)) continue;
    (i.state == IncidentState::kSuspected ? suspected : related) += 1;
  }
  for (const Incident& i : report.incidents)
    if (!Shown(i, options.all) && i.state == IncidentState::kSuspected && suspected <= 5)
      w.Line(w.Paint(
          "2", Plain(absl::StrCat("suspected ", FormatClock(i.onset), " ", i.title), w.width())));
  if (suspected + related > 0 || !report.unattributed.empty())
    w.Line(w.Paint("2", absl::StrCat("Not shown: ", suspected, " suspected, ", related,
                                     " related or merged, ", report.unattributed.size(),
                                     " bursts in no incident (--all shows them).")));
  if (options.all)
    for (const Symptom& u : report.unattributed)
      w.Line(w.Paint("2", Plain(absl::StrCat("  ", FormatClock(u.onset), " ", u.component, " ",
                                             u.title, " (", u.count, " lines)"),
                                w.width())));
  return w.Take();
}

}  // namespace culprit

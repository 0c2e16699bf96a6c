// Reports for people and programs: one Report in, text out. Pure functions; any thread may call
// them. Log text is hostile: every renderer escapes it for its medium (terminal control characters,
// Markdown, HTML).
#pragma once
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/core/report.h"

namespace culprit {

struct TextOptions {
  bool color = false;   // ANSI colours: only for a terminal
  int width = 100;      // columns; long lines are cut with an ellipsis
  bool summary = true;  // the line about what was read, and what is not shown
  bool all = false;     // also suspected and related incidents in full, more evidence
};

// What a tired person reads in ten seconds: what, since when, root cause and confidence, what it
// took down, proof with file:offset, first step; then a time line.
std::string RenderText(const Report& report, const TextOptions& options);

// The published schema: patterns/schema/report.schema.json. Ends with a newline. Byte-identical for
// equal reports. `pretty`: indented by 2.
std::string RenderJson(const Report& report, bool pretty = true);

// One incident as in RenderJsonLines, without a newline; of the report only the streams are used.
std::string RenderIncidentJson(const Incident& incident, const Report& report);

// Adds what RenderIncidentJson wrote to *report, with the streams that its evidence names.
// InvalidArgument: not an incident. Fields that are missing or unknown are passed over.
absl::Status ReadIncidentJson(std::string_view text, Report* report);

// One line per incident, then one {"stats": ...} line.
std::string RenderJsonLines(const Report& report);

// A post-mortem draft: summary, impact, time line, root cause with evidence, alternatives, runbook,
// follow-ups.
std::string RenderMarkdown(const Report& report);

struct HtmlOptions {
  std::string home;  // link back to the list of incidents; empty: there is none
  // Of a page that a server gives: more for its head, and for the end of its body. Then it may talk
  // to that server.
  std::string head;
  std::string tail;
};

// One self-contained page (no network): time line of bursts per component, topology with the root
// and its blast radius, evidence that expands.
std::string RenderHtml(const Report& report, const HtmlOptions& options = {});
// JSON for the inside of a script element.
std::string EscapeForScript(std::string_view json);
// For text between tags and in attributes.
std::string EscapeHtml(std::string_view text);

// "2026-11-21T06:51:05.123Z"; milliseconds always shown; "" for kNoTime.
std::string FormatTime(TimeUs time);
// "06:51:05"
std::string FormatClock(TimeUs time);
// "core is down (3 %)"; no share where it speaks of the root's own component, whose share it would
// repeat.
std::string AlternativeName(const Alternative& alternative, const Incident& incident);
// Why a stream was not read to its end, with its name once.
std::string StreamError(const ReportStream& stream);
// "97 %"
std::string Percent(double share);
// "1 burst", "3 bursts"
std::string Counted(uint64_t n, std::string_view noun);
// "45 s", "3 min 20 s", "2 h 5 min"
std::string FormatSpan(DurationUs span);

}  // namespace culprit

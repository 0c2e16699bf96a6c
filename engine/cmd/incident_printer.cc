#include "engine/cmd/incident_printer.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "engine/cmd/commands.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

bool IsNews(const std::string& event) { return event == "opened" || event == "reopened"; }

void PrintText(const OutboxRow& row, const Report& report) {
  const auto found = std::find_if(report.incidents.begin(), report.incidents.end(),
                                  [&](const Incident& i) { return i.id == row.incident; });
  if (found == report.incidents.end()) return;
  std::cout << FormatTime(row.time) << " " << row.event << " " << row.incident << " "
            << found->title << "\n";
  if (!IsNews(row.event)) return;
  Report one;
  one.incidents = {*found};
  one.streams = report.streams;
  TextOptions options;
  options.summary = false;
  options.color = UseColor("auto", STDOUT_FILENO);
  options.width = TerminalWidth(STDOUT_FILENO);
  std::cout << RenderText(one, options) << "\n";
}

}  // namespace

void PrintIncidents(const std::string& format, const std::vector<OutboxRow>& rows,
                    const Report& report) {
  if (format == "none") return;
  for (const OutboxRow& row : rows) {
    if (format == "jsonl") {
      std::cout << absl::StrCat("{\"event\":\"", row.event, "\",\"revision\":", row.revision,
                                ",\"incident\":", row.json, "}\n");
    } else {
      PrintText(row, report);
    }
  }
  std::cout << std::flush;
}

}  // namespace culprit

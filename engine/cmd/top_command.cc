// culprit top: throughput, lag, hottest signatures, sources and open incidents of a running
// culprit.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/remote.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kSignatures = 10;
constexpr size_t kIncidents = 5;

struct Look {
  Json status;
  Json incidents;
  std::chrono::steady_clock::time_point at;
};

absl::StatusOr<Look> LookAt(Remote* remote) {
  Look out;
  CULPRIT_ASSIGN_OR_RETURN(out.status, remote->Get("/api/v1/status"));
  out.at = std::chrono::steady_clock::now();
  CULPRIT_ASSIGN_OR_RETURN(
      const Json list,
      remote->Get(absl::StrCat("/api/v1/incidents?state=open&limit=", kIncidents)));
  out.incidents = list.value("incidents", Json::array());
  return out;
}

double Number(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_number() ? it->get<double>() : 0;
}
std::string Text(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? ForTerminal(it->get<std::string>()) : "";
}

std::string Short(double n) {
  for (const char* unit : {"", "k", "M", "G"}) {
    if (n < 1000) return absl::StrFormat(n < 10 && *unit != 0 ? "%.1f%s" : "%.0f%s", n, unit);
    n /= 1000;
  }
  return absl::StrFormat("%.1fT", n);
}

// Cut to `width` columns, taking each code point for one.
std::string Fit(const std::string& text, size_t width) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (++columns > width) return text.substr(0, i);
  }
  return text + std::string(width - columns, ' ');
}

class Screen {
 public:
  // `eol` ends each line.
  Screen(const Look& before, const Look& now, size_t width, const char* eol)
      : before_(before.status),
        now_(now.status),
        incidents_(now.incidents),
        width_(width),
        eol_(eol) {
    seconds_ = std::max(1e-3, std::chrono::duration<double>(now.at - before.at).count());
  }

  std::string Draw() {
    Head();
    Incidents();
    Sources();
    Sinks();
    Signatures();
    return out_;
  }

 private:
  double Rate(const Json& before, const Json& now, const char* key) const {
    return std::max(0.0, Number(now, key) - Number(before, key)) / seconds_;
  }
  // The entry of `list` whose `key` is `name`.
  static Json Entry(const Json& list, const char* key, const std::string& name) {
    for (const Json& entry : list)
      if (entry.value(key, "") == name) return entry;
    return Json::object();
  }
  void Line(const std::string& text) {
    std::string line = Fit(text, width_);
    while (!line.empty() && line.back() == ' ') line.pop_back();
    absl::StrAppend(&out_, line, eol_);
  }

  void Head() {
    Line(absl::StrFormat("culprit %s   up %s   %s", Text(now_, "version"),
                         Span(Number(now_, "uptime_seconds")),
                         now_.value("ready", false) ? "ready" : "NOT READY"));
    for (const char* key : {"reasons", "warnings"})
      for (const Json& trouble : now_.value(key, Json::array()))
        Line(absl::StrCat("  ! ", Text(trouble, "what"), " ", Text(trouble, "name"), ": ",
                          Text(trouble, "detail")));
    Line(absl::StrFormat("in %sB/s  %s lines/s  %s signals/s   queue %s of %sB   commit %.1f ms",
                         Short(Rate(before_, now_, "bytes")), Short(Rate(before_, now_, "lines")),
                         Short(Rate(before_, now_, "signals")), Short(Number(now_, "queue_bytes")),
                         Short(Number(now_, "queue_limit_bytes")),
                         Number(now_, "commit_us") / 1000));
    Line(absl::StrFormat("streams %.0f (%.0f idle)   behind the clock %s   watermark %s behind",
                         Number(now_, "streams"), Number(now_, "idle_streams"),
                         Span(Number(now_, "event_delay_seconds")),
                         Span(Number(now_, "watermark_delay_seconds"))));
  }

  void Incidents() {
    Line("");
    Line(absl::StrFormat("OPEN INCIDENTS %.0f", Number(now_, "open_incidents")));
    for (const Json& incident : incidents_)
      Line(absl::StrCat("  ", Text(incident, "onset").substr(0, 19), "  ",
                        Fit(Text(incident, "severity"), 9), Text(incident, "title")));
  }

  void Sources() {
    Line("");
    Line(absl::StrFormat("%-20s %-9s %8s %10s %10s %14s", "SOURCE", "STATE", "STREAMS", "BYTES/S",
                         "LINES/S", "LAG"));
    const Json old = before_.value("sources", Json::array());
    for (const Json& source : now_.value("sources", Json::array())) {
      const std::string name = source.value("name", "");
      const Json was = Entry(old, "name", name);
      const std::string lag =
          source.contains("lag") && source["lag"].is_number()
              ? absl::StrCat(Short(Number(source, "lag")), " ", Text(source, "lag_unit"))
              : "-";
      Line(absl::StrFormat("%s %s %8.0f %10s %10s %14s", Fit(ForTerminal(name), 20),
                           Fit(Text(source, "state"), 9), Number(source, "streams"),
                           Short(Rate(was, source, "bytes")), Short(Rate(was, source, "lines")),
                           lag));
    }
  }

  void Sinks() {
    const Json sinks = now_.value("destinations", Json::array());
    if (sinks.empty()) return;
    Line("");
    Line(absl::StrFormat("%-20s %-12s %8s %10s %8s  %s", "SINK", "STATE", "WAITING", "DELIVERED",
                         "REFUSED", "LAST ERROR"));
    for (const Json& sink : sinks)
      Line(absl::StrFormat("%s %s %8.0f %10.0f %8.0f  %s", Fit(Text(sink, "name"), 20),
                           Fit(Text(sink, "state"), 12), Number(sink, "pending"),
                           Number(sink, "delivered"), Number(sink, "rejected"),
                           Text(sink, "state") == "ok" ? "" : Text(sink, "error")));
  }

  void Signatures() {
    Line("");
    Line(absl::StrFormat("%10s %10s  %s", "HITS/S", "HITS", "SIGNATURE"));
    const Json old = before_.value("signatures", Json::array());
    std::vector<std::pair<double, Json>> hot;
    for (const Json& signature : now_.value("signatures", Json::array())) {
      const Json was = Entry(old, "id", signature.value("id", ""));
      hot.emplace_back(was.empty() ? 0 : Rate(was, signature, "hits"), signature);
    }
    std::stable_sort(hot.begin(), hot.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (size_t i = 0; i < std::min(kSignatures, hot.size()); ++i)
      Line(absl::StrFormat("%10s %10s  %s", Short(hot[i].first),
                           Short(Number(hot[i].second, "hits")), Text(hot[i].second, "id")));
  }

  static std::string Span(double seconds) {
    if (seconds < 120) return absl::StrFormat("%.0f s", seconds);
    if (seconds < 7200) return absl::StrFormat("%.0f min", seconds / 60);
    return absl::StrFormat("%.1f h", seconds / 3600);
  }

  const Json& before_;
  const Json& now_;
  const Json& incidents_;
  const size_t width_;
  const char* const eol_;
  double seconds_ = 1;
  std::string out_;
};

}  // namespace

int RunTop(const TopFlags& flags) {
  absl::StatusOr<std::unique_ptr<Remote>> remote = Remote::Make(flags.remote);
  if (!remote.ok()) {
    PrintError(std::string(remote.status().message()));
    return kExitUsage;
  }
  const auto interval = std::chrono::duration<double>(flags.interval);
  absl::StatusOr<Look> before = LookAt(remote->get());
  if (!before.ok()) {
    PrintError(std::string(before.status().message()));
    return kExitFinding;
  }
  if (flags.format == "json") {
    before->status["incidents"] = before->incidents;
    printf("%s\n", before->status.dump(2).c_str());
    return kExitFine;
  }
  const bool once = flags.once || isatty(1) == 0;
  const auto width = static_cast<size_t>(TerminalWidth(1));
  for (;;) {
    std::this_thread::sleep_for(interval);
    absl::StatusOr<Look> now = LookAt(remote->get());
    if (!now.ok()) {
      // A server that restarts comes back: only the first look must succeed.
      PrintError(std::string(now.status().message()));
      if (once) return kExitFinding;
      continue;
    }
    // Home, the new picture over the old one; what was longer before is cleared.
    const std::string screen = Screen(*before, *now, width, once ? "\n" : "\x1b[K\n").Draw();
    printf("%s%s%s", once ? "" : "\x1b[H", screen.c_str(), once ? "" : "\x1b[J");
    if (fflush(stdout) != 0 || once) return kExitFine;
    before = *std::move(now);
  }
}

}  // namespace culprit

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/progress.h"
#include "engine/cmd/replay_send.h"
#include "engine/ingest/path_source.h"
#include "engine/pipeline/live_knowledge.h"
#include "engine/pipeline/signal_log_replay.h"
#include "engine/state/sqlite_store.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

// "2026-11-21T06:51:05", with or without zone, "2026-11-21 06:51", "2026-11-21".
bool ParseMoment(const std::string& text, absl::TimeZone zone, TimeUs* out) {
  absl::Time time;
  std::string error;
  for (const char* format :
       {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d%ET%H:%M%Ez", "%Y-%m-%d %H:%M%Ez",
        "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S",
        "%Y-%m-%d%ET%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    if (!absl::ParseTime(format, text, zone, &time, &error)) continue;
    *out = absl::ToUnixMicros(time);
    return true;
  }
  return false;
}

absl::Status SetRange(const ReplayFlags& flags, ReplayOptions* options) {
  const auto set = [&](const char* flag, const std::string& text, TimeUs* out) {
    if (text.empty() || ParseMoment(text, options->scan.parse.zone, out)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(flag, ": '", text,
                                                   "' is not a time; expected e.g. ",
                                                   "2026-11-21T06:51:05Z or '2026-11-21 06:51'"));
  };
  CULPRIT_RETURN_IF_ERROR(set("--since", flags.since, &options->scan.signals.since));
  CULPRIT_RETURN_IF_ERROR(set("--until", flags.until, &options->scan.signals.until));
  if (options->scan.signals.since >= options->scan.signals.until)
    return absl::InvalidArgumentError("--since must be before --until");
  return absl::OkStatus();
}

std::string Render(const Report& report, const ReplayFlags& flags, bool to_terminal) {
  if (flags.format == "json") return RenderJson(report);
  if (flags.format == "jsonl") return RenderJsonLines(report);
  if (flags.format == "markdown") return RenderMarkdown(report);
  if (flags.format == "html") return RenderHtml(report);
  TextOptions options;
  options.all = flags.all;
  options.color = to_terminal ? UseColor(flags.color, STDOUT_FILENO) : flags.color == "always";
  options.width = to_terminal ? TerminalWidth(STDOUT_FILENO) : 110;
  return RenderText(report, options);
}

// 0 if it was written.
int Write(const std::string& text, const std::string& path) {
  if (path.empty() || path == "-") {
    std::cout << text << std::flush;
    if (std::cout) return kExitFine;
    PrintError("writing to standard output failed");
    return kExitFinding;
  }
  std::ofstream out(path, std::ios::binary);
  out << text << std::flush;
  if (out) return kExitFine;
  PrintError(absl::StrCat(path, ": cannot be written"));
  return kExitFinding;
}

bool HasIncident(const Report& report) {
  return std::any_of(report.incidents.begin(), report.incidents.end(), [](const Incident& i) {
    return i.state == IncidentState::kOpen || i.state == IncidentState::kResolved;
  });
}

// What of the log was written with other packs or topology than `now`; empty: nothing.
absl::StatusOr<std::string> OtherKnowledge(LiveStore* store, const std::string& now) {
  CULPRIT_ASSIGN_OR_RETURN(const std::vector<Generation> generations, store->Generations());
  std::set<std::string> others;
  for (const Generation& generation : generations)
    if (generation.fingerprint != now) others.insert(generation.fingerprint);
  if (others.empty()) return "";
  return absl::StrCat("the log was written with other packs or topology (",
                      absl::StrJoin(others, ", "), ") than today's (", now,
                      "), which all of it is reasoned about with: incidents may differ from those "
                      "that people were told of");
}

// `warning`: what a person should know beside the report; empty: nothing.
absl::StatusOr<Report> ReplayLog(const ReplayFlags& flags, ProgressLine* line,
                                 std::string* warning) {
  KnowledgeFlags knowledge = flags.knowledge;
  ReasonOptions options;
  if (!flags.config.empty()) {
    CULPRIT_ASSIGN_OR_RETURN(const LiveConfig config,
                             LoadLiveConfig(flags.config, ProcessEnvironment()));
    AddKnowledge(config, &knowledge);
    options.order.lateness = config.time.lateness;
  }
  CULPRIT_ASSIGN_OR_RETURN(Engine engine, BuildEngine(knowledge));
  const LiveKnowledge today(std::move(engine));
  CULPRIT_ASSIGN_OR_RETURN(
      const std::unique_ptr<LiveStore> store,
      OpenSqliteStore({.directory = flags.signal_log, .mode = StoreMode::kRead}, nullptr));
  CULPRIT_ASSIGN_OR_RETURN(*warning, OtherKnowledge(store.get(), today.fingerprint));
  return ReplaySignalLog(store.get(), today.engine.knowledge, options,
                         [&](double done) { line->Phase(ReplayPhase::kReason, done); });
}

// What is left to do with a report that was made: writes it, sends it if told to.
int Finish(const Report& report, const ReplayFlags& flags, bool failed) {
  if (const int code = Write(Render(report, flags, flags.output.empty()), flags.output); code != 0)
    return code;
  if (!flags.output.empty() && flags.output != "-" && !flags.quiet)
    PrintError(absl::StrCat("wrote ", flags.output));
  if (flags.send) {
    absl::StatusOr<LiveConfig> config = LoadLiveConfig(flags.config, ProcessEnvironment());
    const absl::Status status = config.ok() ? SendReport(report, *config) : config.status();
    if (!status.ok()) {
      PrintError(std::string(status.message()));
      return ExitCodeFor(status);
    }
  }
  if (failed) return kExitFinding;
  return flags.fail_on_incident && HasIncident(report) ? kExitFinding : kExitFine;
}

int RunReplayLog(const ReplayFlags& flags) {
  ScanProgress progress;
  ProgressLine line(progress, !flags.quiet && isatty(STDERR_FILENO));
  std::string warning;
  const absl::StatusOr<Report> report = ReplayLog(flags, &line, &warning);
  line.Stop();
  if (!warning.empty()) PrintError(warning);
  if (!report.ok()) {
    PrintError(std::string(report.status().message()));
    return ExitCodeFor(report.status());
  }
  return Finish(*report, flags, false);
}

}  // namespace

int RunReplay(const ReplayFlags& flags) {
  if (flags.inputs.empty() == flags.signal_log.empty()) {
    PrintError("replay takes either inputs or --signal-log DIR");
    return kExitUsage;
  }
  // Before anything is read: mistakes are told at once.
  if (flags.send)
    if (const auto config = LoadLiveConfig(flags.config, ProcessEnvironment()); !config.ok()) {
      PrintError(std::string(config.status().message()));
      return kExitConfig;
    }
  if (!flags.signal_log.empty()) return RunReplayLog(flags);
  ReplayOptions options;
  const absl::StatusOr<ParseOptions> parse = ToParseOptions(flags.input);
  if (!parse.ok()) {
    PrintError(std::string(parse.status().message()));
    return kExitUsage;
  }
  options.scan.parse = *parse;
  if (const absl::Status status = SetRange(flags, &options); !status.ok()) {
    PrintError(std::string(status.message()));
    return kExitUsage;
  }
  options.scan.workers = flags.workers > 0
                             ? flags.workers
                             : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));

  RedactOptions redact;
  redact.secrets = flags.redact != "none";
  redact.emails = redact.ips = flags.redact == "all";
  const absl::StatusOr<Engine> engine = BuildEngine(flags.knowledge, redact);
  if (!engine.ok()) {
    PrintError(std::string(engine.status().message()));
    return ExitCodeFor(engine.status());
  }
  absl::StatusOr<std::unique_ptr<PathSource>> source =
      MakePathSource(flags.inputs, IngestOptions());
  if (!source.ok()) {
    PrintError(std::string(source.status().message()));
    return kExitFinding;
  }

  ScanProgress progress;
  ProgressLine line(progress, !flags.quiet && isatty(STDERR_FILENO));
  absl::StatusOr<Report> report =
      Replay((*source)->Units(), *engine, options, &progress,
             [&](ReplayPhase phase, double done) { line.Phase(phase, done); });
  line.Stop();
  if (!report.ok()) {
    PrintError(std::string(report.status().message()));
    return kExitFinding;
  }

  bool failed = false;
  for (const absl::Status& problem : (*source)->problems()) {
    PrintError(std::string(problem.message()));
    report->stats.reasons.Count(Reason::kUnreadableInput);
    failed = true;
  }
  for (const ReportStream& stream : report->streams) {
    if (stream.error.empty()) continue;
    PrintError(StreamError(stream));
    failed = true;
  }
  for (const SkippedInput& skipped : (*source)->skipped()) {
    if (skipped.binary) report->stats.reasons.Count(Reason::kBinaryInput);
    if (!flags.quiet) PrintError(absl::StrCat("skipped ", skipped.path, ": ", skipped.reason));
  }
  if (report->stats.streams == 0) {
    PrintError("nothing to read: no input held any log lines");
    failed = true;
  }
  return Finish(*report, flags, failed);
}

}  // namespace culprit

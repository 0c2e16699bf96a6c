// culprit: flags and wiring only. Each command lives in its own file behind commands.h.
#include <CLI/CLI.hpp>

#include "engine/cmd/commands.h"
#include "engine/cmd/completions.h"
#include "engine/cmd/people_flags.h"
#include "engine/config/pack_loader.h"

#ifndef CULPRIT_VERSION
#define CULPRIT_VERSION "unknown"
#endif

namespace culprit {
namespace {

const CLI::IsMember kFormats({"text", "json", "jsonl", "markdown", "html"});
const CLI::IsMember kShortFormats({"text", "json"});

void AddKnowledge(CLI::App* app, KnowledgeFlags* flags) {
  app->add_option("--pack", flags->packs,
                  "A pack.yaml or a folder of packs, besides the built-in ones")
      ->type_name("PATH");
  app->add_flag("--no-default-packs", flags->no_default_packs, "Leave the built-in packs out");
  app->add_option(
         "--topology", flags->topologies,
         "Who depends on whom: YAML components: {api: {depends_on: [db]}}, or a JSON list of "
         "{caller, callee}")
      ->type_name("FILE");
}

void AddInput(CLI::App* app, InputFlags* flags) {
  std::string names;
  for (std::string_view name : FormatNames()) names.append(names.empty() ? "" : ", ").append(name);
  app->add_option("--input-format", flags->input_format,
                  "Format of the lines instead of detecting it: auto, or one or a chain "
                  "(docker+json) of " +
                      names)
      ->capture_default_str();
  app->add_option("--timezone", flags->timezone,
                  "Zone of times that carry none, e.g. Europe/Berlin")
      ->capture_default_str();
  app->add_option("--service", flags->service, "One service name for all lines");
  app->add_option(
      "--service-from", flags->service_from,
      "Rule for the service: record, dir, file, field:<json key>, path:<regex with one group>");
}

void AddDlq(CLI::App* app, DlqFlags* flags) {
  app->require_subcommand(1);
  const auto add = [&](const char* name, const char* what) {
    CLI::App* sub = app->add_subcommand(name, what);
    sub->add_option("--state", flags->state, "State directory of culprit run")
        ->capture_default_str()
        ->type_name("DIR");
    sub->callback([flags, name] { flags->action = name; });
    return sub;
  };
  const auto choose = [&](CLI::App* sub, bool ids) {
    if (ids) sub->add_option("ids", flags->ids, "Numbers of letters, as in the list");
    sub->add_option("--source", flags->source, "Only of this source");
    sub->add_option("--reason", flags->reason, "Only for this reason");
  };
  CLI::App* list = add("list", "What could not be used, and why");
  choose(list, false);
  list->add_flag("--pending", flags->pending, "Only those not replayed yet");
  list->add_option("--limit", flags->limit, "At most so many")->capture_default_str();
  list->add_option("--format", flags->format)->check(kShortFormats)->capture_default_str();
  CLI::App* show = add("show", "Letters with their raw bytes");
  show->add_option("ids", flags->ids, "Numbers of letters, as in the list")->required();
  show->add_option("--format", flags->format)->check(kShortFormats)->capture_default_str();
  CLI::App* replay = add("replay", "Write the raw bytes as lines, to feed them in once more");
  choose(replay, true);
  replay->add_flag("--again", flags->again, "Also those replayed already");
  replay->add_option("-o,--output", flags->output, "Append to a file, e.g. one that is tailed")
      ->type_name("FILE");
  CLI::App* drop = add("drop", "Delete letters");
  choose(drop, true);
  drop->add_flag("--all", flags->all, "Every letter there is");
}

void AddTap(CLI::App* app, TapFlags* flags) {
  app->add_option("--signature", flags->signature, "Only this one, or a pack's: nginx/*");
  app->add_option("--component", flags->component, "Only those that this component shows");
  app->add_option("--source", flags->source, "Only from this source");
  app->add_option("--grep", flags->grep, "Only lines that this RE2 expression finds");
  app->add_option("-n,--count", flags->count, "End after so many");
  app->add_option("--format", flags->format)->check(kShortFormats)->capture_default_str();
  app->add_option("--color", flags->color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  AddRemote(app, &flags->remote);
}

void AddTop(CLI::App* app, TopFlags* flags) {
  app->add_option("--interval", flags->interval, "Seconds between two looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app->add_flag("--once", flags->once, "Print once; so it is when the output is no terminal");
  app->add_option("--format", flags->format)->check(kShortFormats)->capture_default_str();
  AddRemote(app, &flags->remote);
}

int Main(int argc, char** argv) {
  CLI::App app{"Reads the logs of every service and names the root cause of the incident in them.",
               "culprit"};
  app.set_version_flag("--version", "culprit " CULPRIT_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer(
      "Examples:\n"
      "  culprit replay /var/log/outage/            what broke first, what it took down, what to "
      "do\n"
      "  culprit replay logs.tar.gz --format html --output incident.html\n"
      "  journalctl -o json --since -1h | culprit replay -\n"
      "  culprit explain 'dial tcp 10.0.0.5:2379: connect: connection refused'\n"
      "Exit codes: 0 fine, 1 a finding or an input that could not be read, 2 usage, 78 bad "
      "configuration.");

  ReplayFlags replay;
  CLI::App* cmd = app.add_subcommand("replay", "Past logs in, incidents with their root cause out");
  cmd->add_option(
      "inputs", replay.inputs,
      "Files, folders, globs, tar/zip archives, gz/zst/xz/bz2/lz4, - for standard input");
  cmd->add_option("--signal-log", replay.signal_log,
                  "State directory of a live run: what it recognised, reasoned about again")
      ->type_name("DIR");
  CLI::Option* config =
      cmd->add_option("-c,--config", replay.config,
                      "culprit.yaml: with --signal-log that of the run, with --send whose sinks")
          ->type_name("FILE");
  cmd->add_flag("--send", replay.send,
                "Tell the sinks of --config of the incidents; without it nobody is told")
      ->needs(config);
  AddKnowledge(cmd, &replay.knowledge);
  AddInput(cmd, &replay.input);
  cmd->add_option("--format", replay.format, "text, json, jsonl, markdown or html")
      ->check(kFormats)
      ->capture_default_str();
  cmd->add_option("-o,--output", replay.output, "Write there instead of standard output")
      ->type_name("FILE");
  cmd->add_option("--since", replay.since, "Leave out what is earlier, e.g. 2026-11-21T06:51:05Z");
  cmd->add_option("--until", replay.until, "Leave out what is not earlier");
  cmd->add_option("--workers", replay.workers,
                  "Scan threads (0: one per core); the result is the same")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  cmd->add_option(
         "--redact", replay.redact,
         "What is taken out of shown lines: secrets, all (mail and IP addresses too), none")
      ->check(CLI::IsMember({"secrets", "all", "none"}))
      ->capture_default_str();
  cmd->add_flag("--fail-on-incident", replay.fail_on_incident, "Exit 1 if there is an incident");
  cmd->add_flag("--all", replay.all, "Show suspected and related incidents and all evidence too");
  cmd->add_flag("-q,--quiet", replay.quiet, "No progress line, no notes about skipped inputs");
  cmd->add_option("--color", replay.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  cmd->footer("Nobody is notified by a replay.\nThe JSON's schema: culprit schema report");

  RunFlags run;
  cmd = app.add_subcommand("run", "Watch live logs as a configuration says");
  cmd->add_option("-c,--config", run.config, "The configuration (culprit init writes one)")
      ->type_name("FILE")
      ->capture_default_str();
  cmd->add_option("--format", run.format, "Of incidents on standard output: text, jsonl or none")
      ->check(CLI::IsMember({"text", "jsonl", "none"}));

  CheckFlags check;
  cmd = app.add_subcommand("check",
                           "Validate a configuration, packs and topology; name slow signatures");
  cmd->add_option("-c,--config", check.config, "A culprit.yaml, with all that it names")
      ->type_name("FILE");
  AddKnowledge(cmd, &check.knowledge);
  cmd->add_flag("--all", check.all, "Name slow signatures of the built-in packs too");
  cmd->add_option("--format", check.format)->check(kShortFormats)->capture_default_str();

  TestFlags test;
  cmd = app.add_subcommand("test", "Run the packs' own samples and scenarios");
  cmd->add_option("paths", test.paths,
                  "Packs or folders of packs (default: patterns/packs if it is there)");
  cmd->add_option("--scenario", test.scenario, "Only scenarios whose name holds this");
  cmd->add_option("--perturbation", test.perturbation, "Only this one; none: only as it is")
      ->check(CLI::IsMember({"none", "shuffled", "missing_root", "dropped", "skewed", "overlap"}));
  cmd->add_flag("-v,--verbose", test.verbose, "Print each scenario's report");

  ExplainFlags explain;
  cmd = app.add_subcommand("explain", "Why a line is, or is not, recognised");
  cmd->add_option("what", explain.what, "A log line, FILE:OFFSET, or - for lines on standard input")
      ->required();
  AddKnowledge(cmd, &explain.knowledge);
  AddInput(cmd, &explain.input);
  cmd->add_option("--format", explain.format)->check(kShortFormats)->capture_default_str();

  EvidenceFlags evidence;
  cmd = app.add_subcommand("evidence", "Re-read the raw lines behind an incident");
  cmd->add_option("incident", evidence.incident, "Incident id (may be left out if there is one)");
  cmd->add_option("--report", evidence.report, "JSON report of the replay")
      ->required()
      ->type_name("FILE");
  cmd->add_option("--format", evidence.format)->check(kShortFormats)->capture_default_str();

  InitFlags init;
  cmd = app.add_subcommand("init", "Write a starter configuration for culprit run");
  std::vector<std::string> starters;
  for (const auto& [name, text] : Starters()) starters.push_back(name);
  cmd->add_option("kind", init.kind, "Where the logs are: " + CLI::detail::join(starters, ", "))
      ->check(CLI::IsMember(starters))
      ->capture_default_str();
  cmd->add_option("-o,--output", init.output, "File to write; - for standard output")
      ->capture_default_str();
  cmd->add_flag("--force", init.force, "Replace the file if it is there");

  DlqFlags dlq;
  AddDlq(app.add_subcommand("dlq", "Dead letters: list, show, replay, drop"), &dlq);

  TapFlags tap;
  AddTap(app.add_subcommand("tap", "What a running culprit recognises, as it does"), &tap);
  TopFlags top;
  AddTop(app.add_subcommand("top", "Throughput, lag, hottest signatures of a running culprit"),
         &top);
  IncidentsFlags incidents;
  AddIncidents(app.add_subcommand("incidents",
                                  "Incidents of a running culprit: list, show, journal, ack, "
                                  "resolve, note, assign, merge"),
               &incidents);
  SilenceFlags silence;
  AddSilence(app.add_subcommand("silence", "Mute for a while: add, list, expire, preview"),
             &silence);
  DrillFlags drill;
  AddDrill(app.add_subcommand("drill", "An incident marked [DRILL] through the real sinks"),
           &drill);
  SinkFlags sink;
  AddSink(app.add_subcommand("sink", "Where incidents are told: list, status, test, render"),
          &sink);

  std::string schema;
  cmd = app.add_subcommand("schema", "Print the JSON Schema of a file format");
  cmd->add_option("name", schema, "config, notification, pack, report, scenario or topology")
      ->required();

  std::string shell;
  cmd = app.add_subcommand("completions",
                           "Print shell completions: source <(culprit completions bash)");
  cmd->add_option("shell", shell)->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));

  DropInheritedFooters(&app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kExitFine : kExitUsage;
  }
  if (app.got_subcommand("replay")) return RunReplay(replay);
  if (app.got_subcommand("run")) return RunLive(run);
  if (app.got_subcommand("check")) return RunCheck(check);
  if (app.got_subcommand("test")) return RunTest(test);
  if (app.got_subcommand("explain")) return RunExplain(explain);
  if (app.got_subcommand("evidence")) return RunEvidence(evidence);
  if (app.got_subcommand("init")) return RunInit(init);
  if (app.got_subcommand("dlq")) return RunDlq(dlq);
  if (app.got_subcommand("tap")) return RunTap(tap);
  if (app.got_subcommand("top")) return RunTop(top);
  if (app.got_subcommand("incidents")) return RunAnyIncidents(incidents);
  if (app.got_subcommand("silence")) return RunSilence(silence);
  if (app.got_subcommand("drill")) return RunDrill(drill);
  if (app.got_subcommand("sink")) return RunSink(sink);
  if (app.got_subcommand("schema")) return RunSchema(schema);
  return PrintCompletions(app, shell);
}

}  // namespace
}  // namespace culprit

int main(int argc, char** argv) { return culprit::Main(argc, argv); }

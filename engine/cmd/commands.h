// The commands behind main(): plain flags in, exit code out. main.cc fills the flags (CLI11 stays
// there). Exit codes: 0 fine, 1 a finding, a failed test or an input that could not be read, 2
// usage, 78 bad configuration.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/config/live_config.h"
#include "engine/pipeline/replay.h"

namespace culprit {

inline constexpr int kExitFine = 0;
inline constexpr int kExitFinding = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 78;

// Flags that choose what is known.
struct KnowledgeFlags {
  std::vector<std::string> packs;  // files or folders
  bool no_default_packs = false;
  std::vector<std::string> topologies;
};

// Flags that say how inputs are read.
struct InputFlags {
  std::string input_format = "auto";
  std::string timezone = "UTC";
  std::string service;
  std::string service_from;
};

struct ReplayFlags {
  std::vector<std::string> inputs;
  KnowledgeFlags knowledge;
  InputFlags input;
  std::string format = "text";
  std::string output;
  std::string since;
  std::string until;
  std::string color = "auto";
  std::string redact = "secrets";  // or all, none
  int workers = 0;                 // 0: one per core
  std::string signal_log;          // state directory of a live run, instead of inputs
  std::string config;              // culprit.yaml: of signal_log's run; whose sinks are told
  bool send = false;               // tells the sinks of `config`
  bool fail_on_incident = false;
  bool all = false;
  bool quiet = false;
};

struct RunFlags {
  std::string config = "culprit.yaml";
  std::string format;  // of incidents on standard output: text, jsonl, none; empty: as configured
};

struct CheckFlags {
  std::string config;  // culprit.yaml; empty: packs and topology of `knowledge` only
  KnowledgeFlags knowledge;
  bool all = false;  // name slow signatures of the built-in packs too
  std::string format = "text";
};

struct TestFlags {
  std::vector<std::string>
      paths;             // packs or folders of packs; empty: patterns/packs or the built-in ones
  std::string scenario;  // only scenarios whose name holds this
  std::string perturbation;  // only this one; "none": only as it is
  bool verbose = false;
};

struct ExplainFlags {
  std::string what;  // a line, FILE:OFFSET, or -
  KnowledgeFlags knowledge;
  InputFlags input;
  std::string format = "text";
};

struct EvidenceFlags {
  std::string incident;  // id, or empty: the only one
  std::string report;    // JSON report of the replay
  std::string format = "text";
};

struct InitFlags {
  std::string kind = "files";
  std::string output = "culprit.yaml";  // "-": standard output
  bool force = false;
};

struct DlqFlags {
  std::string action;  // list, show, replay, drop
  std::string state = "/var/lib/culprit";
  std::vector<int64_t> ids;  // empty: all that the next two choose
  std::string source;
  std::string reason;
  bool pending = false;  // list: only those not replayed yet
  bool again = false;    // replay: also those replayed already
  bool all = false;      // drop: without any choice
  size_t limit = 100;    // list
  std::string output;    // replay: a file, appended to; else standard output
  std::string format = "text";
};

// Where a culprit runs that is asked.
struct RemoteFlags {
  std::string url = "http://127.0.0.1:9797";
  std::string token;
  std::string token_file;
};

struct TapFlags {
  RemoteFlags remote;
  std::string signature;
  std::string component;
  std::string source;
  std::string grep;    // RE2
  uint64_t count = 0;  // end after so many signals; 0: never
  std::string format = "text";
  std::string color = "auto";
};

struct TopFlags {
  RemoteFlags remote;
  double interval = 2;  // seconds between two looks
  bool once = false;
  std::string format = "text";
};

struct IncidentsFlags {
  std::string action;  // list, show, journal; ack, resolve, note, assign, merge
  RemoteFlags remote;
  std::string state;   // directory; empty: ask the running culprit
  std::string id;      // all but list; a part of it that names one will do
  std::string only;    // list: state of the incidents; empty: any
  size_t limit = 50;   // list
  std::string author;  // of an action; empty: the user of this shell
  std::string text;    // of an action; assign: the owner
  std::string into;    // merge
  std::string format = "text";
};

struct SilenceFlags {
  std::string action;  // add, list, expire, preview
  RemoteFlags remote;
  std::vector<std::string> matchers;
  std::vector<std::string> ids;  // expire
  std::string length;            // "2h"; or:
  std::string start;             // RFC 3339; empty: at once
  std::string end;
  std::string author;
  std::string comment;
  std::string format = "text";
};

struct DrillFlags {
  RemoteFlags remote;
  std::vector<std::string> sinks;  // empty: all
  std::string format = "text";
};

struct SinkFlags {
  std::string action;  // list, status, test, render
  std::string config = "culprit.yaml";
  RemoteFlags remote;              // status
  std::vector<std::string> names;  // test
  std::string name;                // render
  std::string incident;            // render: a part of an id; empty: a built-in one
  std::string state;               // render: directory; empty: as configured
  std::string event = "opened";    // render
  std::string format = "text";
};

int RunReplay(const ReplayFlags& flags);
int RunLive(const RunFlags& flags);
int RunCheck(const CheckFlags& flags);
int RunTest(const TestFlags& flags);
int RunExplain(const ExplainFlags& flags);
int RunEvidence(const EvidenceFlags& flags);
int RunDlq(const DlqFlags& flags);
int RunTap(const TapFlags& flags);
int RunTop(const TopFlags& flags);
int RunIncidents(const IncidentsFlags& flags);
int RunIncidentAction(const IncidentsFlags& flags);
int RunJournal(const IncidentsFlags& flags);
int RunSilence(const SilenceFlags& flags);
int RunDrill(const DrillFlags& flags);
int RunSink(const SinkFlags& flags);
int RunSchema(const std::string& name);
int RunInit(const InitFlags& flags);

// Shared by the commands.

// Prints "culprit: <message>" to stderr, each line of it.
void PrintError(std::string_view message);
int ExitCodeFor(const absl::Status& status);
absl::StatusOr<Engine> BuildEngine(const KnowledgeFlags& flags,
                                   const RedactOptions& redact = RedactOptions());
// The packs and topologies that a configuration names, besides those of the flags.
void AddKnowledge(const LiveConfig& config, KnowledgeFlags* flags);
// Usage errors as InvalidArgument.
absl::StatusOr<ParseOptions> ToParseOptions(const InputFlags& flags);
bool UseColor(const std::string& choice, int fd);
int TerminalWidth(int fd);

}  // namespace culprit

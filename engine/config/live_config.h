// culprit.yaml: what `culprit run` is told. Read strictly: every mistake is named with file:line.
// Format: engine/doc/configuration.md; JSON Schema: patterns/schema/config.schema.json.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/core/knowledge.h"
#include "engine/core/time.h"
#include "engine/deliver/deliver_config.h"
#include "engine/ingest/forward/forward_config.h"
#include "engine/ingest/http/http_config.h"
#include "engine/ingest/kafka/kafka_config.h"
#include "engine/ingest/stdin/stdin_config.h"
#include "engine/ingest/syslog/syslog_config.h"
#include "engine/ingest/tail/tail_config.h"
#include "engine/redact/redactor.h"
#include "sinks/all_sinks.h"

namespace culprit {

// How the lines of a source are read; as the flags of `culprit replay`.
struct LineConfig {
  std::string format = "auto";
  std::string timezone = "UTC";
  std::string service;
  std::string service_from;
};

using AnySourceConfig =
    std::variant<KafkaConfig, TailConfig, ForwardConfig, StdinConfig, SyslogConfig, HttpConfig>;

struct SourceConfig {
  AnySourceConfig config;
  LineConfig lines;
  // Without news for so long, a stream of this source no longer holds the others: time.idle_after
  // if set, else the source's own key, else by kind, longer where lines come in rarer bundles.
  DurationUs idle_after = 0;
  FileLine where;
};

// Name of the source: of the kind's config.
const std::string& SourceName(const SourceConfig& source);

struct SinkConfig {
  AnySinkConfig config;  // SinkName() is what routes speak of; unique
  FileLine where;
};

struct StateConfig {
  std::string directory = "/var/lib/culprit";
  bool sync = true;  // every commit reaches the disk before it is acknowledged
  DurationUs checkpoint_every = 5 * kSecondUs;
  uint64_t log_bytes = uint64_t{1} << 30;  // of the signal log kept for replay
  DurationUs log_age = kDayUs;
  uint64_t dead_letter_bytes = uint64_t{64} << 20;
  DurationUs dead_letter_age = 14 * kDayUs;
};

struct TimeConfig {
  DurationUs lateness = 5 * kSecondUs;  // how far a stream may run backwards
  DurationUs idle_after = 0;            // instead of the sources' own; 0: not set
};

// The HTTP server for people and machines: metrics, health, API.
struct ServeConfig {
  std::string listen = "127.0.0.1:9797";  // empty: no server
  Secret token;                           // required beyond loopback
};

struct LogConfig {
  std::string level = "info";
  std::string format = "text";  // or json
};

struct LiveConfig {
  std::string file;                // as given
  std::vector<std::string> packs;  // paths, relative ones to the file's folder
  bool default_packs = true;
  std::vector<std::string> topologies;
  std::vector<SourceConfig> sources;
  std::vector<SinkConfig> sinks;
  DeliverConfig deliver;  // which of them is told of what, and when
  StateConfig state;
  TimeConfig time;
  ServeConfig serve;
  LogConfig log;
  RedactOptions redact;
  std::string stdout_format = "text";  // text, jsonl, none
  int workers = 0;                     // scan threads; 0: one per core
  uint64_t queue_bytes = uint64_t{64} << 20;
  DurationUs drain_timeout = 30 * kSecondUs;
  // A hash of what each top-level key says, variables filled in: to tell what changed in the file.
  std::map<std::string, size_t> sections;
};

// Top-level keys that say something else in `after`, sorted.
std::vector<std::string> ChangedSections(const LiveConfig& before, const LiveConfig& after);

// Looks a variable of the environment up.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
Environment ProcessEnvironment();

// InvalidArgument: one "file:line: what, expected what" per mistake. Reads the files that `*_file`
// keys name. `${VAR}`, `${VAR:-default}`, `${VAR:?message}` are filled in in every value, `$$` is a
// dollar sign.
absl::StatusOr<LiveConfig> ParseLiveConfig(const std::string& text, const std::string& file,
                                           const Environment& environment);
absl::StatusOr<LiveConfig> LoadLiveConfig(const std::string& file, const Environment& environment);

}  // namespace culprit

#include "engine/config/live_config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/config/interpolate.h"
#include "engine/config/live_routes.h"
#include "engine/config/live_sinks.h"
#include "engine/config/live_sources.h"
#include "engine/config/yaml_reader.h"

namespace culprit {
namespace {

constexpr uint64_t kMost = uint64_t{1} << 42;
constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
constexpr std::string_view kLogFormats[] = {"text", "json"};
constexpr std::string_view kStdoutFormats[] = {"text", "jsonl", "none"};

void ReadState(YamlMap* root, StateConfig* state) {
  const YAML::Node node = root->Get("state");
  if (node.IsDefined() && node.IsScalar()) {
    state->directory = node.Scalar();
    return;
  }
  YamlMap map = root->Map("state", "state");
  state->directory = map.String("directory", state->directory);
  state->sync = map.Bool("sync", state->sync);
  state->checkpoint_every = map.Duration("checkpoint_every", state->checkpoint_every);
  state->log_bytes = map.Size("log_bytes", state->log_bytes, 1 << 20, kMost);
  state->log_age = map.Duration("log_age", state->log_age);
  state->dead_letter_bytes =
      map.Size("dead_letter_bytes", state->dead_letter_bytes, 1 << 16, kMost);
  state->dead_letter_age = map.Duration("dead_letter_age", state->dead_letter_age);
  map.Finish();
}

void ReadTime(YamlMap* root, TimeConfig* time) {
  YamlMap map = root->Map("time", "time");
  time->lateness = map.DurationOrZero("lateness", time->lateness);
  if (map.Has("idle_after")) time->idle_after = map.Duration("idle_after", kSecondUs);
  map.Finish();
}

void ReadServe(YamlMap* root, ServeConfig* serve) {
  YamlMap map = root->Map("serve", "serve");
  serve->listen = map.String("listen", serve->listen);
  serve->token = map.SecretText("token");
  const std::string_view host = std::string_view(serve->listen).substr(0, serve->listen.rfind(':'));
  const bool loopback = host == "127.0.0.1" || host == "localhost" || host == "[::1]";
  if (!serve->listen.empty() && host.size() == serve->listen.size())
    map.Error(map.Get("listen"), "serve: 'listen' must be address:port, like 127.0.0.1:9797");
  else if (!serve->listen.empty() && !loopback && serve->token.empty())
    map.Error(map.Get("listen"), "serve: beyond loopback a 'token' (or 'token_file') is required");
  map.Finish();
}

void ReadLog(YamlMap* root, LogConfig* log) {
  YamlMap map = root->Map("log", "log");
  log->level = kLevels[map.OneOf("level", kLevels, 1)];
  log->format = kLogFormats[map.OneOf("format", kLogFormats, 0)];
  map.Finish();
}

void ReadRedact(YamlMap* root, RedactOptions* redact, ConfigErrors* errors) {
  YamlMap map = root->Map("redact", "redact");
  redact->secrets = map.Bool("secrets", redact->secrets);
  redact->emails = map.Bool("emails", redact->emails);
  redact->ips = map.Bool("ips", redact->ips);
  for (const YAML::Node& node : map.Sequence("rules")) {
    YamlMap rule = map.Child(node, "redact: rules");
    redact->rules.push_back({rule.RequiredString("name"), rule.RequiredString("regex")});
    rule.Finish();
    // One rule at a time, so that a mistake is told with its line.
    RedactOptions alone;
    alone.secrets = false;
    alone.rules.push_back(redact->rules.back());
    if (const auto made = Redactor::Make(alone); !made.ok())
      errors->Add(rule.where(), std::string(made.status().message()));
  }
  map.Finish();
}

void ReadSources(YamlMap* root, const TimeConfig& time, std::vector<SourceConfig>* sources,
                 ConfigErrors* errors) {
  std::set<std::string> names;
  for (const YAML::Node& node : root->Sequence("sources")) {
    std::optional<SourceConfig> source = ReadSource(node, time, root);
    if (!source) continue;
    if (absl::TimeZone zone; !absl::LoadTimeZone(source->lines.timezone, &zone))
      errors->Add(source->where, absl::StrCat("timezone '", source->lines.timezone,
                                              "' is not known; expected e.g. Europe/Berlin"));
    if (!names.insert(SourceName(*source)).second)
      errors->Add(source->where, absl::StrCat("two sources are called '", SourceName(*source),
                                              "'; give one a 'name' of its own"));
    sources->push_back(std::move(*source));
  }
  if (sources->empty() && errors->empty())
    errors->Add(root->where(),
                "'sources' is required: at least one, like - tail: { include: "
                "[/var/log/app/*.log] }");
}

void ReadSinks(YamlMap* root, std::vector<SinkConfig>* sinks, ConfigErrors* errors) {
  std::set<std::string> names;
  for (const YAML::Node& node : root->Sequence("sinks")) {
    std::optional<SinkConfig> sink = ReadSink(node, root);
    if (!sink) continue;
    if (!names.insert(SinkName(sink->config)).second)
      errors->Add(sink->where, absl::StrCat("two sinks are called '", SinkName(sink->config),
                                            "'; give one a 'name' of its own"));
    sinks->push_back(std::move(*sink));
  }
}

// What people do in Slack or PagerDuty comes in over the server.
void CheckHooks(const LiveConfig& config, ConfigErrors* errors) {
  if (!config.serve.listen.empty()) return;
  for (const SinkConfig& sink : config.sinks) {
    const auto* slack = std::get_if<SlackSinkConfig>(&sink.config);
    const auto* pager = std::get_if<PagerDutySinkConfig>(&sink.config);
    const char* key = slack != nullptr && !slack->signing_secret.empty()   ? "signing_secret"
                      : pager != nullptr && !pager->webhook_secret.empty() ? "webhook_secret"
                                                                           : nullptr;
    if (key != nullptr)
      errors->Add(sink.where,
                  absl::StrCat("sink ", SinkName(sink.config), ": '", key,
                               "' needs 'serve.listen': what people do comes in there"));
  }
}

std::map<std::string, size_t> Sections(const YAML::Node& document) {
  std::map<std::string, size_t> sections;
  if (!document.IsMap()) return sections;
  for (const auto& entry : document)
    sections[entry.first.as<std::string>("")] = std::hash<std::string>()(YAML::Dump(entry.second));
  return sections;
}

// Relative paths in the file are relative to the file.
std::string Beside(const std::string& file, const std::string& path) {
  const std::filesystem::path p(path);
  return p.is_absolute() ? path : (std::filesystem::path(file).parent_path() / p).string();
}

}  // namespace

absl::StatusOr<LiveConfig> ParseLiveConfig(const std::string& text, const std::string& file,
                                           const Environment& environment) {
  ConfigErrors errors;
  LiveConfig config;
  config.file = file;
  const YAML::Node document = ParseYaml(text, file, &errors);
  InterpolateAll(document, file, environment, &errors);
  YamlMap root(document, file, "configuration", &errors);
  for (const std::string& path : root.Strings("packs")) config.packs.push_back(Beside(file, path));
  config.default_packs = root.Bool("default_packs", config.default_packs);
  for (const std::string& path : root.Strings("topology"))
    config.topologies.push_back(Beside(file, path));
  ReadState(&root, &config.state);
  ReadTime(&root, &config.time);
  ReadServe(&root, &config.serve);
  ReadLog(&root, &config.log);
  ReadRedact(&root, &config.redact, &errors);
  config.stdout_format = kStdoutFormats[root.OneOf("stdout", kStdoutFormats, 0)];
  config.workers = root.Int("workers", config.workers, 0, 256);
  config.queue_bytes = root.Size("queue_bytes", config.queue_bytes, 4 << 20, kMost);
  config.drain_timeout = root.Duration("drain_timeout", config.drain_timeout);
  ReadSources(&root, config.time, &config.sources, &errors);
  ReadSinks(&root, &config.sinks, &errors);
  CheckHooks(config, &errors);
  std::vector<std::string> names;
  for (const SinkConfig& sink : config.sinks) names.push_back(SinkName(sink.config));
  config.deliver = ReadDelivery(&root, names, &errors);
  root.Finish();
  if (!errors.empty()) return errors.ToStatus();
  config.sections = Sections(document);
  return config;
}

std::vector<std::string> ChangedSections(const LiveConfig& before, const LiveConfig& after) {
  std::vector<std::string> changed;
  for (const auto& [key, hash] : before.sections)
    if (const auto it = after.sections.find(key); it == after.sections.end() || it->second != hash)
      changed.push_back(key);
  for (const auto& [key, hash] : after.sections)
    if (!before.sections.contains(key)) changed.push_back(key);
  std::sort(changed.begin(), changed.end());
  return changed;
}

absl::StatusOr<LiveConfig> LoadLiveConfig(const std::string& file, const Environment& environment) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": ", std::strerror(errno),
                     "; culprit init writes one to start from"));  // NOLINT(concurrency-mt-unsafe)
  return ParseLiveConfig(text.str(), file, environment);
}

}  // namespace culprit

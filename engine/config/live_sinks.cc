#include "engine/config/live_sinks.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/config/kafka_settings.h"
#include "sinks/common/message.h"

namespace culprit {
namespace {

constexpr uint64_t kMost = uint64_t{1} << 40;
constexpr uint64_t kMostTemplateBytes = 1 << 20;

// `key`, or the file that `<key>_file` names, relative to the configuration.
class Templates {
 public:
  explicit Templates(YamlMap* map) : map_(map) {}

  std::string Read(const char* key, const char* file_key, TemplateKind kind) {
    const YAML::Node here = map_->Get(key);
    const YAML::Node file = map_->Get(file_key);
    std::string text = map_->String(key);
    std::string name = absl::StrCat("'", key, "'");
    if (here.IsDefined() && file.IsDefined()) {
      map_->Error(file,
                  absl::StrCat(map_->what(), ": give ", name, " or '", file_key, "', not both"));
      return "";
    }
    if (file.IsDefined()) {
      const std::filesystem::path path =
          std::filesystem::path(map_->where().file).parent_path() / map_->String(file_key);
      std::ifstream in(path, std::ios::binary);
      std::ostringstream content;
      if (!in || !(content << in.rdbuf()) || content.str().size() > kMostTemplateBytes) {
        map_->Error(file, absl::StrCat(map_->what(), ": '", file_key, "': ", path.string(),
                                       " cannot be read, or is empty or too large"));
        return "";
      }
      text = content.str();
      name = absl::StrCat("'", file_key, "', ", path.string());
    }
    if (text.empty()) return "";
    if (absl::Status status = CheckMessageTemplate(text, kind); !status.ok())
      map_->Error(here.IsDefined() ? here : file,
                  absl::StrCat(map_->what(), ": ", name, ": ", status.message()));
    return text;
  }

 private:
  YamlMap* map_;
};

void CheckUrl(YamlMap* map, const char* key, const std::string& url) {
  const bool scheme = url.starts_with("https://") || url.starts_with("http://");
  const std::string host = UrlHost(url);
  if (scheme && !host.empty() && host[0] != ':' && url.find_first_of(" \t\n") == std::string::npos)
    return;
  // The URL itself may be a secret.
  map->Error(map->Get(key),
             absl::StrCat(map->what(), ": '", key, "' is no URL; expected https://host/path"));
}

HttpTls ReadTls(YamlMap* parent) {
  HttpTls tls;
  if (!parent->Has("tls")) return tls;
  YamlMap map = parent->Map("tls", absl::StrCat(parent->what(), ": tls"));
  tls.ca_file = map.String("ca_file");
  tls.cert_file = map.String("cert_file");
  tls.key_file = map.String("key_file");
  tls.key_password = map.SecretText("key_password");
  tls.verify = map.Bool("verify", true);
  if (tls.cert_file.empty() != tls.key_file.empty())
    map.Error({}, map.what() + ": 'cert_file' and 'key_file' go together");
  map.Finish();
  return tls;
}

void ReadHttp(YamlMap* map, HttpSinkOptions* http) {
  http->timeout = map->Duration("timeout", http->timeout);
  http->environment_proxy = map->Bool("environment_proxy", http->environment_proxy);
  http->tls = ReadTls(map);
}

// `severities: { warning: info }`: ours on the left, one of `known` on the right.
template <typename Known>
void ReadLevels(YamlMap* parent, const char* key, const Known& known,
                std::array<std::string, 4>* levels) {
  if (!parent->Has(key)) return;
  YamlMap map = parent->Map(key, absl::StrCat(parent->what(), ": ", key));
  for (size_t i = 0; i < kSeverityNames.size(); ++i)
    if (map.Has(kSeverityNames[i]))
      (*levels)[i] = std::string(known[map.OneOf(kSeverityNames[i], known, 0)]);
  map.Finish();
}

// name: value, with all values plain.
std::vector<std::pair<std::string, std::string>> ReadPairs(YamlMap* map, const char* key) {
  std::vector<std::pair<std::string, std::string>> out;
  const YAML::Node node = map->Get(key);
  if (!node.IsDefined() || node.IsNull()) return out;
  if (!node.IsMap()) {
    map->Error(node, absl::StrCat(map->what(), ": '", key, "' must be names and values"));
    return out;
  }
  for (const auto& entry : node) {
    if (entry.first.IsScalar() && entry.second.IsScalar())
      out.emplace_back(entry.first.Scalar(), entry.second.Scalar());
    else
      map->Error(entry.second,
                 absl::StrCat(map->what(), ": '", key, "': each needs one plain value"));
  }
  return out;
}

AnySinkConfig ReadSlack(YamlMap* map) {
  SlackSinkConfig c;
  Templates templates(map);
  c.webhook_url = map->SecretText("webhook_url");
  c.bot_token = map->SecretText("bot_token");
  c.channel = map->String("channel");
  c.api_url = map->String("api_url", c.api_url);
  c.signing_secret = map->SecretText("signing_secret");
  c.buttons = map->Bool("buttons", c.buttons);
  c.title = templates.Read("title", "title_file", TemplateKind::kText);
  c.body = templates.Read("body", "body_file", TemplateKind::kText);
  c.update = templates.Read("update", "update_file", TemplateKind::kText);
  if (c.webhook_url.empty() == c.bot_token.empty())
    map->Error({}, map->what() + ": give 'webhook_url' or 'bot_token' (or one in a '..._file')");
  if (!c.webhook_url.empty()) CheckUrl(map, "webhook_url", c.webhook_url.Reveal());
  if (!c.bot_token.empty() && c.channel.empty())
    map->Error({}, map->what() + ": 'bot_token' needs 'channel', an id like C024BE91L");
  CheckUrl(map, "api_url", c.api_url);
  ReadHttp(map, &c.http);
  return c;
}

AnySinkConfig ReadPagerDuty(YamlMap* map) {
  PagerDutySinkConfig c;
  c.routing_key = map->SecretText("routing_key");
  if (c.routing_key.empty())
    map->Error({}, map->what() + ": 'routing_key' (or 'routing_key_file') is required");
  c.webhook_secret = map->SecretText("webhook_secret");
  c.url = map->String("url", c.url);
  CheckUrl(map, "url", c.url);
  ReadLevels(map, "severities", kPagerDutySeverities, &c.severities);
  c.summary = Templates(map).Read("summary", "summary_file", TemplateKind::kText);
  ReadHttp(map, &c.http);
  return c;
}

AnySinkConfig ReadWebhook(YamlMap* map) {
  WebhookSinkConfig c;
  constexpr std::string_view kMethods[] = {"POST", "PUT", "PATCH"};
  c.url = map->SecretText("url");
  CheckUrl(map, "url", c.url.Reveal());
  c.method = kMethods[map->OneOf("method", kMethods, 0)];
  c.signing_secret = map->SecretText("signing_secret");
  for (auto& [name, value] : ReadPairs(map, "headers"))
    c.headers.emplace_back(name, Secret(std::move(value)));
  c.body = Templates(map).Read("body", "body_file", TemplateKind::kJson);
  ReadHttp(map, &c.http);
  return c;
}

AnySinkConfig ReadAlertmanager(YamlMap* map) {
  AlertmanagerSinkConfig c;
  Templates templates(map);
  c.url = map->RequiredString("url");
  if (!c.url.empty()) CheckUrl(map, "url", c.url);
  while (c.url.ends_with('/')) c.url.pop_back();
  c.token = map->SecretText("token");
  c.username = map->String("username");
  c.password = map->SecretText("password");
  c.labels = ReadPairs(map, "labels");
  c.summary = templates.Read("summary", "summary_file", TemplateKind::kText);
  c.description = templates.Read("description", "description_file", TemplateKind::kText);
  c.resend_every = map->Duration("resend_every", c.resend_every);
  ReadHttp(map, &c.http);
  return c;
}

AnySinkConfig ReadOpsgenie(YamlMap* map) {
  OpsgenieSinkConfig c;
  Templates templates(map);
  c.api_key = map->SecretText("api_key");
  if (c.api_key.empty())
    map->Error({}, map->what() + ": 'api_key' (or 'api_key_file') is required");
  c.url = map->String("url", c.url);
  CheckUrl(map, "url", c.url);
  ReadLevels(map, "priorities", kOpsgeniePriorities, &c.priorities);
  c.tags = map->Strings("tags");
  c.message = templates.Read("message", "message_file", TemplateKind::kText);
  c.description = templates.Read("description", "description_file", TemplateKind::kText);
  ReadHttp(map, &c.http);
  return c;
}

AnySinkConfig ReadEmail(YamlMap* map) {
  EmailSinkConfig c;
  Templates templates(map);
  constexpr std::string_view kModes[] = {"starttls", "tls", "none"};
  c.server = map->RequiredString("server");
  c.mode = static_cast<SmtpTls>(map->OneOf("encryption", kModes, 0));
  c.username = map->String("username");
  c.password = map->SecretText("password");
  c.from = map->RequiredString("from");
  c.to = map->Strings("to");
  c.subject = templates.Read("subject", "subject_file", TemplateKind::kText);
  c.text = templates.Read("text", "text_file", TemplateKind::kText);
  c.html = templates.Read("html", "html_file", TemplateKind::kText);
  c.timeout = map->Duration("timeout", c.timeout);
  c.tls = ReadTls(map);
  if (c.to.empty()) map->Error({}, map->what() + ": 'to' is required: [oncall@example.org]");
  if (!c.username.empty() && c.mode == SmtpTls::kNone)
    map->Error(map->Get("encryption"), map->what() + ": a password is not sent without encryption");
  return c;
}

AnySinkConfig ReadKafka(YamlMap* map) {
  KafkaSinkConfig c;
  ReadKafkaCluster(map, &c);
  c.topic = map->RequiredString("topic");
  c.timeout = map->Duration("timeout", c.timeout);
  return c;
}

AnySinkConfig ReadFile(YamlMap* map) {
  FileSinkConfig c;
  c.path = map->RequiredString("path");
  c.max_bytes = map->Size("max_bytes", c.max_bytes, 4096, kMost);
  c.keep = map->Int("keep", c.keep, 0, 1000);
  c.sync = map->Bool("sync", c.sync);
  c.line = Templates(map).Read("line", "line_file", TemplateKind::kJson);
  return c;
}

AnySinkConfig ReadExec(YamlMap* map) {
  ExecSinkConfig c;
  c.command = map->Strings("command");
  if (c.command.empty() || c.command[0].empty())
    map->Error({}, map->what() + ": 'command' is required: [/usr/local/bin/notify, --now]");
  c.timeout = map->Duration("timeout", c.timeout);
  return c;
}

AnySinkConfig ReadStdout(YamlMap* map) {
  StdoutSinkConfig c;
  constexpr std::string_view kFormats[] = {"text", "jsonl"};
  c.format = kFormats[map->OneOf("format", kFormats, 0)];
  c.text = Templates(map).Read("text", "text_file", TemplateKind::kText);
  return c;
}

struct Kind {
  std::string_view name;
  AnySinkConfig (*read)(YamlMap*);
};
// All kinds of sinks: one explicit line each.
constexpr Kind kKinds[] = {
    {"slack", ReadSlack},       {"pagerduty", ReadPagerDuty},
    {"webhook", ReadWebhook},   {"alertmanager", ReadAlertmanager},
    {"opsgenie", ReadOpsgenie}, {"email", ReadEmail},
    {"kafka", ReadKafka},       {"file", ReadFile},
    {"exec", ReadExec},         {"stdout", ReadStdout},
};

}  // namespace

std::optional<SinkConfig> ReadSink(const YAML::Node& node, YamlMap* parent) {
  std::vector<std::string_view> known;
  for (const Kind& kind : kKinds) known.push_back(kind.name);
  const std::string names =
      absl::StrJoin(std::vector<std::string>(known.begin(), known.end()), ", ");
  if (!node.IsMap() || node.size() != 1 || !node.begin()->first.IsScalar()) {
    parent->Error(node, absl::StrCat("sinks: each element is one kind and its settings, like ",
                                     "- file: { path: incidents.jsonl }; kinds: ", names));
    return std::nullopt;
  }
  const std::string name = node.begin()->first.Scalar();
  for (const Kind& kind : kKinds) {
    if (kind.name != name) continue;
    YamlMap map = parent->Child(node.begin()->second, absl::StrCat("sink ", name));
    SinkConfig sink;
    sink.where = parent->At(node);
    sink.config = kind.read(&map);
    std::visit([&](auto& config) { config.name = map.String("name", config.name); }, sink.config);
    map.Finish();
    return sink;
  }
  const std::string near = Nearest(name, known);
  parent->Error(node,
                near.empty()
                    ? absl::StrCat("sinks: unknown kind '", name, "'; expected one of ", names)
                    : absl::StrCat("sinks: unknown kind '", name, "'; did you mean '", near, "'?"));
  return std::nullopt;
}

}  // namespace culprit

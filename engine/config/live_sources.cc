#include "engine/config/live_sources.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/config/kafka_settings.h"

namespace culprit {
namespace {

constexpr uint64_t kMost = uint64_t{1} << 40;

// Settings that the network sources have in common; the value that is there is the default.
void ReadDuration(YamlMap* map, std::string_view key, absl::Duration* value) {
  *value = absl::Microseconds(map->DurationOrZero(key, absl::ToInt64Microseconds(*value)));
}
void ReadSize(YamlMap* map, std::string_view key, uint64_t* value, uint64_t least, uint64_t most) {
  *value = map->Size(key, *value, least, most);
}
void ReadCount(YamlMap* map, std::string_view key, uint64_t* value) {
  *value = static_cast<uint64_t>(map->Int(key, static_cast<int>(*value), 1, 10'000'000));
}

void ReadLines(YamlMap* map, LineConfig* lines) {
  lines->format = map->String("format", lines->format);
  lines->timezone = map->String("timezone", lines->timezone);
  lines->service = map->String("service");
}

TlsConfig ReadTls(YamlMap* parent) {
  TlsConfig tls;
  if (!parent->Has("tls")) return tls;
  YamlMap map = parent->Map("tls", absl::StrCat(parent->what(), ": tls"));
  tls.enabled = map.Bool("enabled", true);
  tls.cert_file = map.RequiredString("cert_file");
  tls.key_file = map.RequiredString("key_file");
  tls.key_password = map.SecretText("key_password");
  tls.client_ca_file = map.String("client_ca_file");
  tls.min_version = static_cast<TlsVersion>(
      map.OneOf("min_version", std::vector<std::string_view>{"1.2", "1.3"}, 0));
  map.Finish();
  return tls;
}

AnySourceConfig ReadKafka(YamlMap* map, LineConfig* lines) {
  KafkaConfig kafka;
  kafka.name = map->String("name", kafka.name);
  ReadKafkaCluster(map, &kafka);
  kafka.group = map->String("group", kafka.group);
  kafka.topics = map->Strings("topics");
  if (kafka.topics.empty())
    map->Error({}, map->what() + ": 'topics' is required: names, or patterns like ^app-.*");
  kafka.start_at = map->String("start_at", kafka.start_at);
  kafka.service_from = map->String("service_from", kafka.service_from);
  const bool known = kafka.service_from == "record" || kafka.service_from == "topic" ||
                     kafka.service_from == "key" || kafka.service_from.starts_with("header:");
  if (!known && !kafka.service_from.starts_with("field:"))
    map->Error(map->Get("service_from"),
               absl::StrCat(map->what(), ": 'service_from' is '", kafka.service_from,
                            "'; expected record, topic, key, header:<name> or field:<json key>"));
  if (!known) {
    lines->service_from = kafka.service_from;
    kafka.service_from = "record";
  }
  kafka.include = map->Strings("include");
  for (const std::string& what : kafka.include)
    if (what != "key" && !what.starts_with("header:"))
      map->Error(map->Get("include"), absl::StrCat(map->what(), ": 'include' holds '", what,
                                                   "'; expected key or header:<name>"));
  kafka.drain_timeout = map->Duration("drain_timeout", kafka.drain_timeout);
  kafka.quiet_after = map->Duration("quiet_after", kafka.quiet_after);
  kafka.lagging_above =
      map->Int("lagging_above", static_cast<int>(kafka.lagging_above), 1, INT32_MAX);
  return kafka;
}

AnySourceConfig ReadTail(YamlMap* map, LineConfig* lines) {
  TailConfig tail;
  tail.name = map->String("name", tail.name);
  tail.include = map->Strings("include");
  if (tail.include.empty())
    map->Error({}, map->what() + ": 'include' is required: [/var/log/app/*.log]");
  tail.exclude = map->Strings("exclude");
  constexpr std::string_view kStart[] = {"beginning", "end"};
  tail.start_at = static_cast<TailConfig::StartAt>(map->OneOf("start_at", kStart, 0));
  constexpr std::string_view kWatch[] = {"inotify", "poll"};
  tail.watch = static_cast<TailConfig::Watch>(map->OneOf("watch", kWatch, 0));
  tail.ignore_older = map->DurationOrZero("ignore_older", tail.ignore_older);
  tail.rescan_interval = map->Duration("rescan_interval", tail.rescan_interval);
  tail.poll_interval = map->Duration("poll_interval", tail.poll_interval);
  tail.batch_wait = map->DurationOrZero("batch_wait", tail.batch_wait);
  tail.rotate_wait = map->Duration("rotate_wait", tail.rotate_wait);
  tail.partial_line_wait = map->Duration("partial_line_wait", tail.partial_line_wait);
  tail.quiet_after = map->DurationOrZero("quiet_after", tail.quiet_after);
  tail.max_line_bytes = map->Size("max_line_bytes", tail.max_line_bytes, 256, tail.max_line_bytes);
  tail.max_open_files = static_cast<size_t>(
      map->Int("max_open_files", static_cast<int>(tail.max_open_files), 1, 1'000'000));
  lines->service_from = map->String("service_from");
  return tail;
}

AnySourceConfig ReadForward(YamlMap* map, LineConfig* lines) {
  ForwardConfig forward;
  forward.name = map->String("name", forward.name);
  forward.listen = map->String("listen", forward.listen);
  forward.udp_heartbeat = map->Bool("udp_heartbeat", forward.udp_heartbeat);
  forward.tls = ReadTls(map);
  forward.shared_key = map->SecretText("shared_key");
  for (const YAML::Node& node : map->Sequence("users")) {
    YamlMap user = map->Child(node, map->what() + ": users");
    ForwardUser out;
    out.name = user.RequiredString("name");
    out.password = user.SecretText("password");
    user.Finish();
    forward.users.push_back(std::move(out));
  }
  if (!forward.users.empty() && forward.shared_key.empty())
    map->Error(map->Get("users"), map->what() + ": 'users' needs 'shared_key' as well");
  forward.self_hostname = map->String("self_hostname");
  ReadSize(map, "max_message_bytes", &forward.max_message_bytes, 1, kMost);
  ReadSize(map, "max_record_bytes", &forward.max_record_bytes, 1, kMost);
  ReadSize(map, "max_decompressed_bytes", &forward.max_decompressed_bytes, 1, kMost);
  ReadSize(map, "max_buffered_bytes", &forward.max_buffered_bytes, 1, kMost);
  ReadSize(map, "max_unacked_bytes", &forward.max_unacked_bytes, 1, kMost);
  ReadCount(map, "max_decompression_ratio", &forward.max_decompression_ratio);
  ReadCount(map, "max_connections", &forward.max_connections);
  ReadCount(map, "max_streams", &forward.max_streams);
  ReadDuration(map, "stream_idle", &forward.stream_idle);
  ReadDuration(map, "handshake_timeout", &forward.handshake_timeout);
  ReadDuration(map, "message_timeout", &forward.message_timeout);
  ReadDuration(map, "idle_timeout", &forward.idle_timeout);
  forward.threads = map->Int("threads", forward.threads, 1, 64);
  lines->service_from = map->String("service_from");
  return forward;
}

AnySourceConfig ReadStdin(YamlMap* map, LineConfig* lines) {
  StdinConfig config;
  config.name = map->String("name", config.name);
  config.batch_wait = map->DurationOrZero("batch_wait", config.batch_wait);
  config.quiet_after = map->DurationOrZero("quiet_after", config.quiet_after);
  config.max_line_bytes =
      map->Size("max_line_bytes", config.max_line_bytes, 256, config.max_line_bytes);
  lines->service_from = map->String("service_from");
  return config;
}

AnySourceConfig ReadSyslog(YamlMap* map, LineConfig* lines) {
  SyslogConfig syslog;
  syslog.name = map->String("name", syslog.name);
  syslog.udp = map->String("udp", syslog.udp);
  syslog.tcp = map->String("tcp", syslog.tcp);
  syslog.tls_listen = map->String("tls_listen", syslog.tls_listen);
  syslog.tls = ReadTls(map);
  ReadSize(map, "max_message_bytes", &syslog.max_message_bytes, 480, 256 << 10);
  ReadSize(map, "receive_buffer_bytes", &syslog.receive_buffer_bytes, 1, 1 << 30);
  ReadSize(map, "max_buffered_bytes", &syslog.max_buffered_bytes, 2 * syslog.max_message_bytes,
           kMost);
  ReadCount(map, "max_connections", &syslog.max_connections);
  ReadCount(map, "max_streams", &syslog.max_streams);
  ReadDuration(map, "stream_idle", &syslog.stream_idle);
  ReadDuration(map, "batch_wait", &syslog.batch_wait);
  ReadDuration(map, "handshake_timeout", &syslog.handshake_timeout);
  ReadDuration(map, "idle_timeout", &syslog.idle_timeout);
  syslog.threads = map->Int("threads", syslog.threads, 1, 64);
  lines->service_from = map->String("service_from");
  return syslog;
}

AnySourceConfig ReadHttp(YamlMap* map, LineConfig* lines) {
  HttpConfig http;
  http.name = map->String("name", http.name);
  http.listen = map->String("listen", http.listen);
  http.tls = ReadTls(map);
  http.token = map->SecretText("token");
  http.username = map->String("username");
  http.password = map->SecretText("password");
  if (http.username.empty() != http.password.empty())
    map->Error({}, map->what() + ": 'username' and 'password' go together");
  ReadSize(map, "max_body_bytes", &http.max_body_bytes, 1024, 1 << 30);
  ReadSize(map, "max_decompressed_bytes", &http.max_decompressed_bytes, 1024, 1 << 30);
  ReadSize(map, "max_record_bytes", &http.max_record_bytes, 1024, 512 << 10);
  ReadSize(map, "max_header_bytes", &http.max_header_bytes, 1024, 1 << 20);
  ReadSize(map, "max_buffered_bytes", &http.max_buffered_bytes, 1024, kMost);
  ReadCount(map, "max_decompression_ratio", &http.max_decompression_ratio);
  ReadCount(map, "max_connections", &http.max_connections);
  ReadCount(map, "max_streams", &http.max_streams);
  ReadDuration(map, "stream_idle", &http.stream_idle);
  ReadDuration(map, "handshake_timeout", &http.handshake_timeout);
  ReadDuration(map, "header_timeout", &http.header_timeout);
  ReadDuration(map, "body_timeout", &http.body_timeout);
  ReadDuration(map, "idle_timeout", &http.idle_timeout);
  http.threads = map->Int("threads", http.threads, 1, 64);
  lines->service_from = map->String("service_from");
  return http;
}

struct Kind {
  std::string_view name;
  AnySourceConfig (*read)(YamlMap*, LineConfig*);
  // Until a silent stream is not waited for: longer than its lines are usually on their way.
  // fluentd's out_forward holds a chunk back for 60 s unless told otherwise.
  DurationUs idle_after;
};
// All kinds of sources: one explicit line each.
constexpr Kind kKinds[] = {
    {"kafka", ReadKafka, 20 * kSecondUs},     {"tail", ReadTail, 10 * kSecondUs},
    {"forward", ReadForward, 75 * kSecondUs}, {"stdin", ReadStdin, 10 * kSecondUs},
    {"syslog", ReadSyslog, 10 * kSecondUs},   {"http", ReadHttp, 30 * kSecondUs},
};

}  // namespace

std::optional<SourceConfig> ReadSource(const YAML::Node& node, const TimeConfig& time,
                                       YamlMap* parent) {
  std::vector<std::string_view> known;
  for (const Kind& kind : kKinds) known.push_back(kind.name);
  const std::string names =
      absl::StrJoin(std::vector<std::string>(known.begin(), known.end()), ", ");
  if (!node.IsMap() || node.size() != 1 || !node.begin()->first.IsScalar()) {
    parent->Error(node, absl::StrCat("sources: each element is one kind and its settings, like ",
                                     "- tail: { include: [/var/log/app/*.log] }; kinds: ", names));
    return std::nullopt;
  }
  const std::string name = node.begin()->first.Scalar();
  for (const Kind& kind : kKinds) {
    if (kind.name != name) continue;
    YamlMap map = parent->Child(node.begin()->second, absl::StrCat("source ", name));
    SourceConfig source;
    source.where = parent->At(node);
    ReadLines(&map, &source.lines);
    source.config = kind.read(&map, &source.lines);
    source.idle_after = map.Duration("idle_after", kind.idle_after);
    if (time.idle_after > 0) source.idle_after = time.idle_after;
    map.Finish();
    return source;
  }
  const std::string near = Nearest(name, known);
  parent->Error(
      node, near.empty()
                ? absl::StrCat("sources: unknown kind '", name, "'; expected one of ", names)
                : absl::StrCat("sources: unknown kind '", name, "'; did you mean '", near, "'?"));
  return std::nullopt;
}

const std::string& SourceName(const SourceConfig& source) {
  return std::visit([](const auto& config) -> const std::string& { return config.name; },
                    source.config);
}

}  // namespace culprit

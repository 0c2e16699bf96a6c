// The formats that parse/ knows, and their names. Names are stable: they are option values and
// appear in output.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace culprit {

enum class FormatId : uint8_t {
  kPlain,
  // Wrappers: carry the line of another format.
  kDocker,
  kCri,
  kJournald,
  kSyslog,
  kCloudWatch,
  kGcp,
  kCompose,
  kKubectl,
  kFluent,
  // Formats.
  kJson,
  kLogfmt,
  kAccess,
  kNginxError,
  kApacheError,
  kHaproxy,
  kEnvoy,
  kJava,
  kSpring,
  kPython,
  kOslo,
  kKlog,
  kPostgres,
  kPgbouncer,
  kMysql,
  kRedis,
  kCapnslog,
  kElasticsearch,
  kRethinkdb,
  kZookeeper,
  kHadoop,
  kKafka,
  kRabbitmq,
  kMongodb,
  kKernel,
  kGo,
  kRuby,
  kCrystal,
  kDotnet,
  kLambda,
  kAndroid,
  kWindowsCbs,
  kPgCsv,
  kCluster,
  kCount
};

constexpr size_t kFormatCount = static_cast<size_t>(FormatId::kCount);

constexpr std::array<std::string_view, kFormatCount> kFormatNames = {"plain",
                                                                     "docker",
                                                                     "cri",
                                                                     "journald",
                                                                     "syslog",
                                                                     "cloudwatch",
                                                                     "gcp",
                                                                     "compose",
                                                                     "kubectl",
                                                                     "fluent",
                                                                     "json",
                                                                     "logfmt",
                                                                     "access",
                                                                     "nginx-error",
                                                                     "apache-error",
                                                                     "haproxy",
                                                                     "envoy",
                                                                     "log4j",
                                                                     "spring",
                                                                     "python",
                                                                     "oslo",
                                                                     "klog",
                                                                     "postgresql",
                                                                     "pgbouncer",
                                                                     "mysql",
                                                                     "redis",
                                                                     "capnslog",
                                                                     "elasticsearch",
                                                                     "rethinkdb",
                                                                     "zookeeper",
                                                                     "hadoop",
                                                                     "kafka",
                                                                     "rabbitmq",
                                                                     "mongodb",
                                                                     "kernel",
                                                                     "go",
                                                                     "ruby",
                                                                     "crystal",
                                                                     "dotnet",
                                                                     "lambda",
                                                                     "android",
                                                                     "cbs",
                                                                     "postgresql-csv",
                                                                     "cluster"};

constexpr std::string_view FormatName(FormatId id) { return kFormatNames[static_cast<size_t>(id)]; }
constexpr bool IsWrapper(FormatId id) { return id >= FormatId::kDocker && id <= FormatId::kFluent; }
// "logback" is another name of log4j; nullopt: unknown name.
std::optional<FormatId> FormatFromName(std::string_view name);

}  // namespace culprit

#include "engine/parse/json_keys.h"

#include <array>

namespace culprit {
namespace {

using S = JsonSlot;
using N = JsonNest;
using H = JsonHint;

constexpr std::array kKeys = std::to_array<JsonKey>({
    // Time.
    {"@timestamp", S::kTime, 1},
    {"timestamp", S::kTime, 2, N::kPrefix},
    {"Timestamp", S::kTime, 2},
    {"TimeStamp", S::kTime, 2},
    {"time", S::kTime, 3},
    {"Time", S::kTime, 3},
    {"ts", S::kTime, 3},
    {"@t", S::kTime, 3},
    {"t", S::kTime, 6, N::kPrefix},
    {"t.$date", S::kTime, 1, N::kSkip, H::kMongodb},
    {"timestamp.seconds", S::kTime, 4},
    {"timestampSeconds", S::kTime, 5},
    {"timestamp.nanos", S::kNanos, 4},
    {"timestampNanos", S::kNanos, 5},
    {"timeUnixNano", S::kTime, 2},
    {"observedTimeUnixNano", S::kTime, 12},
    {"ObservedTimestamp", S::kTime, 12},
    {"asctime", S::kTime, 3},
    {"datetime", S::kTime, 4},
    {"dateTime", S::kTime, 4},
    {"date", S::kTime, 5},
    {"eventTime", S::kTime, 4},
    {"event_time", S::kTime, 4},
    {"event_timestamp", S::kTime, 4},
    {"StateChangeTime", S::kTime, 4},
    {"log_time", S::kTime, 6},
    {"record.log_time", S::kTime, 8},
    {"_time", S::kTime, 4},
    {"timeMillis", S::kTime, 4},
    {"time_local", S::kTime, 6},
    {"time_iso8601", S::kTime, 5},
    {"start_time", S::kTime, 7},
    {"created", S::kTime, 9},
    {"instant", S::kTime, 4, N::kPrefix},
    {"instant.epochSecond", S::kTime, 4},
    {"instant.nanoOfSecond", S::kNanos, 4},
    {"receiveTimestamp", S::kTime, 20},
    {"ingestionTime", S::kTime, 20},
    {"ingestion_time", S::kTime, 20},
    {"__REALTIME_TIMESTAMP", S::kTime, 1, N::kSkip, H::kJournald},
    // Level.
    {"level", S::kLevel, 1},
    {"Level", S::kLevel, 1},
    {"LEVEL", S::kLevel, 1},
    {"lvl", S::kLevel, 1},
    {"log.level", S::kLevel, 0},
    {"severity", S::kLevel, 2},
    {"Severity", S::kLevel, 2},
    {"SEVERITY", S::kLevel, 2},
    {"severityText", S::kLevel, 1},
    {"SeverityText", S::kLevel, 1},
    {"severity_text", S::kLevel, 1},
    {"severityNumber", S::kLevelOtel, 2},
    {"SeverityNumber", S::kLevelOtel, 2},
    {"severity_number", S::kLevelOtel, 2},
    {"levelname", S::kLevel, 1},
    {"level_name", S::kLevel, 1},
    {"levelno", S::kLevelPython, 5},
    {"loglevel", S::kLevel, 2},
    {"logLevel", S::kLevel, 2},
    {"LogLevel", S::kLevel, 2},
    {"log_level", S::kLevel, 2},
    {"@l", S::kLevel, 1},
    {"s", S::kLevel, 8},
    {"error_severity", S::kLevel, 3},
    {"record.error_severity", S::kLevel, 0},
    {"priority", S::kLevelSyslog, 6},
    {"PRIORITY", S::kLevelSyslog, 3},
    {"syslog.severity", S::kLevelSyslog, 5},
    {"status", S::kStatus, 5},
    {"status_code", S::kStatus, 4},
    {"http_status", S::kStatus, 4},
    {"response_code", S::kStatus, 4},
    {"statusCode", S::kStatus, 4},
    // Message.
    {"message", S::kMessage, 1, N::kPrefix},
    {"Message", S::kMessage, 1},
    {"msg", S::kMessage, 1},
    {"MESSAGE", S::kMessage, 1, N::kBytes},
    {"@m", S::kMessage, 2},
    {"@mt", S::kMessage, 5},
    {"MessageTemplate", S::kMessage, 6},
    {"RenderedMessage", S::kMessage, 2},
    {"short_message", S::kMessage, 2},
    {"full_message", S::kMessage, 6},
    {"textPayload", S::kMessage, 2, N::kSkip, H::kGcp},
    {"jsonPayload", S::kNone, 0, N::kInline, H::kGcp},
    {"protoPayload", S::kNone, 0, N::kPrefix, H::kGcp},
    {"protoPayload.status", S::kNone, 0, N::kPrefix},
    {"protoPayload.status.message", S::kMessage, 9},
    {"body", S::kMessage, 3, N::kPrefix},
    {"Body", S::kMessage, 3, N::kPrefix},
    {"body.stringValue", S::kMessage, 3},
    {"Body.stringValue", S::kMessage, 3},
    {"body.message", S::kMessage, 4},
    {"body.msg", S::kMessage, 4},
    {"event", S::kMessage, 6},
    {"log", S::kMessage, 8, N::kPrefix, H::kDocker},
    {"text", S::kMessage, 9},
    {"log_message", S::kMessage, 9},
    {"request", S::kMessage, 30},
    {"record", S::kNone, 0, N::kPrefix},
    {"record.message", S::kMessage, 0},
    {"message.message", S::kMessage, 2},
    {"message.msg", S::kMessage, 2},
    // Error text.
    {"error", S::kError, 3, N::kPrefix},
    {"err", S::kError, 3, N::kPrefix},
    {"Error", S::kError, 4},
    {"exception", S::kError, 4, N::kPrefix},
    {"Exception", S::kError, 5, N::kPrefix},
    {"exc_info", S::kError, 6},
    {"@x", S::kError, 6},
    {"error.message", S::kError, 1},
    {"error.Error", S::kError, 4},
    {"error.Cause", S::kError, 3},
    {"error.stack_trace", S::kError, 8},
    {"error.stack", S::kError, 8},
    {"error.type", S::kError, 9},
    {"err.message", S::kError, 1},
    {"err.stack", S::kError, 8},
    {"exception.message", S::kError, 2},
    {"exception.exception_message", S::kError, 2},
    {"exception.exception_class", S::kError, 9},
    {"exception.stacktrace", S::kError, 8},
    {"exception.type", S::kError, 9},
    {"exception.Cause", S::kError, 3},
    {"exception.Error", S::kError, 4},
    {"errorMessage", S::kError, 3},
    {"error_message", S::kError, 3},
    {"stack_trace", S::kError, 8},
    {"stackTrace", S::kError, 8},
    {"stacktrace", S::kError, 8},
    {"thrown", S::kError, 8, N::kPrefix},
    {"thrown.message", S::kError, 2},
    {"attr", S::kNone, 0, N::kPrefix},
    {"attr.error", S::kError, 3, N::kPrefix},
    {"attr.error.errmsg", S::kError, 3},
    // Service.
    {"service.name", S::kService, 0},
    {"service", S::kService, 1, N::kPrefix},
    {"service_name", S::kService, 1},
    {"serviceName", S::kService, 1},
    {"ServiceName", S::kService, 1},
    {"Service", S::kService, 1},
    {"_service", S::kService, 1},
    {"dd.service", S::kService, 2},
    {"app", S::kService, 3, N::kPrefix},
    {"app.name", S::kService, 3},
    {"application", S::kService, 3},
    {"Application", S::kService, 3},
    {"app_name", S::kService, 3},
    {"appname", S::kService, 3},
    {"appName", S::kService, 3},
    {"_app", S::kService, 3},
    {"program", S::kService, 4},
    {"SYSLOG_IDENTIFIER", S::kService, 4, N::kSkip, H::kJournald},
    {"_SYSTEMD_UNIT", S::kService, 5, N::kSkip, H::kJournald},
    {"_COMM", S::kService, 6},
    {"CONTAINER_NAME", S::kService, 3},
    {"CONTAINER_ID", S::kInstance, 2},
    {"container_name", S::kService, 6},
    {"_container_name", S::kService, 6},
    {"kubernetes", S::kNone, 0, N::kPrefix, H::kKubernetes},
    {"kubernetes.labels", S::kNone, 0, N::kPrefix},
    {"kubernetes.labels.app.kubernetes.io/name", S::kService, 4},
    {"kubernetes.labels.app_kubernetes_io/name", S::kService, 4},
    {"kubernetes.labels.k8s-app", S::kService, 5},
    {"kubernetes.labels.app", S::kService, 4},
    {"kubernetes.container_name", S::kService, 6},
    {"kubernetes.container", S::kNone, 0, N::kPrefix},
    {"kubernetes.container.name", S::kService, 6},
    {"kubernetes.pod_name", S::kInstance, 1},
    {"kubernetes.pod", S::kNone, 0, N::kPrefix},
    {"kubernetes.pod.name", S::kInstance, 1},
    {"kubernetes.host", S::kInstance, 5},
    {"k8s.container.name", S::kService, 6},
    {"k8s.deployment.name", S::kService, 5},
    {"k8s.pod.name", S::kInstance, 1},
    {"resource", S::kNone, 0, N::kPrefix},
    {"resource.attributes", S::kNone, 0, N::kAttributes},
    {"resource.service.name", S::kService, 0},
    {"resource.host.name", S::kInstance, 2},
    {"resource.labels", S::kNone, 0, N::kPrefix},
    {"resource.labels.service_name", S::kService, 3},
    {"resource.labels.function_name", S::kService, 3},
    {"resource.labels.container_name", S::kService, 4},
    {"resource.labels.pod_name", S::kInstance, 1},
    {"resource.labels.instance_id", S::kInstance, 3},
    {"Resource", S::kNone, 0, N::kAttributes},
    {"Resource.attributes", S::kNone, 0, N::kAttributes},
    {"resourceAttributes", S::kNone, 0, N::kAttributes},
    {"ResourceAttributes", S::kNone, 0, N::kAttributes},
    {"attributes", S::kNone, 0, N::kAttributes},
    {"Attributes", S::kNone, 0, N::kAttributes},
    {"fields", S::kNone, 0, N::kInline},
    {"name", S::kServiceWeak, 10},
    {"sender", S::kServiceWeak, 9},
    {"component", S::kServiceWeak, 11},
    {"logGroup", S::kService, 12, N::kSkip, H::kCloudWatch},
    {"logGroupName", S::kService, 12, N::kSkip, H::kCloudWatch},
    {"log_group", S::kService, 12},
    // OTLP and CloudWatch envelopes.
    {"resourceLogs", S::kNone, 0, N::kFirst},
    {"scopeLogs", S::kNone, 0, N::kFirst},
    {"instrumentationLibraryLogs", S::kNone, 0, N::kFirst},
    {"logRecords", S::kNone, 0, N::kFirst},
    {"logEvents", S::kNone, 0, N::kFirst, H::kCloudWatch},
    {"events", S::kNone, 0, N::kFirst, H::kCloudWatch},
    // Instance.
    {"host.name", S::kInstance, 3},
    {"host", S::kInstance, 4, N::kPrefix},
    {"host.hostname", S::kInstance, 4},
    {"hostname", S::kInstance, 4},
    {"Hostname", S::kInstance, 4},
    {"_HOSTNAME", S::kInstance, 4},
    {"pod_name", S::kInstance, 1},
    {"pod", S::kInstance, 2},
    {"logging_pod", S::kInstance, 1},
    {"service.instance.id", S::kInstance, 2},
    {"container_id", S::kInstance, 5},
    {"node.name", S::kInstance, 3},
    {"node_name", S::kInstance, 4},
    {"logStream", S::kInstance, 6, N::kSkip, H::kCloudWatch},
    {"logStreamName", S::kInstance, 6, N::kSkip, H::kCloudWatch},
    // Logger.
    {"logger", S::kLogger, 1, N::kPrefix},
    {"log.logger", S::kLogger, 1},
    {"logger_name", S::kLogger, 1},
    {"loggerName", S::kLogger, 1},
    {"SourceContext", S::kLogger, 1},
    {"c", S::kLogger, 5},
    {"source", S::kLogger, 9},
    {"caller", S::kLogger, 9},
    // Wrapper hints only.
    {"stream", S::kNone, 0, N::kSkip, H::kStream},
});

constexpr size_t kBuckets = 1024;
static_assert(kKeys.size() * 2 < kBuckets);

constexpr size_t Hash(std::string_view key) {
  // The first and the last four bytes and the size tell the keys apart well enough.
  auto h = static_cast<uint32_t>(key.size());
  const size_t n = key.size() < 4 ? key.size() : 4;
  for (size_t i = 0; i < n; ++i) h = (h ^ static_cast<uint8_t>(key[i])) * 16777619U;
  for (size_t i = key.size() - n; i < key.size(); ++i) {
    h = (h ^ static_cast<uint8_t>(key[i])) * 16777619U;
  }
  return (h ^ (h >> 15)) % kBuckets;
}

constexpr auto MakeTable() {
  std::array<uint16_t, kBuckets> table{};
  for (size_t i = 0; i < kKeys.size(); ++i) {
    size_t at = Hash(kKeys[i].key);
    while (table[at] != 0) at = (at + 1) % kBuckets;
    table[at] = static_cast<uint16_t>(i + 1);
  }
  return table;
}
constexpr std::array<uint16_t, kBuckets> kTable = MakeTable();

}  // namespace

const JsonKey* FindJsonKey(std::string_view key) {
  if (key.size() > 48) return nullptr;
  for (size_t at = Hash(key); kTable[at] != 0; at = (at + 1) % kBuckets) {
    const JsonKey& entry = kKeys[kTable[at] - 1];
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

}  // namespace culprit

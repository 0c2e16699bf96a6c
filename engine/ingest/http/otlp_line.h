// One OpenTelemetry log record as one line of JSON that engine/parse understands. One thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace culprit {

namespace otlp {
class LogRecord;
class Resource;
}  // namespace otlp

class OtlpLine {
 public:
  // `from_json`: the records were read from JSON, where ids are hex.
  explicit OtlpLine(bool from_json) : from_json_(from_json) {}

  // Of the records to come. What tells of the process and the SDK (process.*, os.*, telemetry.*) is
  // left out: it stands in every record, and patterns would find words in it.
  void SetResource(const otlp::Resource& resource);
  void SetScope(std::string_view name) { scope_ = name; }
  // "service.name"; if the SDK made it up ("unknown_service"), the Kubernetes workload or
  // container. Empty: the resource has none.
  const std::string& service() const { return service_; }

  // Appends {"@timestamp":..,"severityText":..,"service.name":..,"body":..,...} and a newline.
  void Append(const otlp::LogRecord& record, std::string* out) const;

 private:
  bool from_json_;
  std::string service_, scope_;
  std::string resource_;  // its attributes, as JSON; empty: none
};

}  // namespace culprit

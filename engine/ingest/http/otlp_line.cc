#include "engine/ingest/http/otlp_line.h"

#include <charconv>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/base/json_text.h"
#include "engine/base/views.h"
#include "engine/ingest/http/otlp_record.pb.h"

namespace culprit {
namespace {

using Attributes = google::protobuf::RepeatedPtrField<otlp::KeyValue>;

void AppendNumber(double number, std::string* out) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
  const std::string_view digits(text, static_cast<size_t>(end - text));
  if (std::isfinite(number)) {
    out->append(digits);
  } else {
    AppendJsonString(digits, out);
  }
}

void AppendValue(const otlp::AnyValue& value, std::string* out);

void AppendFields(const Attributes& attributes, std::string* out) {
  char before = '{';
  for (const otlp::KeyValue& attribute : attributes) {
    out->push_back(before);
    before = ',';
    AppendJsonString(attribute.key(), out);
    out->push_back(':');
    AppendValue(attribute.value(), out);
  }
  if (before == '{') out->push_back('{');
  out->push_back('}');
}

// As deep as protobuf let it be read (100).
void AppendValue(const otlp::AnyValue& value, std::string* out) {
  switch (value.value_case()) {
    case otlp::AnyValue::kStringValue:
      AppendJsonString(value.string_value(), out);
      break;
    case otlp::AnyValue::kBoolValue:
      out->append(value.bool_value() ? "true" : "false");
      break;
    case otlp::AnyValue::kIntValue:
      absl::StrAppend(out, value.int_value());
      break;
    case otlp::AnyValue::kDoubleValue:
      AppendNumber(value.double_value(), out);
      break;
    case otlp::AnyValue::kArrayValue: {
      char before = '[';
      for (const otlp::AnyValue& element : value.array_value().values()) {
        out->push_back(before);
        before = ',';
        AppendValue(element, out);
      }
      if (before == '[') out->push_back('[');
      out->push_back(']');
      break;
    }
    case otlp::AnyValue::kKvlistValue:
      AppendFields(value.kvlist_value().values(), out);
      break;
    case otlp::AnyValue::kBytesValue:
      AppendJsonString(absl::Base64Escape(value.bytes_value()), out);
      break;
    case otlp::AnyValue::VALUE_NOT_SET:
      out->append("null");
  }
}

void AppendTime(uint64_t unix_nanos, std::string* out) {
  const absl::Time time = absl::FromUnixSeconds(static_cast<int64_t>(unix_nanos / 1'000'000'000)) +
                          absl::Nanoseconds(unix_nanos % 1'000'000'000);
  out->append(absl::FormatTime("\"%Y-%m-%dT%H:%M:%E9SZ\"", time, absl::UTCTimeZone()));
}

}  // namespace

void OtlpLine::SetResource(const otlp::Resource& resource) {
  constexpr std::string_view kNames[] = {"service.name",         "k8s.deployment.name",
                                         "k8s.statefulset.name", "k8s.daemonset.name",
                                         "k8s.cronjob.name",     "k8s.container.name"};
  constexpr std::string_view kLeftOut[] = {"process.", "os.", "telemetry."};
  std::string found[std::size(kNames)];
  otlp::Resource kept;
  for (const otlp::KeyValue& attribute : resource.attributes()) {
    bool wanted = attribute.key() != kNames[0];
    for (const std::string_view prefix : kLeftOut) {
      wanted = wanted && !attribute.key().starts_with(prefix);
    }
    if (wanted) *kept.add_attributes() = attribute;
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (attribute.key() == kNames[i]) found[i] = attribute.value().string_value();
    }
  }
  service_.clear();
  for (const std::string& name : found) {
    if (service_.empty() && !name.starts_with("unknown_service")) service_ = name;
  }
  if (service_.empty()) service_ = found[0];
  resource_.clear();
  if (kept.attributes_size() > 0) AppendFields(kept.attributes(), &resource_);
}

void OtlpLine::Append(const otlp::LogRecord& record, std::string* out) const {
  char before = '{';
  const auto key = [&](std::string_view name) {
    out->push_back(before);
    before = ',';
    out->append(name);
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    AppendJsonString(value, out);
  };
  const auto id = [&](std::string_view name, const std::string& bytes) {
    // The reader of JSON took the hex for base64.
    text(name, from_json_ ? absl::Base64Escape(bytes) : absl::BytesToHexString(bytes));
  };
  if (record.time_unix_nano() != 0) {
    key("\"@timestamp\":");
    AppendTime(record.time_unix_nano(), out);
  } else if (record.observed_time_unix_nano() != 0) {
    key("\"ObservedTimestamp\":");
    AppendTime(record.observed_time_unix_nano(), out);
  }
  text("\"severityText\":", record.severity_text());
  if (record.severity_number() != 0) {
    key("\"severityNumber\":");
    absl::StrAppend(out, record.severity_number());
  }
  text("\"service.name\":", service_);
  if (record.body().value_case() != otlp::AnyValue::VALUE_NOT_SET) {
    key("\"body\":");
    AppendValue(record.body(), out);
  }
  text("\"event\":", record.event_name());
  text("\"logger\":", scope_);
  id("\"trace_id\":", record.trace_id());
  id("\"span_id\":", record.span_id());
  if (record.attributes_size() > 0) {
    key("\"attributes\":");
    AppendFields(record.attributes(), out);
  }
  if (!resource_.empty()) {
    key("\"resourceAttributes\":");
    out->append(resource_);
  }
  if (before == '{') out->push_back('{');
  out->append("}\n");
}

}  // namespace culprit

#include "engine/ingest/http/otlp.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wire_format_lite.h>
#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"
#include "engine/ingest/http/otlp_line.h"
#include "engine/ingest/http/otlp_record.pb.h"

namespace culprit {
namespace {

namespace pb = google::protobuf;
namespace sj = simdjson::ondemand;
using pb::internal::WireFormatLite;

// More services of one request share a stream; their records say themselves which one they are of.
constexpr size_t kMaxServices = 256;
constexpr size_t kLetterBytes = 4096;
constexpr size_t kMaxServiceBytes = 512;

// Calls use(bytes) for each `field` of the message that holds bytes, until it fails.
template <class Use>
absl::Status EachField(std::string_view message, int field, const Use& use) {
  pb::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(message.data()),
                              static_cast<int>(message.size()));
  const auto broken = [] { return absl::InvalidArgumentError("the protobuf is damaged"); };
  while (const uint32_t tag = in.ReadTag()) {
    if (tag != WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED)) {
      if (!WireFormatLite::SkipField(&in, tag)) return broken();
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size)) return broken();
    const auto at = static_cast<size_t>(in.CurrentPosition());
    if (size > message.size() - at) return broken();
    CULPRIT_RETURN_IF_ERROR(use(message.substr(at, size)));
    in.Skip(static_cast<int>(size));
  }
  return in.ConsumedEntireMessage() ? absl::OkStatus() : broken();
}

template <class Message>
absl::Status FromProtobuf(std::string_view bytes, Message* out) {
  if (out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
  return absl::InvalidArgumentError("the protobuf is damaged or nested too deep");
}

template <class Message>
absl::Status FromJson(std::string_view bytes, Message* out) {
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  out->Clear();
  const auto status =
      pb::util::JsonStringToMessage(pb::StringPiece(bytes.data(), bytes.size()), out, options);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(status.message()));
}

class Reader {
 public:
  Reader(const HttpConfig& config, bool json, std::string_view service, OtlpLogs* logs)
      : config_(config), json_(json), default_service_(service), logs_(logs), line_(json) {}

  absl::Status ReadProtobuf(std::string_view body) {
    return EachField(body, 1, [&](std::string_view resource_logs) -> absl::Status {
      CULPRIT_RETURN_IF_ERROR(BeginResource(""));
      CULPRIT_RETURN_IF_ERROR(EachField(
          resource_logs, 1, [&](std::string_view resource) { return BeginResource(resource); }));
      return EachField(resource_logs, 2, [&](std::string_view scope_logs) -> absl::Status {
        CULPRIT_RETURN_IF_ERROR(BeginScope(""));
        CULPRIT_RETURN_IF_ERROR(
            EachField(scope_logs, 1, [&](std::string_view scope) { return BeginScope(scope); }));
        return EachField(scope_logs, 2, [&](std::string_view record) { return Record(record); });
      });
    });
  }

  absl::Status ReadJson(std::string_view body) {
    if (body.size() > kMaxJsonDocumentBytes) {
      return absl::ResourceExhaustedError(absl::StrCat("more than ", kMaxJsonDocumentBytes,
                                                       " bytes of JSON; send less, or protobuf"));
    }
    const simdjson::padded_string padded(body);
    sj::parser parser;
    sj::document document;
    sj::object root;
    simdjson::error_code error = parser.iterate(padded).get(document);
    if (!error) error = document.get_object().get(root);
    if (error) return Wrong(error);
    return EachElement(root, "resourceLogs", [&](sj::object resource_logs) -> absl::Status {
      CULPRIT_ASSIGN_OR_RETURN(const std::string_view resource, Raw(resource_logs, "resource"));
      CULPRIT_RETURN_IF_ERROR(BeginResource(resource));
      return EachElement(resource_logs, "scopeLogs", [&](sj::object scope_logs) -> absl::Status {
        CULPRIT_ASSIGN_OR_RETURN(const std::string_view scope, Raw(scope_logs, "scope"));
        CULPRIT_RETURN_IF_ERROR(BeginScope(scope));
        return EachElement(scope_logs, "logRecords", [&](sj::object record) -> absl::Status {
          std::string_view raw;
          if (const auto failed = record.raw_json().get(raw)) return Wrong(failed);
          return Record(raw);
        });
      });
    });
  }

 private:
  absl::Status Wrong(simdjson::error_code error) const {
    return absl::InvalidArgumentError(
        absl::StrCat("record ", index_, ": ", simdjson::error_message(error)));
  }

  // The object under `key` as it stands; empty: there is none, or null.
  absl::StatusOr<std::string_view> Raw(sj::object& object, const char* key) {
    sj::value value;
    const simdjson::error_code found = object.find_field_unordered(key).get(value);
    if (found == simdjson::NO_SUCH_FIELD) return "";
    if (found) return Wrong(found);  // nothing more can be asked of it then
    bool null = false;
    if (const auto error = value.is_null().get(null)) return Wrong(error);
    if (null) return "";
    sj::object inner;
    std::string_view raw;
    simdjson::error_code error = value.get_object().get(inner);
    if (!error) error = inner.raw_json().get(raw);
    if (error) return Wrong(error);
    return raw;
  }

  template <class Use>
  absl::Status EachElement(sj::object& object, const char* key, const Use& use) {
    sj::value value;
    const simdjson::error_code found = object.find_field_unordered(key).get(value);
    if (found == simdjson::NO_SUCH_FIELD) return absl::OkStatus();
    if (found) return Wrong(found);
    bool null = false;
    if (const auto error = value.is_null().get(null)) return Wrong(error);
    if (null) return absl::OkStatus();
    sj::array array;
    if (const auto error = value.get_array().get(array)) return Wrong(error);
    for (auto element : array) {
      sj::object inner;
      if (const auto error = element.get_object().get(inner)) return Wrong(error);
      CULPRIT_RETURN_IF_ERROR(use(inner));
    }
    return absl::OkStatus();
  }

  template <class Message>
  absl::Status Parse(std::string_view bytes, Message* out) const {
    out->Clear();
    if (bytes.empty()) return absl::OkStatus();
    absl::Status status = json_ ? FromJson(bytes, out) : FromProtobuf(bytes, out);
    if (status.ok()) return status;
    return absl::InvalidArgumentError(absl::StrCat("record ", index_, ": ", status.message()));
  }

  absl::Status BeginResource(std::string_view bytes) {
    if (bytes.size() > config_.max_record_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("record ", index_, ": its resource is longer than max_record_bytes"));
    }
    otlp::Resource resource;
    CULPRIT_RETURN_IF_ERROR(Parse(bytes, &resource));
    line_.SetResource(resource);
    lines_ = nullptr;
    return absl::OkStatus();
  }

  absl::Status BeginScope(std::string_view bytes) {
    if (bytes.size() > config_.max_record_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("record ", index_, ": its scope is longer than max_record_bytes"));
    }
    otlp::InstrumentationScope scope;
    CULPRIT_RETURN_IF_ERROR(Parse(bytes, &scope));
    line_.SetScope(scope.name());
    return absl::OkStatus();
  }

  absl::Status Record(std::string_view bytes) {
    if (lines_ == nullptr) lines_ = LinesOf(line_.service());
    if (bytes.size() > config_.max_record_bytes) {
      Reject(bytes);
    } else {
      CULPRIT_RETURN_IF_ERROR(Parse(bytes, &record_));
      logs_->timed =
          logs_->timed && (record_.time_unix_nano() | record_.observed_time_unix_nano()) != 0;
      const size_t begin = lines_->bytes.size();
      line_.Append(record_, &lines_->bytes);
      const size_t size = lines_->bytes.size() - begin;
      if (size > config_.max_record_bytes) {
        const std::string line = lines_->bytes.substr(begin);
        lines_->bytes.resize(begin);
        Reject(line);
      } else {
        lines_->begins.push_back(static_cast<uint32_t>(begin));
        total_ += size;
      }
    }
    if (total_ > config_.max_decompressed_bytes) {
      return absl::ResourceExhaustedError("as lines more than max_decompressed_bytes");
    }
    ++index_;
    return absl::OkStatus();
  }

  void Reject(std::string_view bytes) {
    ++logs_->rejected;
    const std::string_view kept = bytes.substr(0, kLetterBytes);
    total_ += kept.size();
    lines_->dead_letters.push_back({.position = absl::StrCat("record ", index_),
                                    .reason = "record_too_long",
                                    .detail = absl::StrCat("more than ", config_.max_record_bytes,
                                                           " bytes (max_record_bytes)"),
                                    .bytes = std::string(kept)});
  }

  HttpLines* LinesOf(const std::string& own_service) {
    std::string service = ToValidUtf8(own_service, kMaxServiceBytes);
    if (service.empty()) service = default_service_;
    std::vector<HttpLines>& all = logs_->services;
    const auto find = [&] {
      return std::find_if(all.rbegin(), all.rend(),
                          [&](const HttpLines& lines) { return lines.service == service; });
    };
    auto found = find();
    if (found == all.rend() && all.size() >= kMaxServices) {
      service = "";
      found = find();
    }
    if (found != all.rend()) return &*found;
    all.emplace_back().service = service;
    return &all.back();
  }

  const HttpConfig& config_;
  const bool json_;
  const std::string_view default_service_;
  OtlpLogs* logs_;
  OtlpLine line_;
  otlp::LogRecord record_;
  HttpLines* lines_ = nullptr;  // of the resource under work, once it has a record
  uint64_t index_ = 0, total_ = 0;
};

}  // namespace

absl::StatusOr<OtlpLogs> ReadOtlp(const HttpConfig& config, bool json, std::string_view body,
                                  std::string_view service) {
  OtlpLogs logs;
  Reader reader(config, json, service, &logs);
  CULPRIT_RETURN_IF_ERROR(json ? reader.ReadJson(body) : reader.ReadProtobuf(body));
  return logs;
}

}  // namespace culprit

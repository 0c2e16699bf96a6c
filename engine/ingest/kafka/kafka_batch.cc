#include "engine/ingest/kafka/kafka_batch.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/views.h"
#include "engine/ingest/content.h"

namespace culprit {
namespace {

constexpr size_t kMaxLetterBytes = 64 << 10;
constexpr size_t kLookAt = 8 << 10;
constexpr std::string_view kHeader = "header:";

bool IsUtf8(std::string_view bytes) {
  return std::memchr(bytes.data(), '\0', bytes.size()) == nullptr &&
         simdjson::validate_utf8(bytes.data(), bytes.size());
}

// Text of any encoding passes: a stray byte is shown as U+FFFD later. Avro, protobuf and the like
// do not.
bool IsText(std::string_view value) {
  return IsUtf8(value) || !LooksBinary(value.substr(0, kLookAt));
}

}  // namespace

KafkaEnvelope::KafkaEnvelope(const KafkaConfig& config) {
  const std::string_view from = config.service_from;
  if (from == "topic") service_from_ = ServiceFrom::kTopic;
  if (from == "key") service_from_ = ServiceFrom::kKey;
  if (from.starts_with(kHeader)) {
    service_from_ = ServiceFrom::kHeader;
    service_header_ = from.substr(kHeader.size());
    headers_.push_back(service_header_);
  }
  for (std::string_view what : config.include) {
    if (what == "key") include_key_ = true;
    if (!what.starts_with(kHeader)) continue;
    include_headers_.emplace_back(what.substr(kHeader.size()));
    headers_.push_back(include_headers_.back());
  }
}

bool KafkaEnvelope::WantsHeader(std::string_view name) const {
  return std::find(headers_.begin(), headers_.end(), name) != headers_.end();
}

std::string_view KafkaEnvelope::Service(std::string_view topic, const KafkaRecord& record) const {
  switch (service_from_) {
    case ServiceFrom::kRecord:
      return {};
    case ServiceFrom::kTopic:
      return topic;
    case ServiceFrom::kKey:
      return record.key;
    case ServiceFrom::kHeader:
      break;
  }
  for (const auto& [name, value] : record.headers)
    if (name == service_header_) return value;
  return {};
}

void KafkaEnvelope::AppendValue(const KafkaRecord& record, std::string* out) const {
  std::string_view value = *record.value;
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.remove_suffix(1);
  if (!include_key_ && include_headers_.empty()) {
    out->append(value);
    return;
  }
  const bool object = !value.empty() && value.front() == '{' && value.back() == '}';
  std::string extra;
  const auto add = [&](std::string_view name, std::string_view suffix, std::string_view text) {
    if (text.empty()) return;
    extra.append(object ? "," : " ");
    if (object) extra.push_back('"');
    for (char c : name) extra.push_back(c);
    for (char c : suffix)
      extra.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_');
    extra.append(object ? "\":" : "=");
    AppendJsonString(text, &extra);
  };
  if (include_key_) add("kafka_key", "", record.key);
  for (const std::string& wanted : include_headers_)
    for (const auto& [name, text] : record.headers)
      if (name == wanted) add("kafka_header_", name, text);
  if (object) {
    std::string_view body = value.substr(0, value.size() - 1);
    while (body.size() > 1 && std::isspace(static_cast<unsigned char>(body.back())) != 0)
      body.remove_suffix(1);
    out->append(body);
    if (body.size() == 1 && !extra.empty()) extra.erase(0, 1);  // {}: no comma
    out->append(extra).push_back('}');
  } else {
    const size_t line = std::min(value.find('\n'), value.size());
    out->append(value.substr(0, line)).append(extra).append(value.substr(line));
  }
}

KafkaBatchBuilder::KafkaBatchBuilder(std::shared_ptr<const LiveStream> stream, std::string topic,
                                     const KafkaEnvelope* envelope)
    : stream_(std::move(stream)), topic_(std::move(topic)), envelope_(envelope) {}

void KafkaBatchBuilder::Refuse(int64_t offset, std::string_view bytes, std::string_view reason,
                               std::string detail) {
  DeadLetter letter;
  letter.source = stream_->source;
  letter.stream = stream_->display;
  letter.position = absl::StrCat("offset ", offset);
  letter.reason = reason;
  letter.detail = std::move(detail);
  letter.bytes = bytes.substr(0, kMaxLetterBytes);
  batch_.dead_letters.push_back(std::move(letter));
}

void KafkaBatchBuilder::RefuseBinary(int64_t offset, std::string_view bytes) {
  Refuse(offset, bytes, "undecodable",
         "expected text or JSON, this is binary (Avro, protobuf, ...?)");
}

void KafkaBatchBuilder::Add(const KafkaRecord& record) {
  expected_offset_ = record.offset + 1;
  ++count_;
  if (!record.value) {
    Refuse(record.offset, record.key, "tombstone", "a message without a value; its key is kept");
    return;
  }
  if (record.value->empty()) return;
  // A plain batch is looked at as a whole, which costs a tenth: TakeOutBinary.
  if (!envelope_->plain() && !IsText(*record.value)) {
    RefuseBinary(record.offset, *record.value);
    return;
  }
  LiveMessage message;
  message.begin = static_cast<uint32_t>(batch_.bytes.size());
  message.position = static_cast<uint64_t>(record.offset);
  message.time = record.time;
  if (const std::string_view service = envelope_->Service(topic_, record); !service.empty()) {
    auto& services = batch_.services;
    if (services.empty() || services.back() != service) {
      const auto found = std::find(services.begin(), services.end(), service);
      message.service = static_cast<uint32_t>(found - services.begin()) + 1;
      if (found == services.end()) services.emplace_back(service);
    } else {
      message.service = static_cast<uint32_t>(services.size());
    }
  }
  envelope_->AppendValue(record, &batch_.bytes);
  batch_.bytes.push_back('\n');
  batch_.messages.push_back(message);
}

LiveBatch KafkaBatchBuilder::Announcement(int64_t next_offset) const {
  LiveBatch batch;
  batch.stream = stream_;
  if (next_offset >= 0) batch.resume = KafkaResume(next_offset);
  return batch;
}

// The messages that are not text leave the batch.
void KafkaBatchBuilder::TakeOutBinary() {
  const std::string bytes = std::exchange(batch_.bytes, std::string());
  const std::vector<LiveMessage> messages = std::exchange(batch_.messages, {});
  batch_.bytes.reserve(bytes.size() + kLiveBatchPadding);
  for (size_t i = 0; i < messages.size(); ++i) {
    const size_t end = i + 1 < messages.size() ? messages[i + 1].begin : bytes.size();
    const std::string_view line(bytes.data() + messages[i].begin, end - messages[i].begin);
    const std::string_view value = line.substr(0, line.size() - 1);
    if (!IsText(value)) {
      RefuseBinary(static_cast<int64_t>(messages[i].position), value);
      continue;
    }
    batch_.messages.push_back(messages[i]);
    batch_.messages.back().begin = static_cast<uint32_t>(batch_.bytes.size());
    batch_.bytes.append(line);
  }
}

LiveBatch KafkaBatchBuilder::Take() {
  if (envelope_->plain() && !IsUtf8(batch_.bytes)) TakeOutBinary();
  batch_.stream = stream_;
  batch_.resume = KafkaResume(expected_offset_);
  count_ = 0;
  LiveBatch out = std::move(batch_);
  batch_ = LiveBatch();
  batch_.bytes.reserve(out.bytes.size() + out.bytes.size() / 4 + kLiveBatchPadding);
  batch_.messages.reserve(out.messages.size());
  return out;
}

std::string KafkaResume(int64_t next_offset) { return absl::StrCat(next_offset); }

std::optional<int64_t> ParseKafkaResume(std::string_view resume) {
  int64_t offset = -1;
  const auto [end, error] = std::from_chars(resume.data(), resume.data() + resume.size(), offset);
  if (error != std::errc() || end != resume.data() + resume.size() || offset < 0)
    return std::nullopt;
  return offset;
}

}  // namespace culprit

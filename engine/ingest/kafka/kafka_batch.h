// Messages of one topic partition -> LiveBatch. Knows nothing of librdkafka. One thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/live.h"
#include "engine/ingest/kafka/kafka_config.h"

namespace culprit {

// Views hold during the call only.
struct KafkaRecord {
  int64_t offset = 0;
  std::optional<std::string_view> value;  // none: a tombstone
  std::string_view key;
  TimeUs time = kNoTime;  // the broker's or the producer's, as the topic is set
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // only those asked for
};

// How the envelope becomes part of a batch; compiled once from the configuration.
class KafkaEnvelope {
 public:
  explicit KafkaEnvelope(const KafkaConfig& config);
  bool wants_headers() const { return !headers_.empty(); }
  // Records are taken as they are, but for line ends behind them.
  bool plain() const { return !include_key_ && include_headers_.empty(); }
  bool WantsHeader(std::string_view name) const;
  // The service that the envelope names, or empty.
  std::string_view Service(std::string_view topic, const KafkaRecord& record) const;
  // Appends the value with what is to be included, without a newline of its own.
  void AppendValue(const KafkaRecord& record, std::string* out) const;

 private:
  enum class ServiceFrom : uint8_t { kRecord, kTopic, kKey, kHeader };
  ServiceFrom service_from_ = ServiceFrom::kRecord;
  std::string service_header_;
  bool include_key_ = false;
  std::vector<std::string> include_headers_;
  std::vector<std::string> headers_;  // all that matter
};

class KafkaBatchBuilder {
 public:
  KafkaBatchBuilder(std::shared_ptr<const LiveStream> stream, std::string topic,
                    const KafkaEnvelope* envelope);
  void Add(const KafkaRecord& record);
  // What comes next: smaller offsets were taken already.
  void Expect(int64_t offset) { expected_offset_ = offset; }
  int64_t expected_offset() const { return expected_offset_; }
  bool empty() const { return count_ == 0; }
  size_t bytes() const { return batch_.bytes.size(); }
  // A batch without messages: the stream is here. `next_offset`: where it goes on, negative if only
  // the broker knows.
  LiveBatch Announcement(int64_t next_offset) const;
  // The batch so far, without `done`; the builder is empty again.
  LiveBatch Take();

 private:
  void Refuse(int64_t offset, std::string_view bytes, std::string_view reason, std::string detail);
  void RefuseBinary(int64_t offset, std::string_view bytes);
  void TakeOutBinary();

  std::shared_ptr<const LiveStream> stream_;
  std::string topic_;
  const KafkaEnvelope* envelope_;
  LiveBatch batch_;
  int64_t expected_offset_ = 0;
  size_t count_ = 0;  // messages in the batch, refused ones too
};

// Resume bytes: the next offset in decimal.
std::string KafkaResume(int64_t next_offset);
std::optional<int64_t> ParseKafkaResume(std::string_view resume);

}  // namespace culprit

#include "engine/ingest/kafka/consumer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"

namespace culprit {
namespace {

constexpr int kPollMs = 100;
constexpr int kHeldPollMs = 10;
constexpr absl::Duration kGather = absl::Milliseconds(50);
constexpr absl::Duration kRoomWait = absl::Milliseconds(10);
constexpr absl::Duration kPauseAfter = absl::Milliseconds(500);
constexpr absl::Duration kHealthPeriod = absl::Milliseconds(500);

}  // namespace

KafkaConsumer::KafkaConsumer(const KafkaConfig& config)
    : config_(config), envelope_(config), messages_(kMessagesPerPoll) {}

KafkaConsumer::~KafkaConsumer() { Stop(); }

absl::Status KafkaConsumer::Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
  sink_ = sink;
  for (const ResumePoint& point : resume) {
    if (point.resume.empty()) continue;  // announced, nothing read
    const size_t slash = point.stream.key.rfind('/');
    const std::optional<int64_t> number =
        slash == std::string::npos ? std::nullopt
                                   : ParseKafkaResume(point.stream.key.substr(slash + 1));
    const std::optional<int64_t> next = ParseKafkaResume(point.resume);
    if (!number || !next) {
      spdlog::error("kafka source {}: resume point of '{}' cannot be read; the group's is used",
                    config_.name, point.stream.key);
      continue;
    }
    book_->Remember({point.stream.key.substr(0, slash), static_cast<int32_t>(*number)}, *next);
  }
  CULPRIT_ASSIGN_OR_RETURN(kafka_, settings_.Make(RD_KAFKA_CONSUMER));
  rd_kafka_poll_set_consumer(kafka_.get());
  queue_.reset(rd_kafka_queue_get_consumer(kafka_.get()));
  const KafkaTopicList topics = NewKafkaTopicList();
  for (const std::string& topic : config_.topics)
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const rd_kafka_resp_err_t error = rd_kafka_subscribe(kafka_.get(), topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return absl::InvalidArgumentError(absl::StrCat("kafka source '", config_.name, "': topics ",
                                                   absl::StrJoin(config_.topics, ", "), ": ",
                                                   rd_kafka_err2str(error)));
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void KafkaConsumer::Run() {
  absl::Time next_health = absl::InfinitePast();
  absl::Time free_at = absl::Now();
  while (!stopping_) {
    const bool free = PushHeld();
    const absl::Time now = absl::Now();
    if (free) free_at = now;
    // A pause throws away what librdkafka has fetched, so it is only for lasting trouble.
    if (free || draining_ || now - free_at >= kPauseAfter) {
      SetPaused(!free || draining_);
      Poll(free ? kPollMs : kHeldPollMs);
    } else {
      book_->WaitDone(kRoomWait);
    }
    if (now >= next_health) {
      TellOffsets();
      UpdateHealth();
      next_health = now + kHealthPeriod;
    }
    const std::lock_guard lock(mutex_);
    holds_ = !held_.empty();
    if (!holds_) empty_.notify_all();
  }
  TellOffsets();
  rd_kafka_consumer_close(kafka_.get());  // revokes: what is in flight is waited for
}

void KafkaConsumer::Poll(int timeout_ms) {
  const ssize_t count =
      rd_kafka_consume_batch_queue(queue_.get(), timeout_ms, messages_.data(), messages_.size());
  last_topic_ = nullptr;
  for (ssize_t i = 0; i < count; ++i) {
    Take(*messages_[static_cast<size_t>(i)]);
    rd_kafka_message_destroy(messages_[static_cast<size_t>(i)]);
  }
  if (fetcher_sleeps_) WakeFetcher();
  // While more is at hand, small batches of many partitions grow.
  const absl::Time now = absl::Now();
  const bool more = count == static_cast<ssize_t>(messages_.size());
  if (more && now - gathered_at_ < kGather && !draining_) return;
  gathered_at_ = now;
  HoldAll();
}

// librdkafka before 2.2 looks only once a second whether a queue that was full has room again,
// unless something else wakes its thread: here a question that is not waited for.
void KafkaConsumer::WakeFetcher() {
  const size_t queued = rd_kafka_queue_length(queue_.get());
  const size_t message_bytes = taken_bytes_ / std::max<size_t>(taken_, 1);
  const bool full = queued >= kQueuedMessages || queued * message_bytes >= kQueuedBytes;
  if (std::exchange(queue_full_, full) == full || full) return;
  rd_kafka_topic_partition_list_t* assignment = nullptr;
  if (rd_kafka_assignment(kafka_.get(), &assignment) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const KafkaTopicList owner(assignment);
  for (int i = 0; i < assignment->cnt; ++i) assignment->elems[i].offset = RD_KAFKA_OFFSET_END;
  rd_kafka_offsets_for_times(kafka_.get(), assignment, 1);
}

void KafkaConsumer::Take(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Trouble(absl::StrCat(message.rkt != nullptr ? rd_kafka_topic_name(message.rkt) : "consumer",
                         ": ", rd_kafka_message_errstr(&message)));
    return;
  }
  if (lost_sink_) return;
  ++taken_;
  taken_bytes_ += message.len;
  if (message.rkt != last_topic_ || message.partition != last_partition_->second) {
    const KafkaPartition partition(rd_kafka_topic_name(message.rkt), message.partition);
    // A batch may still hold messages of a partition that was revoked while it was gathered.
    if (!book_->assigned(partition)) return;
    last_builder_ = &Builder(partition);
    last_partition_ = &builders_.find(partition)->first;
    last_topic_ = message.rkt;
  }
  if (message.offset < last_builder_->expected_offset()) return;  // sent again after a pause
  KafkaRecord record;
  record.offset = message.offset;
  if (message.payload != nullptr)
    record.value = {static_cast<const char*>(message.payload), message.len};
  if (message.key != nullptr) record.key = {static_cast<const char*>(message.key), message.key_len};
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t ms = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && ms > 0) record.time = ms * 1000;
  if (envelope_.wants_headers()) AddHeaders(message, &record);
  last_builder_->Add(record);
  if (last_builder_->bytes() >= kLiveBatchBytes)
    Hold(last_builder_->Take(), *last_partition_, last_builder_->expected_offset());
}

void KafkaConsumer::AddHeaders(const rd_kafka_message_t& message, KafkaRecord* record) const {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    if (value != nullptr && envelope_.WantsHeader(name))
      record->headers.emplace_back(name, std::string_view(static_cast<const char*>(value), size));
}

KafkaBatchBuilder& KafkaConsumer::Builder(const KafkaPartition& partition) {
  const auto found = builders_.find(partition);
  if (found != builders_.end()) return found->second;
  auto stream = std::make_shared<LiveStream>();
  stream->source = config_.name;
  stream->key = absl::StrCat(partition.first, "/", partition.second);
  stream->display = absl::StrCat("kafka:", partition.first, "[", partition.second, "]");
  return builders_
      .emplace(partition, KafkaBatchBuilder(std::move(stream), partition.first, &envelope_))
      .first->second;
}

void KafkaConsumer::Hold(LiveBatch batch, const KafkaPartition& partition, int64_t next_offset) {
  batch.done = [book = book_, partition, next_offset](const absl::Status& status) {
    book->Done(partition, next_offset, status.ok());
  };
  held_.push_back({partition, next_offset, std::move(batch)});
}

void KafkaConsumer::HoldAll() {
  for (auto& [partition, builder] : builders_)
    if (!builder.empty()) Hold(builder.Take(), partition, builder.expected_offset());
}

bool KafkaConsumer::PushHeld() {
  while (!held_.empty()) {
    Held& held = held_.front();
    const uint64_t records = held.batch.messages.size();
    const uint64_t bytes = held.batch.bytes.size();
    book_->Pushed(held.partition, records == 0
                                      ? KafkaPartitionBook::kNoOffset
                                      : static_cast<int64_t>(held.batch.messages.front().position));
    const absl::StatusOr<bool> taken = sink_->TryPush(&held.batch);
    if (!taken.ok() || !*taken) book_->Done(held.partition, held.next_offset, false);
    if (!taken.ok()) {
      lost_sink_ = true;
      held_.clear();
      return true;
    }
    if (!*taken) return false;
    book_->Taken(held.partition, held.next_offset);
    held_.pop_front();
    const std::lock_guard lock(mutex_);
    health_.records += records;
    health_.bytes += bytes;
    health_.last_data = absl::ToUnixMicros(absl::Now());
    trouble_.clear();
  }
  return true;
}

void KafkaConsumer::SetPaused(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  rd_kafka_topic_partition_list_t* assignment = nullptr;
  if (rd_kafka_assignment(kafka_.get(), &assignment) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const KafkaTopicList owner(assignment);
  if (paused)
    rd_kafka_pause_partitions(kafka_.get(), assignment);
  else
    rd_kafka_resume_partitions(kafka_.get(), assignment);
}

void KafkaConsumer::TellOffsets() {
  const auto committed = book_->TakeCommitted();
  if (committed.empty()) return;
  const KafkaTopicList list = NewKafkaTopicList();
  for (const auto& [partition, next] : committed)
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
        ->offset = next;
  // A partition that was just revoked is refused; the revocation committed it.
  rd_kafka_offsets_store(kafka_.get(), list.get());
}

void KafkaConsumer::Drain() {
  draining_ = true;
  std::unique_lock lock(mutex_);
  empty_.wait_for(lock, std::chrono::microseconds(config_.drain_timeout), [&] { return !holds_; });
}

void KafkaConsumer::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  queue_.reset();
  kafka_.reset();
  const std::lock_guard lock(mutex_);
  health_.state = SourceState::kStopped;
}

}  // namespace culprit

// Partitions come and go, and what the source says of itself.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/ingest/kafka/consumer.h"

namespace culprit {
namespace {

constexpr int kAskMs = 5000;

std::vector<KafkaPartition> ToPartitions(const rd_kafka_topic_partition_list_t* list) {
  std::vector<KafkaPartition> out;
  for (int i = 0; i < list->cnt; ++i)
    out.emplace_back(list->elems[i].topic, list->elems[i].partition);
  return out;
}

}  // namespace

void KafkaConsumer::Rebalance(rd_kafka_resp_err_t event,
                              rd_kafka_topic_partition_list_t* partitions) {
  const char* protocol = rd_kafka_rebalance_protocol(kafka_.get());
  const bool incremental = protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
  if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    OnAssign(partitions, incremental);
    return;
  }
  if (event == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    OnRevoke(partitions, incremental);
    return;
  }
  Trouble(absl::StrCat("rebalance: ", rd_kafka_err2str(event)));
  rd_kafka_assign(kafka_.get(), nullptr);
}

// Ours or the group's, whichever is further on; else as start_at says. What was in flight when the
// partition was given up may still be.
void KafkaConsumer::ChooseOffsets(rd_kafka_topic_partition_list_t* partitions) {
  const KafkaTopicList group(rd_kafka_topic_partition_list_copy(partitions));
  const bool asked =
      rd_kafka_committed(kafka_.get(), group.get(), kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
  const KafkaTopicList by_time = NewKafkaTopicList();
  for (int i = 0; i < partitions->cnt; ++i) {
    rd_kafka_topic_partition_t& p = partitions->elems[i];
    const int64_t ours = book_->NextToRead({p.topic, p.partition});
    const int64_t theirs = asked ? group->elems[i].offset : RD_KAFKA_OFFSET_INVALID;
    const int64_t best = std::max(ours, theirs);
    if (best >= 0) {
      p.offset = best;
    } else if (asked && start_time_ != kNoTime) {
      rd_kafka_topic_partition_list_add(by_time.get(), p.topic, p.partition)->offset =
          start_time_ / 1000;
    } else {
      p.offset = RD_KAFKA_OFFSET_STORED;  // the group's, else auto.offset.reset
    }
  }
  if (by_time->cnt == 0) return;
  const bool found =
      rd_kafka_offsets_for_times(kafka_.get(), by_time.get(), kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int i = 0; i < by_time->cnt; ++i) {
    const rd_kafka_topic_partition_t& at = by_time->elems[i];
    rd_kafka_topic_partition_t* p =
        rd_kafka_topic_partition_list_find(partitions, at.topic, at.partition);
    if (!found || at.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      p->offset = RD_KAFKA_OFFSET_STORED;
    else
      p->offset = at.offset;  // the end, if nothing is that young
  }
}

void KafkaConsumer::OnAssign(rd_kafka_topic_partition_list_t* partitions, bool incremental) {
  ChooseOffsets(partitions);
  for (int i = 0; i < partitions->cnt; ++i) {
    const rd_kafka_topic_partition_t& p = partitions->elems[i];
    const KafkaPartition partition(p.topic, p.partition);
    book_->Assign(partition);
    KafkaBatchBuilder& builder = Builder(partition);
    builder.Expect(std::max<int64_t>(0, p.offset));
    Announce(partition, builder.Announcement(p.offset));
    spdlog::info("kafka source {}: {}[{}] assigned, from offset {}", config_.name, p.topic,
                 p.partition, p.offset);
  }
  if (incremental)
    rd_kafka_incremental_assign(kafka_.get(), partitions);
  else
    rd_kafka_assign(kafka_.get(), partitions);
  if (paused_) rd_kafka_pause_partitions(kafka_.get(), partitions);
}

void KafkaConsumer::OnRevoke(rd_kafka_topic_partition_list_t* partitions, bool incremental) {
  const std::vector<KafkaPartition> revoked = ToPartitions(partitions);
  const bool lost = rd_kafka_assignment_lost(kafka_.get()) != 0;
  const absl::Time deadline = absl::Now() + absl::Microseconds(config_.drain_timeout);
  if (!lost) {
    while (!PushHeld() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    if (!book_->WaitDone(revoked, deadline))
      spdlog::warn("kafka source {}: revoked partitions given up with batches in flight after {} s",
                   config_.name, config_.drain_timeout / kSecondUs);
    const KafkaTopicList offsets = NewKafkaTopicList();
    for (const KafkaPartition& partition : revoked)
      if (const int64_t next = book_->Committed(partition); next >= 0)
        rd_kafka_topic_partition_list_add(offsets.get(), partition.first.c_str(), partition.second)
            ->offset = next;
    if (offsets->cnt > 0) rd_kafka_commit(kafka_.get(), offsets.get(), 0);
  }
  for (const KafkaPartition& partition : revoked) {
    book_->Unassign(partition);
    builders_.erase(partition);
    std::erase_if(held_, [&](const Held& held) { return held.partition == partition; });
    spdlog::info("kafka source {}: {}[{}] {}", config_.name, partition.first, partition.second,
                 lost ? "lost" : "revoked");
  }
  last_topic_ = nullptr;
  if (incremental)
    rd_kafka_incremental_unassign(kafka_.get(), partitions);
  else
    rd_kafka_assign(kafka_.get(), nullptr);
}

// Empty: the connections are well again.
void KafkaConsumer::Trouble(std::string text) {
  const std::lock_guard lock(mutex_);
  if (!text.empty() && trouble_.empty())
    spdlog::warn("kafka source {}: {}; it is tried again", config_.name, text);
  trouble_ = std::move(text);
}

void KafkaConsumer::UpdateHealth() {
  const std::vector<KafkaPartition> assigned = book_->Assigned();
  int64_t lag = 0;
  for (const KafkaPartition& partition : assigned) {
    int64_t low = 0;
    int64_t high = 0;
    const int64_t next = book_->Uncommitted(partition);
    if (next < 0 ||
        rd_kafka_get_watermark_offsets(kafka_.get(), partition.first.c_str(), partition.second,
                                       &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
      continue;
    if (high > next) lag += high - next;
  }
  const std::lock_guard lock(mutex_);
  health_.streams = static_cast<int64_t>(assigned.size());
  health_.lag = lag;
  health_.lag_unit = "messages";
  health_.detail.clear();
  const TimeUs now = absl::ToUnixMicros(absl::Now());
  if (!trouble_.empty()) {
    health_.state = SourceState::kFailing;
    health_.detail = absl::StrCat(config_.brokers, ": ", trouble_);
  } else if (paused_) {
    health_.state = SourceState::kPaused;
  } else if (assigned.empty()) {
    health_.state = SourceState::kStarting;
    health_.detail = "no partition is assigned yet";
  } else if (lag > config_.lagging_above) {
    health_.state = SourceState::kLagging;
    health_.detail = absl::StrCat(lag, " messages behind");
  } else if (health_.last_data == kNoTime || now - health_.last_data > config_.quiet_after) {
    health_.state = SourceState::kQuiet;
  } else {
    health_.state = SourceState::kOk;
  }
}

SourceHealth KafkaConsumer::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

}  // namespace culprit

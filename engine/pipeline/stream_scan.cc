#include "engine/pipeline/stream_scan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/status.h"

namespace culprit {
namespace {

// One being read, one waiting for its turn or having it, and one per worker being matched.
size_t MaxInFlight(const ScanOptions& options) {
  return static_cast<size_t>(std::clamp(options.workers, 1, 64)) + 2;
}

}  // namespace

StreamScan::StreamScan(ByteStream& stream, const SignalRules& rules, const SignatureSet& signatures,
                       const ScanOptions& options, SignalLog* log,
                       std::atomic<PartitionId>* next_partition, ScanProgress* progress,
                       std::function<void(uint64_t)> on_read)
    : signatures_(signatures),
      stream_(stream),
      progress_(progress),
      on_read_(std::move(on_read)),
      slots_(options.workers <= 1 ? 1 : MaxInFlight(options)),
      blocks_(stream, LineBlockOptions{.block_bytes = options.block_bytes}, &read_counters_),
      parser_(stream.info(), options.parse, &turn_counters_),
      writer_(log, next_partition),
      maker_(rules, options.signals, &parser_, &writer_, &turn_counters_) {}

StreamScan::Slot* StreamScan::SlotOf(uint64_t sequence) {
  for (Slot& slot : slots_)
    if (slot.sequence == sequence) return &slot;
  return nullptr;
}

StreamScan::Slot* StreamScan::FreeSlot() { return SlotOf(Slot::kNone); }

void StreamScan::Work(MatchScratch* scratch) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!Done()) {
    // Turns first: they free slots, and nobody can take the next one before.
    Slot* slot = turning_ ? nullptr : SlotOf(next_turn_);
    if (slot != nullptr && slot->matched) {
      turning_ = true;
      lock.unlock();
      const absl::Status status = Turn(*slot, scratch);
      lock.lock();
      if (log_error_.ok()) log_error_ = status;
      turning_ = false;
      ++next_turn_;
      slot->sequence = Slot::kNone;
      if (slot->buffer != nullptr) spare_.push_back(std::move(slot->buffer));
    } else if (slot = reading_ || ended_ ? nullptr : FreeSlot(); slot != nullptr) {
      Read(&lock, slot);
      if (slot->sequence != Slot::kNone) {
        if (waiting_ > 0) changed_.notify_all();  // the next block can be read
        lock.unlock();
        Match(slot, scratch);
        lock.lock();
        slot->matched = true;
      }
    } else {
      ++waiting_;
      changed_.wait(lock);
      --waiting_;
      continue;
    }
    if (waiting_ > 0) changed_.notify_all();
  }
}

void StreamScan::Read(std::unique_lock<std::mutex>* lock, Slot* slot) {
  // A block that is still in flight keeps its buffer.
  Slot* last = next_read_ == 0 ? nullptr : SlotOf(next_read_ - 1);
  if (last != nullptr && last->buffer == nullptr) {
    LineBlocks::Buffer spare;
    if (!spare_.empty()) {
      spare = std::move(spare_.back());
      spare_.pop_back();
    }
    last->buffer = blocks_.TakeBuffer(std::move(spare));
  }
  reading_ = true;
  slot->sequence = next_read_;
  slot->matched = false;
  lock->unlock();
  const absl::StatusOr<bool> more = blocks_.Next(&slot->block);
  if (more.ok() && *more) on_read_(slot->sequence + 1);
  lock->lock();
  reading_ = false;
  if (more.ok() && *more) {
    ++next_read_;
    return;
  }
  read_error_ = more.status();
  ended_ = true;
  slot->sequence = Slot::kNone;
}

void StreamScan::Match(Slot* slot, MatchScratch* scratch) const {
  const std::string_view bytes = slot->block.bytes;
  slot->hits.clear();
  slot->lines = signatures_.Scan(bytes, *scratch, &slot->hits) + (bytes.back() != '\n' ? 1 : 0);
  progress_->bytes_scanned += static_cast<int64_t>(bytes.size());
}

absl::Status StreamScan::Turn(const Slot& slot, MatchScratch* scratch) {
  const auto& [bytes, offset, cut] = slot.block;
  if (slot.sequence == 0) parser_.Sniff(bytes);
  samples_.clear();
  schedule_.Take(bytes, offset, &samples_);
  CULPRIT_RETURN_IF_ERROR(maker_.OnBlock(bytes, offset, slot.hits, samples_, scratch));
  parser_.EndBlock(bytes, offset);
  bytes_ = offset + bytes.size();
  lines_ += slot.lines;
  progress_->signals += maker_.tally().signals - std::exchange(signals_, maker_.tally().signals);
  return absl::OkStatus();
}

absl::Status StreamScan::Finish(ScannedStream* out, Counters* counters) {
  CULPRIT_RETURN_IF_ERROR(log_error_);
  out->report.name = stream_.info().DisplayName();
  if (!read_error_.ok()) {
    out->report.error = std::string(read_error_.message());
    counters->Count(Reason::kUnreadableInput);
  }
  stream_.AddCounts(counters);
  CULPRIT_RETURN_IF_ERROR(maker_.End());
  CULPRIT_RETURN_IF_ERROR(writer_.Close());
  counters->Add(read_counters_);
  counters->Add(turn_counters_);
  out->log_partitions = writer_.partitions();
  out->lines = lines_;
  const StreamTally& tally = maker_.tally();
  out->report.bytes = bytes_;
  out->report.format = std::string(parser_.format_name());
  out->report.service = tally.service;
  out->report.signals = tally.signals;
  out->first_time = tally.first_time;
  out->last_time = tally.last_time;
  ++progress_->streams_done;
  return absl::OkStatus();
}

}  // namespace culprit

#include "engine/state/memory_signal_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/state/entry_codec.h"

namespace culprit {
namespace {
// Small, because reading merges all partitions and holds one spilled chunk of each, and its words.
constexpr size_t kChunkBytes = 16 << 10;
constexpr size_t kMostWordBytes = 16 << 10;  // of the words of a dictionary
constexpr size_t kMostWords = 2048;
}  // namespace

class MemoryPartitionWriter : public PartitionWriter {
 public:
  MemoryPartitionWriter(MemorySignalLog* log, PartitionId partition)
      : log_(log), partition_(partition) {}

  absl::Status Append(const SignalView& signal) override { return Add(signal); }
  absl::Status Append(const MarkView& mark) override { return Add(mark); }
  absl::Status Close() override {
    if (size_ == 0) return absl::OkStatus();
    // Most logs have many short partitions: no more room than is used.
    auto exact = std::make_unique_for_overwrite<char[]>(size_);
    std::memcpy(exact.get(), buffer_.get(), size_);
    buffer_ = std::move(exact);
    room_ = size_;
    return Flush();
  }

 private:
  // Entries are written to where they stay.
  template <typename View>
  absl::Status Add(const View& entry) {
    const size_t most = EntryEncoder::MostBytes(entry);
    if (room_ - size_ < most) {
      if (size_ > 0) CULPRIT_RETURN_IF_ERROR(Flush());
      if (room_ < most) {
        room_ = std::max(kChunkBytes, most);
        buffer_ = std::make_unique_for_overwrite<char[]>(room_);
      }
    }
    char* const begin = buffer_.get() + size_;
    size_ += static_cast<size_t>(encoder_.Encode(entry, begin) - begin);
    return absl::OkStatus();
  }
  absl::Status Flush() {
    MemorySignalLog::Chunk chunk;
    chunk.size = std::exchange(size_, 0);
    chunk.fresh = std::exchange(fresh_, false);
    const WordTable& words = encoder_.words();
    if (words.size() >= kMostWords || words.bytes() >= kMostWordBytes) {
      encoder_.Reset();
      fresh_ = true;
    }
    CULPRIT_RETURN_IF_ERROR(log_->AddChunk(partition_, std::move(chunk), room_, &buffer_));
    if (buffer_ == nullptr) room_ = 0;
    return absl::OkStatus();
  }

  MemorySignalLog* const log_;
  const PartitionId partition_;
  EntryEncoder encoder_;
  std::unique_ptr<char[]> buffer_;  // the chunk under work
  size_t room_ = 0;                 // of the buffer
  size_t size_ = 0;                 // used of it
  bool fresh_ = true;               // the chunk began with an empty dictionary
};

class MemoryPartitionReader : public PartitionReader {
 public:
  MemoryPartitionReader(const MemorySignalLog* log, PartitionId partition) : log_(log) {
    const std::lock_guard<std::mutex> lock(log->mutex_);
    const auto found = log->partitions_.find(partition);
    if (found != log->partitions_.end()) chunks_ = &found->second;
  }

  absl::StatusOr<bool> Next(EntryView* entry) override {
    while (rest_.empty()) {
      if (chunks_ == nullptr || next_chunk_ == chunks_->size()) return false;
      CULPRIT_RETURN_IF_ERROR(Load((*chunks_)[next_chunk_++]));
    }
    if (!decoder_.Decode(&rest_, entry))
      return absl::DataLossError("the spill file of this run was changed by someone else");
    return true;
  }

 private:
  absl::Status Load(const MemorySignalLog::Chunk& chunk) {
    if (chunk.fresh) decoder_.Reset();
    if (chunk.bytes != nullptr) {
      rest_ = {chunk.bytes.get(), chunk.size};
      return absl::OkStatus();
    }
    buffer_.resize(chunk.size);
    for (uint64_t done = 0; done < chunk.size;) {
      const ssize_t n = pread(log_->spill_fd_, buffer_.data() + done, chunk.size - done,
                              static_cast<off_t>(chunk.file_offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        return absl::DataLossError(absl::StrCat("reading the spill file: ", strerror(errno)));
      done += static_cast<uint64_t>(n);
    }
    rest_ = buffer_;
    return absl::OkStatus();
  }

  const MemorySignalLog* const log_;
  const std::vector<MemorySignalLog::Chunk>* chunks_ = nullptr;
  size_t next_chunk_ = 0;
  EntryDecoder decoder_;
  std::string buffer_;
  std::string_view rest_;
};

MemorySignalLog::MemorySignalLog(size_t memory_budget_bytes, std::string spill_directory)
    : memory_budget_bytes_(memory_budget_bytes), spill_directory_(std::move(spill_directory)) {}

MemorySignalLog::~MemorySignalLog() {
  if (spill_fd_ >= 0) close(spill_fd_);
}

std::unique_ptr<PartitionWriter> MemorySignalLog::OpenWriter(PartitionId partition) {
  return std::make_unique<MemoryPartitionWriter>(this, partition);
}

std::unique_ptr<PartitionReader> MemorySignalLog::OpenReader(PartitionId partition) const {
  return std::make_unique<MemoryPartitionReader>(this, partition);
}

absl::Status MemorySignalLog::AddChunk(PartitionId partition, Chunk chunk, size_t room,
                                       std::unique_ptr<char[]>* bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (memory_bytes_ + room <= memory_budget_bytes_) {
    memory_bytes_ += room;
    chunk.bytes = std::move(*bytes);
  } else {
    if (spill_fd_ < 0) {
      const char* tmp = getenv("TMPDIR");
      std::string path =
          spill_directory_.empty() ? (tmp != nullptr && *tmp ? tmp : "/tmp") : spill_directory_;
      path += "/culprit-spill-XXXXXX";
      spill_fd_ = mkostemp(path.data(), O_CLOEXEC);
      if (spill_fd_ < 0)
        return absl::ResourceExhaustedError(absl::StrCat("cannot make a spill file ", path, ": ",
                                                         strerror(errno),
                                                         "; set TMPDIR to a directory with room"));
      unlink(path.c_str());
    }
    for (size_t done = 0; done < chunk.size;) {
      const ssize_t n = pwrite(spill_fd_, bytes->get() + done, chunk.size - done,
                               static_cast<off_t>(spill_end_ + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        return absl::ResourceExhaustedError(absl::StrCat(
            "writing the spill file: ", strerror(errno), "; set TMPDIR to a directory with room"));
      done += static_cast<size_t>(n);
    }
    chunk.file_offset = spill_end_;
    spill_end_ += chunk.size;
    spilled_bytes_ += chunk.size;
  }
  partitions_[partition].push_back(std::move(chunk));
  return absl::OkStatus();
}

}  // namespace culprit

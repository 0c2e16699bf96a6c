#include "engine/ingest/forward/chunk_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"
#include "engine/ingest/archive/gunzip.h"
#include "engine/ingest/archive/unzstd.h"
#include "engine/ingest/net/unpack_limit.h"

namespace culprit {
namespace {

constexpr size_t kRefillBytes = 256 * 1024;
constexpr size_t kLetterBytes = 16 * 1024;
constexpr uint64_t kLettersPerChunk = 100;

TimeUs Micros(const EntryTime& time, TimeUs now) {
  if (time.kind == EntryTime::Kind::kNone) return now;
  return time.seconds * 1'000'000 + time.nanos / 1000;
}

// As much input as a record of the allowed size may need, and its time.
size_t EntryBound(const ForwardConfig& config) { return config.max_record_bytes + 4096; }

}  // namespace

ChunkReader::ChunkReader(const ForwardConfig& config, const ForwardMessage& message,
                         std::string peer)
    : config_(config),
      message_(message),
      peer_(std::move(peer)),
      lines_(config.max_record_bytes),
      skip_(0) {
  lines_.SetTag(message.tag);
  if (message.compression == Compression::kNone) {
    window_ = message.entries;
    return;
  }
  packed_ = std::make_unique<MemoryInput>(message.entries);
  if (message.compression == Compression::kGzip) {
    input_ = std::make_unique<GunzipInput>(*packed_, "chunk");
  } else {
    input_ = std::make_unique<UnzstdInput>(*packed_, "chunk", UnzstdInput::kSenderWindowLog);
  }
  input_ended_ = false;
}

ChunkReader::~ChunkReader() = default;

bool ChunkReader::ReadPart(TimeUs now, LiveBatch* part) {
  weight_ = 0;
  while (!done_) {
    switch (ReadEntry(now, part)) {
      case Step::kEntry:
        break;
      case Step::kFull:
        EndRun(part);
        return true;
      case Step::kMore:
        if (Refill(part)) break;
        [[fallthrough]];
      case Step::kEnd:
        done_ = true;
        break;
    }
  }
  EndRun(part);
  if (unlettered_ > 0) {
    part->dead_letters.push_back(
        {.source = config_.name,
         .stream = peer_,
         .position = absl::StrCat("chunk ", ToAbsl(message_.chunk)),
         .reason = "malformed_entry",
         .detail = absl::StrCat(unlettered_, " more malformed entries in this chunk, not kept")});
    unlettered_ = 0;
  }
  return false;
}

ChunkReader::Step ChunkReader::ReadEntry(TimeUs now, LiveBatch* part) {
  if (skipping_ && !SkipEntry(part)) return Step::kMore;
  if (window_.empty()) return input_ended_ ? Step::kEnd : Step::kMore;
  MsgpackCursor cursor(window_);
  uint64_t values = 0;
  EntryTime time;
  JsonLines::Result record;
  const size_t begin = part->bytes.size();
  std::string_view wrong;
  RecordError error = RecordError::kNone;
  if (!message_.single && (!cursor.ReadArray(&values) || values != 2)) {
    wrong = "the entry is no [time, record]";
  } else if (!ReadEntryTime(cursor, &time)) {
    wrong = "the time is no EventTime, number or [time, meta], or beyond the year 9999";
  } else if (time.kind == EntryTime::Kind::kMarker) {
    wrong = "marker";
  } else {
    error = lines_.Append(cursor.rest(), time, now, &part->bytes, &record);
    if (error != RecordError::kNone) wrong = RecordErrorText(error);
  }
  if (wrong.empty()) {
    const size_t entry_bytes = window_.size() - cursor.rest().size() + record.consumed;
    const size_t weight = entry_bytes + kForwardEntryWeight + message_.tag.size();
    if (weight_ > 0 && weight_ + weight > kForwardPartWeight) {
      part->bytes.resize(begin);
      return Step::kFull;
    }
    weight_ += weight;
    part->messages.push_back({.begin = static_cast<uint32_t>(begin), .time = Micros(time, now)});
    window_.remove_prefix(entry_bytes);
    EndRun(part);
    ++entry_;
    ++counts_.records;
    counts_.repaired += record.repaired;
    return Step::kEntry;
  }
  // Where does the entry end? Only then it is known what is wrong with it.
  MsgpackScanner scanner(~0ULL >> 1);
  const MsgpackState end = message_.single ? MsgpackState::kOk : scanner.Scan(window_);
  const std::string_view entry =
      message_.single ? window_
                      : window_.substr(0, std::min<uint64_t>(scanner.end(), window_.size()));
  if (end == MsgpackState::kMore && !input_ended_) {
    if (window_.size() <= EntryBound(config_)) return Step::kMore;
    Bury(part, "record_too_long", "a record longer than max_record_bytes", window_);
    skip_ = scanner;
    skipping_ = true;
    return Step::kEntry;
  }
  if (end != MsgpackState::kOk) {
    BuryRest(part, "broken_chunk",
             end == MsgpackState::kMore ? "the chunk ends inside an entry"
                                        : "no MessagePack from here on");
    return Step::kEnd;
  }
  if (time.kind == EntryTime::Kind::kMarker) {
    ++counts_.group_marks;
    EndRun(part);
  } else {
    Bury(part, error == RecordError::kTooLong ? "record_too_long" : "malformed_entry", wrong,
         entry);
  }
  window_.remove_prefix(entry.size());
  ++entry_;
  return Step::kEntry;
}

// True when the entry is behind us.
bool ChunkReader::SkipEntry(LiveBatch* part) {
  const MsgpackState state = skip_.Scan(window_);
  if (state == MsgpackState::kOk) {
    window_.remove_prefix(skip_.end());
    skipping_ = false;
    ++entry_;
    return true;
  }
  if (state == MsgpackState::kMore && !input_ended_) {
    const uint64_t understood = std::min<uint64_t>(skip_.end(), window_.size());
    skip_.Drop(understood);
    window_.remove_prefix(understood);
    return false;
  }
  skipping_ = false;
  BuryRest(part, "broken_chunk",
           "the chunk ends inside an entry, or is no MessagePack from here on");
  window_ = {};
  return true;
}

bool ChunkReader::Refill(LiveBatch* part) {
  if (input_ended_) return false;
  const size_t kept = window_.size();  // always the tail of the buffer
  buffer_.erase(0, buffer_.size() - kept);
  const size_t want = std::max(kRefillBytes, kept);
  buffer_.resize(kept + want);
  const absl::StatusOr<size_t> n = input_->Read(buffer_.data() + kept, want);
  buffer_.resize(kept + (n.ok() ? *n : 0));
  window_ = buffer_;
  if (!n.ok()) {
    BuryRest(part, "broken_chunk", absl::StrCat("cannot be unpacked: ", n.status().message()));
    return false;
  }
  input_ended_ = *n == 0;
  unpacked_ += *n;
  const uint64_t most = UnpackLimit(message_.entries.size(), config_.max_decompression_ratio,
                                    config_.max_decompressed_bytes);
  if (unpacked_ > most) {
    BuryRest(part, "decompressed_too_large",
             absl::StrCat("unpacks to more than ", most,
                          " bytes (max_decompressed_bytes, max_decompression_ratio)"));
    return false;
  }
  return true;
}

void ChunkReader::Bury(LiveBatch* part, std::string_view reason, std::string_view detail,
                       std::string_view bytes) {
  ++counts_.malformed;
  // A bomb of zeros is millions of entries, all wrong in the same way.
  if (run_ > 0) {
    DeadLetter& last = part->dead_letters.back();
    if (last.reason == reason && last.detail == detail) {
      if (last.bytes.size() < kLetterBytes)
        last.bytes += bytes.substr(0, kLetterBytes - last.bytes.size());
      ++run_;
      return;
    }
    EndRun(part);
  }
  if (++letters_ > kLettersPerChunk) {
    ++unlettered_;
    return;
  }
  part->dead_letters.push_back({.source = config_.name,
                                .stream = peer_,
                                .position = absl::StrCat("entry ", entry_, OfChunk()),
                                .reason = std::string(reason),
                                .detail = std::string(detail),
                                .bytes = std::string(bytes.substr(0, kLetterBytes))});
  run_ = 1;
  run_begin_ = entry_;
}

void ChunkReader::EndRun(LiveBatch* part) {
  if (run_ > 1)
    part->dead_letters.back().position =
        absl::StrCat("entries ", run_begin_, " to ", run_begin_ + run_ - 1, OfChunk());
  run_ = 0;
}

std::string ChunkReader::OfChunk() const {
  if (message_.chunk.empty()) return "";
  return absl::StrCat(" of chunk ", ToValidUtf8(message_.chunk, kMaxChunkIdBytes));
}

// What cannot be told apart any more: one letter for all that follows.
void ChunkReader::BuryRest(LiveBatch* part, std::string_view reason, std::string detail) {
  letters_ = std::min(letters_, kLettersPerChunk - 1);  // this one is always kept
  absl::StrAppend(&detail, "; the entries before it were taken");
  Bury(part, reason, detail, window_);
  window_ = {};
  input_ended_ = true;
}

}  // namespace culprit

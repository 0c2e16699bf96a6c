// ForwardConnection: from bytes to batches and back to acknowledgements.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"
#include "engine/ingest/forward/connection.h"
#include "engine/ingest/forward/streams.h"

namespace culprit {
namespace {

namespace asio = boost::asio;

// Messages of one read gather in a batch up to here; with a part behind it, it stays below the
// most that a batch may have.
constexpr size_t kOpenBatchBytes = 64 * 1024;
constexpr size_t kMaxOpenBatches = 16;
constexpr size_t kBatchReserve = 256 * 1024 + kLiveBatchPadding;
constexpr size_t kLetterBytes = 16 * 1024;

// The receipt of a chunk's part. A chunk of one part has its id; of several, each has its own, for
// they are committed one by one: doc/formats.md.
std::string PartReceipt(std::string_view chunk, size_t part, bool last) {
  if (part == 0 && last) return std::string(chunk);
  return absl::StrCat(ToAbsl(chunk), "#", part, last ? "." : "");
}

}  // namespace

void ForwardConnection::Pump() {
  while (phase_ != Phase::kClosed) {
    if (!PushOutgoing()) return;
    if (current_) {
      ReadPart();
      continue;
    }
    const bool full = unacked_bytes_ > config_.max_unacked_bytes;
    if (!full && NextMessage()) continue;
    if (phase_ == Phase::kClosed) return;
    if (!open_.empty() || letter_) {
      FlushOpen();
      continue;
    }
    if (full) return;  // Committed goes on
    break;
  }
  if (ended_) return FinishIfDone();
  Read();
}

// False: the sink is full, or the connection is closed.
bool ForwardConnection::PushOutgoing() {
  LiveSink& sink = *state_->sink;
  bool full = letter_.has_value() && !sink.Accepting();
  if (letter_ && !full) {
    if (!sink.PushDeadLetter(*std::exchange(letter_, std::nullopt)).ok()) return Shut(), false;
  }
  while (!full && !outgoing_.empty()) {
    Outgoing& next = outgoing_.front();
    const size_t bytes = next.batch.bytes.size();
    if (!next.batch.done) {
      next.batch.done = [state = state_, weak = weak_from_this(), chunks = next.chunks,
                         bytes](const absl::Status& status) {
        for (const auto& chunk : chunks) state->in_flight.PartDone(chunk, status.ok());
        if (const auto self = weak.lock()) self->Committed(bytes, status.ok());
      };
    }
    const absl::StatusOr<bool> taken = SenderStreams::TryPush(*next.stream, sink, &next.batch);
    if (absl::IsNotFound(taken.status())) {
      next.stream = state_->streams.Find(LookOf(config_.name, next.tag, host_), absl::Now());
    } else if (!taken.ok()) {
      return Shut(), false;  // the program stops
    } else if (*taken) {
      unacked_bytes_ += bytes;
      ++batches_;
      outgoing_.pop_front();
    } else {
      full = true;
    }
  }
  if (full != blocked_) state_->blocked.fetch_add(full ? 1 : -1);
  blocked_ = full;
  if (full) RetrySoon();
  return !full;
}

void ForwardConnection::FlushOpen() {
  for (Outgoing& open : open_) outgoing_.push_back(std::move(open));
  open_.clear();
}

ForwardConnection::Outgoing& ForwardConnection::OpenFor(std::string_view tag) {
  for (Outgoing& open : open_) {
    if (open.tag == tag) return open;
  }
  if (open_.size() == kMaxOpenBatches) FlushOpen();
  Outgoing& added = open_.emplace_back();
  added.tag = tag;
  added.stream = state_->streams.Find(LookOf(config_.name, tag, host_), absl::Now());
  return added;
}

void ForwardConnection::ReadPart() {
  Current& current = *current_;
  Outgoing& open = OpenFor(current.message.tag);
  LiveBatch& batch = open.batch;
  if (batch.bytes.capacity() < kBatchReserve && current.message.entries.size() > kOpenBatchBytes) {
    batch.bytes.reserve(kBatchReserve);
  }
  const size_t bytes = batch.bytes.size(), messages = batch.messages.size(),
               letters = batch.dead_letters.size();
  const bool more = current.reader->ReadPart(state_->sink->Now(), &batch);
  bool taken = true;
  if (current.chunk) {
    std::string receipt = PartReceipt(current.message.chunk, current.part, !more);
    taken = !state_->sink->HasReceipt(config_.name, receipt);
    if (taken) {
      batch.receipts.push_back(std::move(receipt));
      open.chunks.push_back(current.chunk);
      state_->in_flight.AddPart(current.chunk);
    }
  }
  if (taken) {
    state_->records.fetch_add(batch.messages.size() - messages, std::memory_order_relaxed);
    current.taken = true;
  } else {
    batch.bytes.resize(bytes);
    batch.messages.resize(messages);
    batch.dead_letters.resize(letters);
  }
  ++current.part;
  const bool empty = batch.messages.empty() && batch.dead_letters.empty() && batch.receipts.empty();
  if (empty || more || batch.bytes.size() >= kOpenBatchBytes) {
    if (!empty) outgoing_.push_back(std::move(open));
    open_.erase(open_.begin() + (&open - open_.data()));
  }
  if (more) return;
  const ForwardReadCounts& counts = current.reader->counts();
  state_->Count(ForwardCount::kMalformedEntries, counts.malformed);
  state_->Count(ForwardCount::kRepairedBytes, counts.repaired);
  state_->Count(ForwardCount::kGroupMarks, counts.group_marks);
  if (counts.malformed > 0) {
    state_->Warn(ForwardCount::kMalformedEntries, peer_,
                 absl::StrCat(counts.malformed, " entries of a message with tag ",
                              ToValidUtf8(current.message.tag, kMaxTagBytes),
                              " could not be used: see culprit dlq"));
  }
  if (!current.taken) state_->Count(ForwardCount::kDuplicateChunks);
  if (current.chunk) state_->in_flight.End(current.chunk, /*complete=*/true);
  const size_t whole = current.bytes;
  current_.reset();
  Consume(whole);
}

bool ForwardConnection::NextMessage() {
  if (begin_ == end_ || phase_ == Phase::kTls) return false;
  if (phase_ == Phase::kFirstByte) {
    const char first = unread()[0];
    phase_ = first == '{' || first == '[' ? Phase::kJson : Phase::kMsgpack;
  }
  switch (phase_) {
    case Phase::kPing:
      return TakePing();
    case Phase::kMsgpack:
      return TakeMsgpack();
    case Phase::kJson:
      return TakeJson();
    default:
      return false;
  }
}

bool ForwardConnection::TakePing() {
  const MsgpackState state = scanner_.Scan(unread());
  if (state == MsgpackState::kMore) return false;
  std::string answer, host;
  absl::Status status = absl::InvalidArgumentError("expected PING, got something else");
  if (state == MsgpackState::kOk) {
    status = handshake_->Answer(unread().substr(0, scanner_.end()), &answer, &host);
  }
  if (!answer.empty()) Send(answer);
  if (!status.ok()) {
    Fail(ForwardCount::kRefusedHandshakes, FromAbsl(status.message()));
    return false;
  }
  if (!host.empty()) host_ = host;
  Consume(scanner_.end());
  scanner_ = MsgpackScanner(config_.max_message_bytes);
  handshake_.reset();
  phase_ = Phase::kFirstByte;
  return true;
}

bool ForwardConnection::TakeMsgpack() {
  const std::string_view bytes = unread();
  switch (scanner_.Scan(bytes)) {
    case MsgpackState::kMore:
      return false;
    case MsgpackState::kInvalid:
      Fail(ForwardCount::kGarbage, "neither MessagePack nor JSON: connection closed");
      return false;
    case MsgpackState::kTooLarge:
      Bury("message_too_large",
           absl::StrCat("longer than max_message_bytes (", config_.max_message_bytes,
                        "): raise it, or lower the sender's chunk_limit_size"),
           bytes);
      Fail(ForwardCount::kTooLarge, FromAbsl(letter_->detail));
      return false;
    case MsgpackState::kOk:
      break;
  }
  const std::string_view message = bytes.substr(0, scanner_.end());
  scanner_.Reset();
  if (message == "\xc0") {
    state_->Count(ForwardCount::kHeartbeats);
    Consume(1);
    return true;
  }
  Take(message, {});
  return !ended_;
}

bool ForwardConnection::TakeJson() {
  while (begin_ < end_ && std::string_view(" \t\r\n").find(unread()[0]) != std::string_view::npos) {
    Consume(1);
  }
  if (begin_ == end_) return false;
  const JsonScanner::State state = json_scanner_.Scan(unread());
  if (state == JsonScanner::State::kInvalid) {
    Fail(ForwardCount::kGarbage, "no JSON array or object, or nested too deep: connection closed");
    return false;
  }
  if (state == JsonScanner::State::kMore) {
    if (unread().size() <= config_.max_message_bytes) return false;
    Bury("message_too_large", "longer than max_message_bytes", unread());
    Fail(ForwardCount::kTooLarge, "longer than max_message_bytes");
    return false;
  }
  const std::string_view text = unread().substr(0, json_scanner_.end());
  json_scanner_.Reset();
  absl::StatusOr<std::string> converted = MsgpackOfJson(text);
  if (!converted.ok()) {
    Bury("bad_message", FromAbsl(converted.status().message()), text);
    Fail(ForwardCount::kBadMessages, FromAbsl(converted.status().message()));
    return false;
  }
  Take(text, *std::move(converted));
  return !ended_;
}

// One whole message: `bytes` as it came, `converted` to MessagePack if that was JSON.
void ForwardConnection::Take(std::string_view bytes, std::string converted) {
  Current& current = current_.emplace();
  current.bytes = bytes.size();
  current.converted = std::move(converted);
  const absl::StatusOr<ForwardMessage> message =
      ParseForwardMessage(current.converted.empty() ? bytes : current.converted);
  const auto done = [&] {
    current_.reset();
    Consume(bytes.size());
  };
  if (!message.ok()) {
    current_.reset();
    Bury("bad_message", FromAbsl(message.status().message()), bytes);
    return Fail(ForwardCount::kBadMessages, FromAbsl(message.status().message()));
  }
  current.message = *message;
  if (!message->chunk.empty()) {
    const std::string id(message->chunk);
    state_->Count(ForwardCount::kChunks);
    ++awaiting_;
    current.chunk = state_->in_flight.Begin(id, [weak = weak_from_this(), id](bool committed) {
      if (const auto self = weak.lock()) self->Settled(id, committed);
    });
    const bool committed = current.chunk != nullptr && state_->sink->HasReceipt(config_.name, id);
    if (committed) state_->in_flight.End(current.chunk, /*complete=*/true);
    if (committed || current.chunk == nullptr) {
      state_->Count(ForwardCount::kDuplicateChunks);
      return done();
    }
  }
  if (!message->logs) {
    state_->Count(ForwardCount::kNotLogs);
    if (current.chunk) state_->in_flight.End(current.chunk, /*complete=*/true);
    return done();
  }
  current.reader = std::make_unique<ChunkReader>(config_, current.message, peer_);
}

void ForwardConnection::Consume(size_t bytes) {
  begin_ += std::min(bytes, end_ - begin_);
  progress_since_ = absl::InfiniteFuture();
}

// A message that cannot be used at all.
void ForwardConnection::Bury(std::string_view reason, std::string_view detail,
                             std::string_view bytes) {
  letter_ = DeadLetter{.source = config_.name,
                       .stream = peer_,
                       .position = absl::StrCat("byte ", total_read_ - (end_ - begin_)),
                       .reason = std::string(reason),
                       .detail = std::string(detail),
                       .bytes = std::string(bytes.substr(0, kLetterBytes))};
}

// From any thread.
void ForwardConnection::Settled(const std::string& chunk, bool committed) {
  asio::post(executor_, [self = shared_from_this(), chunk, committed] {
    --self->awaiting_;
    if (!committed) return self->Shut();  // the sender sends it again
    self->Send(AckMessage(chunk, self->phase_ == Phase::kJson));
    self->FinishIfDone();
  });
}

// From the committing thread.
void ForwardConnection::Committed(size_t bytes, bool ok) {
  asio::post(executor_, [self = shared_from_this(), bytes, ok] {
    const bool was_full = self->unacked_bytes_ > self->config_.max_unacked_bytes;
    self->unacked_bytes_ -= bytes;
    --self->batches_;
    if (self->phase_ == Phase::kClosed) return;
    if (!ok) return self->Shut();
    if (was_full && !self->retrying_) return self->Pump();
    self->FinishIfDone();
  });
}

}  // namespace culprit

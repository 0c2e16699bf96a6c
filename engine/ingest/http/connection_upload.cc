// HttpConnection: from a body to batches, and back to its answer.
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/views.h"
#include "engine/ingest/http/connection.h"

namespace culprit {
namespace {

namespace asio = boost::asio;

constexpr auto kRetry = std::chrono::milliseconds(5);

// The receipt of a request's part, as of a forward chunk's: doc/formats.md.
std::string PartReceipt(const std::string& key, size_t part, bool last) {
  if (part == 0 && last) return key;
  return absl::StrCat(key, "#", part, last ? "." : "");
}

}  // namespace

void HttpConnection::TakeUpload() {
  const HttpHead head = Head();
  std::string body = std::move(parser_->get().body());
  absl::StatusOr<HttpUpload> upload =
      ReadUpload(state_->config, head, host_, std::move(body), state_->sink->Now());
  if (!upload.ok()) return Answer(AnswerOf(upload.status()));
  upload_ = *std::move(upload);
  next_part_ = 0;
  pushed_ = false;
  if (upload_.rejected > 0) {
    state_->Count(HttpCount::kRejectedRecords, upload_.rejected);
    state_->Warn(HttpCount::kRejectedRecords, peer_,
                 "records too long or undecodable: dead letters");
  }
  uint64_t bytes = 0;
  for (const HttpPart& part : upload_.parts) bytes += part.batch.bytes.size();
  if (!state_->budget.Hold(ticket_, bytes)) return Busy(/*close=*/false);
  // Without a key of its own it is like no other.
  const std::string id =
      upload_.key.empty() ? absl::StrCat("\n", state_->serial.fetch_add(1)) : upload_.key;
  // Nothing else keeps the connection while it waits for the commit.
  chunk_ = state_->in_flight.Begin(id, [self = shared_from_this()](bool committed) {
    asio::post(self->executor_, [self, committed] { self->Settled(committed); });
  });
  if (chunk_ == nullptr) {
    // The same request is under way on another connection; both are answered together.
    state_->Count(HttpCount::kDuplicates);
    upload_.parts.clear();
    return;
  }
  Push();
}

void HttpConnection::Push() {
  if (closed_) return;
  LiveSink& sink = *state_->sink;
  while (next_part_ < upload_.parts.size()) {
    HttpPart& part = upload_.parts[next_part_];
    if (!upload_.key.empty() && part.batch.receipts.empty()) {
      const bool last = next_part_ + 1 == upload_.parts.size();
      std::string receipt = PartReceipt(upload_.key, next_part_, last);
      if (sink.HasReceipt(state_->config.name, receipt)) {
        state_->Count(HttpCount::kDuplicates);
        ++next_part_;
        continue;
      }
      part.batch.receipts.push_back(std::move(receipt));
    }
    const size_t records = part.batch.messages.size();
    if (!part.batch.done) {
      part.batch.done = [state = state_, chunk = chunk_](const absl::Status& status) {
        state->in_flight.PartDone(chunk, status.ok());
      };
    }
    state_->in_flight.AddPart(chunk_);
    absl::StatusOr<bool> taken = absl::NotFoundError("");
    while (absl::IsNotFound(taken.status())) {
      const auto stream = state_->streams.Find(part.look, absl::Now());
      taken = SenderStreams::TryPush(*stream, sink, &part.batch);
    }
    if (taken.ok() && *taken) {
      state_->records.fetch_add(records, std::memory_order_relaxed);
      pushed_ = true;
      ++next_part_;
      continue;
    }
    // Nothing of it is on its way: the sender keeps it. Else the rest has to follow.
    const bool wait = taken.ok() && pushed_;
    if (wait) {
      if (!blocked_) state_->blocked.fetch_add(1);
      blocked_ = true;
      retry_.expires_after(kRetry);
      retry_.async_wait([self = shared_from_this()](const Error& error) {
        if (!error) self->Push();
      });
    }
    const auto chunk = chunk_;
    if (!wait) Settle(/*complete=*/false);
    state_->in_flight.PartDone(chunk, /*committed=*/wait);
    return;
  }
  if (blocked_) state_->blocked.fetch_sub(1);
  blocked_ = false;
  Settle(/*complete=*/true);
}

// No further parts follow.
void HttpConnection::Settle(bool complete) {
  const auto chunk = std::exchange(chunk_, nullptr);
  const std::vector<HttpPart> let_go = std::exchange(upload_.parts, {});
  state_->in_flight.End(chunk, complete);
}

void HttpConnection::Settled(bool committed) {
  if (!committed) return Busy(/*close=*/false);
  Answer({});
}

}  // namespace culprit

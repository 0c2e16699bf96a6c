#include "engine/ingest/net/in_flight.h"

#include <utility>

namespace culprit {

std::shared_ptr<InFlightChunks::Chunk> InFlightChunks::Begin(std::string_view id, Waiter waiter) {
  const std::lock_guard lock(mutex_);
  const auto found = chunks_.find(id);
  if (found != chunks_.end()) {
    found->second->waiters.push_back(std::move(waiter));
    return nullptr;
  }
  auto chunk = std::make_shared<Chunk>();
  chunk->id = id;
  chunk->waiters.push_back(std::move(waiter));
  chunks_.emplace(chunk->id, chunk);
  return chunk;
}

void InFlightChunks::AddPart(const std::shared_ptr<Chunk>& chunk) {
  const std::lock_guard lock(mutex_);
  ++chunk->parts;
}

void InFlightChunks::PartDone(const std::shared_ptr<Chunk>& chunk, bool committed) {
  std::vector<Waiter> waiters;
  bool ok = false;
  {
    const std::lock_guard lock(mutex_);
    --chunk->parts;
    chunk->failed = chunk->failed || !committed;
    ok = !chunk->failed;
    waiters = Settle(*chunk);
  }
  for (const Waiter& waiter : waiters) waiter(ok);
}

void InFlightChunks::End(const std::shared_ptr<Chunk>& chunk, bool complete) {
  std::vector<Waiter> waiters;
  bool ok = false;
  {
    const std::lock_guard lock(mutex_);
    chunk->ended = true;
    chunk->failed = chunk->failed || !complete;
    ok = !chunk->failed;
    waiters = Settle(*chunk);
  }
  for (const Waiter& waiter : waiters) waiter(ok);
}

std::vector<InFlightChunks::Waiter> InFlightChunks::Settle(Chunk& chunk) {
  if (!chunk.ended || chunk.parts > 0) return {};
  chunks_.erase(chunk.id);
  return std::exchange(chunk.waiters, {});
}

void InFlightChunks::Abandon() {
  std::map<std::string, std::shared_ptr<Chunk>, std::less<>> chunks;  // what waits may end with it
  std::vector<std::vector<Waiter>> waiters;
  const std::lock_guard lock(mutex_);
  chunks.swap(chunks_);
  for (const auto& [id, chunk] : chunks) waiters.push_back(std::exchange(chunk->waiters, {}));
}

size_t InFlightChunks::size() const {
  const std::lock_guard lock(mutex_);
  return chunks_.size();
}

}  // namespace culprit

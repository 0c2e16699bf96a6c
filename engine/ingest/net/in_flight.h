// Chunks between their arrival and their commit. A chunk that comes again meanwhile, on whatever
// connection, waits for the first one; a chunk is acknowledged when all its parts are committed.
// Thread-safe.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace culprit {

class InFlightChunks {
 public:
  // Called once, from the committing thread or the one that ends the chunk: true: acknowledge.
  using Waiter = std::function<void(bool committed)>;
  class Chunk;

  // The chunk, if nobody else brings it right now. Otherwise null; `waiter` then waits for that
  // one.
  std::shared_ptr<Chunk> Begin(std::string_view id, Waiter waiter);
  // A part of it goes to the sink / came back.
  void AddPart(const std::shared_ptr<Chunk>& chunk);
  void PartDone(const std::shared_ptr<Chunk>& chunk, bool committed);
  // No further parts. Every Begin is followed by one End.
  void End(const std::shared_ptr<Chunk>& chunk, bool complete);
  // No chunk settles any more: forgets who waits, without a call. For the end of the server.
  void Abandon();
  size_t size() const;

 private:
  // Under mutex_: who is to be told, if the chunk is settled.
  std::vector<Waiter> Settle(Chunk& chunk);
  mutable std::mutex mutex_;  // of chunks_ and what is in them
  std::map<std::string, std::shared_ptr<Chunk>, std::less<>> chunks_;
};

class InFlightChunks::Chunk {
 private:
  friend class InFlightChunks;
  std::string id;
  size_t parts = 0;  // at the sink
  bool ended = false;
  bool failed = false;
  std::vector<Waiter> waiters;
};

}  // namespace culprit

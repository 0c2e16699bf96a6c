// Any bytes as what a forward sender writes: finding ends, parsing messages, unpacking, turning
// records into lines. Must not crash, hang or take much memory; lines must be JSON; the pieces that
// bytes come in must not matter; a message read twice must fall into the same parts. Input: a byte
// that chooses piece size and packing, then the stream, or the entries of a packed chunk.
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/ingest/forward/chunk_reader.h"

namespace culprit {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

ForwardConfig Config() {
  ForwardConfig config;
  config.max_message_bytes = 1 << 20;
  config.max_record_bytes = 64 << 10;
  config.max_decompressed_bytes = 256 << 10;
  return config;
}

std::vector<LiveBatch> ReadAll(const ForwardMessage& message) {
  static const ForwardConfig config = Config();
  ChunkReader reader(config, message, "peer");
  std::vector<LiveBatch> parts;
  for (bool more = true; more;) {
    more = reader.ReadPart(1'000'000, &parts.emplace_back());
    Require(parts.size() < 1000);
  }
  return parts;
}

void CheckMessage(const ForwardMessage& message) {
  const std::vector<LiveBatch> parts = ReadAll(message), again = ReadAll(message);
  Require(parts.size() == again.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    const LiveBatch& part = parts[i];
    Require(part.bytes == again[i].bytes);
    Require(part.bytes.size() <= 4 * kLiveBatchBytes);
    for (size_t m = 0; m < part.messages.size(); ++m) {
      const size_t begin = part.messages[m].begin;
      const size_t end =
          m + 1 < part.messages.size() ? part.messages[m + 1].begin : part.bytes.size();
      Require(begin < end && part.bytes[end - 1] == '\n');
      const std::string_view line(part.bytes.data() + begin, end - begin - 1);
      Require(line.find('\n') == std::string_view::npos);
      if (m < 50) Require(nlohmann::json::accept(line));
    }
  }
}

// The stream as a connection reads it.
void CheckStream(std::string_view bytes, size_t piece) {
  MsgpackScanner whole(1 << 20), pieces(1 << 20);
  const MsgpackState state = whole.Scan(bytes);
  MsgpackState last = MsgpackState::kMore;
  for (size_t n = 0; last == MsgpackState::kMore; n += piece) {
    last = pieces.Scan(bytes.substr(0, n));
    if (n >= bytes.size()) break;
  }
  Require(last == state);
  if (state == MsgpackState::kOk) {
    const std::string_view value = bytes.substr(0, whole.end());
    const absl::StatusOr<ForwardMessage> message = ParseForwardMessage(value);
    if (message.ok()) CheckMessage(*message);
  }
  JsonScanner json;
  if (json.Scan(bytes) == JsonScanner::State::kOk) {
    const absl::StatusOr<std::string> converted = MsgpackOfJson(bytes.substr(0, json.end()));
    if (converted.ok()) {
      const absl::StatusOr<ForwardMessage> message = ParseForwardMessage(*converted);
      if (message.ok()) CheckMessage(*message);
    }
  }
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
  return out;
}

std::string LinesOf(const ForwardMessage& message) {
  std::string all;
  for (const LiveBatch& part : ReadAll(message)) {
    all += part.bytes + "|" + std::to_string(part.dead_letters.size()) + "|";
  }
  return all;
}

// Entries, plain and packed, must read alike.
void CheckEntries(std::string_view entries, uint8_t how) {
  ForwardMessage message;
  message.tag = "fuzz";
  message.chunk = "id";
  message.entries = entries;
  CheckMessage(message);
  const std::string plain = LinesOf(message);
  const std::string packed = (how & 1) != 0 ? Gzip(entries) : Zstd(entries);
  message.compression = (how & 1) != 0 ? Compression::kGzip : Compression::kZstd;
  message.entries = packed;
  Require(LinesOf(message) == plain);
  // Damaged, and as they are.
  message.entries = std::string_view(packed).substr(0, packed.size() * (how >> 4) / 16);
  CheckMessage(message);
  message.entries = entries;
  CheckMessage(message);
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  CheckStream(bytes, 1 + data[0] % 64U);
  CheckEntries(bytes, data[0]);
  return 0;
}

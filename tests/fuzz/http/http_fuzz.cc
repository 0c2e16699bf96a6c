// Any bytes as an HTTP request's body: JSON, lines, OTLP in both encodings, Firehose, packed or
// not. Must not crash, hang or take much memory; what comes out stays below the bounds, and a
// request that comes again falls into the same parts. Input: a byte that chooses what it is, then
// the body.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/ingest/http/request.h"

namespace culprit {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

HttpConfig Config() {
  google::protobuf::SetLogHandler(nullptr);  // it tells of every string that is not UTF-8
  HttpConfig config;
  config.max_record_bytes = 16 << 10;
  config.max_decompressed_bytes = 256 << 10;
  return config;
}

HttpHead HeadOf(uint8_t how) {
  constexpr std::string_view kTypes[] = {"application/json", "text/plain", "",
                                         "application/x-protobuf"};
  constexpr std::string_view kEncodings[] = {"", "gzip", "zstd", "deflate"};
  HttpHead head{.method = "POST",
                .target = (how & 16) != 0 ? "/v1/logs" : "/shop/cart?service=%41",
                .content_type = kTypes[how & 3],
                .encoding = kEncodings[how >> 2 & 3]};
  if ((how & 32) != 0) {
    head.firehose_id = "1";
    head.firehose_arn = "arn:aws:firehose:x:1:deliverystream/shop";
  }
  return head;
}

void Check(const HttpUpload& upload, bool json) {
  size_t lines = 0;
  for (const HttpPart& part : upload.parts) {
    const LiveBatch& batch = part.batch;
    Require(batch.bytes.size() <= kLiveBatchBytes);
    Require(batch.bytes.empty() ? !batch.dead_letters.empty() : batch.bytes.back() == '\n');
    for (size_t i = 0; i < batch.messages.size(); ++i) {
      const size_t begin = batch.messages[i].begin;
      const size_t end =
          i + 1 < batch.messages.size() ? batch.messages[i + 1].begin : batch.bytes.size();
      Require(begin < end && batch.bytes[end - 1] == '\n');
      const std::string_view line(batch.bytes.data() + begin, end - begin - 1);
      if (json && ++lines < 50) {
        Require(line.find('\n') == std::string_view::npos && nlohmann::json::accept(line));
      }
    }
  }
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  static const HttpConfig config = Config();
  if (size < 1) return 0;
  const HttpHead head = HeadOf(data[0]);
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto one = ReadUpload(config, head, "host", body, 1);
  const auto two = ReadUpload(config, head, "host", body, 2);
  Require(one.status() == two.status());
  if (!one.ok()) {
    const HttpAnswer answer = InItsWords(head, AnswerOf(one.status()), 0, 0);
    Require(answer.status >= 400 &&
            (answer.content_type != "application/json" || nlohmann::json::accept(answer.body)));
    return 0;
  }
  Require(one->key == two->key && one->parts.size() == two->parts.size());
  for (size_t i = 0; i < one->parts.size(); ++i) {
    Require(one->parts[i].batch.bytes == two->parts[i].batch.bytes);
  }
  const HttpProtocol protocol = ProtocolOf(head);
  Check(*one, protocol == HttpProtocol::kOtlpJson || protocol == HttpProtocol::kOtlpProtobuf);
  return 0;
}

// Arbitrary bytes as a stream: every line parsed, in one block and cut into several; results must
// agree, and every view must hold what was promised. The first byte chooses the options.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/parse/path_service.h"
#include "engine/parse/stream_parser.h"

namespace culprit {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

using Facts = std::tuple<uint64_t, TimeUs, TimeOrigin, Level, std::string, std::string>;

void Run(std::string_view data) {
  if (data.size() < 2 || data.size() > 16 * 1024) return;
  const auto choice = static_cast<uint8_t>(data[0]);
  const std::string text(data.substr(1));
  StreamInfo info;
  info.path = choice & 1 ? std::string(data.substr(0, 60)) : "logs/a/b.log";
  info.modified = choice & 2 ? kNoTime : 1795300000000000;
  ServiceFromDirectory(info);
  ServiceFromFile(info);
  ParseOptions options;
  options.max_record_lines = choice & 4 ? 3 : 256;
  options.max_record_bytes = choice & 8 ? 100 : 64 * 1024;
  if ((choice >> 4) == 1) options.input_format = "docker+json";
  if ((choice >> 4) == 2) options.input_format = "plain";
  if ((choice >> 4) == 3) options.service_from = "field:a.b";
  if ((choice >> 4) == 4) options.input_format = "syslog";
  std::vector<Facts> facts;
  for (int pass = 0; pass < 2; ++pass) {
    Counters counters;
    StreamParser parser(info, options, &counters);
    parser.Sniff(text);
    Require(!parser.format_name().empty());
    size_t block_at = 0, line_at = 0, index = 0, lines_in_block = 0;
    std::vector<std::pair<size_t, size_t>> pending;
    while (line_at < text.size()) {
      const size_t newline = text.find('\n', line_at);
      const size_t end = newline == std::string::npos ? text.size() : newline;
      const size_t next = newline == std::string::npos ? text.size() : newline + 1;
      pending.push_back({line_at, end - line_at});
      ++lines_in_block;
      line_at = next;
      const bool cut = pass == 1 && lines_in_block == 1 + (choice + index) % 5;
      if (!cut && next < text.size()) continue;
      const std::string block = text.substr(block_at, next - block_at);
      for (const auto& [at, size] : pending) {
        Record record;
        if (pass == 0 || (index % 3) != 1) {
          parser.Parse(block, block_at, std::string_view(block).substr(at - block_at, size),
                       &record);
          Require(!record.service.empty());
          Require(record.time != kNoTime);
          Require(record.head_offset <= at);
          Facts now{record.head_offset,          record.time,
                    record.time_origin,          record.level,
                    std::string(record.service), std::string(record.instance)};
          if (choice % 2 == 0 || index % 2 == 0) parser.ReadText(&record);
          std::string touch(record.text);
          touch += record.message;
          if (pass == 0) {
            facts.push_back(std::move(now));
          } else {
            Require(now == facts[index]);
          }
        }
        ++index;
      }
      parser.EndBlock(block, block_at);
      pending.clear();
      block_at = next;
      lines_in_block = 0;
    }
  }
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  culprit::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

#include "bench/micro/match/bench_input.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "engine/match/lines.h"
#include "tests/unit/match/sample_signatures.h"

namespace culprit {
namespace {

constexpr size_t kMaxText = 64 << 20;
constexpr size_t kMadeText = 16 << 20;
constexpr size_t kBlock = 256 << 10;

std::string ReadText(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxText, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

// Plain and JSON request lines of a few services; one line in a hundred carries a sample line.
std::string MakeText() {
  std::mt19937_64 random(7);
  const auto& samples = SampleLines();
  static const char* const kServices[] = {"orders", "users", "gateway", "billing", "search"};
  std::string text;
  char line[400];
  while (text.size() < kMadeText) {
    const uint64_t r = random();
    const char* service = kServices[r % 5];
    const unsigned ms = static_cast<unsigned>(r >> 8) % 1000;
    const unsigned id = static_cast<unsigned>(r >> 24) % 1000000;
    if (r % 2 == 0) {
      std::snprintf(line, sizeof(line),
                    "2026-03-14 09:26:%02u.%03u INFO  [%s,exec-%u] c.e.%s.Handler : request id=%u "
                    "took %u ms\n",
                    id % 60, ms, service, id % 16, service, id, ms);
    } else {
      std::snprintf(line, sizeof(line),
                    "{\"ts\":\"2026-03-14T09:26:%02u.%03uZ\",\"level\":\"info\",\"service\":\"%s\","
                    "\"msg\":\"GET "
                    "/v1/%s/%u\",\"status\":200,\"bytes\":%u}\n",
                    id % 60, ms, service, service, id, ms * 7);
    }
    text += line;
    if (r % 100 == 0)
      text += "2026-03-14 09:26:53.589 ERROR " + samples[(r >> 40) % samples.size()] + "\n";
  }
  return text;
}

std::vector<SignatureSpec> LoadSignatures() {
  std::vector<std::string> regexes;
  if (const char* path = std::getenv("CULPRIT_BENCH_SIGNATURES")) {
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
      const size_t a = line.find('\t');
      const size_t b = line.find('\t', a + 1);
      if (a != std::string::npos) regexes.push_back(line.substr(a + 1, b - a - 1));
    }
  } else {
    regexes = SampleSignatures();
  }
  std::vector<SignatureSpec> specs;
  for (const std::string& regex : regexes) {
    specs.emplace_back();
    specs.back().id = "bench/" + std::to_string(specs.size());
    specs.back().regex = regex;
  }
  return specs;
}

}  // namespace

const BenchInput& Input() {
  static const BenchInput* input = [] {
    auto* in = new BenchInput;
    const char* path = std::getenv("CULPRIT_BENCH_TEXT");
    in->bytes = path != nullptr ? ReadText(path) : MakeText();
    in->bytes.resize(in->bytes.find_last_of('\n') + 1);  // npos + 1: no text at all
    in->size = in->bytes.size();
    in->bytes.append(kBlockPadding, '\0');
    const std::string_view text(in->bytes.data(), in->size);
    for (size_t at = 0; at < text.size();) {
      const size_t newline = text.find('\n', std::min(at + kBlock, text.size() - 1));
      in->blocks.push_back(text.substr(at, newline + 1 - at));
      at = newline + 1;
    }
    in->specs = LoadSignatures();
    return in;
  }();
  return *input;
}

}  // namespace culprit

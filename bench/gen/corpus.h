// Log lines from a seed. One thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "bench/gen/plain_styles.h"
#include "bench/gen/planted.h"
#include "bench/gen/rng.h"

namespace culprit::bench {

struct CorpusOptions {
  enum class Format { kPlain, kJson, kMixed };
  enum class Kind { kOrdinary, kNearMisses, kJavaTraces };
  Format format = Format::kPlain;
  Kind kind = Kind::kOrdinary;
  double hit_share = 0.01;  // of lines that carry a failure
  uint32_t services = 16;
  size_t line_bytes = 0;  // at least; shorter lines are filled up with fields
  uint64_t seed = 1;
};

class Corpus {
 public:
  // `planted` must outlive this. Ordinary messages that any of its signatures match are left out.
  Corpus(const CorpusOptions& options, const Planted& planted);

  // Appends the next run of lines of one service: 5 to 40 lines.
  void AppendRun(std::string* out);

  uint64_t lines() const { return lines_; }
  uint64_t planted_lines() const { return planted_lines_; }
  size_t messages() const { return messages_; }

 private:
  struct Service {
    std::string name;
    uint32_t style = 0;
  };
  void Tick();
  void AppendLine(const Service& service, bool json, std::string* out);
  void AppendPlain(const Service& service, bool hit, std::string* out);
  void AppendJson(const Service& service, bool hit, std::string* out);
  void AppendJavaTrace(std::string* out);
  void AppendFailure(std::string* out);
  void PadLine(size_t begin, std::string* out);

  const CorpusOptions options_;
  const Planted& planted_;
  Rng rng_;
  Moment now_;
  // After strftime for the second `now_`: headers by style, and of lines that carry a failure.
  std::vector<std::string> headers_, failure_headers_;
  std::vector<std::vector<const char*>> messages_by_style_;
  std::vector<Service> services_;
  std::string message_;
  uint64_t lines_ = 0, planted_lines_ = 0;
  size_t messages_ = 0;
};

}  // namespace culprit::bench

#include "bench/macro/yardsticks.h"

#include <simdjson.h>

#include <cstdio>
#include <cstdlib>

#include "bench/macro/vectorscan_yardstick.h"
#include "engine/match/lines.h"
#include "engine/match/signature_set.h"
#include "engine/match/subject.h"

namespace culprit::bench {
namespace {

constexpr int64_t kSetMemory =
    64 << 20;  // of RE2::Set; at the default of 8 MiB it falls off a cliff

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "bench_scan: %s\n", why.c_str());
  std::exit(2);
}

class CulpritScan : public Yardstick {
 public:
  explicit CulpritScan(const std::vector<SignatureSpec>& specs) {
    auto set = SignatureSet::Build(specs);
    if (!set.ok()) Fail(std::string(set.status().message()));
    set_ = *std::move(set);
  }
  void Scan(std::string_view block, uint64_t offset, Found* found) override {
    hits_.clear();
    set_->Scan(block, scratch_, &hits_);
    for (const Hit& hit : hits_) found->Add(offset + hit.line_begin, hit.signature);
  }

 private:
  std::unique_ptr<const SignatureSet> set_;
  MatchScratch scratch_;
  std::vector<Hit> hits_;
};

class Re2Loop : public Yardstick {
 public:
  explicit Re2Loop(const std::vector<SignatureSpec>& specs) {
    for (const SignatureSpec& spec : specs)
      regexes_.push_back(std::make_unique<RE2>(spec.regex, RE2::Quiet));
  }
  void Scan(std::string_view block, uint64_t offset, Found* found) override {
    ForEachLine(block, [&](const char* begin, const char* end) {
      const std::string_view subject =
          Subject({begin, static_cast<size_t>(end - begin)}, &scratch_);
      for (SignatureIndex i = 0; i < regexes_.size(); ++i) {
        if (RE2::PartialMatch({subject.data(), subject.size()}, *regexes_[i]))
          found->Add(offset + static_cast<uint64_t>(begin - block.data()), i);
      }
    });
  }

 private:
  std::vector<std::unique_ptr<RE2>> regexes_;
  std::string scratch_;
};

class Re2Set : public Yardstick {
 public:
  explicit Re2Set(const std::vector<SignatureSpec>& specs) : set_(Options(), RE2::UNANCHORED) {
    for (const SignatureSpec& spec : specs) set_.Add(spec.regex, nullptr);
    if (!set_.Compile()) Fail("RE2::Set does not compile in 64 MiB");
  }
  void Scan(std::string_view block, uint64_t offset, Found* found) override {
    ForEachLine(block, [&](const char* begin, const char* end) {
      const std::string_view subject =
          Subject({begin, static_cast<size_t>(end - begin)}, &scratch_);
      Judge(subject, offset + static_cast<uint64_t>(begin - block.data()), found);
    });
  }

 protected:
  void Judge(std::string_view text, uint64_t line_offset, Found* found) {
    RE2::Set::ErrorInfo error{};
    if (!set_.Match({text.data(), text.size()}, &matched_, &error)) {
      if (error.kind == RE2::Set::kOutOfMemory) Fail("RE2::Set ran out of its 64 MiB");
      return;
    }
    for (const int i : matched_) found->Add(line_offset, static_cast<SignatureIndex>(i));
  }

 private:
  static RE2::Options Options() {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kSetMemory);
    return options;
  }
  RE2::Set set_;
  std::vector<int> matched_;
  std::string scratch_;
};

// Each line is parsed, every field is looked at, and the decoded message is judged.
class JsonRe2Set : public Re2Set {
 public:
  using Re2Set::Re2Set;
  void Scan(std::string_view block, uint64_t offset, Found* found) override {
    ForEachLine(block, [&](const char* begin, const char* end) {
      const auto size = static_cast<size_t>(end - begin);
      simdjson::ondemand::document document;
      // Blocks are padded, and a line is followed by the next.
      if (parser_.iterate(simdjson::padded_string_view(begin, size, size + kBlockPadding))
              .get(document) != simdjson::SUCCESS)
        return;
      simdjson::ondemand::object object;
      if (document.get_object().get(object) != simdjson::SUCCESS) return;
      std::string_view message;
      for (auto field : object) {
        std::string_view key;
        std::string_view text;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) return;
        if (field.value().get_string().get(text) == simdjson::SUCCESS && key == "message")
          message = text;
      }
      Judge(message, offset + static_cast<uint64_t>(begin - block.data()), found);
    });
  }

 private:
  simdjson::ondemand::parser parser_;
};

// How fast the text can be looked at.
class CountLinesOnly : public Yardstick {
 public:
  void Scan(std::string_view block, uint64_t, Found* found) override {
    found->digest += CountLines(block);
  }
};

}  // namespace

void Found::Add(uint64_t line_offset, SignatureIndex signature) {
  uint64_t z = line_offset * 1'000'003 + signature;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  digest += z ^ (z >> 31);
  ++pairs;
  if (line_offset != last_line_) ++matched_lines;
  last_line_ = line_offset;
}

std::unique_ptr<Yardstick> MakeYardstick(std::string_view name,
                                         const std::vector<SignatureSpec>& specs) {
  if (name == "culprit") return std::make_unique<CulpritScan>(specs);
  if (name == "re2-loop") return std::make_unique<Re2Loop>(specs);
  if (name == "re2-set") return std::make_unique<Re2Set>(specs);
  if (name == "json-re2-set") return std::make_unique<JsonRe2Set>(specs);
  if (name == "count-lines") return std::make_unique<CountLinesOnly>();
  if (name == "vectorscan") return MakeVectorscan(specs, false);
  if (name == "vectorscan-re2") return MakeVectorscan(specs, true);
  return nullptr;
}

}  // namespace culprit::bench

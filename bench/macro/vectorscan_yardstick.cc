#include "bench/macro/vectorscan_yardstick.h"

#ifdef CULPRIT_HAVE_VECTORSCAN
#include <hs.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include "engine/match/lines.h"
#include "engine/match/subject.h"
#include "engine/match/trigger.h"

namespace culprit::bench {
namespace {

class Vectorscan : public Yardstick {
 public:
  Vectorscan(const std::vector<SignatureSpec>& specs, bool verify) : verify_(verify) {
    std::map<Literal, std::vector<SignatureIndex>> by_literal;
    for (SignatureIndex i = 0; i < specs.size(); ++i) {
      regexes_.push_back(std::make_unique<RE2>(specs[i].regex, RE2::Quiet));
      const auto plan = PlanTriggers(ParsePattern(specs[i].regex), RarityModel::Builtin());
      for (const Trigger& trigger : plan.triggers) {
        // What a literal looks like inside JSON is only wanted where verdicts are.
        if (trigger.escaped && !verify) continue;
        auto& users = by_literal[trigger.literal];
        if (users.empty() || users.back() != i) users.push_back(i);
      }
      if (plan.triggers.empty()) always_.push_back(i);
    }
    std::vector<const char*> texts;
    std::vector<unsigned> flags, ids;
    std::vector<size_t> sizes;
    for (const auto& [literal, users] : by_literal) {
      const bool caseless = literal.free.find(kCaseBit) != std::string::npos;
      texts.push_back(literal.text.data());
      sizes.push_back(literal.size());
      flags.push_back(caseless ? HS_FLAG_CASELESS : 0);
      ids.push_back(static_cast<unsigned>(ids.size()));
      users_.push_back(users);
    }
    hs_compile_error_t* error = nullptr;
    if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                             static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr,
                             &database_, &error) != HS_SUCCESS ||
        hs_alloc_scratch(database_, &scratch_) != HS_SUCCESS) {
      std::fprintf(stderr, "bench_scan: Vectorscan does not compile the literals\n");
      std::exit(2);
    }
  }
  ~Vectorscan() override {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }

  void Scan(std::string_view block, uint64_t offset, Found* found) override {
    if (!verify_) {
      hs_scan(database_, block.data(), static_cast<unsigned>(block.size()), 0, scratch_, Count,
              &found->pairs);
      return;
    }
    candidates_.clear();
    hs_scan(database_, block.data(), static_cast<unsigned>(block.size()), 0, scratch_, Keep, this);
    Verify(block, offset, found);
  }

 private:
  static int Count(unsigned, unsigned long long, unsigned long long, unsigned,
                   void* context) noexcept {
    ++*static_cast<uint64_t*>(context);
    return 0;
  }
  static int Keep(unsigned id, unsigned long long, unsigned long long to, unsigned,
                  void* context) noexcept {
    static_cast<Vectorscan*>(context)->candidates_.emplace_back(static_cast<uint32_t>(to - 1), id);
    return 0;
  }

  // Candidates come by their ends, so all of a line's come together.
  void Verify(std::string_view block, uint64_t offset, Found* found) {
    for (size_t i = 0; i < candidates_.size();) {
      const uint32_t at = candidates_[i].first;
      const size_t before = at == 0 ? std::string_view::npos : block.rfind('\n', at - 1);
      const size_t begin = before == std::string_view::npos ? 0 : before + 1;
      const size_t newline = std::min(block.find('\n', at), block.size());
      const char* end = TrimReturn(block.data() + begin, block.data() + newline);
      const std::string_view subject = Subject(
          {block.data() + begin, static_cast<size_t>(end - block.data()) - begin}, &decoded_);
      judged_.clear();
      for (; i < candidates_.size() && candidates_[i].first < newline; ++i) {
        for (const SignatureIndex signature : users_[candidates_[i].second]) {
          if (std::find(judged_.begin(), judged_.end(), signature) != judged_.end()) continue;
          judged_.push_back(signature);
          if (RE2::PartialMatch({subject.data(), subject.size()}, *regexes_[signature]))
            found->Add(offset + begin, signature);
        }
      }
    }
    if (always_.empty()) return;
    ForEachLine(block, [&](const char* begin, const char* end) {
      const std::string_view subject =
          Subject({begin, static_cast<size_t>(end - begin)}, &decoded_);
      for (const SignatureIndex signature : always_) {
        if (RE2::PartialMatch({subject.data(), subject.size()}, *regexes_[signature]))
          found->Add(offset + static_cast<uint64_t>(begin - block.data()), signature);
      }
    });
  }

  const bool verify_;
  std::vector<std::unique_ptr<RE2>> regexes_;
  std::vector<std::vector<SignatureIndex>> users_;  // by literal
  std::vector<SignatureIndex> always_, judged_;
  std::vector<std::pair<uint32_t, unsigned>> candidates_;  // last byte, literal
  std::string decoded_;
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

}  // namespace

std::unique_ptr<Yardstick> MakeVectorscan(const std::vector<SignatureSpec>& specs, bool verify) {
  return std::make_unique<Vectorscan>(specs, verify);
}

}  // namespace culprit::bench
#else
namespace culprit::bench {

std::unique_ptr<Yardstick> MakeVectorscan(const std::vector<SignatureSpec>&, bool) {
  return nullptr;
}

}  // namespace culprit::bench
#endif

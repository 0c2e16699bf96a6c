// Aborts unless Scan and ScanSlow say the same of some bytes. For the match fuzzers.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/match/signature_set.h"

namespace culprit {

inline void RequireSameHits(const SignatureSet& set, std::string_view text, MatchScratch& scratch) {
  // A copy with exactly the promised padding, so that sanitizers see a read too far.
  const auto bytes = std::make_unique<char[]>(text.size() + kBlockPadding);
  text.copy(bytes.get(), text.size());
  const std::string_view block(bytes.get(), text.size());
  std::vector<Hit> fast;
  std::vector<Hit> slow;
  set.Scan(block, scratch, &fast);
  set.ScanSlow(block, scratch, &slow);
  for (size_t i = 0; i < fast.size() || i < slow.size(); ++i) {
    const Hit a = i < fast.size() ? fast[i] : Hit{};
    const Hit b = i < slow.size() ? slow[i] : Hit{};
    if (fast.size() == slow.size() && a.line_begin == b.line_begin && a.line_end == b.line_end &&
        a.signature == b.signature) {
      continue;
    }
    std::fprintf(stderr, "hit %zu: fast %u-%u s%u, slow %u-%u s%u (%zu against %zu hits)\n", i,
                 a.line_begin, a.line_end, a.signature, b.line_begin, b.line_end, b.signature,
                 fast.size(), slow.size());
    std::abort();
  }
  SignatureSet::CaptureList captures;
  for (const Hit& hit : fast) {
    const std::string_view line = block.substr(hit.line_begin, hit.line_end - hit.line_begin);
    if (!set.Captures(hit.signature, line, scratch, &captures)) std::abort();
  }
}

}  // namespace culprit

// What SignatureSet and MatchScratch hold. Private to match/.
#pragma once
#include <re2/set.h>

#include <bitset>
#include <memory>
#include <string>
#include <vector>

#include "engine/match/companion.h"
#include "engine/match/compiled_signature.h"
#include "engine/match/gram_filter.h"
#include "engine/match/literal.h"
#include "engine/match/pair_finder.h"
#include "engine/match/start_check.h"

namespace culprit {

// A signature that has a literal among its triggers; meaning of the fields as in Trigger.
struct LiteralOwner {
  SignatureIndex signature = 0;
  int32_t anchor = -1;
  bool proves = false;
  int32_t check = -1;      // in CompiledSet::checks; none if there is no anchor
  int32_t companion = -1;  // in CompiledSet::companions; -1: none
};

struct CompiledSet {
  std::vector<CompiledSignature> signatures;

  std::vector<Literal> literals;       // distinct
  std::vector<LiteralOwner> owners;    // grouped by literal
  std::vector<uint32_t> owners_begin;  // by literal, and the end
  std::vector<StartCheck> checks;      // of one signature and literal
  std::vector<Companion> companions;
  std::vector<uint32_t> pair_offsets;  // by literal: where its pair stands, if it is short
  GramFilter grams;                    // literals of 5 bytes and more
  PairFinder pairs;                    // shorter literals (tag: index), perhaps kEscapeTag
  PairFinder folds;                    // parts of U+017F and U+212A
  static constexpr uint32_t kNoLiteral = UINT32_MAX - 2;
  static constexpr uint32_t kEscapeTag = UINT32_MAX;  // "\u": perhaps a trigger's character

  // A JSON line with \uXXXX of one of these has to be decoded before its triggers can be looked
  // for.
  std::bitset<128> escaped_ascii;
  uint32_t escape_literal =
      kNoLiteral;              // the literal in `grams` that says "\\u", if `pairs` does not
  bool escaped_other = false;  // some trigger has a byte that is not ASCII
  bool unicode_fold = false;   // some trigger stands for U+017F or U+212A too

  std::vector<SignatureIndex> always;       // no trigger: RE2 on every line
  std::unique_ptr<RE2::Set> always_filter;  // of all in `always`; null if few or too large
};

struct MatchState {
  struct Seen {  // of a signature, on the line numbered `line`
    uint64_t line = 0;
    uint32_t tries = 0;  // anchored ones that failed; kSettled: nothing more to try
  };
  static constexpr uint32_t kSettled = UINT32_MAX;

  std::vector<Seen> seen;  // by signature
  uint64_t line = 0;       // number of the line under work; never repeats
  std::string subject;
  std::string normal;
  std::vector<re2::StringPiece> groups;
};

}  // namespace culprit

// Compiled signatures: a literal prefilter over whole blocks, then RE2 on what survives.
// Immutable once built; share by const& (or shared_ptr<const>) between threads, one MatchScratch
// per worker.
//
// What a match is. A signature is judged by RE2 (UTF-8, unanchored, default flags) on Subject(line)
// of one physical line, never across lines. A line ends before "\n" and before one trailing "\r",
// so `refused$` matches before CRLF. `^` and `$` are the subject's ends; a decoded JSON subject can
// hold newlines, which `\s` and `[^x]` match, `.` does not (say (?s)), and at which `^` `$` match
// only under
// (?m). NUL is an ordinary byte. Bytes that are not UTF-8 match nothing but \C: a literal beside
// them is still found, `.` and classes do not cross them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/knowledge.h"
#include "engine/match/lines.h"

namespace culprit {

struct CompiledSet;
struct MatchState;

// A signature that matched a line: byte range of that line in its block, end not included, without
// "\n" and without one trailing "\r".
struct Hit {
  uint32_t line_begin = 0;
  uint32_t line_end = 0;
  SignatureIndex signature = 0;
};

// Working memory of one worker: reusable over blocks and over signature sets, not thread-safe.
class MatchScratch {
 public:
  MatchScratch();
  ~MatchScratch();
  MatchScratch(MatchScratch&&) noexcept;
  MatchScratch& operator=(MatchScratch&&) noexcept;

 private:
  friend class SignatureSet;
  std::unique_ptr<MatchState> state_;
};

class SignatureSet {
 public:
  using CaptureList = std::vector<std::pair<std::string_view, std::string_view>>;

  // How a signature is found: for `culprit check`.
  struct Info {
    std::vector<std::string> triggers;  // literals one of which is in every matching line; sorted
    bool always_verify = false;         // no usable literal: RE2 looks at every line (slow)
    double line_share = 0;  // estimated share of ordinary log lines that hold one of them
  };

  // Compiles specs; SignatureIndex is the position in `specs`, which need not outlive the call.
  // InvalidArgument: "file:line: signature id: what is wrong; what was expected".
  static absl::StatusOr<std::unique_ptr<const SignatureSet>> Build(
      const std::vector<SignatureSpec>& specs);
  ~SignatureSet();

  // Appends the hits of `block` to *hits, ordered by (line_begin, signature), each pair at most
  // once. Returns the number of newlines in it. `block` holds whole lines (the last may lack its
  // newline), is under 4 GiB and is readable for kBlockPadding bytes past its end. Allocates only
  // while scratch and *hits grow. Thread-safe with distinct scratches.
  size_t Scan(std::string_view block, MatchScratch& scratch, std::vector<Hit>* hits) const;

  // The slow obvious oracle of Scan: every signature in turn on every line. The block needs no
  // padding.
  void ScanSlow(std::string_view block, MatchScratch& scratch, std::vector<Hit>* hits) const;

  // Whether `signature` matches `line` (one line as in Hit); if so, replaces *out by its named
  // groups that took part, as (name, text) in the order of the groups. A name may occur twice if
  // the pattern says it twice. Views are of this set, of `line`, or of the scratch until its next
  // use.
  bool Captures(SignatureIndex signature, std::string_view line, MatchScratch& scratch,
                CaptureList* out) const;

  // Whether the pattern has named groups at all (may be said of one too odd to be followed).
  bool HasCaptures(SignatureIndex signature) const;

  size_t size() const;
  const Info& info(SignatureIndex signature) const;

 private:
  explicit SignatureSet(std::unique_ptr<const CompiledSet> set);
  std::unique_ptr<const CompiledSet> set_;
};

}  // namespace culprit

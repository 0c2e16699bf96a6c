// bench_signatures COUNT|all SEED OUT.tsv [OUT.yaml]
//
// A set of signatures for the benches. COUNT: a seeded choice of the shipped packs' own signatures
// (without the weak, whose meaning needs parsed fields), filled up with made ones. `all`: every
// shipped one that has a usable sample. The .yaml is a pack for `culprit replay --pack`.
#include <re2/re2.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "bench/gen/made_signatures.h"
#include "bench/gen/rng.h"
#include "bench/gen/signature_file.h"
#include "engine/config/pack_loader.h"

namespace culprit::bench {
namespace {

constexpr size_t kContext = 40;  // bytes kept on each side of a sample's match

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "bench_signatures: %s\n", why.c_str());
  std::exit(2);
}

bool MatchesAnywhere(const RE2& regex, const std::string& text) {
  return RE2::PartialMatch("2026-03-01 10:00:00.123 ERROR [orders] " + text, regex) &&
         RE2::PartialMatch("{\"level\":\"error\",\"msg\":\"" + text + "\",\"pid\":4}", regex);
}

// The matching part of a sample line and `context` bytes around it at most, cut at blanks. Empty:
// the signature depends on the line's ends or on its JSON, or the text has a time of its own.
std::string Core(const RE2& regex, const std::string& line, size_t context) {
  static const RE2 kTime(R"(\d{4}[-/.]\d\d[-/.]\d\d|\d\d:\d\d:\d\d|\d{10})");
  re2::StringPiece match;
  if (!regex.Match(line, 0, line.size(), RE2::UNANCHORED, &match, 1)) return "";
  const auto at = static_cast<size_t>(match.data() - line.data());
  size_t begin = at < context ? 0 : at - context;
  while (begin > 0 && begin < at && line[begin - 1] != ' ') ++begin;
  size_t end = std::min(line.size(), at + match.size() + context);
  while (end < line.size() && end > at + match.size() && line[end] != ' ') --end;
  const std::string core = line.substr(begin, end - begin);
  if (core.find_first_of("\t\r\n") != std::string::npos || RE2::PartialMatch(core, kTime))
    return "";
  return MatchesAnywhere(regex, core) ? core : "";
}

std::vector<BenchSignature> Shipped(bool weak_too) {
  const auto knowledge = LoadKnowledge(DefaultPacks());
  if (!knowledge.ok()) Fail(std::string(knowledge.status().message()));
  std::vector<BenchSignature> out;
  for (const SignatureSpec& spec : (*knowledge)->signatures) {
    if (!weak_too && (spec.weak || spec.by_template || spec.always_verify)) continue;
    if (spec.regex.find_first_of("\t\n") != std::string::npos) continue;
    const RE2 regex(spec.regex, RE2::Quiet);
    BenchSignature signature{spec.id, spec.regex, {}};
    for (const std::string& line : spec.match) {
      std::string core = Core(regex, line, kContext);
      if (core.empty()) core = Core(regex, line, 0);
      if (!core.empty()) signature.samples.push_back(std::move(core));
    }
    if (!signature.samples.empty()) out.push_back(std::move(signature));
  }
  return out;
}

std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

int Run(int argc, char** argv) {
  if (argc < 4) Fail("usage: bench_signatures COUNT|all SEED OUT.tsv [OUT.yaml]");
  const bool all = std::string(argv[1]) == "all";
  const uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  std::vector<BenchSignature> set = Shipped(all);
  if (!all) {
    const size_t count = std::strtoull(argv[1], nullptr, 10);
    if (count == 0) Fail("the count of signatures must be a number above 0, or `all`");
    Rng rng(seed);
    for (size_t i = set.size(); i > 1; --i)
      std::swap(set[i - 1], set[rng.Below(static_cast<uint32_t>(i))]);
    const size_t shipped = std::min(count, set.size());
    set.resize(shipped);
    for (BenchSignature& made : MakeSignatures(count - shipped, seed))
      set.push_back(std::move(made));
  }
  std::ofstream tsv(argv[3], std::ios::binary);
  for (const BenchSignature& s : set) {
    tsv << s.id << '\t' << s.regex;
    for (const std::string& sample : s.samples) tsv << '\t' << sample;
    tsv << '\n';
  }
  if (!tsv.flush()) Fail(std::string(argv[3]) + " cannot be written");
  if (argc < 5) return 0;
  std::ofstream yaml(argv[4], std::ios::binary);
  yaml << "pack: bench\ntitle: Signatures of the bench\ndescription: Made by bench_signatures.\n"
       << "signatures:\n";
  for (size_t i = 0; i < set.size(); ++i) {
    yaml << "  - id: bench/s" << i << "\n    title: " << Quoted(set[i].id)
         << "\n    regex: " << Quoted(set[i].regex) << "\n    class: self_error\n    match: ["
         << Quoted(set[i].samples[0]) << "]\n    no_match: ['nothing of note']\n";
  }
  if (!yaml.flush()) Fail(std::string(argv[4]) + " cannot be written");
  return 0;
}

}  // namespace
}  // namespace culprit::bench

int main(int argc, char** argv) { return culprit::bench::Run(argc, argv); }

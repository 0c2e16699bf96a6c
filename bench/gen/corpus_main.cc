// bench_corpus --signatures FILE.tsv --bytes N [options] > corpus
//
// Log lines from a seed, to standard output. What was made is told as JSON on standard error.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bench/gen/corpus.h"

namespace culprit::bench {
namespace {

constexpr const char* kUsage =
    "usage: bench_corpus --signatures FILE.tsv --bytes N [--format plain|json|mixed]\n"
    "  [--kind ordinary|near|java] [--hits PERCENT] [--services N] [--line-bytes N] [--seed N]\n";

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "bench_corpus: %s\n%s", why.c_str(), kUsage);
  std::exit(2);
}

int Run(int argc, char** argv) {
  CorpusOptions options;
  std::string signatures;
  size_t bytes = 0;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    if (i + 1 == argc) Fail(flag + " needs a value");
    const std::string value = argv[i + 1];
    const auto number = [&] { return std::strtoull(value.c_str(), nullptr, 10); };
    if (flag == "--signatures") {
      signatures = value;
    } else if (flag == "--bytes") {
      bytes = number();
    } else if (flag == "--hits") {
      options.hit_share = std::strtod(value.c_str(), nullptr) / 100;
    } else if (flag == "--services") {
      options.services = static_cast<uint32_t>(number());
    } else if (flag == "--line-bytes") {
      options.line_bytes = number();
    } else if (flag == "--seed") {
      options.seed = number();
    } else if (flag == "--format") {
      if (value == "json") {
        options.format = CorpusOptions::Format::kJson;
      } else if (value == "mixed") {
        options.format = CorpusOptions::Format::kMixed;
      } else if (value != "plain") {
        Fail("--format is plain, json or mixed");
      }
    } else if (flag == "--kind") {
      if (value == "near") {
        options.kind = CorpusOptions::Kind::kNearMisses;
      } else if (value == "java") {
        options.kind = CorpusOptions::Kind::kJavaTraces;
      } else if (value != "ordinary") {
        Fail("--kind is ordinary, near or java");
      }
    } else {
      Fail("no option " + flag);
    }
  }
  if (signatures.empty() || bytes == 0) Fail("--signatures and --bytes are needed");
  Rng rng(options.seed);
  Planted planted(ReadSignatures(signatures), rng);
  if (options.kind == CorpusOptions::Kind::kNearMisses) planted.MakeNearMisses(rng);
  Corpus corpus(options, planted);
  size_t written = 0;
  std::string buffer;
  while (written < bytes) {
    buffer.clear();
    while (buffer.size() < (1 << 20) && written + buffer.size() < bytes) corpus.AppendRun(&buffer);
    if (std::fwrite(buffer.data(), 1, buffer.size(), stdout) != buffer.size())
      Fail("standard output cannot be written");
    written += buffer.size();
  }
  std::fprintf(stderr, "{\"bytes\": %zu, \"lines\": %llu, \"planted\": %llu, \"messages\": %zu}\n",
               written, static_cast<unsigned long long>(corpus.lines()),
               static_cast<unsigned long long>(corpus.planted_lines()), corpus.messages());
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace culprit::bench

int main(int argc, char** argv) { return culprit::bench::Run(argc, argv); }

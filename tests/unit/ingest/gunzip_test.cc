// Gunzip beside zlib, which is the slow, obvious way.
#include "engine/ingest/archive/gunzip.h"

#include <zlib.h>

#include <cstdint>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/ingest/gunzip_by_zlib.h"
#include "tests/unit/ingest/pieces.h"

namespace culprit {
namespace {

struct Unpacked {
  std::string text;
  std::string error;
};

Unpacked Gunzip(std::string_view packed, size_t in, size_t out) {
  Pieces pieces(packed, in);
  GunzipInput input(pieces, "x");
  Unpacked got;
  std::string buffer(out, '\0');
  for (;;) {
    const absl::StatusOr<size_t> n = input.Read(buffer.data(), buffer.size());
    if (!n.ok()) {
      got.error = std::string(n.status().message());
      EXPECT_EQ(input.Read(buffer.data(), buffer.size()).status(), n.status());
    }
    if (!n.ok() || *n == 0) return got;
    got.text.append(buffer, 0, *n);
  }
}

// The error: "truncated", "damaged" or none.
Unpacked Oracle(std::string_view packed) {
  Unpacked got;
  const GzipEnd end = GunzipByZlib(packed, SIZE_MAX, &got.text);
  if (end != GzipEnd::kWhole) got.error = end == GzipEnd::kDamaged ? "damaged" : "truncated";
  return got;
}

struct Shape {
  int level = 6;
  int strategy = Z_DEFAULT_STRATEGY;
  bool name = false, header_crc = false;
  size_t flush_every = 0;  // bytes of text; 0: never
};

std::string Gzip(std::string_view text, const Shape& shape = {}) {
  z_stream z{};
  deflateInit2(&z, shape.level, Z_DEFLATED, 16 + MAX_WBITS, 8, shape.strategy);
  gz_header header{};
  std::string name(300, 'n'), extra(1000, 'e');
  if (shape.name) {
    header.name = reinterpret_cast<Bytef*>(name.data());
    header.comment = header.name;
    header.extra = reinterpret_cast<Bytef*>(extra.data());
    header.extra_len = static_cast<uInt>(extra.size());
  }
  header.hcrc = shape.header_crc ? 1 : 0;
  deflateSetHeader(&z, &header);
  std::string out(deflateBound(&z, text.size()) + 4096 + text.size() / 10, '\0');
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  do {
    const std::string_view part = text.substr(0, shape.flush_every > 0 ? shape.flush_every : -1);
    text.remove_prefix(part.size());
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    z.avail_in = static_cast<uInt>(part.size());
    deflate(&z, text.empty() ? Z_FINISH : Z_SYNC_FLUSH);
  } while (!text.empty());
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

std::string Lines(size_t lines, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  for (size_t i = 0; i < lines; ++i) {
    text += "2026-11-21T06:51:05Z web-" + std::to_string(random() % 16) + " GET /api/" +
            std::to_string(random() % 1000) + " took " + std::to_string(random()) + " us\n";
  }
  return text;
}

std::string Noise(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(n, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::vector<std::string> Samples() {
  const std::string lines = Lines(3000, 1);
  std::vector<std::string> samples;
  for (const int level : {0, 1, 6, 9}) samples.push_back(Gzip(lines, {.level = level}));
  samples.push_back(Gzip(lines, {.strategy = Z_FIXED, .name = true}));
  samples.push_back(Gzip(lines, {.strategy = Z_HUFFMAN_ONLY, .header_crc = true}));
  samples.push_back(Gzip(lines, {.strategy = Z_RLE, .name = true, .header_crc = true}));
  samples.push_back(Gzip(lines, {.flush_every = 777}));
  samples.push_back(Gzip(Noise(50'000, 2)));
  samples.push_back(Gzip(std::string(1 << 20, 'a')));
  samples.push_back(Gzip(""));
  samples.push_back(Gzip("one\n"));
  std::string all;
  for (const std::string& sample : samples) all += sample;
  samples.push_back(all);
  samples.push_back(all + std::string(600, '\0'));
  samples.push_back(all + "\x1f");
  samples.push_back(all + "\x1f\x8b and then something else");
  return samples;
}

void ExpectSame(const Unpacked& got, const Unpacked& want, const std::string& what) {
  EXPECT_EQ(got.text.size(), want.text.size()) << what;
  EXPECT_TRUE(got.text == want.text) << what;
  EXPECT_EQ(got.error.empty(), want.error.empty()) << what << got.error;
  EXPECT_THAT(got.error, testing::HasSubstr(want.error)) << what;
}

TEST(Gunzip, GivesWhatZlibGivesInPiecesOfAnySize) {
  for (const std::string& packed : Samples()) {
    const Unpacked want = Oracle(packed);
    for (const auto& [in, out] : std::vector<std::pair<size_t, size_t>>{{1 << 20, 1 << 20},
                                                                        {1, 4096},
                                                                        {130, 100'000},
                                                                        {5000, 11},
                                                                        {4096, 8192},
                                                                        {65536, 40'000}}) {
      ExpectSame(
          Gunzip(packed, in, out), want,
          std::to_string(packed.size()) + " in " + std::to_string(in) + "/" + std::to_string(out));
    }
  }
}

TEST(Gunzip, GivesEveryByteThatZlibGivesOfWhatWasCut) {
  std::mt19937 random(3);
  for (const std::string& packed : Samples()) {
    for (int i = 0; i < 60; ++i) {
      const size_t keep = i < 40 && packed.size() > 40u ? packed.size() - 1 - static_cast<size_t>(i)
                                                        : random() % packed.size();
      const std::string_view cut = std::string_view(packed).substr(0, keep);
      if (cut.empty()) continue;
      ExpectSame(Gunzip(cut, 1 + random() % 100'000, 1 + random() % 300'000), Oracle(cut),
                 std::to_string(packed.size()) + " cut at " + std::to_string(keep));
    }
  }
}

TEST(Gunzip, SaysThatDataIsDamagedBehindAllThatCameBefore) {
  std::mt19937 random(4);
  const std::string first = Lines(2000, 5);
  int same = 0;
  for (const int level : {0, 1, 6}) {
    const std::string head = Gzip(first, {.level = level});
    const std::string text = Lines(5000, 6), packed = Gzip(text, {.level = level});
    for (int i = 0; i < 100; ++i) {
      std::string damaged = head + packed;
      const size_t at = head.size() + random() % packed.size();
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
      const Unpacked got = Gunzip(damaged, 1 + random() % 100'000, 1 + random() % 300'000);
      // What the untouched part alone gives is there, whatever follows.
      const std::string sure = Oracle(std::string_view(damaged).substr(0, at)).text;
      ASSERT_GE(got.text.size(), sure.size()) << at;
      EXPECT_EQ(got.text.compare(0, sure.size(), sure), 0) << at;
      const Unpacked zlib = Oracle(damaged);
      EXPECT_EQ(got.error.empty(), zlib.error.empty()) << at << got.error;
      EXPECT_TRUE(got.text.starts_with(zlib.text)) << at << got.error;
      same += got.text == zlib.text ? 1 : 0;
      EXPECT_EQ(Gunzip(damaged, 77, 4096).text, got.text);
    }
  }
  EXPECT_GT(same, 290);
}

TEST(Gunzip, NamesWhatIsWrongWithATrailer) {
  std::string packed = Gzip("text\n");
  packed[packed.size() - 1] = 1;
  EXPECT_THAT(Gunzip(packed, 9, 9).error, testing::HasSubstr("incorrect length check"));
  packed[packed.size() - 5] ^= 1;
  EXPECT_THAT(Gunzip(packed, 9, 9).error, testing::HasSubstr("incorrect data check"));
  EXPECT_EQ(Gunzip(packed, 9, 9).text, "text\n");
  EXPECT_THAT(Gunzip("\x1f\x8b\x07 other method", 9, 9).error,
              testing::HasSubstr("unknown compression method"));
}

}  // namespace
}  // namespace culprit

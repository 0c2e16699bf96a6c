#include "engine/config/ready_pack.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/match/signature_set.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBuiltin = "builtin:";

ParsedPack ReadYaml(const PackText& builtin) {
  const fs::path packs = fs::path(CULPRIT_SOURCE_DIR) / "patterns" / "packs";
  std::ostringstream yaml;
  yaml << std::ifstream(packs / builtin.file.substr(kBuiltin.size())).rdbuf();
  ConfigErrors errors;
  ParsedPack pack = ReadPack({builtin.file, yaml.str()}, &errors);
  EXPECT_TRUE(errors.empty()) << errors.ToStatus();
  return pack;
}

TEST(ReadyPack, BuiltInPacksAreWhatTheirYamlSays) {
  for (const PackText& builtin : DefaultPacks()) {
    EXPECT_EQ(WriteReadyPack(ReadYaml(builtin)), builtin.ready) << builtin.file;
    absl::StatusOr<ParsedPack> ready = ReadReadyPack(builtin.ready);
    ASSERT_TRUE(ready.ok()) << ready.status();
    for (SignatureSpec& spec : ready->signatures) spec.regex_checked = false;
    EXPECT_EQ(WriteReadyPack(*ready), builtin.ready) << builtin.file;
  }
}

TEST(ReadyPack, EveryPackIsBuiltIn) {
  const fs::directory_iterator packs(fs::path(CULPRIT_SOURCE_DIR) / "patterns" / "packs");
  EXPECT_EQ(DefaultPacks().size(), static_cast<size_t>(std::distance(begin(packs), end(packs))));
}

// Nobody else does: their regexes are taken to be good.
TEST(ReadyPack, EveryBuiltInRegexCompiles) {
  const auto knowledge = LoadKnowledge(DefaultPacks());
  ASSERT_TRUE(knowledge.ok()) << knowledge.status();
  std::vector<SignatureSpec> specs = (*knowledge)->signatures;
  for (SignatureSpec& spec : specs) {
    EXPECT_TRUE(spec.regex_checked);
    spec.regex_checked = false;
  }
  EXPECT_TRUE(SignatureSet::Build(specs).ok()) << SignatureSet::Build(specs).status();
}

TEST(ReadyPack, BytesCutShortAreNone) {
  const std::string_view bytes = DefaultPacks()[0].ready;
  for (size_t size = 0; size < bytes.size(); size += 1 + size / 64)
    EXPECT_FALSE(ReadReadyPack(bytes.substr(0, size)).ok()) << size;
  EXPECT_FALSE(ReadReadyPack(std::string(bytes) + "x").ok());
  const auto loaded = LoadKnowledge({{.file = "builtin:a/pack.yaml", .ready = bytes.substr(1)}});
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace culprit

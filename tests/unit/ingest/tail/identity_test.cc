#include "engine/ingest/tail/identity.h"

#include <string>

#include "engine/ingest/tail/tail_file.h"
#include "gtest/gtest.h"

namespace culprit {
namespace {

TEST(RotationStem, IsTheSameForWhatRotationMakes) {
  for (const char* name :
       {"app.log", "app.log.1", "app.log.2.gz", "app.log-20260101", "app.log.old",
        "app-2026-01-01.log", "app-2026-01-01T03:00:00Z.log.gz", "app.1.log",
        "app.log.20260101-030000", "app.log~", "app.log-20260101.1.zst"}) {
    EXPECT_EQ(RotationStem(name), "app.log") << name;
  }
  EXPECT_NE(RotationStem("app-worker.log"), "app.log");
  EXPECT_NE(RotationStem("app2.log"), "app.log");
  // Kubernetes numbers the restarts of a container: they are logs of their own.
  EXPECT_NE(RotationStem("0.log"), RotationStem("1.log"));
  EXPECT_EQ(RotationStem("0.log.20260101-030000.gz"), "0.log");
}

TEST(LooksRotated, KnowsLiveFilesFromOldOnes) {
  for (const char* name : {"app.log.1", "app.log-20260101", "app.log.old", "app.log.gz"}) {
    EXPECT_TRUE(LooksRotated(name)) << name;
  }
  for (const char* name : {"app.log", "app", "app-1.log", "0.log", ".1"}) {
    EXPECT_FALSE(LooksRotated(name)) << name;
  }
}

TEST(HeadPrint, ComparesAsMuchAsBothHave) {
  const std::string text(5000, 'x');
  HeadPrint head;
  EXPECT_EQ(head.Common(text), 0);
  head.Set(text.substr(0, 300));
  EXPECT_EQ(head.Common(text), 300);
  EXPECT_EQ(head.Common(text.substr(0, 299)), 256);
  EXPECT_EQ(head.Common(text.substr(0, 20)), 16);
  EXPECT_EQ(head.Common(text.substr(0, 15)), 0);
  EXPECT_EQ(head.Common("y" + text), -1);
  EXPECT_EQ(head.Common("y" + text.substr(0, 20)), -1);
  head.Set(text);
  EXPECT_EQ(head.length(), 1024u);
}

TailPosition SomePosition() {
  TailPosition p;
  p.form = FileForm::kPacked;
  p.id = {2049, 77};
  p.born_us = 1'700'000'000'000'000;
  p.generation = 3;
  p.offset = 1 << 20;
  p.text_offset = 5'000'000'000;
  p.head.Set("the first line of it\n");
  p.guard = Guard::Of("the last line of it\n");
  p.size = 123;
  p.finished = true;
  p.real_path = "/var/log/app.log";
  return p;
}

TEST(TailPosition, ComesBackAsItWas) {
  const TailPosition p = SomePosition();
  const std::string bytes = EncodeTailPosition(p);
  const absl::StatusOr<TailPosition> back = DecodeTailPosition(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->id, p.id);
  EXPECT_EQ(back->text_offset, p.text_offset);
  EXPECT_EQ(back->real_path, p.real_path);
  EXPECT_TRUE(back->finished);
  EXPECT_EQ(back->head.Common("the first line of it\n"), 21);
  EXPECT_TRUE(back->guard.Holds("the last line of it\n"));
  EXPECT_EQ(EncodeTailPosition(*back), bytes);
}

TEST(TailPosition, DamageIsAnErrorAndNeverAnotherPosition) {
  const std::string bytes = EncodeTailPosition(SomePosition());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(DecodeTailPosition(bad).ok()) << i;
    EXPECT_FALSE(DecodeTailPosition(bytes.substr(0, i)).ok()) << i;
  }
}

}  // namespace
}  // namespace culprit

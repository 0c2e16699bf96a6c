#include "tests/contract/source_contract.h"
#include "tests/unit/ingest/tail/tail_test_util.h"

namespace culprit {
namespace {

class TailHarness : public SourceHarness {
 public:
  explicit TailHarness(TailConfig::Watch watch, bool rotates) : rotates_(rotates) {
    config_ = QuickConfig({dir_ / "app.log*"});
    config_.watch = watch;
  }
  absl::StatusOr<std::unique_ptr<LiveSource>> Make() override { return MakeTailSource(config_); }
  void Send(int begin, int end) override {
    std::string text;
    for (int i = begin; i < end; ++i) text += Record(i) + "\n";
    if (rotates_ && ++sends_ % 5 == 0) {
      rename((dir_ / "app.log").c_str(), (dir_ / ("app.log." + std::to_string(sends_))).c_str());
    }
    Append(dir_ / "app.log", text);
  }

 private:
  TempDir dir_;
  TailConfig config_;
  const bool rotates_;
  int sends_ = 0;
};

HarnessFactory Of(TailConfig::Watch watch, bool rotates) {
  return [=] { return std::make_unique<TailHarness>(watch, rotates); };
}

INSTANTIATE_TEST_SUITE_P(Tail, SourceContract,
                         testing::Values(Of(TailConfig::Watch::kInotify, false),
                                         Of(TailConfig::Watch::kPoll, false),
                                         Of(TailConfig::Watch::kInotify, true)));

}  // namespace
}  // namespace culprit
